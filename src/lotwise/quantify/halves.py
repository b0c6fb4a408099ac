"""Halves and quarters of a sample's reads, quantified separately: how noisy quantification is."""

from __future__ import annotations

import dataclasses
import hashlib
import logging
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Final

import dnaio
import numpy as np
import polars as pl

from lotwise.errors import InputError
from lotwise.files.atomic import atomic_path, scratch_directory
from lotwise.keys import PARTS
from lotwise.samples import Run

if TYPE_CHECKING:
    from lotwise.quantify.base import Job, Quantifier
    from lotwise.samples import Sample

N_QUARTERS: Final = 4
# A quarter of fewer reads says nothing, and programs refuse it.
FEWEST_READS: Final = 400

logger = logging.getLogger(__name__)


def quantify_halves(
    job: Job, *, quantifier: Quantifier, index: Path, out: Path, n_isoforms: int, log: Path
) -> None:
    """Quantify the quarters and halves of a sample's reads; write their TPM as one table.

    Each read goes to a quarter by a hash of its name, and its mate with it. A half is two
    quarters. Where a part cannot be quantified, or holds few reads, the table has no rows, and a
    warning says why.

    Parameters
    ----------
    job
        What was quantified from all reads; no bootstraps are made of a part.
    out
        The table, one row per isoform.
    n_isoforms
        How many isoforms the output must have.

    Raises
    ------
    EnvironmentFault
        The program was killed or the disk is full.
    """
    with scratch_directory(out) as folder:
        quantified = _quantify_in(
            folder, job, quantifier=quantifier, index=index, n_isoforms=n_isoforms, log=log
        )
    write_halves(quantified, out)


def write_halves(quantified: pl.DataFrame | None, path: Path) -> None:
    """Write the TPM of parts as a table; without rows where there are none."""
    columns = {"feature": pl.String, **dict.fromkeys(PARTS, pl.Float32)}
    table = pl.DataFrame(schema=columns) if quantified is None else quantified
    with atomic_path(path) as temporary:
        table.write_parquet(temporary)


def _quantify_in(
    folder: Path, job: Job, *, quantifier: Quantifier, index: Path, n_isoforms: int, log: Path
) -> pl.DataFrame | None:
    name = job.sample.sample
    quarters = split_reads(job.sample, folder)
    if min(quarters.n_reads) < FEWEST_READS:
        logger.warning(
            "sample %s: the smallest quarter of its reads has %d reads, but at least %d are "
            "required; halves of the reads are not quantified. The isoform ceiling uses bootstraps "
            "if there are any",
            name,
            min(quarters.n_reads),
            FEWEST_READS,
        )
        return None
    tpm: dict[str, np.ndarray[tuple[int], np.dtype[np.float32]]] = {}
    names: Sequence[str] = ()
    for part, numbers in PARTS.items():
        runs = tuple(run for number in numbers for run in quarters.runs[number])
        of_part = dataclasses.replace(
            job, sample=dataclasses.replace(job.sample, runs=runs), bootstraps=0
        )
        try:
            _, abundance = quantifier.quantify(
                of_part, index=index, out=folder / part, n_isoforms=n_isoforms, log=log
            )
        except InputError as fault:
            logger.warning(
                "sample %s: %s of its reads could not be quantified (%s); the isoform ceiling "
                "uses bootstraps if there are any",
                name,
                part.replace("_", " "),
                fault,
            )
            return None
        tpm[part], names = abundance.tpm.astype(np.float32), abundance.names
    return pl.DataFrame({"feature": list(names), **tpm})


@dataclasses.dataclass(frozen=True, slots=True)
class Quarters:
    """Quarters of a sample's reads on disk: their runs, and how many reads each holds."""

    runs: tuple[tuple[Run, ...], ...]
    n_reads: tuple[int, ...]


def split_reads(sample: Sample, folder: Path) -> Quarters:
    """Write a sample's reads as four files, or four pairs of files, in ``folder``.

    Parameters
    ----------
    sample
        Its runs are joined.
    folder
        Where ``quarter_1_R1.fastq.gz`` and the others are written.
    """
    n_mates = 1 if sample.runs[0].fastq_2 is None else 2
    files = [
        [folder / f"quarter_{number + 1}_R{mate + 1}.fastq.gz" for mate in range(n_mates)]
        for number in range(N_QUARTERS)
    ]
    n_reads = [0] * N_QUARTERS
    with ExitStack() as stack:
        outputs = [
            [
                stack.enter_context(dnaio.open(file, mode="w", fileformat="fastq", open_threads=0))
                for file in mates
            ]
            for mates in files
        ]
        for mates in _mates_of(sample):
            number = _quarter_of(mates[0].id)
            n_reads[number] += 1
            for output, read in zip(outputs[number], mates, strict=True):
                output.write(read)
    runs = tuple(
        (Run(fastq_1=mates[0], fastq_2=mates[1] if n_mates == 2 else None),) for mates in files
    )
    return Quarters(runs, tuple(n_reads))


def _mates_of(sample: Sample) -> Iterator[tuple[dnaio.SequenceRecord, ...]]:
    for run in sample.runs:
        files = [run.fastq_1] if run.fastq_2 is None else [run.fastq_1, run.fastq_2]
        with dnaio.open(*files, fileformat="fastq", open_threads=0) as reads:
            for mates in reads:
                yield mates if isinstance(mates, tuple) else (mates,)


def _quarter_of(name: str) -> int:
    """Return the quarter of a read by its name without ``/1``: the same at every call."""
    stem = name[:-2] if name[-2:] in {"/1", "/2"} else name
    return hashlib.blake2b(stem.encode(), digest_size=1).digest()[0] % N_QUARTERS
