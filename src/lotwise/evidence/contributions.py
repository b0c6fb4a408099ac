"""Features that lower R most."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Final

from lotwise.evidence.sections import CONTRIBUTIONS
from lotwise.evidence.statistic import Statistic, Table
from lotwise.files.records import Record, column


@dataclass(frozen=True, kw_only=True, slots=True)
class ContributionRecord(Record):
    """A feature that pulls the R of two samples down: a row of ``{level}.contributions.tsv``."""

    table: ClassVar[str] = "contributions"
    sample_a: str = column(
        "first sample, in the order of the sample sheet", heading="sample", names_row=True
    )
    sample_b: str = column("second sample", heading="and sample", names_row=True)
    rank: int = column("1 is the largest share", heading="rank")
    feature: str = column("gene or isoform", heading="feature", names_row=True)
    gene_id: str = column("gene of an isoform, where known", names_row=True)
    gene_name: str = column("symbol of the gene, where known", heading="gene")
    tpm_a: float = column("TPM in the first sample", heading="TPM")
    tpm_b: float = column("TPM in the second sample", heading="TPM, second")
    log2_ratio: float = column("M = log2(TPM_a + c) - log2(TPM_b + c)", heading="log2 ratio")
    share: float = column(
        "part of 1 - R that this feature carries, in [0, 1]",
        heading="share of 1 - R",
        display="percent",
    )
    cumulative_share: float = column(
        "part that it and all before it carry, in [0, 1]", heading="together", display="percent"
    )
    reason: str = column(
        "why a pair has no contributions, in a row of rank 0 with feature *; else empty",
        default="",
        heading="reason",
    )


STATISTIC: Final = Statistic(
    name="contributions",
    summary="the part of 1 - R that each feature carries",
    tables=(Table(record=ContributionRecord, caption="Features that pull R down"),),
    compute=None,
    section=CONTRIBUTIONS,
    page="methods/contributions.md",
    folder="correlation",
    place=30,
)
