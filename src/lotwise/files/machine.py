"""Failures of the machine, not of the input: disk, memory, limits of the process."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from typing import Final

_OPEN_FILES: Final = "too many files are open; raise the limit (ulimit -n) and run again"
_DISK_FULL: Final = "the disk is full; free disk space and run again"
_WORDS: Final = {
    errno.ENOSPC: _DISK_FULL,
    errno.EDQUOT: _DISK_FULL,
    errno.EMFILE: _OPEN_FILES,
    errno.ENFILE: _OPEN_FILES,
    errno.EFBIG: "a file reached the size limit of this process; raise it (ulimit -f) "
    "and run again",
    errno.EIO: "the disk reports an input/output error; check the disk and run again",
    errno.ENOMEM: "memory ran out; use a machine with more memory",
}
# Libraries in C and Rust report these as text only.
_SAID: Final = {os.strerror(number): number for number in _WORDS if number != errno.EIO}
_NO_TEMPORARY: Final = "No usable temporary directory"
_NO_THREAD: Final = "can't start new thread"


def machine_fault(error: BaseException) -> str | None:
    """Return what failed on the machine and what to do; None if the machine is not the cause.

    The exceptions that caused ``error`` are examined as well.

    Examples
    --------
    >>> machine_fault(OSError(errno.ENOSPC, "No space left on device"))
    'the disk is full; free disk space and run again'
    >>> machine_fault(ValueError("a wrong number")) is None
    True
    """
    for cause in _causes(error):
        words = _words_of(cause)
        if words is not None:
            return words
    return None


def _causes(error: BaseException) -> Iterator[BaseException]:
    waiting, seen = [error], set()
    while waiting:
        current = waiting.pop()
        if id(current) not in seen:
            seen.add(id(current))
            yield current
            waiting += [e for e in (current.__context__, current.__cause__) if e is not None]


def _words_of(error: BaseException) -> str | None:
    if isinstance(error, MemoryError):
        return _WORDS[errno.ENOMEM]
    if isinstance(error, OSError) and error.errno in _WORDS:
        return _WORDS[error.errno]
    said = str(error)
    if _NO_TEMPORARY in said:
        return "no temporary folder is writable; free disk space, or set TMPDIR to another folder"
    if isinstance(error, RuntimeError) and _NO_THREAD in said:
        return "no more threads can be started; raise the limit (ulimit -u) and run again"
    return next((_WORDS[number] for words, number in _SAID.items() if words in said), None)
