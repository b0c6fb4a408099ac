"""Tables of the findings about each sample's reads, and the decision on all samples together."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from lotwise.errors import InputError, RefusedError
from lotwise.files.atomic import atomic_path
from lotwise.files.process import end_with, name_process
from lotwise.files.tables import read_table, to_frame, write_table
from lotwise.progress import progress
from lotwise.quantify.reads_qc import Intake, check_reads, require_passed

if TYPE_CHECKING:
    from lotwise.samples import Sample


def check_samples(samples: Sequence[Sample], *, table: Path, threads: int = 1) -> list[Intake]:
    """Check the reads of every sample and write ``table``; then refuse the faulty samples.

    Raises
    ------
    RefusedError
        One line naming every refused sample; the table is written in any case.
    """
    if threads > 1 and len(samples) > 1:
        # Processes, not threads: half of the work is done in Python. They end with this one.
        with ProcessPoolExecutor(
            threads,
            mp_context=get_context("spawn"),
            initializer=end_with,
            initargs=(name_process(os.getpid()),),
        ) as pool:
            checked = pool.map(check_reads, samples)
            rows = list(progress(checked, "checking", unit="sample", total=len(samples)))
    else:
        rows = [check_reads(sample) for sample in progress(samples, "checking", unit="sample")]
    write_table(table, to_frame(rows, Intake))
    require_passed(rows)
    return rows


def check_apart(samples: Sequence[Sample], *, out: Path) -> list[Intake]:
    """Check samples one by one, each with its own table; the work of one cluster job.

    The findings are written to ``OUT/intake/SAMPLE.tsv``. Nothing is refused yet, so that files
    are not read again.
    """
    rows = []
    for sample in progress(samples, "checking", unit="sample"):
        rows.append(check_reads(sample))
        write_table(checked_table(out, sample), to_frame(rows[-1:], Intake))
    return rows


def join_checked(samples: Sequence[Sample], *, out: Path) -> list[Intake]:
    """Join the tables of :func:`check_apart` as ``intake.tsv``; then refuse the faulty samples.

    Raises
    ------
    RefusedError
        One line naming every refused sample; a copy of the table is kept in ``logs``.
    InputError
        A sample has not been checked.
    """
    rows = [read_checked(out, sample) for sample in samples]
    table = out / Intake.table
    write_table(table, to_frame(rows, Intake))
    with kept_in_logs(table):
        require_passed(rows)
    return rows


def read_checked(out: Path, sample: Sample) -> Intake:
    """Return the findings about one sample, with the batch that the sheet gives now."""
    table = read_table(checked_table(out, sample), Intake)
    # pandas types the keys of records as hashable; here they are column names.
    records = cast("list[dict[str, Any]]", table.to_dict("records"))
    if len(records) != 1:
        raise InputError(
            f"has {len(records)} rows, but must have exactly one row",
            path=checked_table(out, sample),
            remedy="run `lotwise check --step reads` on this sample sheet",
        )
    return Intake(**{**records[0], "batch": sample.batch})


def checked_table(out: Path, sample: Sample) -> Path:
    """Return the table of findings about one sample's reads."""
    return out / "intake" / f"{sample.sample}.tsv"


@contextmanager
def kept_in_logs(table: Path) -> Iterator[None]:
    """Keep a copy of a refusing table in ``logs``: Snakemake removes the output of failed jobs."""
    try:
        yield
    except RefusedError as refusal:
        kept = table.parent / "logs" / table.name
        with atomic_path(kept) as temporary:
            shutil.copyfile(table, temporary)
        raise RefusedError(f"{refusal} | see the table {kept}") from refusal
