"""`lotwise genotype` on a whole transcriptome, and minimap2 on the same reads.

python benchmarks/genotype.py

One sample of 2 million read pairs of 20,000 genes. minimap2 is given one transcript per gene, which
is what lotwise chooses from the FASTA, and writes nothing; counting bases and calling genotypes
would come on top. Both use one core for a sample; minimap2 is timed with two threads as well.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from timing import has_program, report, time_command, time_peer

from lotwise.quantify.placement import GeneSequences, read_genes

SIZE = ("--genes", "20000", "--batches", "1", "--fragments", "2000000")
VARIANTS = ("--heterozygosity", "0.0005")
MOST_SECONDS, MOST_MEGABYTES = 60, 2_000


def main() -> None:
    """Simulate the reads once, then time both."""
    lotwise = Path(sys.executable).parent / "lotwise"
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        simulate = [lotwise, "simulate", folder, "--as", "reads", *SIZE, *VARIANTS]
        subprocess.run(simulate, check=True, stdout=subprocess.DEVNULL)
        transcripts = folder / "reference" / "transcripts.fa"
        command = [lotwise, "genotype", folder / "samples.tsv", "--transcripts", transcripts]
        command += ["--out", folder / "results"]
        ours = time_command("lotwise", command, runs=1)
        peers = []
        if has_program("minimap2"):
            genes = folder / "genes.fa"
            write_genes(read_genes(transcripts), genes)
            reads = sorted((folder / "fastq").iterdir())
            for n in (1, 2):
                peer = ["minimap2", "-ax", "sr", "-t", str(n), "-o", "/dev/null", genes, *reads]
                peers += time_peer(f"minimap2 -t {n}", peer)
    report(
        "genotype 2 million pairs on 20,000 genes",
        ours,
        peers,
        needed={"minimap2 -t 1": 1},
        most_seconds=MOST_SECONDS,
        most_megabytes=MOST_MEGABYTES,
    )


def write_genes(sequences: GeneSequences, path: Path) -> None:
    """Write the transcript of each gene that lotwise uses."""
    spelled = np.frombuffer(b"ACGTN", dtype=np.uint8)[sequences.codes].tobytes().decode()
    ends = zip(sequences.genes, sequences.offsets[:-1], sequences.offsets[1:], strict=True)
    with path.open("w", encoding="ascii") as fasta:
        fasta.writelines(f">{gene}\n{spelled[first : last - 1]}\n" for gene, first, last in ends)


if __name__ == "__main__":
    main()
