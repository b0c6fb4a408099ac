"""Noise ceilings of R."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Final

from lotwise import keys
from lotwise.evidence.columns import REASON, OfPair
from lotwise.evidence.sections import SENSITIVITY
from lotwise.evidence.statistic import Statistic, Table, call
from lotwise.files.records import column

FROM_DONORS: Final = "from different donors"
"""Words in the source of a ceiling that contains differences between donors, too."""


@dataclass(frozen=True, kw_only=True, slots=True)
class CeilingRecord(OfPair):
    """R, the highest R that one kind of noise allows, and their ratio."""

    table: ClassVar[str] = "ceilings"
    noise: str = column(
        "noise that lowers the ceiling: counting (of reads), quantification (counting reads and "
        "assigning them to isoforms) or preparation (of the library; includes the other two)",
        heading="noise",
        choices=("counting", "quantification", "preparation"),
    )
    method: str = column(
        "how it is estimated: thinning, halves, bootstraps or replicates",
        heading="method",
        choices=("replicates", "halves", "bootstraps", "thinning"),
        must_choose=True,
    )
    source: str = column("description of the estimate")
    pearson: float = column(
        "Pearson's R of log2(TPM + c) over all features", heading="R", display="r"
    )
    ceiling: float = column(
        "square root of the product of both reliabilities", heading="ceiling", display="r"
    )
    ratio: float = column(
        "R / ceiling",
        heading="R / ceiling",
        display="percent",
        extent=(float("-inf"), float("inf")),
    )
    reliability_a: float = column("reliability of the first sample, in (0, 1]")
    reliability_b: float = column("reliability of the second sample")
    reason: str = column(REASON)


STATISTIC: Final = Statistic(
    name="ceilings",
    summary="the highest R that measurement noise allows",
    tables=(Table(record=CeilingRecord, caption="Noise ceilings", by=("pearson",)),),
    compute=call(
        "lotwise.tl:ceilings",
        "expression",
        pseudocount="correlation.pseudocount",
        seed="evidence.seed",
    ),
    section=SENSITIVITY,
    page="methods/ceiling.md",
    design=(keys.DONOR,),
    place=170,
)
