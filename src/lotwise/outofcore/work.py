"""The folder of a run under way: what is finished in it stays when the run is killed."""

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
    """Paths of the finished parts; a part that has its name is whole."""

    folder: Path

    def rows(self, which: str, panel: int) -> Path:
        """Give the prepared rows of a panel, float32 without a header."""
        return self.folder / f"{which}-{panel:05d}.rows"

    def moments(self, which: str, panel: int) -> Path:
        """Give the moments of a panel; they are written after its rows."""
        return self.folder / f"{which}-{panel:05d}.moments.npy"

    def tile(self, first: int, second: int) -> Path:
        """Give the result of two panels."""
        return self.folder / f"tile-{first:05d}-{second:05d}.npz"

    def save_moments(self, which: str, panel: int, moments: npt.NDArray[np.float64]) -> None:
        """Keep the moments of a panel: it is prepared then."""
        with atomic_path(self.moments(which, panel)) as temporary, temporary.open("wb") as file:
            np.save(file, moments)
            _settle(file)

    def save_tile(self, first: int, second: int, arrays: dict[str, npt.NDArray[Any]]) -> None:
        """Keep the result of two panels."""
        with atomic_path(self.tile(first, second)) as temporary, temporary.open("wb") as file:
            np.savez(file, allow_pickle=False, **arrays)
            _settle(file)

    def load_tile(self, first: int, second: int) -> dict[str, npt.NDArray[Any]]:
        """Give what :meth:`save_tile` kept."""
        with np.load(self.tile(first, second)) as kept:
            return {name: kept[name] for name in kept.files}


def _settle(file: BinaryIO) -> None:
    """Have the disk hold what was written before a name says that it is whole."""
    file.flush()
    os.fsync(file.fileno())


@contextmanager
def at_work(folder: Path, identity: dict[str, Any]) -> Iterator[Work]:
    """Hold a folder of work; go on with what is in it where it is of the same run.

    It is removed at the end, and kept where the run fails.

    Parameters
    ----------
    folder
        Where to work.
    identity
        What the parts are made from. Where it differs from that of the folder, nothing in the
        folder is of use and the work begins anew.

    Raises
    ------
    InputError
        Another process is at work there.
    """
    make_directory(folder.parent)
    lock = FileLock(folder.with_name(f"{folder.name}.lock"))
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise InputError(
            "another process is at work here", path=folder, remedy="wait for it or name another out"
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
        _log.info("going on in %s, where %d blocks are done", folder, n_tiles)
        for leftover in folder.glob(".tmp-*"):
            leftover.unlink()
        return
    if kept.is_file():
        _log.warning(
            "the input or the call has changed since the work in %s; beginning anew", folder
        )
    if folder.exists():
        shutil.rmtree(folder)
    with atomic_path(kept) as temporary:
        temporary.write_text(identity, encoding="utf-8")
