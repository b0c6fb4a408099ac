"""Cost of each step of a comparison with 10, 100 and 1,000 samples.

    python benchmarks/scaling.py
    python benchmarks/scaling.py --most 100 --genes 500

Samples are simulated quantifications, two a batch, made in a temporary folder and removed. Every
step is a command of its own, BLAS on one thread, held by CPU seconds. The steps marked pairs
compare samples with each other: `correlate` and `figures` hold the whole matrix of R, the others
list at most 500 pairs. Of every other step a sample more may cost at most 1.5 times as much
between 100 and 1,000 as between 10 and 100 samples.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from pathlib import Path

from timing import Held, Timing, report, time_command

from lotwise.config.evidence import STATISTICS

SIZES = (10, 100, 1000)
MOST_GROWTH = 1.5
# CPU seconds by which repeated starts may differ.
NOISE = 0.3
PAIRWISE = {
    "sensitivity", "agreement", "intervals", "ceilings", "detectable", "gene_sets",
    "batches", "equivalence",
}  # fmt: skip
LEVEL = "gene"


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--most", type=int, default=SIZES[-1])
    parser.add_argument("--genes", type=int, default=2000)
    asked = parser.parse_args()
    os.environ["OPENBLAS_NUM_THREADS"] = "1"
    costs: dict[str, dict[int, Timing]] = {}
    for size in SIZES:
        if size > asked.most:
            break
        with tempfile.TemporaryDirectory() as temporary:
            for name, words in _steps(Path(temporary), size, asked.genes).items():
                command = [sys.executable, "-m", "lotwise", "--quiet", *words]
                costs.setdefault(name, {})[size] = time_command("lotwise", command, runs=1)
    for name, found in costs.items():
        held = [
            Held(what=f"CPU s of {size} samples", value=timing.processor)
            for size, timing in found.items()
        ]
        if len(found) == len(SIZES) and not name.endswith("(pairs)"):
            growth = _growth(*(timing.processor for timing in found.values()))
            held.append(Held(what="growth relative to linear", value=growth, most=MOST_GROWTH))
        case = f"{name}, {max(found):,} samples of {asked.genes:,} genes"
        report(case, found[max(found)], held=held)


def _growth(few: float, some: float, many: float) -> float:
    """Return the cost per sample above the second size, relative to the cost below it."""
    n_few, n_some, n_many = SIZES
    before = max(some - few, NOISE) / (n_some - n_few)
    return (many - some) / (n_many - n_some) / before


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


if __name__ == "__main__":
    main()
