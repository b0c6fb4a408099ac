"""Equivalence of batches: are samples of different batches as alike as samples of one batch?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Final

from lotwise.evidence.columns import REASON
from lotwise.evidence.sections import BATCHES
from lotwise.evidence.statistic import Figure, Statistic, Table, call
from lotwise.files.records import Record, column


@dataclass(frozen=True, kw_only=True, slots=True)
class BatchEquivalenceRecord(Record):
    """Excess of 1 - R between batches over 1 - R within them, compared with a margin."""

    table: ClassVar[str] = "batch_equivalence"
    n_batches: int = column("batches compared", heading="batches")
    n_samples: int = column("samples compared", heading="samples")
    between: float = column(
        "median of 1 - R between batches, same condition", heading="1 - R between"
    )
    within: float = column("median of 1 - R within batches, same condition", heading="1 - R within")
    difference: float = column("between minus within", heading="difference")
    lower: float = column(
        "lower limit of the difference, coverage 1 - 2 alpha", heading="lower limit"
    )
    upper: float = column("upper limit of the difference", heading="upper limit")
    margin: float = column("largest acceptable difference", heading="margin")
    p: float = column("larger p of the two one-sided tests", heading="p")
    equivalent: str = column(
        "yes, no (not shown), or not assessable",
        heading="equivalent",
        answers=("yes", "no"),
    )
    depth: float = column("counts to which all libraries were thinned", heading="depth compared")
    words: str = column("what this number of batches can show")
    reason: str = column(REASON, heading="reason")


STATISTIC: Final = Statistic(
    name="batch_equivalence",
    summary="whether 1 - R between batches and 1 - R within batches differ by less than a margin",
    tables=(
        Table(record=BatchEquivalenceRecord, caption="Equivalence of batches within a margin"),
    ),
    figures=(
        Figure(
            name="batch_equivalence",
            draw=call(
                "lotwise.pl:batch_equivalence", "tables.batch_equivalence", features="features"
            ),
            caption="Difference of 1 - R between and within batches, with its margin.",
        ),
    ),
    compute=call(
        "lotwise.run.computations:batch_equivalence",
        "expression",
        evidence="evidence",
        correlation="correlation",
    ),
    section=BATCHES,
    page="methods/batch-equivalence.md",
    place=205,
)
