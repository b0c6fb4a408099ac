"""A file written and digested in a thread of its own while the next bytes come."""

from __future__ import annotations

import hashlib
import queue
import threading
from pathlib import Path
from typing import Final

from lotwise.acquire.download.integrity import Algorithm

# Few buffers, filled again and again: memory stays flat whatever the file's size, and no
# page of it is asked for twice.
_BUFFER: Final = 1 << 19
_N_BUFFERS: Final = 6


class FileSink:
    """Appends to a file and computes the digest of the whole of it.

    Parameters
    ----------
    path
        An existing file; what it holds is digested first.
    algorithm
        Which digest.
    """

    def __init__(self, path: Path, algorithm: Algorithm) -> None:
        self._path = path
        self._digest = hashlib.new(algorithm, usedforsecurity=False)
        self._free: queue.SimpleQueue[bytearray] = queue.SimpleQueue()
        for _ in range(_N_BUFFERS):
            self._free.put(bytearray(_BUFFER))
        self._full: queue.SimpleQueue[tuple[bytearray, int] | None] = queue.SimpleQueue()
        self._fault: OSError | None = None
        self._buffer, self._filled = self._free.get(), 0
        self._thread = threading.Thread(target=self._work, name="sink", daemon=True)
        self._thread.start()

    def feed(self, chunk: bytes) -> None:
        """Take the next bytes; raises the ``OSError`` that writing earlier ones met."""
        if self._fault is not None:
            raise self._fault
        start = 0
        while start < len(chunk):
            taken = min(len(chunk) - start, _BUFFER - self._filled)
            self._buffer[self._filled : self._filled + taken] = chunk[start : start + taken]
            self._filled += taken
            start += taken
            if self._filled == _BUFFER:
                self._hand_over()

    def close(self) -> str:
        """Write the rest and give the digest in hexadecimal; raises as :meth:`feed`."""
        self._hand_over()
        self._full.put(None)
        self._thread.join()
        if self._fault is not None:
            raise self._fault
        return self._digest.hexdigest()

    def _hand_over(self) -> None:
        self._full.put((self._buffer, self._filled))
        self._buffer, self._filled = self._free.get(), 0

    def _work(self) -> None:
        try:
            with self._path.open("r+b", buffering=0) as out:
                while chunk := out.read(_BUFFER):
                    self._digest.update(chunk)
                while (part := self._full.get()) is not None:
                    buffer, n_bytes = part
                    view = memoryview(buffer)[:n_bytes]
                    self._digest.update(view)
                    while view:
                        view = view[out.write(view) :]
                    self._free.put(buffer)
                return
        except OSError as error:
            self._fault = error
        # Nothing more is written, yet nobody who fills a buffer must wait for ever.
        while (part := self._full.get()) is not None:
            self._free.put(part[0])
