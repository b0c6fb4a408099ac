"""The intake check compared with ``gzip -t`` and fastp on the same pair of files.

    python benchmarks/intake.py [R1.fastq.gz R2.fastq.gz]

Without files, 200,000 simulated pairs. ``gzip -t`` sees that both streams are whole; the gate
also reads every record, compares the mates' names and takes the ranges of lengths and scores;
fastp, told to change and write nothing, counts bases and scores beside.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from timing import has_program, less, report, time_command, time_peer

SIMULATE = """
import sys
from pathlib import Path
import numpy as np
from lotwise.simulate import Plan, simulate_experiment
simulate_experiment(
    Path(sys.argv[1]), rng=np.random.default_rng(1), plan=Plan(n_batches=1), form="reads")
"""
LOAD = """
import sys
from pathlib import Path
from lotwise.quantify import check_reads
from lotwise.samples import Run, Sample
run = Run(fastq_1=Path(sys.argv[1]), fastq_2=Path(sys.argv[2]))
sample = Sample(sample="benchmark", batch="benchmark", runs=(run,))
"""
OURS = LOAD + "check_reads(sample)"


def compare(mates: list[Path], folder: Path) -> None:
    loading = time_command("loading", [sys.executable, "-c", LOAD, *mates], runs=5)
    ours = less(time_command("lotwise", [sys.executable, "-c", OURS, *mates], runs=5), loading)
    peers = [time_command("gzip -t", ["gzip", "-t", *mates], runs=5)]
    if has_program("fastp"):
        command = ["fastp", "-i", mates[0], "-I", mates[1], "-w", "2", "-A", "-Q", "-L", "-G"]
        command += ["-j", folder / "fastp.json", "-h", folder / "fastp.html"]
        peers += time_peer("fastp", command, runs=5)
    report("reading a pair of FASTQ files to the end", ours, peers, needed={"gzip -t": 1})


def main() -> None:
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        mates = [Path(argument) for argument in sys.argv[1:3]]
        if not mates:
            time_command("simulating", [sys.executable, "-c", SIMULATE, folder], runs=1)
            mates = sorted(folder.rglob("*.fastq.gz"))[:2]
        compare(mates, folder)


if __name__ == "__main__":
    main()
