"""How often replicates are called less alike than batches: in sound sets, and without a condition.

    python benchmarks/design_rates.py

Sets of k batches with n samples each (``3+1+1``: sizes of the batches), 1,000 features, noise of
sd 0.5 times a lognormal factor of log-sd ``spread`` per sample. ``conditions`` > 1: the samples of
a batch are of as many conditions, which the sheet does not name. Printed is the share of sets with
the warning, and the median ratio of 1 - R within to between.
"""

from __future__ import annotations

import numpy as np

from lotwise.metrics.correlation import pearson_matrix
from lotwise.metrics.design import replicate_agreement

N_SETS, N_FEATURES = 300, 1000
SIZES = ((2, 2, 2), (3, 3, 3), (4,) * 6, (3, 3, 1, 1), (4, 2, 2))


def main() -> None:
    print("sizes\tspread\tsd_batch\tconditions\tsd_condition\twarned\tratio")
    for sizes in SIZES:
        for spread in (0.0, 0.4):
            for sd_batch in (0.0, 0.3):
                _row(sizes, spread, sd_batch, 1, 0.0)
    for sizes, conditions in (((2, 2, 2), 2), ((4,) * 6, 4)):
        for sd_condition in (0.5, 1.0):
            _row(sizes, 0.2, 0.2, conditions, sd_condition)


def _row(
    sizes: tuple[int, ...], spread: float, sd_batch: float, conditions: int, sd_condition: float
) -> None:
    found = [
        _one_set(sizes, spread, sd_batch, conditions, sd_condition, np.random.default_rng(seed))
        for seed in range(N_SETS)
    ]
    warned, ratios = zip(*found, strict=True)
    words = "+".join(map(str, sizes))
    print(
        words, spread, sd_batch, conditions, sd_condition, f"{np.mean(warned):.3f}",
        f"{np.median(ratios):.3f}", sep="\t", flush=True,
    )  # fmt: skip


def _one_set(  # noqa: PLR0917
    sizes: tuple[int, ...],
    spread: float,
    sd_batch: float,
    conditions: int,
    sd_condition: float,
    rng: np.random.Generator,
) -> tuple[bool, float]:
    base = rng.normal(3, 2.8, N_FEATURES)
    of_condition = rng.normal(0, sd_condition, (conditions, N_FEATURES))
    rows, batches = [], []
    for batch, size in enumerate(sizes):
        of_batch = base + rng.normal(0, sd_batch, N_FEATURES)
        for sample in range(size):
            noise = rng.normal(0, 0.5 * rng.lognormal(0, spread), N_FEATURES)
            rows.append(of_batch + of_condition[sample % conditions] + noise)
            batches.append(batch)
    found = replicate_agreement(pearson_matrix(np.array(rows)), batches=batches)
    return bool(found.sentence), found.ratio


if __name__ == "__main__":
    main()
