"""Limits of a run's downloads, and free disk space."""

from __future__ import annotations

import shutil
import threading
from pathlib import Path

from lotwise.errors import EnvironmentFault, InputError

_REMEDY = "use --yes, or raise acquire.network.max_total_gib"


class CapError(InputError):
    """The downloads exceed the configured limit (exit code 2)."""


class Budget:
    """Counts the bytes of each file of a run against a limit.

    Parameters
    ----------
    cap
        Maximum number of bytes of a run; None for no limit.
    """

    def __init__(self, cap: int | None) -> None:
        self._cap = cap
        self._lock = threading.Lock()
        self._claimed: dict[str, int] = {}

    def plan(self, sizes: dict[str, int]) -> None:
        """Raise an error if the known sizes exceed the limit, before any request.

        Earlier downloads of the run are included.

        Parameters
        ----------
        sizes
            Size in bytes of each file whose size is known.

        Raises
        ------
        CapError
            The sum exceeds the limit.
        """
        claimed = self._claimed | sizes
        total = sum(claimed.values())
        if self._cap is not None and total > self._cap:
            raise CapError(
                f"{readable(total)} in {len(claimed)} file(s) would be downloaded, but the limit "
                f"is {readable(self._cap)}",
                remedy=_REMEDY,
            )
        self._claimed = claimed

    def claim(self, name: str, n_bytes: int) -> None:
        """Record that the file ``name`` takes ``n_bytes`` in total; raises like :meth:`plan`."""
        with self._lock:
            self._claimed[name] = max(self._claimed.get(name, 0), n_bytes)
            total = sum(self._claimed.values())
        if self._cap is not None and total > self._cap:
            raise CapError(
                f"with this file, the downloads of this run reach {readable(total)}, but the limit "
                f"is {readable(self._cap)}",
                path=name,
                remedy=_REMEDY,
            )


def check_room(directory: Path, n_bytes: int) -> None:
    """Raise an error if ``n_bytes`` do not fit on the disk of ``directory``.

    Raises
    ------
    EnvironmentFault
        Fewer than ``n_bytes`` are free.
    """
    standing = directory
    while not standing.exists():
        standing = standing.parent
    free = shutil.disk_usage(standing).free
    if n_bytes > free:
        raise EnvironmentFault(
            f"{readable(n_bytes)} would be downloaded, but only {readable(free)} of disk space "
            "are free",
            path=directory,
            remedy="delete files or choose another directory",
        )


def readable(n_bytes: float) -> str:
    """Format a number of bytes.

    Examples
    --------
    >>> readable(999), readable(1536), readable(5 * 2**30)
    ('999 B', '1.5 KiB', '5.0 GiB')
    """
    for unit in ("B", "KiB", "MiB", "GiB"):
        if n_bytes < 1024:
            return f"{n_bytes:.0f} B" if unit == "B" else f"{n_bytes:.1f} {unit}"
        n_bytes /= 1024
    return f"{n_bytes:.1f} TiB"
