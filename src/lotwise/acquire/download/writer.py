"""A file that is hashed while its bytes are written."""

from __future__ import annotations

import hashlib
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from lotwise.acquire.download.integrity import Algorithm

_BUFFER: Final = 1 << 19


class FileWriter:
    """Appends to a file and computes the digest of its whole content.

    Parameters
    ----------
    path
        An existing file; its content is hashed first.
    algorithm
        Digest algorithm.
    """

    def __init__(self, path: Path, algorithm: Algorithm) -> None:
        self._digest = hashlib.new(algorithm, usedforsecurity=False)
        self._out = path.open("r+b", buffering=_BUFFER)
        while chunk := self._out.read(_BUFFER):
            self._digest.update(chunk)

    def __enter__(self) -> Self:
        """Return the writer, for use in a with block."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Flush to disk, also after an error, so that the transfer can be resumed."""
        self._out.close()

    def write(self, chunk: bytes) -> None:
        """Append bytes."""
        self._out.write(chunk)
        self._digest.update(chunk)

    def digest(self) -> str:
        """Return the digest of all bytes so far, in hexadecimal."""
        return self._digest.hexdigest()
