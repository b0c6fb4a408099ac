"""How often a sound run has an outlier flag, and how often a bad sample is flagged.

    python benchmarks/outlier_rates.py [number of runs]

A run has several groups of samples at gene and isoform level. Sound samples: one true expression a
group, log-normal over features (half of them silent), measured with equal independent noise and
counted to 10 million fragments. Isoform level: the same samples, each gene split in three. A bad
sample is one fifth other cells (another true expression), in the first group.
"""

from __future__ import annotations

import sys

import anndata
import numpy as np
import pandas as pd

from lotwise.tl import libraries

DESIGNS = {
    "3 groups of 3": (3,) * 3,
    "4 groups of 6": (6,) * 4,
    "1 group of 6": (6,),
    "1 group of 12": (12,),
    "1 group of 24": (24,),
    "2 groups of 4 and 1 of 12": (4, 4, 12),
}
N_GENES = 3_000
DEPTH = 1e7


def main() -> None:
    n_runs = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    print("groups\truns\tsound_runs_with_a_flag\tbad_sample_named\tbad_sample_alone_named")
    for name, sizes in DESIGNS.items():
        sound = [flags_of(sizes, seed, bad=0.0) for seed in range(n_runs)]
        bad = [flags_of(sizes, seed, bad=0.2) for seed in range(n_runs)]
        rate = np.mean([bool(flags) for flags in sound])
        named = np.mean([0 in flags for flags in bad])
        alone = np.mean([flags == {0} for flags in bad])
        print(f"{name}\t{n_runs}\t{rate:.3f}\t{named:.2f}\t{alone:.2f}")


def flags_of(sizes: tuple[int, ...], seed: int, *, bad: float) -> set[int]:
    """Return the samples that are flagged at either level."""
    rng = np.random.default_rng(seed)
    groups = np.repeat(np.arange(len(sizes)), sizes)
    true = np.exp2(rng.normal(0, 2.8, (len(sizes), N_GENES))) * (rng.random(N_GENES) < 0.5)
    cells = true[groups] / true[groups].sum(axis=1, keepdims=True)
    if bad:
        other = np.exp2(rng.normal(0, 2.8, N_GENES)) * (rng.random(N_GENES) < 0.5)
        cells[0] = (1 - bad) * cells[0] + bad * other / other.sum()
    isoforms = np.repeat(cells, 3, axis=1) * np.tile(rng.dirichlet(np.ones(3), N_GENES).ravel(), 1)
    isoforms *= np.exp2(rng.normal(0, 0.3, isoforms.shape))
    counts = rng.poisson(isoforms / isoforms.sum(axis=1, keepdims=True) * DEPTH).astype(float)
    flagged: set[int] = set()
    for level in ("gene", "isoform"):
        of_level = (
            counts.reshape(len(groups), N_GENES, 3).sum(axis=2) if level == "gene" else counts
        )
        flagged |= set(np.flatnonzero(_outliers(of_level, groups)).tolist())
    return flagged


def _outliers(counts: np.ndarray, groups: np.ndarray) -> np.ndarray:
    names = [f"s{i}" for i in range(len(groups))]
    obs = pd.DataFrame({"batch": names, "condition": [f"c{g}" for g in groups]}, index=names)
    tpm = counts / counts.sum(axis=1, keepdims=True) * 1e6
    made = anndata.AnnData(obs=obs, layers={"tpm": tpm, "counts": counts}, shape=tpm.shape)
    libraries(made)
    return made.uns["lotwise"]["libraries"]["outlier"].to_numpy()


if __name__ == "__main__":
    main()
