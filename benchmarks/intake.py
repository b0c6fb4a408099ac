"""The intake gate beside ``gzip -t`` on the same pair of files.

    python benchmarks/intake.py [R1.fastq.gz R2.fastq.gz]

Without files, 200,000 simulated pairs. Each is run five times in turn; medians are
printed. ``gzip -t`` sees that both streams are whole; the gate also reads every record,
compares the mates' names and takes the ranges of lengths and scores.
"""

from __future__ import annotations

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


def seconds(action: Callable[[], object]) -> float:
    start = time.perf_counter()
    action()
    return time.perf_counter() - start


def compare(run: Run) -> None:
    sample = Sample(sample="benchmark", batch="benchmark", runs=(run,))
    files = [run.fastq_1, run.fastq_2]
    gate, gzip = [], []
    for _ in range(N_ROUNDS):
        gzip.append(seconds(lambda: subprocess.run(["gzip", "-t", *files], check=True)))
        gate.append(seconds(lambda: check_reads(sample)))
    print(f"{check_reads(sample).reads_present:,} pairs, medians of {N_ROUNDS} rounds")
    print(f"gzip -t R1 R2   {statistics.median(gzip):.2f} s")
    print(f"lotwise's gate  {statistics.median(gate):.2f} s")


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
