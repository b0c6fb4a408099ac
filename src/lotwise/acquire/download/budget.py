"""How much a run may download, and whether there is room for it."""

from __future__ import annotations

import shutil
import threading
from pathlib import Path

from lotwise.errors import EnvironmentFault, InputError

_REMEDY = "say --yes, or raise acquire.network.max_total_gib"


class CapError(InputError):
    """More would be downloaded than the configuration allows (exit code 2)."""


class Budget:
    """Counts the bytes that each file of a run takes, against a cap.

    Parameters
    ----------
    cap
        Most bytes of a run; None for no limit.
    """

    def __init__(self, cap: int | None) -> None:
        self._cap = cap
        self._lock = threading.Lock()
        self._claimed: dict[str, int] = {}

    def plan(self, sizes: dict[str, int]) -> None:
        """Refuse files whose known sizes pass the cap, before anything is asked for.

        What the run took before counts with them.

        Parameters
        ----------
        sizes
            Bytes of each file whose size is known beforehand.

        Raises
        ------
        CapError
            The sum is above the cap.
        """
        claimed = self._claimed | sizes
        total = sum(claimed.values())
        if self._cap is not None and total > self._cap:
            raise CapError(
                f"{readable(total)} in {len(claimed)} file(s) are to be downloaded, "
                f"the cap is {readable(self._cap)}",
                remedy=_REMEDY,
            )
        self._claimed = claimed

    def claim(self, name: str, n_bytes: int) -> None:
        """Tell that the file ``name`` takes ``n_bytes`` in all; raises as :meth:`plan`."""
        with self._lock:
            self._claimed[name] = max(self._claimed.get(name, 0), n_bytes)
            total = sum(self._claimed.values())
        if self._cap is not None and total > self._cap:
            raise CapError(
                f"the downloads of this run reach {readable(total)}, "
                f"the cap is {readable(self._cap)}",
                path=name,
                remedy=_REMEDY,
            )


def check_room(directory: Path, n_bytes: int) -> None:
    """Refuse what cannot fit on the disk of ``directory``.

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
            f"{readable(n_bytes)} are to be downloaded, {readable(free)} are free",
            path=directory,
            remedy="free some space or name another directory",
        )


def readable(n_bytes: float) -> str:
    """Write a number of bytes for people.

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
