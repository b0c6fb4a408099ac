"""A lock so that only one process at a time downloads a file."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from lotwise.acquire.download.connection import StoppedError

_logger = logging.getLogger(__name__)


@contextmanager
def locked(lock: Path, path: Path, stop: threading.Event) -> Iterator[None]:
    """Lock a file against other processes; wait while another process downloads it."""
    held = FileLock(lock)
    try:
        held.acquire(timeout=0)
    except Timeout:
        _logger.info("%s is being downloaded by another process; waiting", path)
        while not held.is_locked:
            if stop.is_set():
                raise StoppedError from None
            with suppress(Timeout):
                held.acquire(timeout=1.0)
    try:
        yield
    finally:
        held.release()
