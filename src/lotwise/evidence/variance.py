"""Variance of expression by condition, donor and batch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Final

from lotwise import keys
from lotwise.evidence.columns import REASON
from lotwise.evidence.sections import BATCHES
from lotwise.evidence.statistic import Figure, Statistic, Table, call
from lotwise.files.records import Record, column


@dataclass(frozen=True, kw_only=True, slots=True)
class VarianceRecord(Record):
    """Share of the variance of expression that a factor of the design explains."""

    table: ClassVar[str] = "variance"
    factor: str = column(
        "condition, donor, batch or residual; 'a = b' if both factors form the same groups",
        heading="factor",
        names_row=True,
    )
    n_levels: int = column(
        "number of groups of the factor; for the residual, number of samples", heading="groups"
    )
    n_features: int = column("expressed features that vary", heading="features")
    share: float = column(
        "share of a feature's variance that is due to the factor: median over features, in [0, 1]",
        heading="share of variance (median)",
        display="percent",
    )
    lower_quartile: float = column(
        "lower quartile of that share", heading="lower quartile", display="percent"
    )
    upper_quartile: float = column(
        "upper quartile of that share", heading="upper quartile", display="percent"
    )
    within_condition: float = column(
        "median share of the variance within a condition; NaN for the condition itself",
        heading="share within a condition",
        display="percent",
    )
    reason: str = column(REASON, heading="reason")


@dataclass(frozen=True, kw_only=True, slots=True)
class VarianceDensityRecord(Record):
    """Number of features by share of variance, for the figure of the variance."""

    table: ClassVar[str] = "variance_density"
    factor: str = column("factor, as in the table variance", names_row=True)
    share_from: float = column("lower bound of the share")
    share_to: float = column("upper bound of the share")
    fraction: float = column(
        "fraction of the features whose share is between share_from and share_to, in [0, 1]"
    )
    reason: str = column(REASON)


STATISTIC: Final = Statistic(
    name="variance",
    summary="share of the variance of expression by condition, donor and batch",
    tables=(
        Table(record=VarianceRecord, caption="Variance of expression by factor of the design"),
        Table(record=VarianceDensityRecord, tool="lotwise.tl.variance"),
    ),
    figures=(
        Figure(
            name="variance",
            draw=call(
                "lotwise.pl:variance",
                "tables.variance",
                density="tables.variance_density",
                unit="unit",
                features="features",
            ),
            caption="Share of the variance of each gene or isoform by factor of the design.",
        ),
    ),
    design=(keys.DONOR,),
    compute=call(
        "lotwise.tl:variance",
        "expression",
        threshold="correlation.threshold",
        pseudocount="correlation.pseudocount",
    ),
    section=BATCHES,
    page="methods/variance.md",
    place=225,
)
