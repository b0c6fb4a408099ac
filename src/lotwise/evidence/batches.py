"""Each batch compared with the others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Final

from lotwise.evidence.columns import REASON
from lotwise.evidence.sections import BATCHES
from lotwise.evidence.statistic import Figure, Statistic, Table, call
from lotwise.files.records import Record, column


@dataclass(frozen=True, kw_only=True, slots=True)
class BatchRecord(Record):
    """A batch compared with the other batches of its condition."""

    table: ClassVar[str] = "batches"
    batch: str = column("batch", heading="batch", names_row=True)
    condition: str = column(
        "condition; batches are compared only within a condition",
        heading="condition",
        names_row=True,
    )
    n_samples: int = column("samples of the batch and condition", heading="samples")
    depth: float = column(
        "counts to which every library was thinned; NaN if not thinned", heading="thinned to"
    )
    median_to_others: float = column(
        "median R over the other batches; R of two batches: median over pairs of samples",
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
    rank_p: float = column(
        "p of the batch's rank among all batches; small if its R to the others is low",
        heading="rank p",
    )
    smallest_p: float = column(
        "smallest p possible with this number of batches", heading="smallest p possible"
    )
    words: str = column("what this number of batches can show, and how depths were equalised")
    reason: str = column(REASON)


STATISTIC: Final = Statistic(
    name="batches",
    summary="each batch against all others (leave-one-out)",
    tables=(Table(record=BatchRecord, caption="Each batch compared with the others"),),
    figures=(
        Figure(
            name="batches",
            draw=call(
                "lotwise.pl:batches",
                "tables.batches",
                pseudocount="correlation.pseudocount",
                unit="unit",
                features="features",
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
