"""Changes of expression that R would detect, and the largest that it would not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Final

from lotwise.evidence.columns import REASON, OfPair
from lotwise.evidence.sections import SENSITIVITY
from lotwise.evidence.statistic import Figure, Statistic, Table, call
from lotwise.files.records import column


@dataclass(frozen=True, kw_only=True, slots=True)
class DetectableRecord(OfPair):
    """R of a pair after a known change of one sample (the sample where R changes less)."""

    table: ClassVar[str] = "detectable"
    fold: float = column(
        "fold change, up or down with equal probability", heading="fold change", must_choose=True
    )
    share: float = column(
        "share of the expressed features that were changed, in [0, 1]",
        heading="share changed",
        display="percent",
        must_choose=True,
    )
    pearson: float = column("mean R after the change", heading="mean R", display="r")
    sd: float = column("standard deviation of R over repeats", heading="SD of R")
    reason: str = column(REASON)


@dataclass(frozen=True, kw_only=True, slots=True)
class UnseenRecord(OfPair):
    """The largest change that R would not have detected."""

    table: ClassVar[str] = "unseen"
    fold: float = column(
        "fold change, up or down with equal probability", heading="fold change", must_choose=True
    )
    threshold: float = column("lowest R that passes", heading="lowest R that passes", display="r")
    share: float = column(
        "largest share of expressed features that can change with R still at or above threshold",
        heading="largest undetected share",
        display="percent",
    )
    at_least: bool = column(
        "True if R stayed at or above the threshold even with the largest share tried",
        heading="or more",
        known_with="share",
    )
    sentence: str = column("the same as a sentence", heading="in words")
    reason: str = column(REASON)


STATISTIC: Final = Statistic(
    name="detectable",
    summary="changes of expression that R would detect, and the largest undetected change",
    tables=(
        Table(record=DetectableRecord, caption="R after a change of a share of the features"),
        Table(record=UnseenRecord, caption="The largest change that R would not have detected"),
    ),
    figures=(
        Figure(
            name="detectable",
            draw=call(
                "lotwise.run.drawings:detectable",
                "expression",
                grid="tables.detectable",
                unseen="tables.unseen",
                pseudocount="correlation.pseudocount",
                features="features",
            ),
            caption="R (colour) after a fold change (horizontal axis) of a percentage of the "
            "expressed features (vertical axis). The title gives the changes that R does not "
            "detect.",
        ),
    ),
    compute=call(
        "lotwise.run.computations:detectable",
        "expression",
        evidence="evidence",
        correlation="correlation",
    ),
    section=SENSITIVITY,
    page="methods/detectable.md",
    place=180,
)
