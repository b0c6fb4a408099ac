"""New batches against the stored reference set."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Final

from lotwise.evidence.sections import BATCHES
from lotwise.evidence.statistic import OptionalInput, Statistic, Table, call
from lotwise.files.records import Record, column


@dataclass(frozen=True, kw_only=True, slots=True)
class ComparisonRecord(Record):
    """A new batch against the stored reference set."""

    table: ClassVar[str] = "reference"
    batch: str = column("new batch", heading="batch", names_row=True)
    median_to_reference: float = column(
        "median R of log2(TPM + 1) to the reference batches",
        heading="median R to the reference",
        display="r",
    )
    prediction_lower: float = column(
        "lower prediction limit for one more batch", heading="prediction from", display="r"
    )
    prediction_upper: float = column(
        "upper prediction limit for one more batch", heading="to", display="r"
    )
    tolerance_lower: float = column("lower tolerance limit")
    tolerance_upper: float = column("upper tolerance limit")
    inside_prediction: str = column(
        "yes, no (below it), or not assessable", heading="inside", answers=("yes", "no")
    )
    rank_p: float = column(
        "p of its rank among the reference batches and itself, small R being bad", heading="rank p"
    )
    smallest_p: float = column(
        "smallest p that a rank can have here", heading="smallest p possible"
    )
    n_reference: int = column("reference batches", heading="reference batches")
    reference_version: int = column("version of the reference set")
    words: str = column("what so many batches can show")
    reason: str = column("why it is not assessable; empty where it is")


STATISTIC: Final = Statistic(
    name="reference",
    summary="new batches against the stored reference set",
    tables=(Table(record=ComparisonRecord, caption="New batches against the reference set"),),
    compute=call("lotwise.run.computations:reference", "expression", evidence="evidence"),
    inputs=(OptionalInput(option="reference_set", role="reference set"),),
    section=BATCHES,
    page="methods/batches.md",
    place=200,
)
