"""Run every benchmark; what they print is what docs/benchmarks.md quotes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

NOT_CASES = {"run.py", "timing.py"}


def main() -> None:
    folder = Path(__file__).resolve().parent
    for script in sorted(folder.glob("*.py")):
        if script.name not in NOT_CASES:
            subprocess.run([sys.executable, script], cwd=folder, check=False)


if __name__ == "__main__":
    main()
