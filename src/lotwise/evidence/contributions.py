"""Features that lower R most."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Final

from lotwise.evidence.sections import CONTRIBUTIONS
from lotwise.evidence.statistic import Statistic, Table
from lotwise.files.records import Record, column


@dataclass(frozen=True, kw_only=True, slots=True)
class ContributionRecord(Record):
    """A feature that lowers the R of two samples: a row of ``{level}.contributions.tsv``."""

    table: ClassVar[str] = "contributions"
    sample_a: str = column(
        "first sample, in the order of the sample sheet", heading="sample A", names_row=True
    )
    sample_b: str = column("second sample", heading="sample B", names_row=True)
    relation: str = column(
        "within (one batch), between (two batches) or across (two conditions)",
        heading="batches",
        choices=("within", "between", "across"),
    )
    rank: int = column("rank by contribution, 1 is the largest", heading="rank")
    feature: str = column("gene or isoform", heading="feature", names_row=True)
    gene_id: str = column("gene of an isoform, if known", names_row=True)
    gene_name: str = column("symbol of the gene, if known", heading="gene")
    tpm_a: float = column("TPM in the first sample", heading="TPM, sample A")
    tpm_b: float = column("TPM in the second sample", heading="TPM, sample B")
    log2_ratio: float = column(
        "log2 of the ratio TPM_a / TPM_b relative to the median ratio; NaN if a TPM is 0",
        heading="log2 ratio",
        unknown="in one only",
    )
    share: float = column(
        "share of 1 - R contributed by this feature, in [0, 1]",
        heading="share of 1 - R",
        display="percent",
    )
    cumulative_share: float = column(
        "share of this feature and all ranked above it, in [0, 1]",
        heading="cumulative share",
        display="percent",
    )
    reason: str = column(
        "why the pair has no contributions (then rank is 0 and feature is *); otherwise empty",
        default="",
        heading="reason",
    )


STATISTIC: Final = Statistic(
    name="contributions",
    summary="the contribution of each feature to 1 - R",
    tables=(Table(record=ContributionRecord, caption="Features that lower R most"),),
    compute=None,
    section=CONTRIBUTIONS,
    page="methods/contributions.md",
    folder="correlation",
    place=30,
)
