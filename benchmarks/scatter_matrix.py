"""The isoform figure of 24 samples x 205,870 isoforms (276 panels), in PDF, SVG and PNG."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from timing import report, time_command

MAKE = """
import sys
import numpy as np
import pandas as pd
rng = np.random.default_rng(1)
base = rng.lognormal(0, 2.5, 205_870) * (rng.random(205_870) > 0.4)
tpm = base * rng.lognormal(0, 0.5, (24, 205_870))
tpm *= 1e6 / tpm.sum(axis=1, keepdims=True)
"""
OURS = (
    MAKE
    + """
from anndata import AnnData
import lotwise
names = [f"s{number}" for number in range(24)]
expression = AnnData(
    np.log2(tpm + 1), obs=pd.DataFrame({"batch": names}, index=names), layers={"tpm": tpm},
    uns={"lotwise": {"level": "isoform"}})
lotwise.tl.correlate(expression, sets=("all",))
figure = lotwise.pl.scatter_matrix(expression)
for path in lotwise.pl.save_figure(figure, sys.argv[1], ("pdf", "svg", "png")):
    print(path, path.stat().st_size)
"""
)
SEABORN = (
    MAKE
    + """
import matplotlib
matplotlib.use("agg")
import seaborn as sns
table = pd.DataFrame(np.log2(tpm + 1).T, columns=[f"s{number}" for number in range(24)])
grid = sns.PairGrid(table, corner=True)
grid.map_lower(sns.scatterplot, s=2, rasterized=True)
grid.savefig(sys.argv[1] + ".png")
"""
)


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        target = str(Path(folder) / "figure")
        ours = time_command("lotwise", [sys.executable, "-c", OURS, target], runs=2)
        sizes = {path.suffix: path.stat().st_size for path in Path(folder).iterdir()}
        print({suffix: f"{size / 1e6:.2f} MB" for suffix, size in sizes.items()}, flush=True)
        peer = time_command(
            "seaborn PairGrid (PNG alone)", [sys.executable, "-c", SEABORN, target], runs=1
        )
    report(
        "scatter matrix of 24 x 205,870",
        ours,
        [peer],
        needed="lotwise under 20 s; seaborn / lotwise >= 3",
    )


if __name__ == "__main__":
    main()
