"""How often a gene set is called when nothing is planted, by the correlation of its genes.

    python benchmarks/gene_set_rates.py
    python benchmarks/gene_set_rates.py --batches     sets that vary between sound batches

Two batches with the same truth, 2,000 genes in 50 sets of 20 and the rest, genes of a set
correlated by rho. One sample of each batch is compared. Printed are the share of sets at
p < 0.05 (which should not be above 0.05) and the share of comparisons that name any set after
adjustment, with limma's preset correlation and with the one estimated from the replicates.

With ``--batches`` genes of a set are correlated by rho between batches and not within them: k sound
batches of three. Printed is the share of comparisons that name any set after adjustment, of a
pair of samples and of a batch against the others.
"""

from __future__ import annotations

import math
import sys

import numpy as np

from lotwise.metrics.batch_gene_sets import batch_set_shift
from lotwise.metrics.gene_sets import PRESET_CORRELATION, gene_set_shift, inter_gene_correlation

N_GENES, N_SETS, SIZE, N_RUNS = 2000, 50, 20, 200
GENES = [f"g{i}" for i in range(N_GENES)]
SETS = {f"set {i}": GENES[SIZE * i : SIZE * (i + 1)] for i in range(N_SETS)}


def main() -> None:
    if "--batches" in sys.argv:
        between()
        return
    print("rho\treplicates\tpreset\tpreset_any\testimated\testimated_any")
    for rho in (0.0, 0.01, 0.05, 0.2):
        for n in (2, 3, 6):
            preset, estimated = [], []
            for seed in range(N_RUNS):
                rng = np.random.default_rng(seed)
                samples = _samples(rho, n, rng)
                preset.append(_tested(samples, n, PRESET_CORRELATION))
                estimated.append(_tested(samples, n, None))
            rates = [f"{value:.3f}" for part in (preset, estimated) for value in np.mean(part, 0)]
            print(rho, n, *rates, sep="\t", flush=True)


def between() -> None:
    """Print how often pairs and batches name a set that varies between sound batches."""
    n = 3
    print("rho\tk\tpairs_any\tbatches_any")
    for rho in (0.1, 0.5):
        for k in (6, 10):
            found = []
            for seed in range(N_RUNS):
                rng = np.random.default_rng(seed)
                batches = _noise(rho, k, rng)
                samples = np.repeat(batches, n, axis=0) + 0.5 * rng.normal(size=(k * n, N_GENES))
                of_batch = samples.reshape(k, n, N_GENES).mean(axis=1)
                by_batch = batch_set_shift(of_batch, batch=0, genes=GENES, sets=SETS)
                found.append(
                    (
                        _pair_of_many(samples, k, n),
                        float((by_batch.p_adjusted < 0.05).any()),
                    )
                )
            print(rho, k, *(f"{rate:.3f}" for rate in np.mean(found, axis=0)), sep="\t", flush=True)


def _pair_of_many(samples: np.ndarray, k: int, n: int) -> float:
    """Test a pair of two batches; the correlation in a set is that within all k batches."""
    batches = np.repeat(np.arange(k), n)
    found = gene_set_shift(
        samples[0] - samples[n],
        genes=GENES,
        sets=SETS,
        correlation={
            name: inter_gene_correlation(samples[:, SIZE * i : SIZE * (i + 1)], groups=batches)
            for i, name in enumerate(SETS)
        },
        degrees_of_freedom=k * (n - 1),
    )
    return float((found.p_adjusted < 0.05).any())


def _samples(rho: float, n: int, rng: np.random.Generator) -> np.ndarray:
    return _noise(rho, 2 * n, rng)


def _noise(rho: float, n: int, rng: np.random.Generator) -> np.ndarray:
    """Draw values in which genes of a set share a part rho of their variance."""
    samples = math.sqrt(1 - rho) * rng.normal(size=(n, N_GENES))
    in_sets = N_SETS * SIZE
    samples[:, :in_sets] += math.sqrt(rho) * np.repeat(rng.normal(size=(n, N_SETS)), SIZE, 1)
    samples[:, in_sets:] += math.sqrt(rho) * rng.normal(size=(n, N_GENES - in_sets))
    return samples


def _tested(samples: np.ndarray, n: int, preset: float | None) -> tuple[float, float]:
    batches = np.repeat([0, 1], n)
    found = gene_set_shift(
        samples[0] - samples[n],
        genes=GENES,
        sets=SETS,
        correlation=preset
        if preset is not None
        else {
            name: inter_gene_correlation(samples[:, SIZE * i : SIZE * (i + 1)], groups=batches)
            for i, name in enumerate(SETS)
        },
        degrees_of_freedom=math.inf if preset is not None else 2 * n - 2,
    )
    return float(np.mean(found.p < 0.05)), float((found.p_adjusted < 0.05).any())


if __name__ == "__main__":
    main()
