"""The isoform figure of 24 samples x 205,870 isoforms (276 panels), compared with other tools.

    python benchmarks/scatter_matrix.py [N_SAMPLES]

Ours writes PDF, SVG and PNG; each peer writes a PNG. The samples are simulated and read from
a file; the time is that of the whole program.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from timing import Held, has_program, has_r, report, time_command, time_peer

SAVE = """
import sys
import numpy as np
rng = np.random.default_rng(1)
base = rng.lognormal(0, 2.5, 205_870) * (rng.random(205_870) > 0.4)
n = int(sys.argv[2])
tpm = base * rng.lognormal(0, 0.5, (n, 205_870))
tpm *= 1e6 / tpm.sum(axis=1, keepdims=True)
log_tpm = np.log2(tpm + 1)
names = np.array([f"s{number}" for number in range(n)])
np.save(sys.argv[1] + "/log_tpm.npy", log_tpm)
np.savez(sys.argv[1] + "/log_tpm.npz", matrix=log_tpm.T, labels=names)
log_tpm.tofile(sys.argv[1] + "/log_tpm.f64")
"""
OURS = """
import sys
import numpy as np
import pandas as pd
from anndata import AnnData
import lotwise
log_tpm = np.load(sys.argv[1] + "/log_tpm.npy")
names = [f"s{number}" for number in range(len(log_tpm))]
expression = AnnData(
    log_tpm, obs=pd.DataFrame({"batch": names}, index=names), layers={"tpm": np.exp2(log_tpm) - 1},
    uns={"lotwise": {"level": "isoform"}})
lotwise.tl.correlate(expression, sets=("all",))
figure = lotwise.pl.scatter_matrix(expression)
lotwise.pl.save_figure(figure, sys.argv[1] + "/lotwise", ("pdf", "svg", "png"))
"""
SEABORN = """
import sys
import matplotlib
matplotlib.use("agg")
import numpy as np
import pandas as pd
import seaborn as sns
log_tpm = np.load(sys.argv[1] + "/log_tpm.npy")
table = pd.DataFrame(log_tpm.T, columns=[f"s{number}" for number in range(len(log_tpm))])
grid = sns.PairGrid(table, corner=True)
grid.map_lower(sns.scatterplot, s=2)
grid.savefig(sys.argv[1] + "/seaborn.png")
"""
GGALLY = """
suppressMessages(library(GGally))
argument <- commandArgs(trailingOnly = TRUE)
n <- as.integer(argument[2])
values <- readBin(file.path(argument[1], "log_tpm.f64"), "double", n * 205870)
table <- as.data.frame(matrix(values, 205870, n))
figure <- ggpairs(table, lower = list(continuous = wrap("points", size = 0.1)), progress = FALSE)
png(file.path(argument[1], "ggally.png"), 2400, 2400)
print(figure)
invisible(dev.off())
"""


def main() -> None:
    n_samples = sys.argv[1] if len(sys.argv) > 1 else "24"
    with tempfile.TemporaryDirectory() as folder:
        time_command("making", [sys.executable, "-c", SAVE, folder, n_samples], runs=1)
        ours = time_command("lotwise", [sys.executable, "-c", OURS, folder])
        largest = [
            Held(what=f"MB of {path.suffix[1:]}", value=path.stat().st_size / 1e6, most=3)
            for path in sorted(Path(folder).glob("lotwise.*"))
        ]
        seaborn = [sys.executable, "-c", SEABORN, folder]
        peers = [time_command("seaborn PairGrid", seaborn, runs=1)]
        if has_r("GGally"):
            script = Path(folder) / "ggally.R"
            script.write_text(GGALLY)
            command = ["Rscript", script, folder, n_samples]
            peers += time_peer("GGally ggpairs", command)
        if has_program("plotCorrelation"):
            command = ["plotCorrelation", "-in", f"{folder}/log_tpm.npz", "-c", "pearson"]
            command += ["-p", "scatterplot", "-o", f"{folder}/deeptools.png"]
            peers += time_peer("deepTools plotCorrelation", command)
    report(
        f"scatter matrix of {n_samples} x 205,870",
        ours,
        peers,
        needed={"seaborn PairGrid": 3, "GGally ggpairs": 10},
        most_seconds=20,
        held=largest,
    )


if __name__ == "__main__":
    main()
