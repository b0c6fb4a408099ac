"""Pearson of 2,000 samples x 60,000 features beside a bare BLAS syrk of the same size."""

from __future__ import annotations

import sys

from timing import report, time_command

MAKE = "import numpy as np; x = np.random.default_rng(1).random((2_000, 60_000)); "
CASES = {
    "making the matrix": MAKE,
    "bare BLAS syrk": MAKE + "from scipy.linalg.blas import dsyrk; dsyrk(1.0, x.T, trans=1)",
    "lotwise": MAKE + "from lotwise.metrics.correlation import pearson_matrix; pearson_matrix(x)",
    "numpy.corrcoef": MAKE + "np.corrcoef(x)",
}


def main() -> None:
    # From the lightest to the heaviest: the peak memory is that of all children so far.
    timings = {
        name: time_command(name, [sys.executable, "-c", code]) for name, code in CASES.items()
    }
    base = timings.pop("making the matrix").seconds
    net = {
        name: type(timing)(name=name, seconds=timing.seconds - base, megabytes=timing.megabytes)
        for name, timing in timings.items()
    }
    ours = net.pop("lotwise")
    report(
        "R of 2,000 x 60,000 (960 MB)", ours, list(net.values()), needed="syrk / lotwise >= 0.77"
    )


if __name__ == "__main__":
    main()
