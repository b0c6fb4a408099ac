"""Bootstrap of R: 2,000 resamples x 276 pairs x 58,000 genes, compared with SciPy and R's boot.

    python benchmarks/bootstrap.py

The peers draw genes one by one and process one pair at a time. They are timed on one pair and fewer
resamples, and scaled to all; their row says so. lotwise is timed completely, with every gene as a
block (as the peers do) and with blocks of 20 genes.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from timing import Timing, has_r, less, report, scaled, time_command

N_PAIRS, N_RESAMPLES, N_TIMED = 276, 2000, 100
SAVE = """
import sys
import numpy as np
rng = np.random.default_rng(0)
values = rng.normal(3, 2, 58_000) + rng.normal(0, 0.3, (24, 58_000))
np.save(sys.argv[1] + "/values.npy", values)
values[:2].tofile(sys.argv[1] + "/pair.f64")
"""
OURS = """
import sys
import numpy as np
from lotwise.metrics.resampling import block_intervals
values = np.load(sys.argv[1] + "/values.npy")
blocks = np.arange(58_000) // int(sys.argv[2])
block_intervals(values, blocks=blocks, rng=np.random.default_rng(1), n_resamples=2000)
"""
SCIPY = """
import sys
import numpy as np
from scipy.stats import bootstrap, pearsonr
x, y = np.load(sys.argv[1] + "/values.npy")[:2]
n_resamples = int(sys.argv[2])
if n_resamples:
    bootstrap((x, y), lambda x, y, axis: pearsonr(x, y, axis=axis).statistic, paired=True,
              vectorized=True, batch=10, n_resamples=n_resamples, method="percentile",
              rng=np.random.default_rng(1))
"""
BOOT = """
library(boot)
argument <- commandArgs(trailingOnly = TRUE)
pair <- matrix(readBin(file.path(argument[1], "pair.f64"), "double", 116000), 58000, 2)
n <- as.integer(argument[2])
if (n > 0) invisible(boot(pair, function(pair, at) cor(pair[at, 1], pair[at, 2]), R = n))
"""


def time_peer_pair(name: str, command: list[str | Path]) -> Timing:
    """Time one pair with some of the resamples, and scale to all pairs and resamples."""
    loading = time_command("loading", [*command, "0"])
    timed = less(time_command(name, [*command, str(N_TIMED)]), loading)
    factor = N_PAIRS * N_RESAMPLES / N_TIMED
    return scaled(timed, factor, name=f"{name} (one pair, {N_TIMED} resamples, scaled)")


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        time_command("making", [sys.executable, "-c", SAVE, folder], runs=1)
        peers = [time_peer_pair("scipy.stats.bootstrap", [sys.executable, "-c", SCIPY, folder])]
        if has_r("boot"):
            script = Path(folder) / "boot.R"
            script.write_text(BOOT)
            peers.append(time_peer_pair("R boot", ["Rscript", script, folder]))
        for size in (1, 20):
            ours = time_command("lotwise", [sys.executable, "-c", OURS, folder, str(size)])
            case = f"2,000 resamples x 276 pairs x 58,000 genes, blocks of {size}"
            report(case, ours, peers, needed={peers[0].name: 100})


if __name__ == "__main__":
    main()
