"""R by feature set and pseudo-count."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Final

from lotwise.evidence.columns import FEATURE_SETS, REASON, OfPair
from lotwise.evidence.sections import SENSITIVITY
from lotwise.evidence.statistic import Figure, Statistic, Table, call
from lotwise.files.records import column


@dataclass(frozen=True, kw_only=True, slots=True)
class SensitivityRecord(OfPair):
    """R of a pair by feature set and pseudo-count."""

    table: ClassVar[str] = "sensitivity"
    feature_set: str = column(
        "features used; see lotwise.metrics.feature_sets",
        heading="features counted",
        choices=FEATURE_SETS,
        must_choose=True,
    )
    pseudocount: float = column("c of log2(TPM + c)", heading="c", must_choose=True)
    n_features: int = column("number of features used", heading="features")
    double_zero_share: float = column(
        "share of the used features that are 0 in both samples, in [0, 1]",
        heading="zero in both",
        display="percent",
    )
    pearson: float = column(
        "Pearson's R of log2(TPM + c), in [-1, 1]", heading="Pearson's R", display="r"
    )
    reason: str = column(REASON)


STATISTIC: Final = Statistic(
    name="sensitivity",
    summary="R over other feature sets and with other pseudo-counts",
    tables=(Table(record=SensitivityRecord, caption="R by feature set and pseudo-count"),),
    figures=(
        Figure(
            name="sensitivity",
            draw=call(
                "lotwise.run.drawings:sensitivity", "tables", unit="unit", features="features"
            ),
            caption="R for each feature set and pseudo-count. For each kind of pairs, the point is "
            "the median, the thick line is the middle half, and the thin line is the range. The "
            "last panel shows how much the log2 ratios vary at each level of expression.",
        ),
    ),
    compute=call("lotwise.run.computations:sensitivity", "expression", correlation="correlation"),
    section=SENSITIVITY,
    page="methods/feature-sets.md",
    place=140,
)
