"""Columns shared by several tables."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from lotwise.files.records import Record, column

REASON: Final = "why a value is NaN; empty otherwise"
FEATURE_SETS: Final = (
    "all",
    "detected_any",
    "detected_both",
    "counted_both",
    *(f"decile_{number}" for number in range(1, 11)),
)


@dataclass(frozen=True, kw_only=True, slots=True)
class OfPair(Record):
    """The first columns of every table of pairs of samples."""

    sample_a: str = column(
        "first sample, in the order of the sample sheet", heading="sample A", names_row=True
    )
    sample_b: str = column("second sample", heading="sample B", names_row=True)
    batch_a: str = column("batch of the first sample", names_row=True)
    batch_b: str = column("batch of the second sample", names_row=True)
    condition_a: str = column("condition of the first sample; empty if there is none")
    condition_b: str = column("condition of the second sample")
    relation: str = column(
        "within (one batch, one condition), between (two batches, one condition) or "
        "across (two conditions)",
        heading="batches",
        choices=("within", "between", "across"),
    )
