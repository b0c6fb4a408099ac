"""The folder of an unfinished run; finished parts in it stay if the run is killed."""

from __future__ import annotations

import json
import logging
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Final

import numpy as np
import numpy.typing as npt
from filelock import FileLock, Timeout

from lotwise.errors import InputError
from lotwise.files.atomic import atomic_path, make_directory

_log = logging.getLogger(__name__)
_IDENTITY: Final = "identity.json"


@dataclass(frozen=True, slots=True)
class Work:
    """Paths of the finished parts; a part under its final name is complete."""

    folder: Path

    def rows(self, which: str, panel: int) -> Path:
        """Return the path of the prepared rows of a panel, float32 without a header."""
        return self.folder / f"{which}-{panel:05d}.rows"

    def moments(self, which: str, panel: int) -> Path:
        """Return the path of the moments of a panel, which are written after its rows."""
        return self.folder / f"{which}-{panel:05d}.moments.npy"

    def tile(self, first: int, second: int) -> Path:
        """Return the path of the result of two panels."""
        return self.folder / f"tile-{first:05d}-{second:05d}.npz"

    def save_moments(self, which: str, panel: int, moments: npt.NDArray[np.float64]) -> None:
        """Write the moments of a panel, the last step of its preparation."""
        with atomic_path(self.moments(which, panel)) as temporary, temporary.open("wb") as file:
            np.save(file, moments)
            _settle(file)

    def save_tile(self, first: int, second: int, arrays: dict[str, npt.NDArray[Any]]) -> None:
        """Write the result of two panels."""
        with atomic_path(self.tile(first, second)) as temporary, temporary.open("wb") as file:
            np.savez(file, allow_pickle=False, **arrays)
            _settle(file)

    def load_tile(self, first: int, second: int) -> dict[str, npt.NDArray[Any]]:
        """Return the arrays written by :meth:`save_tile`."""
        with np.load(self.tile(first, second)) as kept:
            return {name: kept[name] for name in kept.files}


def _settle(file: BinaryIO) -> None:
    """Flush written data to the disk before a final name marks it as complete."""
    file.flush()
    os.fsync(file.fileno())


@contextmanager
def at_work(folder: Path, identity: dict[str, Any]) -> Iterator[Work]:
    """Lock a working folder; resume from its parts if they are of the same run.

    The folder is removed at the end, and kept if the run fails.

    Parameters
    ----------
    folder
        The working folder.
    identity
        Everything on which the parts depend. If the folder stores another identity, its parts are
        removed and the work starts again.

    Raises
    ------
    InputError
        Another process is using the folder.
    """
    make_directory(folder.parent)
    lock = FileLock(folder.with_name(f"{folder.name}.lock"))
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise InputError(
            "another process is using this folder",
            path=folder,
            remedy="wait until that process has ended, or choose another folder",
        ) from None
    try:
        _begin(folder, json.dumps(identity, indent=1, sort_keys=True))
        yield Work(folder)
        shutil.rmtree(folder)
        Path(lock.lock_file).unlink(missing_ok=True)
    finally:
        lock.release()


def _begin(folder: Path, identity: str) -> None:
    kept = folder / _IDENTITY
    if kept.is_file() and kept.read_text(encoding="utf-8") == identity:
        n_tiles = len(list(folder.glob("tile-*.npz")))
        _log.info("resuming in %s, where %d blocks are done", folder, n_tiles)
        for leftover in folder.glob(".tmp-*"):
            leftover.unlink()
        return
    if kept.is_file():
        _log.warning(
            "the input or the call has changed since the work in %s; starting again", folder
        )
    if folder.exists():
        shutil.rmtree(folder)
    with atomic_path(kept) as temporary:
        temporary.write_text(identity, encoding="utf-8")
