"""The whole demo: simulated reads through the workflow to every result.

python benchmarks/demo.py
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

from timing import report, time_command


def main() -> None:
    if shutil.which("make") is None:
        sys.exit("skipped: needs make")
    root = Path(__file__).resolve().parents[1]
    with tempfile.TemporaryDirectory() as folder:
        clone = Path(folder) / "lotwise"
        time_command("cloning", ["git", "clone", "--quiet", root, clone], runs=1)
        make = ["make", "--directory", clone]
        time_command("installing", [*make, "install"], runs=1)
        ours = time_command("make demo", [*make, "demo"], runs=1)
    report("make demo, environment in place", ours, most_seconds=90)


if __name__ == "__main__":
    main()
