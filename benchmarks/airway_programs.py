"""How far three quantifiers agree on real reads, and why RSEM stands apart.

    python benchmarks/airway_programs.py

Two runs of GSE52778, restricted to the first 10 Mb of chromosome 1, quantified on three
references by kallisto, salmon, RSEM with bowtie2, and salmon with the option
``--discardOrphansQuasi``, which leaves out fragments of which one mate alone maps, as
RSEM does. Printed are, a reference and run: the share of fragments used, and Pearson's R of
the genes' log2(TPM + 1), over all genes and over those with 10 counts in every program.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
from timing import SHARED
from xopen import xopen

from lotwise.quantify import (
    Kallisto,
    Quantifier,
    Reference,
    Rsem,
    Salmon,
    Settings,
    prepare_reference,
    quantify_samples,
)
from lotwise.quantify.face import Command, Job
from lotwise.samples import Run, Sample

FOLDER = SHARED / "airway_gse52778"
RUNS = ("SRR1039508", "SRR1039513")
CODING = "Homo_sapiens.GRCh38.cdna.all.1.1.10M.fa.gz"
NON_CODING = "Homo_sapiens.GRCh38.ncrna.1.1.10M.fa.gz"
GENCODE = "gencode.v28.transcripts.1.1.10M.fa.gz"
REFERENCES = {
    "Ensembl cDNA": (CODING,),
    "Ensembl cDNA and ncRNA": (CODING, NON_CODING),
    "GENCODE": (GENCODE,),
}


class SalmonOfPairs(Salmon):
    """salmon without fragments of which one mate alone maps."""

    def quant_command(self, job: Job, index: Path, directory: Path) -> Command:
        """Spell ``salmon quant``."""
        return [*super().quant_command(job, index, directory), "--discardOrphansQuasi"]


PROGRAMS: dict[str, Quantifier] = {
    "kallisto": Kallisto(),
    "salmon": Salmon(),
    "salmon of pairs": SalmonOfPairs(),
    "rsem": Rsem(),
}


def sheet() -> list[Sample]:
    samples = []
    for name in RUNS:
        mates = [FOLDER / "fastq" / f"{name}_R{mate}.fastq.gz" for mate in (1, 2)]
        run = Run(fastq_1=mates[0], fastq_2=mates[1])
        samples.append(Sample(sample=name, batch=name, runs=(run,), strandedness="unstranded"))
    return samples


def compare(title: str, fasta: Path, workspace: Path) -> None:
    prepared = prepare_reference(fasta, cache=workspace / "index")
    if prepared.tx2gene is None:
        raise SystemExit(f"{fasta} does not tell the genes")
    genes = pd.read_csv(prepared.tx2gene, sep="\t", header=None, index_col=0)[1]
    tpm: dict[tuple[str, str], pd.Series] = {}
    counts: dict[tuple[str, str], pd.Series] = {}
    for label, quantifier in PROGRAMS.items():
        out = workspace / label.replace(" ", "_")
        rows = quantify_samples(
            sheet(),
            quantifier=quantifier,
            reference=Reference(transcripts=fasta),
            out=out,
            settings=Settings(cache=workspace / "index", threads=2),
        )
        print(f"{title}\t{label}\tused: {', '.join(f'{row.share_used:.3f}' for row in rows)}")
        for name in RUNS:
            found = quantifier.read(out / "quant" / quantifier.name / name)
            by_gene = pd.DataFrame({"tpm": found.tpm, "counts": found.counts}, list(found.names))
            sums = by_gene.groupby(genes).sum()
            tpm[name, label], counts[name, label] = sums["tpm"], sums["counts"]
    log_tpm, n_counts = np.log2(pd.DataFrame(tpm) + 1), pd.DataFrame(counts)
    for name in RUNS:
        counted = (n_counts[name] >= 10).all(axis=1)
        print(f"\n{title}, {name}, all {len(counted)} genes\n{log_tpm[name].corr().round(4)}")
        print(f"\nthe {counted.sum()} with 10 counts\n{log_tpm[name][counted].corr().round(4)}")


def main() -> None:
    for title, names in REFERENCES.items():
        with tempfile.TemporaryDirectory() as folder:
            fasta = Path(folder, "transcripts.fa")
            with fasta.open("wb") as together:
                for name in names:
                    with xopen(FOLDER / "reference" / name, "rb", threads=0) as part:
                        together.write(part.read())
            compare(title, fasta, Path(folder))


if __name__ == "__main__":
    main()
