"""A sample of a batch, its runs, and the columns of the sheet that describe them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal

from lotwise.errors import InputError

Strandedness = Literal["auto", "unstranded", "forward", "reverse"]

REQUIRED_COLUMNS: Final = ("sample", "batch")
TEXT_COLUMNS: Final = ("replicate", "donor", "condition")
READS_COLUMNS: Final = ("fastq_1", "fastq_2", "strandedness", "fragment_length", "fragment_sd")
KNOWN_COLUMNS: Final = (*REQUIRED_COLUMNS, *TEXT_COLUMNS, "quant", *READS_COLUMNS)
PHASES: Final = ("pre", "post", "")

# The first column of tables of features x samples.
FEATURE_COLUMN: Final = "feature"


@dataclass(frozen=True, kw_only=True, slots=True)
class Run:
    """One sequencing run: a FASTQ file, or two that are mates."""

    fastq_1: Path
    fastq_2: Path | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Sample:
    """One sample of one batch, with its reads or its quantification."""

    sample: str
    batch: str
    replicate: str = ""
    donor: str = ""
    condition: str = ""
    runs: tuple[Run, ...] = ()
    quant: Path | None = None
    strandedness: Strandedness = "auto"
    fragment_length: float | None = None
    fragment_sd: float | None = None
    annotations: Mapping[str, str] = field(default_factory=dict)
    row: int | None = None


def require_batches(samples: Iterable[Sample], path: Path | str | None) -> None:
    """Raise an error if there are fewer than two samples or fewer than two batches."""
    names = [sample.sample for sample in samples]
    batches = {sample.batch for sample in samples}
    if len(names) < 2:
        raise InputError(
            f"has {len(names)} sample, but a comparison needs at least 2 samples",
            path=path,
            column="sample",
            remedy="add the other batches",
        )
    if len(batches) < 2:
        raise InputError(
            f"all {len(names)} samples belong to batch {batches.pop()!r}, but a comparison of "
            "batches needs at least 2 batches",
            path=path,
            column="batch",
            remedy="give the batch of each sample",
        )
