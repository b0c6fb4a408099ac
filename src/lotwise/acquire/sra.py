"""Reads by the SRA toolkit, used if ENA has no FASTQ of a run.

``prefetch`` downloads and verifies the archive of a run, ``fasterq-dump`` writes its reads
(https://github.com/ncbi/sra-tools/wiki/HowTo:-fasterq-dump).
"""

from __future__ import annotations

import logging
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO, Final

from isal import igzip

from lotwise.acquire.download.names import safe_name
from lotwise.errors import EnvironmentFault, InputError
from lotwise.files.atomic import atomic_directory
from lotwise.samples import Run

_logger = logging.getLogger(__name__)

# isal has only partial type annotations.
_open_gzip: Callable[[Path, str], BinaryIO] = igzip.open
_PROGRAMS: Final = ("prefetch", "fasterq-dump")
_HOURS: Final = 24 * 3600


def has_toolkit() -> bool:
    """Return whether both programs are found in PATH."""
    return all(shutil.which(name) for name in _PROGRAMS)


def dump_run(run: str, folder: Path, *, paired: bool, offline: bool = False) -> Run:
    """Fetch the reads of one run into ``folder``, which is created complete or not at all.

    The size of an archive is unknown beforehand, so that the download limit does not include it.

    Raises
    ------
    EnvironmentFault
        Offline and the reads are missing; the toolkit is not installed; or one of its programs
        failed, whose last output is quoted.
    InputError
        The reads are not paired as the record says.
    """
    safe_name(run, origin="SRA")
    ends = ("_1", "_2") if paired else ("",)
    wanted = [folder / f"{run}{end}.fastq.gz" for end in ends]
    if not all(path.is_file() for path in wanted):
        if offline:
            raise EnvironmentFault(
                f"there is no network access (offline), but the reads of {run} are missing",
                remedy="run once with network access",
            )
        if not has_toolkit():
            raise EnvironmentFault(
                f"ENA has no FASTQ of {run} and the SRA toolkit is not installed",
                remedy="install sra-tools (prefetch, fasterq-dump)",
            )
        with atomic_directory(folder) as temporary:
            _run("prefetch", run, "--output-directory", str(temporary), "--max-size", "u")
            # Reads without a mate are written to a third file, which is not used.
            _run("fasterq-dump", run, "--split-3", "--outdir", ".", cwd=temporary)
            shutil.rmtree(temporary / run, ignore_errors=True)
            _compress(temporary, run, paired=paired)
    return Run(fastq_1=wanted[0], fastq_2=wanted[1] if paired else None)


def _compress(folder: Path, run: str, *, paired: bool) -> None:
    """Gzip the output of fasterq-dump, with ENA's names; single reads may be named ``_1``."""
    plain = {path.name: path for path in folder.glob("*.fastq")}
    names = [f"{run}_1.fastq", f"{run}_2.fastq"] if paired else [f"{run}.fastq"]
    if not paired and f"{run}_1.fastq" in plain and f"{run}_2.fastq" not in plain:
        plain[f"{run}.fastq"] = plain[f"{run}_1.fastq"]
    for name in names:
        if name not in plain:
            layout = "paired" if paired else "single"
            raise InputError(
                f"the record of the run {run} states the layout {layout}, but "
                f"the SRA toolkit wrote {', '.join(sorted(plain)) or 'nothing'}",
                remedy="download the run by hand and write a sample sheet",
            )
        with plain[name].open("rb") as source, _open_gzip(folder / f"{name}.gz", "wb") as out:
            shutil.copyfileobj(source, out, 1 << 20)
    for path in folder.glob("*.fastq"):
        path.unlink()


def _run(program: str, *arguments: str, cwd: Path | None = None) -> None:
    _logger.info("%s %s", program, " ".join(arguments))
    try:
        done = subprocess.run(  # noqa: S603 - no shell; the accession is a plain name
            [program, *arguments],
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_HOURS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise EnvironmentFault(f"{program} could not be run ({error})") from error
    if done.returncode != 0:
        words = " ".join(done.stderr.split())[-300:]
        raise EnvironmentFault(f"{program} failed ({done.returncode}): {words}")
