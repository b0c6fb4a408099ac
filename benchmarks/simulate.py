"""Simulating reads: 3 batches of 200,000 pairs, transcriptome and truth included.

python benchmarks/simulate.py
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from timing import report, time_command


def main() -> None:
    lotwise = Path(sys.executable).parent / "lotwise"
    with tempfile.TemporaryDirectory() as folder:
        command = [lotwise, "simulate", Path(folder) / "input", "--as", "reads", "--threads", "2"]
        ours = time_command("lotwise simulate", command, runs=1)
    report("simulate 3 x 200,000 pairs", ours, most_seconds=20)


if __name__ == "__main__":
    main()
