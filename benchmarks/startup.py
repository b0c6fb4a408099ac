"""Start-up: `lotwise --help`, each step on almost no data, and the DAG of 500 samples.

    python benchmarks/startup.py

Wall seconds, medians. A step's own overhead is what it takes beyond importing the libraries that it
cannot do without and, of those that draw, beyond what a second call in the same process takes.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from timing import Held, Timing, report, time_command

ROOT = Path(__file__).resolve().parents[1]
BIN = Path(sys.executable).parent
LOTWISE = BIN / "lotwise"
RUNS = 3
# Libraries imported by steps that read an AnnData, or draw one.
NEEDED = dict.fromkeys(("expression", "correlate", "evidence"), "anndata")
NEEDED |= {
    "figures": "anndata, seaborn",
    "report": "anndata, polars, altair, jinja2, PIL",
}
DRAWING = ("figures", "report")
TWICE = """
import sys, time
from lotwise.cli import lotwise
for _ in range(2):
    start = time.perf_counter()
    lotwise(sys.argv[1:], standalone_mode=False)
print(time.perf_counter() - start)
"""
N_SAMPLES = 500


def write_samples(folder: Path) -> None:
    """Write a sheet of 500 samples whose reads are empty: a dry run never opens them."""
    fastq = folder / "fastq"
    fastq.mkdir()
    rows = ["sample\tbatch\tfastq_1"]
    for number in range(N_SAMPLES):
        (fastq / f"s{number}.fastq.gz").touch()
        rows.append(f"s{number}\tlot{number % 100}\t{fastq}/s{number}.fastq.gz")
    (folder / "samples.tsv").write_text("\n".join(rows) + "\n")
    (folder / "transcripts.fa").write_text(">a|b\nACGT\n")
    (folder / "config.yaml").write_text(
        f"source: reads\nsamples: {folder}/samples.tsv\nresults: {folder}/out\n"
        f"reads: {{transcripts: {folder}/transcripts.fa}}\n"
    )


def time_start(command: Sequence[str | Path], *, name: str = "lotwise") -> Timing:
    # 1 is the answer no, which a verdict on simulated batches may be.
    return time_command(name, command, runs=RUNS, codes=(0, 1))


def time_imports() -> list[Timing]:
    """Time imports, which our code cannot make faster."""
    bare = time_start([sys.executable, "-c", "pass"], name="python -c pass")
    return [bare, *map(time_import, ("pandas", "anndata", "matplotlib.pyplot"))]


def time_import(modules: str) -> Timing:
    return time_start([sys.executable, "-c", f"import {modules}"], name=f"import {modules}")


def time_drawing(step: Sequence[str | Path]) -> Timing:
    """Time the second of two calls in one process, in which everything is imported."""
    command = [sys.executable, "-c", TWICE, *map(str, step)]
    elapsed = tuple(
        # The step also says what it wrote.
        float(
            subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()[
                -1
            ]
        )
        for _ in range(RUNS)
    )
    seconds = statistics.median(elapsed)
    return Timing(
        name="drawing alone", seconds=seconds, processor=seconds, megabytes=0, elapsed=elapsed
    )


def time_steps(folder: Path) -> None:
    """Time each rule's command once its inputs exist; one sample of reads, four of 60 genes."""
    source, out = folder / "input", folder / "out"
    reads, quantified = folder / "reads", folder / "quantified"
    tx2gene = source / "reference" / "tx2gene.tsv"
    few = ["--genes", "60", "--batches", "2"]
    time_command("simulating", [LOTWISE, "simulate", source, *few, "--replicates", "2"], runs=1)
    simulated = [LOTWISE, "simulate", reads, *few, "--as", "reads", "--fragments", "2000"]
    time_command("simulating", simulated, runs=1)
    quantify = ["quantify", reads / "samples.tsv", "--out", quantified]
    quantify += ["--transcripts", reads / "reference" / "transcripts.fa"]
    time_command("indexing", [LOTWISE, *quantify], runs=1)
    steps: list[list[str | Path]] = [
        ["check", reads / "samples.tsv", "--out", quantified],
        [*quantify, "--step", "quantify", "--sample", "lot1_rep1"],
        [*quantify, "--step", "judge"],
        ["verdict", "--criteria", "example", "--out", out, "--register"],
        ["expression", source / "samples.tsv", "--out", out, "--tx2gene", tx2gene],
        ["correlate", "gene", "--out", out],
        ["figures", "gene", "--out", out, "--format", "png"],
        ["evidence", "gene", "--out", out, "--statistic", "libraries"],
        ["record", source / "samples.tsv", "--out", out, "--configuration", "{}"],
        ["verdict", "--out", out],
        ["workbook", out],
        ["report", "--out", out],
    ]
    for step in steps:
        at = step.index("--step") if "--step" in step else len(step)
        at = step.index("--register") if "--register" in step else at
        name = " ".join(map(str, ["lotwise", step[0], *step[at : at + 2]]))
        taken = time_start([LOTWISE, *step])
        libraries = NEEDED.get(str(step[0]))
        floor = [] if libraries is None else [time_import(libraries)]
        if step[0] in DRAWING:
            floor.append(time_drawing(step))
        own = taken.seconds - sum(timing.seconds for timing in floor)
        report(
            name, taken, floor, held=[Held(what="s without imports and drawing", value=own, most=1)]
        )


def time_graph(folder: Path) -> None:
    """Time the dry run of 500 samples, here and through the profile of SLURM."""
    write_samples(folder)
    command = [BIN / "snakemake", "--snakefile", ROOT / "Snakefile", "--dry-run", "--quiet", "all"]
    command += ["--cores", "2", "--directory", folder, "--configfile", folder / "config.yaml"]
    for profile in ((), ("--profile", ROOT / "profiles" / "slurm")):
        dry = time_command("snakemake --dry-run", [*command, *profile], runs=3)
        where = " through profiles/slurm" if profile else ""
        report(f"DAG of {N_SAMPLES} samples{where}", dry, most_seconds=5)


def main() -> None:
    helped = time_start([LOTWISE, "--help"])
    report("lotwise --help", helped, time_imports(), most_seconds=0.3)
    with tempfile.TemporaryDirectory() as folder:
        time_steps(Path(folder))
    with tempfile.TemporaryDirectory() as folder:
        time_graph(Path(folder))


if __name__ == "__main__":
    main()
