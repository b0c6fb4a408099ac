"""Each batch against the others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Final

from lotwise.evidence.columns import REASON
from lotwise.evidence.sections import BATCHES
from lotwise.evidence.statistic import Figure, Statistic, Table, call
from lotwise.files.records import Record, column


@dataclass(frozen=True, kw_only=True, slots=True)
class BatchRecord(Record):
    """A batch against the others of its condition, itself left out."""

    table: ClassVar[str] = "batches"
    batch: str = column("batch", heading="batch", names_row=True)
    condition: str = column(
        "condition; its batches are compared with each other alone",
        heading="condition",
        names_row=True,
    )
    n_samples: int = column("samples of the batch and condition", heading="samples")
    depth: float = column(
        "counts to which every library was thinned; NaN where none was", heading="thinned to"
    )
    median_to_others: float = column(
        "median over the other batches of the median R between single samples",
        heading="median R to others",
        display="r",
    )
    within: float = column(
        "median R between single samples of the batch; NaN with one sample",
        heading="R within",
        display="r",
    )
    prediction_lower: float = column(
        "lower prediction limit from the other batches", heading="prediction from", display="r"
    )
    prediction_upper: float = column(
        "upper prediction limit from the other batches", heading="to", display="r"
    )
    tolerance_lower: float = column(
        "lower tolerance limit from the other batches", heading="tolerance from", display="r"
    )
    tolerance_upper: float = column(
        "upper tolerance limit from the other batches", heading="to", display="r"
    )
    rank_p: float = column("p of its rank among all batches, small R being bad", heading="rank p")
    smallest_p: float = column(
        "smallest p that a rank can have here", heading="smallest p possible"
    )
    words: str = column("what so many batches can show, and how depths were made alike")
    reason: str = column(REASON)


STATISTIC: Final = Statistic(
    name="batches",
    summary="each batch against all others (leave-one-out)",
    tables=(Table(record=BatchRecord, caption="Each batch against the others"),),
    figures=(
        Figure(
            name="batches",
            draw=call(
                "lotwise.pl:batches",
                "tables.batches",
                pseudocount="correlation.pseudocount",
                unit="unit",
            ),
            caption="R of each batch to the others.",
        ),
    ),
    compute=call(
        "lotwise.tl:batches",
        "expression",
        level="evidence.coverage",
        pseudocount="correlation.pseudocount",
        seed="evidence.seed",
    ),
    section=BATCHES,
    page="methods/batches.md",
    place=190,
)
