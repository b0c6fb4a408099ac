"""Shifts of gene sets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Final

from lotwise.evidence.columns import REASON, OfPair
from lotwise.evidence.sections import BATCHES
from lotwise.evidence.statistic import OptionalInput, Statistic, Table, call
from lotwise.files.records import Record, column


@dataclass(frozen=True, kw_only=True, slots=True)
class GeneSetRecord(OfPair):
    """Shift of a gene set between two samples."""

    table: ClassVar[str] = "gene_sets"
    of_features: ClassVar[bool] = True
    gene_set: str = column("name of the set", heading="set", names_row=True)
    n_genes: int = column("genes of the set detected in both samples", heading="genes")
    mean_difference: float = column("mean M inside the set", heading="mean M inside")
    mean_other: float = column("mean M of all other genes", heading="mean M of others")
    correlation: float = column(
        "mean correlation between the genes of the set; the rank test uses it"
    )
    p: float = column("two-sided p of the rank test", heading="p")
    p_adjusted: float = column(
        "p after Benjamini-Hochberg over the sets of the pair", heading="adjusted p"
    )
    reason: str = column(REASON)


@dataclass(frozen=True, kw_only=True, slots=True)
class BatchGeneSetRecord(Record):
    """Shift of a gene set in one batch, against the other batches of its condition."""

    table: ClassVar[str] = "gene_set_batches"
    of_features: ClassVar[bool] = True
    batch: str = column("batch", heading="batch", names_row=True)
    condition: str = column(
        "condition; empty if there is none", heading="condition", names_row=True
    )
    gene_set: str = column("name of the set", heading="set", names_row=True)
    n_genes: int = column(
        "genes of the set with a median TPM over batches at or above the threshold", heading="genes"
    )
    shift: float = column(
        "score of the batch (mean log2 expression of the set minus mean of all other genes) minus "
        "mean score of the other batches",
        heading="shift, log2",
    )
    p: float = column("two-sided p of Student's t with batches as observations", heading="p")
    p_adjusted: float = column(
        "p after Benjamini-Hochberg over the sets of the batch", heading="adjusted p"
    )
    reason: str = column(REASON)


STATISTIC: Final = Statistic(
    name="gene_sets",
    summary="shifts of gene sets between samples",
    tables=(
        Table(record=GeneSetRecord, caption="Gene sets that shift", by=("p_adjusted",)),
        Table(
            record=BatchGeneSetRecord,
            tool="lotwise.tl.gene_sets",
            caption="Gene sets that are shifted in a batch",
            by=("p_adjusted",),
        ),
    ),
    compute=call(
        "lotwise.run.computations:gene_sets",
        "expression",
        evidence="evidence",
        correlation="correlation",
    ),
    inputs=(OptionalInput(option="gene_sets", role="gene sets"),),
    section=BATCHES,
    page="methods/gene-sets.md",
    levels=("gene",),
    place=230,
)
