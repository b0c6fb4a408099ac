"""A time limit for matching patterns with foreign text.

A pattern such as ``(a+)+b`` can take practically for ever on a title of 30 letters. Python's
regular expressions have no time limit, but they check for signals.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import NoReturn


@contextmanager
def time_limit(seconds: float, fault: Exception) -> Iterator[None]:
    """Raise ``fault`` if the block takes longer; only in the main thread, which receives signals.

    Examples
    --------
    >>> import re
    >>> with time_limit(0.1, ValueError("too long")):
    ...     re.match("(a+)+b", "a" * 60)
    Traceback (most recent call last):
    ValueError: too long
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def expire(_signal: int, _frame: FrameType | None) -> NoReturn:
        raise fault

    before = signal.signal(signal.SIGALRM, expire)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
