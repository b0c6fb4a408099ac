"""A file written and digested as its bytes come."""

from __future__ import annotations

import hashlib
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from lotwise.acquire.download.integrity import Algorithm

_BUFFER: Final = 1 << 19


class FileWriter:
    """Appends to a file and computes the digest of the whole of it.

    Parameters
    ----------
    path
        An existing file; what it holds is digested first.
    algorithm
        Which digest.
    """

    def __init__(self, path: Path, algorithm: Algorithm) -> None:
        self._digest = hashlib.new(algorithm, usedforsecurity=False)
        self._out = path.open("r+b", buffering=_BUFFER)
        while chunk := self._out.read(_BUFFER):
            self._digest.update(chunk)

    def __enter__(self) -> Self:
        """Write within the block."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Keep what came, whatever ended the block: it is resumed."""
        self._out.close()

    def write(self, chunk: bytes) -> None:
        """Take the next bytes."""
        self._out.write(chunk)
        self._digest.update(chunk)

    def digest(self) -> str:
        """Return the digest of all bytes so far, in hexadecimal."""
        return self._digest.hexdigest()
