"""How often a gene set is called when nothing is planted, by the correlation of its genes.

    python benchmarks/gene_set_rates.py

Two batches with the same truth, 2,000 genes in 50 sets of 20 and the rest, genes of a set
correlated by rho. One sample of each batch is compared. Printed are the share of sets at
p < 0.05 (which should not be above 0.05) and the share of comparisons that name any set after
adjustment, with limma's preset correlation and with the one estimated from the replicates.
"""

from __future__ import annotations

import math

import numpy as np

from lotwise.metrics.gene_sets import PRESET_CORRELATION, gene_set_shift, inter_gene_correlation

N_GENES, N_SETS, SIZE, N_RUNS = 2000, 50, 20, 200
GENES = [f"g{i}" for i in range(N_GENES)]
SETS = {f"set {i}": GENES[SIZE * i : SIZE * (i + 1)] for i in range(N_SETS)}


def main() -> None:
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


def _samples(rho: float, n: int, rng: np.random.Generator) -> np.ndarray:
    samples = math.sqrt(1 - rho) * rng.normal(size=(2 * n, N_GENES))
    in_sets = N_SETS * SIZE
    samples[:, :in_sets] += math.sqrt(rho) * np.repeat(rng.normal(size=(2 * n, N_SETS)), SIZE, 1)
    samples[:, in_sets:] += math.sqrt(rho) * rng.normal(size=(2 * n, N_GENES - in_sets))
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
