"""New batches compared with the accepted batches."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Final

from lotwise.evidence.sections import BATCHES
from lotwise.evidence.statistic import OptionalInput, Statistic, Table, call
from lotwise.files.records import Record, column


@dataclass(frozen=True, kw_only=True, slots=True)
class ComparisonRecord(Record):
    """A new batch compared with the accepted batches."""

    table: ClassVar[str] = "reference"
    batch: str = column("new batch", heading="batch", names_row=True)
    condition: str = column(
        "condition; only accepted batches of the same condition are used",
        heading="condition",
        names_row=True,
    )
    depth: float = column(
        "counts to which every library was thinned; NaN if not thinned", heading="thinned to"
    )
    median_to_reference: float = column(
        "for each accepted batch, the median R of its samples to those of the new batch; then the "
        "median over the accepted batches",
        heading="median R to accepted",
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
        "yes, no (below the lower prediction limit), or not assessable",
        heading="inside",
        answers=("yes", "no"),
    )
    rank_p: float = column(
        "p-value of the new batch, from ranking all batches by their median R to the others; small "
        "if its R is low",
        heading="rank p",
    )
    smallest_p: float = column(
        "smallest p possible with this number of batches", heading="smallest p possible"
    )
    n_reference: int = column("accepted batches of the condition", heading="accepted batches")
    reference_version: int = column("version of the accepted set")
    words: str = column("what this number of batches can show, and how depths were equalised")
    reason: str = column("why it is not assessable; empty otherwise")


STATISTIC: Final = Statistic(
    name="reference",
    summary="new batches compared with the accepted batches",
    tables=(
        Table(
            record=ComparisonRecord,
            caption="New batches compared with the accepted batches",
            tool="lotwise.tl.accepted",
        ),
    ),
    compute=call("lotwise.run.computations:reference", "expression", evidence="evidence"),
    inputs=(OptionalInput(option="reference_set", role="accepted set"),),
    section=BATCHES,
    page="methods/batches.md",
    place=200,
)
