"""The tables of the simulated truth."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from lotwise.files.records import Record, column
from lotwise.files.tables import to_frame, write_table
from lotwise.simulate.batches import sum_to_genes

if TYPE_CHECKING:
    from lotwise.simulate.batches import Expression, Plan
    from lotwise.simulate.transcriptome import Transcriptome


@dataclass(frozen=True, kw_only=True, slots=True)
class TrueSample(Record):
    """One simulated sample."""

    table: ClassVar[str] = "truth/samples.tsv"
    sample: str = column("name of the sample")
    batch: str = column("batch in the label of the sample")
    carries: str = column("sample whose RNA is in the tube: itself unless swapped")
    library: str = column("sound, failed, shallow or degraded")
    n_fragments: int = column("number of read pairs, or single reads")
    strandedness: str = column("unstranded, forward or reverse")
    fragment_length: float = column("mean fragment length in bases")
    fragment_sd: float = column("standard deviation of the fragment length in bases")


@dataclass(frozen=True, kw_only=True, slots=True)
class TrueGene(Record):
    """The planted changes of one simulated gene."""

    table: ClassVar[str] = "truth/genes.tsv"
    gene_id: str = column("identifier of the gene")
    gene_name: str = column("symbol of the gene")
    changed_batch: str = column("batch with the planted changes")
    log2_fold: float = column("planted log2 fold change in changed_batch; 0 for none")
    isoform_switch: bool = column("whether the two main isoforms are exchanged in changed_batch")


def write_truth(
    directory: Path, *, transcriptome: Transcriptome, plan: Plan, expression: Expression
) -> None:
    """Write the planted changes (:class:`TrueSample`, :class:`TrueGene`) and the true TPM.

    ``isoform.tpm.tsv.gz`` and ``gene.tpm.tsv.gz`` have one column per sample, named by the label
    of its tube.
    """
    import pandas as pd

    write_table(directory / "samples.tsv", to_frame(_true_samples(plan, expression), TrueSample))
    genes = _true_genes(transcriptome, plan, expression)
    write_table(directory / "genes.tsv", to_frame(genes, TrueGene))
    per_gene = sum_to_genes(expression.tpm, transcriptome)
    for name, features, tpm in (
        ("gene", transcriptome.gene_ids, per_gene),
        ("isoform", transcriptome.isoform_ids, expression.tpm),
    ):
        table = pd.DataFrame(tpm.T, columns=list(plan.samples))
        table.insert(0, f"{name}_id", list(features))
        write_table(directory / f"{name}.tpm.tsv.gz", table)


def _true_samples(plan: Plan, expression: Expression) -> list[TrueSample]:
    rows = []
    for sample, carries in zip(plan.samples, expression.carries, strict=True):
        library = plan.library(sample)
        rows.append(
            TrueSample(
                sample=sample,
                batch=plan.batch_of(sample),
                carries=carries,
                library=library.kind,
                n_fragments=library.n_fragments,
                strandedness=library.strandedness,
                fragment_length=library.fragment_length,
                fragment_sd=library.fragment_sd,
            )
        )
    return rows


def _true_genes(transcriptome: Transcriptome, plan: Plan, expression: Expression) -> list[TrueGene]:
    return [
        TrueGene(
            gene_id=gene_id,
            gene_name=gene_name,
            changed_batch=plan.batches[-1],
            log2_fold=float(log2_fold),
            isoform_switch=bool(switched),
        )
        for gene_id, gene_name, log2_fold, switched in zip(
            transcriptome.gene_ids,
            transcriptome.gene_names,
            expression.log2_fold,
            expression.switched,
            strict=True,
        )
    ]
