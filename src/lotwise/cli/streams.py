"""Standard streams that do not change the exit code or control the terminal by accident."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final, TextIO, cast

from lotwise.files.machine import machine_fault

# Characters that a terminal obeys instead of showing: control characters, and those that change
# the direction of text. lotwise itself uses tabs, line ends and carriage returns (progress bar).
_KEPT: Final = "\t\n\r"
_DIRECTIONS: Final = (*range(0x202A, 0x202F), *range(0x2066, 0x206A), 0x200E, 0x200F)
_OBEYED: Final = {
    code: f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"
    for code in (*range(0x20), *range(0x7F, 0xA0), *_DIRECTIONS)
    if chr(code) not in _KEPT
}


class Stream:
    """A stream on which writing never fails; ``problem`` says why the output was lost.

    If the reader has ended (`lotwise ... | head`) or the caller closed the stream, nobody wants
    the output, and nothing is lost.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self.problem: str | None = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        """Write text; characters that a terminal would obey are shown as their codes."""
        try:
            self._stream.write(text.translate(_OBEYED))
        except OSError as error:
            self._lose(error)
        return len(text)

    def flush(self) -> None:
        """Flush the stream."""
        try:
            self._stream.flush()
        except OSError as error:
            self._lose(error)

    def _lose(self, error: OSError) -> None:
        if not isinstance(error, BrokenPipeError):
            self.problem = machine_fault(error) or f"cannot be written ({error.strerror})"
        # Later output, and what is still buffered, is discarded.
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, self._stream.fileno())
        os.close(nowhere)


@contextmanager
def safe_streams() -> Iterator[tuple[Stream, Stream]]:
    """Replace standard output and standard error by a :class:`Stream`.

    A stream that the caller closed is connected to the null device. Otherwise the next opened
    file would get its number, and the output of a library would be written into that file.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # gets the lowest free number
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
