"""Isoform usage of genes, and R by the uncertainty of quantification."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Final

from lotwise.evidence.columns import REASON, OfPair
from lotwise.evidence.sections import ISOFORMS
from lotwise.evidence.statistic import Figure, Statistic, Table, call
from lotwise.files.records import Record, column


@dataclass(frozen=True, kw_only=True, slots=True)
class UsageRecord(OfPair):
    """Change of isoform usage of a gene between two samples."""

    table: ClassVar[str] = "isoform_usage"
    suffix: ClassVar[str] = "parquet"
    of_features: ClassVar[bool] = True
    gene_id: str = column("gene", heading="gene", names_row=True)
    n_isoforms: int = column("isoforms of the gene", heading="isoforms")
    distance: float = column("Jensen-Shannon distance of the usages, in [0, 1]", heading="distance")
    tested_distance: float = column("distance after a prior (in TPM) is added to every isoform")
    largest_change: float = column(
        "largest absolute change of one isoform's share",
        heading="largest change",
        display="percent",
    )
    isoform: str = column("the isoform with that change", heading="of isoform")
    dominant_a: str = column("isoform with the largest share in the first sample")
    dominant_b: str = column("isoform with the largest share in the second sample")
    flips: bool = column(
        "whether the dominant isoform differs", heading="dominant flips", known_with="distance"
    )
    null_distance: float = column(
        "root mean square of distances between bootstraps of one sample, after the prior is added"
    )
    null_flip_share: float = column(
        "share of bootstrap pairs in which the dominant isoform differs"
    )
    p: float = column("p of the tested distance, from distances between bootstraps")
    p_adjusted: float = column("p after Benjamini-Hochberg", heading="adjusted p")
    reason: str = column(REASON)


@dataclass(frozen=True, kw_only=True, slots=True)
class StratumRecord(OfPair):
    """R of a pair over isoforms of similar uncertainty of quantification."""

    table: ClassVar[str] = "uncertainty_strata"
    stratum: str = column(
        "low, middle or high third by InfRV",
        heading="uncertainty",
        choices=("low", "middle", "high"),
        must_choose=True,
    )
    n_features: int = column("isoforms in the stratum", heading="isoforms")
    infrv_to: float = column("largest InfRV of the stratum", heading="InfRV up to")
    pearson: float = column("Pearson's R of log2(TPM + c)", heading="Pearson's R", display="r")
    reason: str = column(REASON)


@dataclass(frozen=True, kw_only=True, slots=True)
class ShareRecord(Record):
    """Mean share of an isoform in its gene, in a batch."""

    table: ClassVar[str] = "isoform_shares"
    gene_id: str = column(
        "gene; genes with the largest change of usage between batches come first",
        heading="gene",
        names_row=True,
    )
    isoform: str = column("isoform", heading="isoform")
    batch: str = column(
        "batch; its samples are averaged on the TPM scale", heading="batch", names_row=True
    )
    tpm: float = column("TPM of the isoform", heading="TPM")
    share: float = column(
        "share of the gene's TPM, in [0, 1]; NaN where the gene is not expressed",
        heading="share of the gene",
        display="percent",
    )
    distance: float = column(
        "Jensen-Shannon distance between the two batches whose usage of the gene differs most",
        heading="distance",
    )
    reason: str = column(REASON)


STATISTIC: Final = Statistic(
    name="isoform_usage",
    summary="changes of isoform usage, and R of isoforms by uncertainty of quantification",
    tables=(
        Table(
            record=UsageRecord,
            caption="Genes with the largest changes of isoform usage between batches first",
            by=("p_adjusted", "distance"),
            descending=(False, True),
        ),
        Table(
            record=StratumRecord,
            caption="R by uncertainty of quantification (InfRV over bootstraps)",
        ),
        Table(
            record=ShareRecord,
            caption="Shares of isoforms in their genes",
            tool="lotwise.tl.isoform_shares",
        ),
    ),
    figures=(
        Figure(
            name="isoform_switches",
            draw=call(
                "lotwise.run.drawings:isoform_switches",
                "tables.isoform_shares",
                usage="tables.isoform_usage",
            ),
            caption="Isoform usage in the genes with the largest change between batches. These "
            "genes were chosen for this change, so they are not typical.",
        ),
    ),
    compute=call(
        "lotwise.run.computations:isoform_usage",
        "expression",
        evidence="evidence",
        correlation="correlation",
    ),
    section=ISOFORMS,
    page="methods/isoforms.md",
    levels=("isoform",),
    place=240,
)
