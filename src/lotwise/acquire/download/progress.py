"""A bar of bytes on a terminal, silence elsewhere."""

from __future__ import annotations

import sys
import threading
from typing import Protocol

from tqdm import tqdm


class Progress(Protocol):
    """What a transfer tells of its progress; called from several threads."""

    def expect(self, n_bytes: int) -> None:
        """More bytes are to come than was known."""

    def advance(self, n_bytes: int) -> None:
        """Bytes came; those that come again count again."""

    def close(self) -> None:
        """All is over."""


class Silence:
    """No progress shown."""

    def expect(self, n_bytes: int) -> None:
        """Show nothing."""

    def advance(self, n_bytes: int) -> None:
        """Show nothing."""

    def close(self) -> None:
        """Show nothing."""


class Bar:
    """One bar over all files of a run."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._bar = tqdm(unit="B", unit_scale=True, unit_divisor=1024, desc="fetching", total=0)

    def expect(self, n_bytes: int) -> None:
        """Lengthen the bar."""
        with self._lock:
            self._bar.total = (self._bar.total or 0) + n_bytes
            self._bar.refresh()

    def advance(self, n_bytes: int) -> None:
        """Move the bar."""
        with self._lock:
            self._bar.update(n_bytes)

    def close(self) -> None:
        """Leave the finished bar."""
        self._bar.close()


def progress_for(show: bool | None) -> Progress:
    """Give a bar where wanted; where ``show`` is None, where standard error is a terminal."""
    wanted = sys.stderr.isatty() if show is None else show
    return Bar() if wanted else Silence()
