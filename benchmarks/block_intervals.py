"""Time and memory of block intervals: 2,000 resamples x 276 pairs x 58,000 genes.

    python benchmarks/block_intervals.py

Blocks of one gene are the dearest case. The peer is the same bootstrap written out with
numpy.corrcoef, timed on 20 resamples and scaled to 2,000.
"""

from __future__ import annotations

import resource
import time

import numpy as np

from lotwise.metrics.resampling import block_intervals

N_SAMPLES, N_GENES, N_RESAMPLES = 24, 58_000, 2000


def main() -> None:
    rng = np.random.default_rng(0)
    level = rng.normal(3, 2, N_GENES)
    values = level + rng.normal(0, 0.3, (N_SAMPLES, N_GENES))
    print("n_blocks\tseconds\tcpu_seconds\tpeer_seconds")
    for size in (50, 20, 5, 1):
        blocks = np.arange(N_GENES) // size
        start, cpu = time.perf_counter(), time.process_time()
        block_intervals(values, blocks=blocks, rng=rng, n_resamples=N_RESAMPLES)
        seconds, cpu = time.perf_counter() - start, time.process_time() - cpu
        peer = _peer(values, size, rng)
        print(f"{blocks[-1] + 1}\t{seconds:.2f}\t{cpu:.2f}\t{peer:.0f}", flush=True)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    print(f"peak memory {peak:.2f} GB")


def _peer(values: np.ndarray, size: int, rng: np.random.Generator) -> float:
    n_blocks = N_GENES // size
    start = time.perf_counter()
    for _ in range(20):
        drawn = rng.integers(n_blocks, size=n_blocks)
        np.corrcoef(values[:, (drawn[:, None] * size + np.arange(size)).ravel()])
    return (time.perf_counter() - start) * N_RESAMPLES / 20


if __name__ == "__main__":
    main()
