"""The intake gate beside ``gzip -t`` on the same pair of files.

    python benchmarks/intake.py [R1.fastq.gz R2.fastq.gz]

Without files, 200,000 simulated pairs. Each is run five times in turn; medians are
printed. ``gzip -t`` sees that both streams are whole; the gate also reads every record,
compares the mates' names and takes the ranges of lengths and scores.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from lotwise.quantify import check_reads
from lotwise.samples import Run, Sample, read_samples
from lotwise.simulate import Plan, simulate_experiment

N_ROUNDS = 5


def cost(action: Callable[[], object]) -> tuple[float, float]:
    """Give elapsed seconds, and processor seconds of this process and its children."""
    start, busy = time.perf_counter(), sum(os.times()[:4])
    action()
    return time.perf_counter() - start, sum(os.times()[:4]) - busy


def compare(run: Run) -> None:
    sample = Sample(sample="benchmark", batch="benchmark", runs=(run,))
    files = [run.fastq_1, run.fastq_2]
    actions = {
        "gzip -t R1 R2": lambda: subprocess.run(["gzip", "-t", *files], check=True),
        "lotwise's gate": lambda: check_reads(sample),
    }
    costs = {name: [] for name in actions}
    for _ in range(N_ROUNDS):
        for name, action in actions.items():
            costs[name].append(cost(action))
    print(f"{check_reads(sample).reads_present:,} pairs, medians of {N_ROUNDS} rounds")
    for name, rounds in costs.items():
        elapsed, busy = (statistics.median(values) for values in zip(*rounds, strict=True))
        print(f"{name:15} {elapsed:.2f} s elapsed, {busy:.2f} s of processor")


def main() -> None:
    if len(sys.argv) == 3:
        compare(Run(fastq_1=Path(sys.argv[1]), fastq_2=Path(sys.argv[2])))
        return
    with tempfile.TemporaryDirectory() as folder:
        made = simulate_experiment(
            Path(folder), rng=np.random.default_rng(1), plan=Plan(n_batches=1), form="reads"
        )
        compare(read_samples(made.samples)[0].runs[0])


if __name__ == "__main__":
    main()
