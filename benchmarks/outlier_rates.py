"""How often a sound set of samples is flagged by the outlier score, by number of samples.

    python benchmarks/outlier_rates.py

Sound sets: one true expression of 400 features (sd 2) measured with equal noise (sd 0.5).
"""

from __future__ import annotations

import numpy as np

from lotwise.metrics.outliers import outlier_scores

N_SETS = 4000


def main() -> None:
    print("n_samples\tsets_with_a_flag")
    for n_samples in (3, 4, 5, 6, 8, 12, 24):
        n_flagged = 0
        for seed in range(N_SETS):
            rng = np.random.default_rng(seed)
            level = rng.normal(0, 2, 400)
            correlations = np.corrcoef(level + rng.normal(0, 0.5, (n_samples, 400)))
            n_flagged += bool(outlier_scores(correlations).flagged.any())
        print(f"{n_samples}\t{n_flagged / N_SETS:.4f}")


if __name__ == "__main__":
    main()
