"""Genotypes of the airway reads beside those of minimap2 and bcftools.

`python benchmarks/genotype_parity.py ../shared/data/airway_gse52778` needs minimap2, samtools and
bcftools on PATH. Both are given one transcript per gene.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from itertools import combinations
from pathlib import Path

import numpy as np
from genotype import write_genes

from lotwise.metrics.genotypes import call_genotypes, concordance, sound_sites
from lotwise.quantify.alleles import join_pileups
from lotwise.quantify.pileup import pile_up
from lotwise.quantify.placement import GeneSequences, read_genes
from lotwise.samples import Run, Sample

RUNS = ("SRR1039508", "SRR1039509", "SRR1039513")
REFERENCE = "reference/Homo_sapiens.GRCh38.cdna.all.1.1.10M.fa.gz"
MIN_DEPTH = 15
MIN_QUALITY = 30

Calls = list[tuple[str, ...] | None]


def main() -> None:
    """Print how many genotypes are equal, and the concordance of each pair by both."""
    data = Path(sys.argv[1])
    sequences = read_genes(data / REFERENCE)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        theirs = by_bcftools(sequences, data, folder)
        files = {}
        for run in RUNS:
            mates = [data / f"fastq/{run}_R{mate}.fastq.gz" for mate in (1, 2)]
            reads = Run(fastq_1=mates[0], fastq_2=mates[1])
            files[run] = folder / f"{run}.npz"
            pile_up(Sample(sample=run, batch="", runs=(reads,)), sequences).save(files[run])
        alleles = join_pileups(files, min_depth=MIN_DEPTH)
    called = call_genotypes(alleles.counts, alleles.reference, min_depth=MIN_DEPTH)
    sound = sound_sites(alleles.site_genes, alleles.site_places, alleles.other_mismatches)
    n_both = n_equal = 0
    for site in np.flatnonzero(sound):
        gene = alleles.genes[alleles.site_genes[site]]
        calls, _ = theirs.get((gene, int(alleles.site_places[site])), ([None] * len(RUNS), 0.0))
        bases = "ACGT"[alleles.reference[site]], "ACGT"[called.alternative[site]]
        for mine, other in zip(called.calls[:, site].tolist(), calls, strict=True):
            if mine >= 0 and other is not None:
                n_both += 1
                n_equal += other == tuple(sorted(bases[:1] * (2 - mine) + bases[1:] * mine))
    print(f"{n_equal} of {n_both} genotypes are equal ({n_equal / n_both:.1%})")
    ours = concordance(called.calls[:, sound]).concordance
    for a, b in combinations(range(len(RUNS)), 2):
        both = [
            (calls[a], calls[b])
            for calls, quality in theirs.values()
            if quality >= MIN_QUALITY and calls[a] and calls[b]
        ]
        equal = np.mean([one == other for one, other in both])
        print(f"{RUNS[a]} {RUNS[b]}: lotwise {ours[a, b]:.3f}, bcftools {equal:.3f}")


def by_bcftools(
    sequences: GeneSequences, data: Path, folder: Path
) -> dict[tuple[str, int], tuple[Calls, float]]:
    """Return the genotypes at each place that bcftools calls, and the quality of a variant."""
    write_genes(sequences, folder / "genes.fa")
    for run in RUNS:
        mates = f"{data}/fastq/{run}_R1.fastq.gz {data}/fastq/{run}_R2.fastq.gz"
        _shell(f"minimap2 -ax sr genes.fa {mates} | samtools sort -o {run}.bam", folder)
    bams = " ".join(f"{run}.bam" for run in RUNS)
    piled = f"bcftools mpileup -f genes.fa -q 20 -Q 20 -d 8000 -a AD {bams}"
    _shell(f"{piled} | bcftools call -m -V indels -Ov -o all.vcf", folder)
    found = {}
    for line in (folder / "all.vcf").read_text().splitlines():
        if line.startswith("#"):
            continue
        cells = line.split("\t")
        bases = [cells[3], *(cells[4].split(",") if cells[4] != "." else [])]
        quality = float(cells[5]) if cells[4] != "." else 0.0
        calls = [_call(cells[8].split(":"), sample.split(":"), bases) for sample in cells[9:]]
        found[cells[0], int(cells[1]) - 1] = (calls, quality)
    return found


def _call(names: list[str], values: list[str], bases: list[str]) -> tuple[str, ...] | None:
    fields = dict(zip(names, values, strict=False))
    depth = sum(int(n) for n in fields.get("AD", "0").split(",") if n != ".")
    if "." in fields["GT"] or depth < MIN_DEPTH:
        return None
    return tuple(sorted(bases[int(n)] for n in fields["GT"].replace("|", "/").split("/")))


def _shell(words: str, folder: Path) -> None:
    subprocess.run(["bash", "-c", words], check=True, cwd=folder, stderr=subprocess.DEVNULL)


if __name__ == "__main__":
    main()
