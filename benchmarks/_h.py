"""The isoform ceiling from halves of the reads beside R of two libraries of one truth.

    python benchmarks/halves_ceiling.py [--switches] [N_GENES N_FRAGMENTS...]

Two libraries are simulated from one truth, and real reads (airway, 10 Mb of chromosome 1; ENCODE,
chromosome 19) are dealt into two libraries read by read. Each library is quantified, and its
halves and quarters.
Printed are, for kallisto and salmon: R of the two libraries' isoforms, the ceiling that halves
predict for it, and those from bootstraps and from thinned counts. In both cases R is its own
ceiling, so the ceiling should equal it. With --switches the second library has isoform switches
in 2 % of the genes, so that R should lie below the ceiling; no real reads are dealt then.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import dnaio
import numpy as np
from anndata import AnnData
from timing import SHARED

import lotwise
from lotwise.metrics.ceiling import thinning_reliability
from lotwise.quantify import Kallisto, Quantifier, Reference, Salmon, Settings, quantify_samples
from lotwise.samples import Run, Sample, read_samples
from lotwise.simulate import Plan, simulate_experiment

AIRWAY, ENCODE = SHARED / "airway_gse52778", SHARED / "encode_chr19"
CODING = AIRWAY / "reference" / "Homo_sapiens.GRCh38.cdna.all.1.1.10M.fa.gz"
CHR19 = ENCODE / "Homo_sapiens.GRCh38.cdna.all.chr19_ERCC_phix.fa.gz"
# Real libraries: the start of the names of their two files, and their transcripts.
REAL = {
    "airway SRR1039508": (AIRWAY / "fastq" / "SRR1039508", CODING),
    "airway SRR1039509": (AIRWAY / "fastq" / "SRR1039509", CODING),
    "airway SRR1039513": (AIRWAY / "fastq" / "SRR1039513", CODING),
    "ENCODE ENCSR653DFZ rep1": (ENCODE / "ENCSR653DFZ_rep1_chr19_10000reads", CHR19),
    "ENCODE ENCSR653DFZ rep2": (ENCODE / "ENCSR653DFZ_rep2_chr19_10000reads", CHR19),
    "ENCODE ENCSR142YZV": (ENCODE / "ENCSR142YZV_chr19only_10000_reads", CHR19),
}
BOOTSTRAPS = 30


def compare(what: str, samples: list[Sample], transcripts: Path, folder: Path) -> None:
    """Quantify two libraries of one truth and print their R beside its ceilings."""
    programs: dict[str, Quantifier] = {"kallisto": Kallisto(), "salmon": Salmon()}
    for name, quantifier in programs.items():
        out = folder / name
        settings = Settings(cache=folder / "index", threads=2, bootstraps=BOOTSTRAPS, halves=True)
        reference = Reference(transcripts=transcripts)
        quantify_samples(
            samples, quantifier=quantifier, reference=reference, out=out, settings=settings
        )
        sheet = out / "quant" / name / "samples.tsv"
        _, isoform = lotwise.read_quant(sheet, tx2gene=None, bootstraps=True)
        print(f"{what:44} {name:9} {report(isoform)}", flush=True)


def report(isoform: AnnData) -> str:
    """Return R and its ceilings, as a row."""
    lotwise.tl.ceilings(isoform, methods=("halves", "bootstraps"))
    table = isoform.uns["lotwise"]["ceilings"].set_index("method")
    counts, lengths = isoform.layers["counts"], isoform.layers["length"]
    rng = np.random.default_rng(0)
    thinned = [
        thinning_reliability(
            counts[row], lengths=np.where(lengths[row] > 0, lengths[row], np.nan), rng=rng
        ).reliability
        for row in range(2)
    ]
    r, halves, bootstraps = (
        table.loc["halves", "pearson"],
        table.loc["halves", "ceiling"],
        table.loc["bootstraps", "ceiling"],
    )
    by_thinning = np.sqrt(np.prod(thinned))
    return f"{r:.4f}  {halves:.4f} ({halves - r:+.4f})  {bootstraps:.4f}      {by_thinning:.4f}"


def deal(sample: Sample, folder: Path) -> list[Sample]:
    """Deal a sample's reads into two libraries, one read to each in turn."""
    folder.mkdir(parents=True)
    files = [[folder / f"{name}_R{mate}.fastq.gz" for mate in (1, 2)] for name in "ab"]
    outputs = [dnaio.open(*pair, mode="w", fileformat="fastq") for pair in files]
    run = sample.runs[0]
    with dnaio.open(run.fastq_1, run.fastq_2, fileformat="fastq") as reads:
        for number, mates in enumerate(reads):
            outputs[number % 2].write(*mates)
    for output in outputs:
        output.close()
    return [
        Sample(sample=name, batch=name, runs=(Run(fastq_1=pair[0], fastq_2=pair[1]),))
        for name, pair in zip("ab", files, strict=True)
    ]


def main() -> None:
    """Simulate, deal, print."""
    numbers = [word for word in sys.argv[1:] if word != "--switches"]
    switches = len(numbers) < len(sys.argv) - 1
    n_genes, *depths = (int(word) for word in numbers or ("2000",))
    print(f"{'':54} R       by halves         by bootstraps by thinning")
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        for n_fragments in depths or (200_000, 800_000, 2_000_000):
            plan = Plan(
                n_genes=n_genes,
                n_batches=2,
                n_fragments=n_fragments,
                sd_batch=0,
                sd_technical=0,
                n_switches=n_genes // 50 if switches else 0,
            )
            made = simulate_experiment(
                folder / str(n_fragments),
                rng=np.random.default_rng(1),
                plan=plan,
                form="reads",
                threads=2,
            )
            compare(
                f"simulated, {n_genes:,} genes, {n_fragments:,} pairs"
                + (", 2 % switched" if switches else ""),
                list(read_samples(made.samples)),
                made.transcripts,
                folder / f"out{n_fragments}",
            )
        if False:
            for name, (start, transcripts) in REAL.items():
                mates = [start.with_name(f"{start.name}_R{mate}.fastq.gz") for mate in (1, 2)]
                runs = (Run(fastq_1=mates[0], fastq_2=mates[1]),)
                dealt = deal(Sample(sample=name, batch=name, runs=runs), folder / start.name)
                compare(f"{name}, dealt in two", dealt, transcripts, folder / f"out{start.name}")


if __name__ == "__main__":
    main()
