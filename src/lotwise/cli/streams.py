"""Standard streams that never change the exit code by accident, nor move a terminal's cursor."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final, TextIO, cast

from lotwise.files.machine import machine_fault

# What a terminal obeys instead of showing it: control characters, and those that turn the
# direction of text. Tabs, line ends and the return of a progress bar are used by lotwise.
_KEPT: Final = "\t\n\r"
_DIRECTIONS: Final = (*range(0x202A, 0x202F), *range(0x2066, 0x206A), 0x200E, 0x200F)
_OBEYED: Final = {
    code: f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"
    for code in (*range(0x20), *range(0x7F, 0xA0), *_DIRECTIONS)
    if chr(code) not in _KEPT
}


class Stream:
    """A stream to which writing never fails; ``problem`` says why what was written is lost.

    Where the reader has gone (`lotwise ... | head`), or the stream was closed by the caller,
    nobody wants the words, and nothing is lost.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self.problem: str | None = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        """Write text; what a terminal would obey is shown as its code."""
        try:
            self._stream.write(text.translate(_OBEYED))
        except OSError as error:
            self._lose(error)
        return len(text)

    def flush(self) -> None:
        """Hand over what was written."""
        try:
            self._stream.flush()
        except OSError as error:
            self._lose(error)

    def _lose(self, error: OSError) -> None:
        if not isinstance(error, BrokenPipeError):
            self.problem = machine_fault(error) or f"cannot be written ({error.strerror})"
        # What is written from now on, and what is held back, goes nowhere.
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, self._stream.fileno())
        os.close(nowhere)


@contextmanager
def safe_streams() -> Iterator[tuple[Stream, Stream]]:
    """Put a :class:`Stream` in the place of standard output and standard error.

    A stream that the caller closed leads nowhere: left closed, the next file that is opened
    would take its number, and what a library prints would end in that file.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest number that is free
    given = sys.stdin, sys.stdout, sys.stderr
    if sys.stdin is None:
        sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115
    wrapped = tuple(
        Stream(stream if stream is not None else _reopened(number))
        for number, stream in enumerate(given[1:], start=1)
    )
    sys.stdout, sys.stderr = (cast("TextIO", stream) for stream in wrapped)
    try:
        yield wrapped[0], wrapped[1]
    finally:
        for stream in wrapped:
            stream.flush()
        sys.stdin, sys.stdout, sys.stderr = given


def _reopened(number: int) -> TextIO:
    return open(number, "w", encoding="utf-8", errors="replace", closefd=False)
