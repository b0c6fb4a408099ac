"""Bias, limits of agreement and fold changes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Final

from lotwise.evidence.columns import REASON, OfPair
from lotwise.evidence.sections import AGREEMENT
from lotwise.evidence.statistic import Figure, Statistic, Table, call
from lotwise.files.records import column


@dataclass(frozen=True, kw_only=True, slots=True)
class AgreementRecord(OfPair):
    """Bias, limits of agreement and fold changes of a pair, over features detected in both.

    ``bin`` 0 is all features; 1 to 10 are tenths by mean expression, lowest first.
    """

    table: ClassVar[str] = "agreement"
    bin: int = column(
        "0 is all features, 1 to 10 are tenths by mean expression, lowest first", must_choose=True
    )
    mean_from: float = column("smallest mean log2 TPM of the bin")
    mean_to: float = column("largest mean log2 TPM of the bin")
    n_features: int = column(
        "features in the bin, with TPM at or above the threshold in both samples",
        heading="features",
    )
    median_ratio: float = column(
        "median of TPM_a / TPM_b over the features (shift in composition), removed from M",
        heading="median ratio",
    )
    bias: float = column(
        "mean of M = log2(TPM_a / TPM_b) after division by the median ratio",
        heading="bias (mean M)",
        limits=("lower", "upper"),
        covers="size of differences",
    )
    lower: float = column("bias - 1.96 sd(M)", heading="lower limit", covers="size of differences")
    upper: float = column("bias + 1.96 sd(M)", heading="upper limit", covers="size of differences")
    median: float = column(
        "median of M", limits=("robust_lower", "robust_upper"), covers="size of differences"
    )
    robust_lower: float = column("median - 1.96 * 1.4826 MAD(M)", covers="size of differences")
    robust_upper: float = column("median + 1.96 * 1.4826 MAD(M)", covers="size of differences")
    share_over_1_5_fold: float = column(
        "share of features whose TPM ratio exceeds 1.5-fold",
        heading="over 1.5-fold",
        display="percent",
        covers="size of differences",
    )
    share_over_2_fold: float = column(
        "share of features whose TPM ratio exceeds 2-fold",
        heading="over 2-fold",
        display="percent",
        covers="size of differences",
    )
    share_over_4_fold: float = column(
        "share of features whose TPM ratio exceeds 4-fold",
        heading="over 4-fold",
        display="percent",
        covers="size of differences",
    )
    sere: float = column(
        "simple error ratio of the counts of all features: 1 if the samples differ by Poisson "
        "noise alone; NaN in bins 1 to 10",
        heading="SERE",
    )
    reason: str = column(REASON)


STATISTIC: Final = Statistic(
    name="agreement",
    summary="bias, limits of agreement and shares of features by fold change",
    tables=(
        Table(
            record=AgreementRecord,
            caption="Agreement of pairs, largest differences first",
            by=("share_over_2_fold",),
            descending=(True,),
        ),
    ),
    figures=(
        Figure(
            name="mean_difference",
            draw=call(
                "lotwise.run.drawings:mean_difference",
                "expression",
                table="tables.agreement",
                n_named="evidence.n_named",
                correlation="correlation",
            ),
            caption="Difference against mean, and limits of agreement. The pair is from two "
            "batches of one condition and has the lowest R.",
        ),
    ),
    compute=call(
        "lotwise.tl:agreement",
        "expression",
        threshold="correlation.threshold",
    ),
    section=AGREEMENT,
    page="methods/agreement.md",
    place=150,
)
