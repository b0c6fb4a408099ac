"""Output of a simulated transcriptome in the formats that quantifiers read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lotwise.files.atomic import atomic_path

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from lotwise.simulate.transcriptome import Transcriptome

from lotwise.simulate.transcriptome import CHROMOSOME

_WIDTH = 60


def write_transcripts(transcriptome: Transcriptome, path: Path) -> None:
    """Write all isoforms as FASTA with headers in Ensembl's format."""
    with atomic_path(path) as temporary, temporary.open("w", encoding="ascii") as fasta:
        for isoform, name in enumerate(transcriptome.isoform_ids):
            gene = int(transcriptome.gene_index[isoform])
            exons = transcriptome.exons[isoform]
            strand = 1 if transcriptome.forward[gene] else -1
            place = f"{CHROMOSOME}:{exons[0, 0] + 1}:{exons[-1, 1]}:{strand}"
            fasta.write(
                f">{name} cdna chromosome:SIM:{place} gene:{transcriptome.gene_ids[gene]} "
                "gene_biotype:protein_coding transcript_biotype:protein_coding "
                f"gene_symbol:{transcriptome.gene_names[gene]} description:simulated by lotwise\n"
            )
            fasta.writelines(_folded(transcriptome.isoform_sequence(isoform)))


def write_genome(transcriptome: Transcriptome, path: Path) -> None:
    """Write the chromosome as FASTA."""
    with atomic_path(path) as temporary, temporary.open("w", encoding="ascii") as fasta:
        fasta.write(f">{CHROMOSOME} simulated by lotwise\n")
        fasta.writelines(_folded(transcriptome.genome.tobytes().decode("ascii")))


def write_gtf(transcriptome: Transcriptome, path: Path) -> None:
    """Write transcripts and exons as GTF. Coordinates are 1-based and include both ends."""
    with atomic_path(path) as temporary, temporary.open("w", encoding="ascii") as gtf:
        for isoform, name in enumerate(transcriptome.isoform_ids):
            gene = int(transcriptome.gene_index[isoform])
            strand = "+" if transcriptome.forward[gene] else "-"
            attributes = (
                f'gene_id "{transcriptome.gene_ids[gene]}"; transcript_id "{name}"; '
                f'gene_name "{transcriptome.gene_names[gene]}";'
            )
            exons = transcriptome.exons[isoform]
            lines = [("transcript", exons[0, 0], exons[-1, 1])]
            lines += [("exon", start, end) for start, end in exons]
            gtf.writelines(
                f"{CHROMOSOME}\tlotwise\t{kind}\t{start + 1}\t{end}\t.\t{strand}\t.\t{attributes}\n"
                for kind, start, end in lines
            )


def write_tx2gene(transcriptome: Transcriptome, path: Path) -> None:
    """Write the gene of every isoform as TSV: transcript_id, gene_id, gene_name."""
    with atomic_path(path) as temporary, temporary.open("w", encoding="ascii") as table:
        table.write("transcript_id\tgene_id\tgene_name\n")
        for name, gene in zip(
            transcriptome.isoform_ids, transcriptome.gene_index.tolist(), strict=True
        ):
            table.write(
                f"{name}\t{transcriptome.gene_ids[gene]}\t{transcriptome.gene_names[gene]}\n"
            )


def _folded(sequence: str) -> Iterator[str]:
    for start in range(0, len(sequence), _WIDTH):
        yield sequence[start : start + _WIDTH] + "\n"
