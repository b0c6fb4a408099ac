"""Start-up: `lotwise --help`, each step on almost no data, and the DAG of 500 samples.

CPU seconds, the least of several runs: what others do on the machine counts less. The floors are
the imports of the libraries that a step cannot do without.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
BIN = Path(sys.executable).parent
RUNS = 5
N_SAMPLES = 500


def cpu_seconds(command: Sequence[object], folder: Path, runs: int = RUNS) -> float:
    """Give the least CPU seconds, user and system, of a command and its children."""
    seconds = []
    for _ in range(runs):
        before = os.times()
        subprocess.run([*map(str, command)], cwd=folder, check=True, capture_output=True)
        after = os.times()
        seconds.append(
            after.children_user
            - before.children_user
            + after.children_system
            - before.children_system
        )
    return min(seconds)


def write_samples(folder: Path) -> None:
    """Write a sheet of 500 samples whose reads are empty: a dry run never opens them."""
    fastq = folder / "fastq"
    fastq.mkdir()
    rows = ["sample\tbatch\tfastq_1"]
    for number in range(N_SAMPLES):
        (fastq / f"s{number}.fastq.gz").touch()
        rows.append(f"s{number}\tlot{number % 100}\tfastq/s{number}.fastq.gz")
    (folder / "samples.tsv").write_text("\n".join(rows) + "\n")
    (folder / "transcripts.fa").write_text(">a|b\nACGT\n")
    (folder / "config.yaml").write_text(
        "source: reads\nsamples: samples.tsv\nresults: out\nreads: {transcripts: transcripts.fa}\n"
    )


def report(name: str, seconds: float, bound: str) -> None:
    print(f"start\t{name}\t{seconds:.2f} s of CPU\t{bound}", flush=True)


def main() -> None:
    """Print what each start costs."""
    lotwise = BIN / "lotwise"
    print(f"start\tload of the machine when begun\t{os.getloadavg()[0]:.1f}", flush=True)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        report("python -c pass", cpu_seconds([sys.executable, "-c", "pass"], folder), "")
        report("lotwise --help", cpu_seconds([lotwise, "--help"], folder), "needed: 0.3 s")
        for module in ("pandas", "anndata", "matplotlib.pyplot"):
            seconds = cpu_seconds([sys.executable, "-c", f"import {module}"], folder)
            report(f"import {module}", seconds, "floor")
        subprocess.run([lotwise, "simulate", "input", "--genes", "60"], cwd=folder, check=True)
        genes = ("--tx2gene", "input/reference/tx2gene.tsv")
        for step in (
            ("expression", "input/samples.tsv", *genes, "--out", "out"),
            ("correlate", "gene", "--out", "out"),
            ("figures", "gene", "--out", "out", "--format", "png"),
        ):
            report(f"lotwise {step[0]}", cpu_seconds([lotwise, *step], folder), "needed: 1 s")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_samples(folder)
        command = [BIN / "snakemake", "--snakefile", ROOT / "Snakefile", "--dry-run", "--quiet"]
        for profile in ((), ("--profile", ROOT / "profiles" / "slurm")):
            seconds = cpu_seconds([*command, "all", "--cores", "2", *profile], folder, runs=3)
            words = "through profiles/slurm" if profile else "here"
            report(f"dry run of {N_SAMPLES} samples, {words}", seconds, "needed: 5 s")


if __name__ == "__main__":
    main()
