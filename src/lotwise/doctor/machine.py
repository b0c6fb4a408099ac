"""Checks of disks, memory and cores of this machine."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from lotwise.config import Config
from lotwise.doctor.finding import Finding
from lotwise.workers import n_cores

_GIB: Final = 2**30
# Our choice: the quantification of a sample takes some 10 MB, a human index a few GB.
SCARCE_GIB: Final = 10.0
LEAST_GIB: Final = 1.0
_MEGABYTE: Final = 10**6


def examine_machine(config: Config) -> Iterator[Finding]:
    """Check each output folder, and memory and cores."""
    places = {"results": config.results}
    if config.source == "accession":
        places["downloads"] = config.acquire.downloads
    places["scratch"] = Path(tempfile.gettempdir())
    for name, folder in places.items():
        yield examine_disk(name, folder)
    yield _memory(config)
    yield Finding(check="machine", subject="cores", state="ok", found=str(n_cores()))


def examine_disk(name: str, folder: Path) -> Finding:
    """Check whether ``folder`` is writable and how much space is free."""
    existing = _nearest_existing(folder)
    if not os.access(existing, os.W_OK | os.X_OK):
        return Finding(
            check="disk",
            subject=name,
            state="missing",
            found=f"{existing} cannot be written",
            remedy="choose a folder that you can write to",
        )
    free_gib = shutil.disk_usage(existing).free / _GIB
    enough = free_gib >= SCARCE_GIB
    return Finding(
        check="disk",
        subject=name,
        state="ok" if enough else "warning" if free_gib >= LEAST_GIB else "missing",
        found=f"{free_gib:,.1f} GiB free at {folder}",
        remedy=""
        if enough
        else f"free some disk space: less than {SCARCE_GIB:g} GiB may not be enough",
    )


def _nearest_existing(folder: Path) -> Path:
    folder = folder.absolute()
    return next(place for place in (folder, *folder.parents) if place.exists())


def _memory(config: Config) -> Finding:
    """Check whether there is enough memory to quantify one sample in the workflow."""
    gib = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / _GIB
    wanted = config.reads.memory_mb * _MEGABYTE / _GIB
    enough = gib >= wanted
    return Finding(
        check="machine",
        subject="memory",
        state="ok" if enough else "warning",
        found=f"{gib:,.1f} GiB",
        remedy=""
        if enough
        else f"human references may need {wanted:,.1f} GiB: use a larger machine or SLURM",
    )
