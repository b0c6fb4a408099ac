"""How far three quantifiers agree on real reads, and why RSEM differs.

    python benchmarks/airway_programs.py

Three runs of GSE52778, restricted to the first 10 Mb of chromosome 1, are quantified with three
references by kallisto, salmon, RSEM with bowtie2, RSEM with bowtie, and salmon with the option
``--discardOrphansQuasi``. Like RSEM, this option leaves out fragments of which only one mate
maps. The output has for each reference and run the share of fragments used, and Pearson's R of the
genes' log2(TPM + 1): over all genes, with TPM per million of the whole library or of these reads
only; the latter also without processed pseudogenes; and over genes with 10 counts in every
program. The last line is the number of pairs that the installed bowtie2 loses.
"""

from __future__ import annotations

import re
import subprocess
import tempfile
from collections import defaultdict
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
from lotwise.quantify.base import Command, Job
from lotwise.samples import Run, Sample

FOLDER = SHARED / "airway_gse52778"
RUNS = ("SRR1039508", "SRR1039509", "SRR1039513")
CODING = "Homo_sapiens.GRCh38.cdna.all.1.1.10M.fa.gz"
NON_CODING = "Homo_sapiens.GRCh38.ncrna.1.1.10M.fa.gz"
GENCODE = "gencode.v28.transcripts.1.1.10M.fa.gz"
REFERENCES = {
    "Ensembl cDNA": (CODING,),
    "Ensembl cDNA and ncRNA": (CODING, NON_CODING),
    "GENCODE": (GENCODE,),
}


class SalmonOfPairs(Salmon):
    """salmon without fragments of which only one mate maps."""

    def quant_command(self, job: Job, index: Path, directory: Path) -> Command:
        """Spell ``salmon quant``."""
        return [*super().quant_command(job, index, directory), "--discardOrphansQuasi"]


PROGRAMS: dict[str, Quantifier] = {
    "kallisto": Kallisto(),
    "salmon": Salmon(),
    "salmon of pairs": SalmonOfPairs(),
    "rsem, bowtie2": Rsem(),
    "rsem, bowtie": Rsem(aligner="bowtie"),
}
# Options of bowtie2 as set by RSEM, without those that exclude discordant pairs.
AS_RSEM = [
    *("--sensitive", "--dpad", "0", "--gbar", "99999999", "--mp", "1,1", "--np", "1"),
    *("--score-min", "L,0,-0.1", "-I", "1", "-X", "1000", "-k", "200"),
]
LONGEST_FRAGMENT = 1000


def sheet() -> list[Sample]:
    samples = []
    for name in RUNS:
        mates = [FOLDER / "fastq" / f"{name}_R{mate}.fastq.gz" for mate in (1, 2)]
        run = Run(fastq_1=mates[0], fastq_2=mates[1])
        samples.append(Sample(sample=name, batch=name, runs=(run,), strandedness="unstranded"))
    return samples


def processed_pseudogenes(fasta: Path, genes: pd.Series) -> set[str]:
    """Return the genes that a header calls processed pseudogenes: copies of a gene's mRNA."""
    names = [line[1:].split()[0].split("|")[0] for line in headers(fasta) if is_processed(line)]
    return set(genes[names])


def headers(fasta: Path) -> list[str]:
    with fasta.open() as lines:
        return [line for line in lines if line.startswith(">")]


def is_processed(header: str) -> bool:
    return re.search(r"(?<!un)processed_pseudogene", header) is not None


def compare(title: str, fasta: Path, workspace: Path) -> None:
    prepared = prepare_reference(fasta, cache=workspace / "index")
    if prepared.tx2gene is None:
        raise SystemExit(f"{fasta} does not tell the genes")
    genes = pd.read_csv(prepared.tx2gene, sep="\t", header=None, index_col=0)[1]
    tpm: dict[tuple[str, str], pd.Series] = {}
    counts: dict[tuple[str, str], pd.Series] = {}
    for label, quantifier in PROGRAMS.items():
        out = workspace / re.sub(r"\W+", "_", label)
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
    copies = processed_pseudogenes(fasta, genes)
    spots = pd.read_csv(FOLDER / "SraRunInfo_SRP033351.csv", index_col="Run")["spots"]
    for name in RUNS:
        share = pd.DataFrame(counts)[name].sum() / spots[name]
        of_library = np.log2(pd.DataFrame(tpm)[name] * share + 1)
        print(f"\n{title}, {name}, all genes, TPM of the library\n{of_library.corr().round(4)}")
        log_tpm = np.log2(pd.DataFrame(tpm)[name] + 1)
        sets = {
            "all genes": log_tpm.index == log_tpm.index,
            "without processed pseudogenes": ~log_tpm.index.isin(copies),
            "10 counts in every program": (pd.DataFrame(counts)[name] >= 10).all(axis=1),
        }
        for words, kept in sets.items():
            print(f"\n{title}, {name}, {words}: {kept.sum()}\n{log_tpm[kept].corr().round(4)}")
    print_lost_pairs(prepared.transcripts, workspace)


def print_lost_pairs(transcripts: Path, workspace: Path) -> None:
    """Count pairs that bowtie2 does not report although it aligns both mates, inward and near."""
    index = workspace / "lost"
    subprocess.run(["bowtie2-build", "-q", transcripts, index], check=True)
    version = subprocess.run(["bowtie2", "--version"], check=True, capture_output=True, text=True)
    for sample in sheet():
        (run,) = sample.runs
        command = ["bowtie2", *AS_RSEM, "--no-unal", "-p", "2", "-x", index]
        command += ["-1", run.fastq_1, "-2", run.fastq_2]
        aligned = subprocess.run(command, check=True, capture_output=True, text=True)
        n_lost = sum(map(is_pair, discordant(aligned.stdout).values()))
        n_pairs = int(aligned.stderr.split()[0])
        print(
            f"{version.stdout.split(chr(10))[0].rpartition('/')[2]}, {sample.sample}: {n_lost:,} "
            f"of {n_pairs:,} pairs ({n_lost / n_pairs:.1%}) are lost"
        )


def discordant(sam: str) -> dict[str, list[tuple[str, int, bool]]]:
    """Return transcript, position and strand of both mates of each discordant pair."""
    found = defaultdict(list)
    for line in sam.splitlines():
        if line.startswith("@") or "YT:Z:DP" not in line:
            continue
        name, flag, transcript, position, _ = line.split("\t", 4)
        found[name].append((transcript, int(position), bool(int(flag) & 16)))
    return found


def is_pair(mates: list[tuple[str, int, bool]]) -> bool:
    (first, left, is_reverse), (second, right, other_is_reverse) = mates
    if first != second or is_reverse == other_is_reverse:
        return False
    distance = left - right if is_reverse else right - left
    return 0 <= distance < LONGEST_FRAGMENT


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
