"""Error rate, coverage and power of the equivalence of batches, by simulation.

    python benchmarks/batch_equivalence_rates.py [N_SETS] [DESIGN] [EFFECT]

Without a design ("10 x 3") and an effect (0.6), all of them are simulated.

There is one true expression of 400 features (sd 2.8). Half of a batch's effect is shared by 20
modules of co-regulated features and half is independent; the noise of replicates has sd 0.5. The
true D is the mean over large sets. The output has for k batches: how often batches with D at the
margin are called equivalent (nominal 5 %), how often the 95 % interval contains D, its mean width,
and how often batches with a fraction of that D are called equivalent at the same margin (power).
"""

from __future__ import annotations

import sys
from collections.abc import Iterator

import numpy as np

from lotwise.metrics.batch_equivalence import batch_equivalence

N_FEATURES, N_MODULES, NOISE = 400, 20, 0.5
ALPHA = 0.05
# Sets of 30 batches whose mean D is the margin: with 200, the margin's own error moves the
# size by 0.3 %.
N_TRUE_SETS = 2000
PARTS_OF_MARGIN = (0.0, 0.25, 0.5, 0.75)
DESIGNS = {
    "3 x 3": [3] * 3,
    "4 x 2": [2] * 4,
    "4 x 4": [4] * 4,
    "6 x 3": [3] * 6,
    "6, 2 to 4": [2, 4, 2, 4, 3, 3],
    "10 x 3": [3] * 10,
    "10, 2 to 4": [2, 2, 2, 2, 3, 3, 3, 4, 4, 4],
}


def main() -> None:
    given = sys.argv[1:]
    n_sets = int(given[0]) if given else 2000
    designs = {given[1]: DESIGNS[given[1]]} if len(given) > 1 else DESIGNS
    effects = (float(given[2]),) if len(given) > 2 else (0.3, 0.6)
    rng = np.random.default_rng(0)
    truth = rng.normal(0, 2.8, N_FEATURES)
    modules = rng.normal(0, N_MODULES**-0.5, (N_MODULES, N_FEATURES))
    print("design\teffect\tD\tcalled_at_margin\tcoverage\twidth", *PARTS_OF_MARGIN, sep="\t")
    for effect in effects:
        margin = _true_difference(truth, modules, effect)
        for name, sizes in designs.items():
            called, covered, widths = [], [], []
            for r, batches in _sets(n_sets, sizes, truth, modules, effect):
                found = batch_equivalence(r, batches=batches, margin=margin, alpha=0.025)
                called.append(found.p <= ALPHA)
                covered.append(found.lower <= margin <= found.upper)
                widths.append(found.upper - found.lower)
            power = [
                # D is proportional to the square of the effect.
                _called(n_sets // 4, sizes, truth, modules, effect * part**0.5, margin=margin)
                for part in PARTS_OF_MARGIN
            ]
            numbers = (np.mean(called), np.mean(covered), np.mean(widths), *power)
            print(
                name, effect, f"{margin:.4f}", *(f"{x:.3f}" for x in numbers), sep="\t", flush=True
            )


def _called(
    n_sets: int,
    sizes: list[int],
    truth: np.ndarray,
    modules: np.ndarray,
    effect: float,
    *,
    margin: float,
) -> float:
    """Return how often sets with an effect are called equivalent."""
    found = [
        batch_equivalence(r, batches=batches, margin=margin).equivalent == "yes"
        for r, batches in _sets(n_sets, sizes, truth, modules, effect)
    ]
    return float(np.mean(found))


def _true_difference(truth: np.ndarray, modules: np.ndarray, effect: float) -> float:
    found = []
    for r, batches in _sets(N_TRUE_SETS, [3] * 30, truth, modules, effect):
        first, second = np.triu_indices(batches.size, k=1)
        distance, same = 1 - r[first, second], batches[first] == batches[second]
        found.append(np.median(distance[~same]) - np.median(distance[same]))
    return float(np.mean(found))


def _sets(
    n_sets: int, sizes: list[int], truth: np.ndarray, modules: np.ndarray, effect: float
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    batches = np.repeat(np.arange(len(sizes)), sizes)
    for seed in range(n_sets):
        rng = np.random.default_rng((seed, len(sizes), int(effect * 1e6)))
        shared = rng.normal(size=(len(sizes), N_MODULES)) @ modules
        own = rng.normal(size=(len(sizes), N_FEATURES))
        of_batch = truth + effect * 0.5**0.5 * (shared + own)
        noise = NOISE * rng.normal(size=(batches.size, N_FEATURES))
        yield np.corrcoef(of_batch[batches] + noise), batches


if __name__ == "__main__":
    main()
