"""ENCODE's replicate QC and detection."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Final

from lotwise.evidence.columns import REASON, OfPair
from lotwise.evidence.sections import AGREEMENT
from lotwise.evidence.statistic import Statistic, Table
from lotwise.files.records import column


@dataclass(frozen=True, kw_only=True, slots=True)
class ReplicateQcRecord(OfPair):
    """ENCODE's replicate QC and detection of two samples: ``{level}.replicate_qc.tsv``."""

    table: ClassVar[str] = "replicate_qc"
    unit: str = column(
        "TPM or FPKM, or the unit that was declared",
        heading="unit",
        choices=("TPM", "FPKM", "CPM", "normalized"),
        must_choose=True,
    )
    mad: float = column(
        "1.4826 * median |log2 ratio|, not centred, 3 decimals",
        heading="MAD",
        covers="size of differences",
    )
    sd: float = column(
        "root mean square of the log2 ratio, not centred, 3 decimals",
        heading="SD",
        covers="size of differences",
    )
    pearson: float = column(
        "Pearson's R of log2 values without pseudo-count on the same features",
        heading="Pearson's R",
        display="r",
    )
    spearman: float = column(
        "Spearman's rho on the same features", heading="Spearman's rho", display="r"
    )
    n_features: int = column(
        "features with values above 0 in both samples and a mean log2 above 0", heading="features"
    )
    n_zero_in_one: int = column("features dropped because one sample has 0", heading="zero in one")
    n_both: int = column("features detected in both samples")
    n_one_only: int = column("features detected in one sample only")
    n_neither: int = column("features detected in neither")
    jaccard: float = column(
        "detected in both / detected in any, in [0, 1]",
        heading="share detected in both",
        display="percent",
    )
    threshold: float = column("smallest value, in this unit, of a detected feature")
    reason: str = column(REASON, heading="reason")


STATISTIC: Final = Statistic(
    name="replicate_qc",
    summary="ENCODE's replicate QC: MAD and SD of log2 ratios, detection in both samples",
    tables=(
        Table(
            record=ReplicateQcRecord,
            caption="ENCODE's replicate QC: MAD and SD of log2 ratios, R without pseudo-count",
            by=("mad",),
            descending=(True,),
        ),
    ),
    compute=None,
    section=AGREEMENT,
    page="methods/agreement.md",
    folder="correlation",
    place=20,
)
