"""Feature-resampling intervals of R."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Final

from lotwise.evidence.columns import REASON, OfPair
from lotwise.evidence.sections import SENSITIVITY
from lotwise.evidence.statistic import OptionalInput, Statistic, Table, call
from lotwise.files.records import column


@dataclass(frozen=True, kw_only=True, slots=True)
class IntervalRecord(OfPair):
    """Feature-resampling interval of a pair's R."""

    table: ClassVar[str] = "intervals"
    pearson: float = column(
        "Pearson's R of log2(TPM + c) over all features",
        heading="R",
        display="r",
        limits=("lower", "upper"),
    )
    lower: float = column("lower limit", heading="lower", display="r")
    upper: float = column("upper limit", heading="upper", display="r")
    level: float = column("nominal coverage", heading="coverage", display="percent")
    n_blocks: int = column("blocks of features that were resampled", heading="blocks")
    label: str = column("what the interval covers and what it does not")
    warning: str = column("limits of the interval; empty if none", heading="warning")
    reason: str = column(REASON)


STATISTIC: Final = Statistic(
    name="intervals",
    summary="feature-resampling intervals of R",
    tables=(
        Table(
            record=IntervalRecord,
            caption="Feature-resampling intervals, which say nothing about the next batch",
            by=("pearson",),
        ),
    ),
    compute=call(
        "lotwise.run.computations:intervals",
        "expression",
        evidence="evidence",
        correlation="correlation",
    ),
    inputs=(OptionalInput(option="blocks", role="blocks"),),
    section=SENSITIVITY,
    page="methods/intervals.md",
    place=160,
)
