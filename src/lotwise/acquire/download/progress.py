"""A progress bar of bytes, on a terminal only."""

from __future__ import annotations

import sys
import threading
from typing import Protocol

from tqdm import tqdm


class Progress(Protocol):
    """Receives the progress of transfers; called from several threads."""

    def expect(self, n_bytes: int) -> None:
        """Add bytes to the expected total."""

    def advance(self, n_bytes: int) -> None:
        """Add received bytes; bytes received again count again."""

    def close(self) -> None:
        """End the display."""


class Silence:
    """No progress shown."""

    def expect(self, n_bytes: int) -> None:
        """Show nothing."""

    def advance(self, n_bytes: int) -> None:
        """Show nothing."""

    def close(self) -> None:
        """Show nothing."""


class Bar:
    """One bar for all files of a run."""

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
        """Keep the finished bar on screen."""
        self._bar.close()


def progress_for(show: bool | None) -> Progress:
    """Return a bar if wanted; if ``show`` is None, only if standard error is a terminal."""
    wanted = sys.stderr.isatty() if show is None else show
    return Bar() if wanted else Silence()
