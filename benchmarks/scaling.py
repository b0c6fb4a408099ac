"""What each step of a comparison costs with 10, 100 and 500 samples (1,000 with --most 1000).

    python benchmarks/scaling.py
    python benchmarks/scaling.py --most 1000 --genes 5000

Samples are simulated quantifications, two a batch, made in a temporary folder and removed. Every
step is a command of its own, timed in CPU seconds, with the largest memory of its process. The
steps marked pairs list at most 500 pairs; `correlate` and `figures` hold the whole matrix of R.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from lotwise.config.evidence import STATISTICS

PAIRWISE = {
    "sensitivity", "agreement", "intervals", "ceilings", "detectable", "gene_sets",
    "batches", "equivalence",
}  # fmt: skip
LEVEL = "gene"


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--most", type=int, default=500)
    parser.add_argument("--genes", type=int, default=2000)
    asked = parser.parse_args()
    sizes = [size for size in (10, 100, 500, 1000) if size <= asked.most]
    costs: dict[str, list[tuple[float, float]]] = {}
    for size in sizes:
        with tempfile.TemporaryDirectory() as temporary:
            for name, words in _steps(Path(temporary), size, asked.genes).items():
                costs.setdefault(name, []).append(_cost(words))
                print(f"{size}\t{name}\t{costs[name][-1]}", file=sys.stderr, flush=True)
    print(f"{asked.genes:,} genes, load {os.getloadavg()[0]:.1f}; CPU seconds and MB")
    print("step", *(f"{size} samples" for size in sizes), f"s a sample, {sizes[-1]}", sep="\t")
    for name, found in costs.items():
        per_sample = found[-1][0] / sizes[-1]
        cells = (f"{seconds:.1f} s, {megabytes:.0f}" for seconds, megabytes in found)
        print(name, *cells, f"{per_sample:.3f}", sep="\t")


def _steps(folder: Path, size: int, genes: int) -> dict[str, list[str]]:
    sheet, out = str(folder / "input" / "samples.tsv"), str(folder / "out")
    simulated = ["simulate", str(folder / "input"), "--batches", str(size // 2)]
    steps = {
        "simulate": [*simulated, "--replicates", "2", "--genes", str(genes)],
        "expression": [
            "expression", sheet, "--out", out, "--level", LEVEL,
            "--tx2gene", str(folder / "input" / "reference" / "genes.gtf"),
        ],
        "correlate (pairs)": ["correlate", LEVEL, "--out", out],
        "figures (pairs)": ["figures", LEVEL, "--out", out, "--format", "png"],
    }  # fmt: skip
    for name in STATISTICS:
        if name != "isoform_usage":
            mark = " (pairs)" if name in PAIRWISE else ""
            words = ["evidence", LEVEL, "--out", out, "--format", "png", "--statistic", name]
            steps[name + mark] = words
    return steps


def _cost(words: list[str]) -> tuple[float, float]:
    """CPU seconds and megabytes of one command, BLAS on one thread."""
    command = [sys.executable, "-m", "lotwise", "--quiet", *words]
    child = subprocess.Popen(command, env=os.environ | {"OPENBLAS_NUM_THREADS": "1"})
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        sys.exit(f"{' '.join(command)} ended with {child.returncode}")
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1e3


if __name__ == "__main__":
    main()
