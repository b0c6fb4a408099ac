"""Pearson of 2,000 samples x 60,000 features, compared with BLAS syrk and other programs.

    python benchmarks/correlation.py

R's ``cor`` and deepTools' ``plotCorrelation`` get a tenth of the samples, since more would take
minutes; lotwise is timed on the same tenth for comparison.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from timing import Timing, has_program, has_r, less, report, time_command, time_peer

SAVE = """
import sys
import numpy as np
x = np.random.default_rng(1).random((2_000, 60_000))
np.save(sys.argv[1] + "/all.npy", x)
np.save(sys.argv[1] + "/tenth.npy", x[:200])
names = np.array([f"s{number}" for number in range(200)])
np.savez(sys.argv[1] + "/tenth.npz", matrix=x[:200].T, labels=names)
x[:200].T.tofile(sys.argv[1] + "/tenth.f64")
"""
LOAD = "import sys; import numpy as np; x = np.load(sys.argv[1]); x[0, 0] = x[0, 0]; "
OURS = LOAD + "from lotwise.metrics.correlation import pearson_matrix; pearson_matrix(x)"
CASES = {
    "bare BLAS syrk": LOAD + "from scipy.linalg.blas import dsyrk; dsyrk(1.0, x.T, trans=1)",
    "numpy.corrcoef": LOAD + "np.corrcoef(x)",
}
PANDAS = LOAD + "import pandas as pd; pd.DataFrame(x.T).corr()"
R = """
argument <- commandArgs(trailingOnly = TRUE)
x <- matrix(readBin(argument[1], "double", 200 * 60000), 60000, 200, byrow = TRUE)
if (argument[2] == "cor") invisible(cor(x))
"""


def python(name: str, code: str, matrix: Path, *, runs: int = 3) -> Timing:
    return time_command(name, [sys.executable, "-c", code, matrix], runs=runs)


def time_all(matrix: Path) -> None:
    """Time programs on the whole matrix, without loading it."""
    base = python("loading", LOAD, matrix)
    ours = less(python("lotwise", OURS, matrix), base)
    peers = [less(python(name, code, matrix), base) for name, code in CASES.items()]
    report("R of 2,000 x 60,000 (960 MB)", ours, peers, needed={"bare BLAS syrk": 0.8})


def time_tenth(folder: Path) -> None:
    """Time slow programs on a tenth of the samples."""
    matrix = folder / "tenth.npy"
    base = python("loading", LOAD, matrix)
    ours = less(python("lotwise", OURS, matrix), base)
    peers = [less(python("pandas DataFrame.corr", PANDAS, matrix, runs=1), base)]
    if has_r():
        script, values = folder / "cor.R", folder / "tenth.f64"
        script.write_text(R)
        loading = time_command("loading", ["Rscript", script, values, "load"])
        peers.append(less(time_command("R cor", ["Rscript", script, values, "cor"]), loading))
    if has_program("plotCorrelation"):
        command = ["plotCorrelation", "-in", folder / "tenth.npz", "-c", "pearson", "-p", "heatmap"]
        command += ["-o", folder / "peer.png", "--outFileCorMatrix", folder / "peer.tab"]
        name = "deepTools plotCorrelation (with its figure)"
        peers += time_peer(name, command)
    report("R of 200 x 60,000 (96 MB)", ours, peers)


def main() -> None:
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        time_command("making", [sys.executable, "-c", SAVE, made], runs=1)
        time_all(folder / "all.npy")
        time_tenth(folder)


if __name__ == "__main__":
    main()
