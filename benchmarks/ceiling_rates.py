"""How often a sound run has replicates that are said to disagree, by number of batches.

    python benchmarks/ceiling_rates.py

Sound runs: batches of one truth (300 features, sd 2), noise of samples of sd 0.3 times a lognormal
factor of log-sd ``spread``. Printed is the share of runs with a batch whose replicates are said to
disagree (:func:`lotwise.metrics.ceiling.replicate_reliabilities`), and how often two batches are
named, and no other, when one sample of each was exchanged and they differ by sd 1.
"""

from __future__ import annotations

import numpy as np

from lotwise.metrics.ceiling import replicate_reliabilities

N_RUNS, N_FEATURES = 400, 300


def main() -> None:
    print("spread\treplicates\tbatches\tsound_flagged\tswap_named")
    for spread in (0.1, 0.2, 0.3, 0.4):
        for size in (2, 3):
            for n_batches in (2, 3, 4, 6, 12):
                found = [
                    (_flagged(n_batches, size, spread, seed, exchanged=False).any(),
                     _flagged(n_batches, size, spread, seed, exchanged=True))
                    for seed in range(N_RUNS)
                ]  # fmt: skip
                sound = np.mean([flag for flag, _ in found])
                # Of three replicates the median of a batch is that of the two sound ones: none.
                named = np.mean([(flags[:2].all() and not flags[2:].any()) for _, flags in found])
                print(spread, size, n_batches, f"{sound:.3f}", f"{named:.3f}", sep="\t", flush=True)


def _flagged(n_batches: int, size: int, spread: float, seed: int, *, exchanged: bool) -> np.ndarray:
    """Return for each batch whether its replicates are said to disagree."""
    rng = np.random.default_rng(seed)
    labels = np.repeat(np.arange(n_batches), size)
    of_sample = labels.copy()
    if exchanged:
        of_sample[[0, size]] = of_sample[[size, 0]]
    truth = rng.normal(0, 2, N_FEATURES) + exchanged * rng.normal(0, 1, (n_batches, N_FEATURES))
    noise = 0.3 * rng.lognormal(0, spread, (labels.size, 1))
    samples = truth[of_sample] + noise * rng.normal(size=(labels.size, N_FEATURES))
    found = replicate_reliabilities(samples, groups=labels)
    return np.array([one.disagree for one in found])[::size]


if __name__ == "__main__":
    main()
