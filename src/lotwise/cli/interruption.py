"""A signal ends a command once, with its own exit code, whatever arrives shortly afterwards."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from contextlib import suppress
from types import FrameType
from typing import Final, NoReturn

from lotwise.files.machine import machine_fault


class Terminated(BaseException):
    """SIGTERM was received: schedulers send it when the time limit is reached."""


class _Interrupted(KeyboardInterrupt):
    """SIGINT was received.

    After a ``KeyboardInterrupt`` itself has passed through ``exec`` of a string (as when a
    dataclass is made), ``python -m`` ends by SIGINT instead of with its exit code, even if the
    exception was caught.
    """


# Temporary files are removed within this time, unless something waits for ever.
_PATIENCE_SECONDS: Final = 2.0
_RAISED: Final[dict[int, type[BaseException]]] = {
    signal.SIGINT: _Interrupted,
    signal.SIGTERM: Terminated,
}


def end_on_signals() -> None:
    """Unwind the stack on the first SIGINT or SIGTERM, so that temporary files are removed."""
    sys.unraisablehook = _raise_again
    signal.signal(signal.SIGTERM, _end)
    # nohup, and a shell for its background jobs, have SIGINT ignored; that stays so.
    if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
        signal.signal(signal.SIGINT, _end)


def ignore_signals() -> None:
    """Ignore SIGINT and SIGTERM from now on: the command has ended."""
    # A first signal that arrived just before still raises here; then the others do nothing.
    with suppress(KeyboardInterrupt, Terminated):
        for number in _RAISED:
            signal.signal(number, signal.SIG_IGN)


def _end(number: int, _frame: FrameType | None) -> NoReturn:
    """Unwind the stack; a second signal ends the process only if this takes long."""
    until = time.monotonic() + _PATIENCE_SECONDS

    def leave(_again: int, _frame: FrameType | None) -> None:
        # Before, it would break off the removal of files, or change the exit code.
        if time.monotonic() >= until:
            os.write(2, b"lotwise: error: ended at once; temporary files may be left\n")
            os._exit(128 + number)

    for other in _RAISED:
        signal.signal(other, leave)
    raise _RAISED[number]


def _raise_again(swallowed: sys.UnraisableHookArgs) -> None:
    """Interrupt again: Python discards exceptions raised while an object is finalised."""
    if issubclass(swallowed.exc_type, (KeyboardInterrupt, Terminated)):
        again = signal.SIGTERM if swallowed.exc_type is Terminated else signal.SIGINT
        signal.signal(again, _end)
        # Delayed, because it would be discarded again at once. A real signal also ends a
        # read that waits for an answer.
        main = threading.main_thread().ident
        threading.Timer(0.01, signal.pthread_kill, [main, again]).start()
    elif swallowed.exc_value is None or machine_fault(swallowed.exc_value) is None:
        # A full disk is reported once, not again by each file object that cannot be closed.
        sys.__unraisablehook__(swallowed)
