"""How often two samples are said to have reads in common: independent libraries, and shared reads.

    python benchmarks/shared_reads_rates.py

Pairs of libraries of one profile (log-sd 2) with ``fragments`` each, whose cells differ by a
log-sd of ``sd``. ``shared``: the share of the reads of the first library that the second has, too;
the rest of the second library is its own. 0: independent. "part": the second library is that share
of the first, and has no other reads. Printed is the share of pairs that are reported, by counts of
all features. Without differences of the cells (sd 0) counting noise alone separates two libraries,
as in two lanes of one library, the worst case for a false report.
"""

from __future__ import annotations

import numpy as np

from lotwise.expression.copies import find_shared_reads

N_PAIRS = 300
FEATURES = (400, 2_000, 15_000)
FRAGMENTS = (200_000, 2_000_000, 20_000_000)
SHARED = (0.0, 0.2, 0.5, 0.8, 1.0)
PARTS = (0.25, 0.5, 0.75)


def main() -> None:
    print("features", "fragments", "sd", "kind", "shared", "reported", sep="\t")
    for n_features in FEATURES:
        for fragments in FRAGMENTS:
            for sd in (0.0, 0.05):
                for shared in SHARED:
                    _row(n_features, fragments, sd, "both", shared)
            for part in PARTS:
                _row(n_features, fragments, 0.0, "part", part)


def _row(n_features: int, fragments: int, sd: float, kind: str, shared: float) -> None:
    found = [
        bool(find_shared_reads(_pair(np.random.default_rng(seed), n_features, fragments, sd, kind,
                                     shared)))
        for seed in range(N_PAIRS)
    ]  # fmt: skip
    print(n_features, fragments, sd, kind, shared, f"{np.mean(found):.3f}", sep="\t", flush=True)


def _pair(  # noqa: PLR0917
    rng: np.random.Generator, n_features: int, fragments: int, sd: float, kind: str, shared: float
) -> np.ndarray:
    base = rng.lognormal(0, 2, n_features)
    profiles = base * rng.lognormal(0, sd, (2, n_features))
    means = fragments * profiles / profiles.sum(axis=1, keepdims=True)
    first = rng.poisson(means[0])
    common = rng.binomial(first, shared)
    own = 0 if kind == "part" else rng.poisson(means[1] * (1 - shared))
    return np.array([first, common + own], dtype=float)


if __name__ == "__main__":
    main()
