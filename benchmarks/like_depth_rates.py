"""How often a sound batch is outside its limits if its replicates or depth differ from the rest.

    python benchmarks/like_depth_rates.py --sets 600    batches outside nominal limits
    python benchmarks/like_depth_rates.py --null         R within and between, both of samples

Sound sets: k reference batches and one more, 2,000 genes of which 40 % are silent (log2 sd 2.5),
batch noise of sd 0.2 and sample noise of sd 0.1, or the other way round 0.1 and 0.3; ``spread`` is
the log-sd of both between batches and samples. Depths are those of 2,000 of 60,000 genes of a
library of 20 M or 5 M reads. Printed are the shares of last batches below and above the 95 %
prediction interval (nominal 2.5 % each), as ``lotwise.tl.batches`` computes it.
"""

from __future__ import annotations

import argparse

import numpy as np
import pandas as pd
from anndata import AnnData

import lotwise
from lotwise.metrics.batches import (
    fewer_replicates_variance,
    medians_of_samples,
    reference_interval,
)
from lotwise.metrics.correlation import pearson_matrix
from lotwise.tl.depth import at_like_depth

N_GENES = 2000
DEPTH = {"20 M": 20e6 / 30, "5 M": 5e6 / 30}
CASES = {
    "3 against 3": (3, 3, "20 M", "20 M"),
    "1 against 3": (3, 1, "20 M", "20 M"),
    "3 against 1": (1, 3, "20 M", "20 M"),
    "5 M against 20 M": (3, 3, "20 M", "5 M"),
    "20 M against 5 M": (3, 3, "5 M", "20 M"),
}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--sets", type=int, default=600)
    # Cases by number, so that they can be run one by one: --cases 1 3
    parser.add_argument("--cases", type=int, nargs="*", default=range(len(CASES)))
    parser.add_argument("--null", action="store_true")
    asked = parser.parse_args()
    if asked.null:
        null()
        return
    print("case\tk\tsd_batch\tsd_sample\tspread\tbelow\tabove")
    for name, case in [list(CASES.items())[number] for number in asked.cases]:
        for k in (6,):
            for sds in ((0.2, 0.1), (0.1, 0.3)):
                for spread in (0.0, 0.2):
                    found = [
                        _outside(k, case, sds, spread, np.random.default_rng(seed))
                        for seed in range(asked.sets)
                    ]
                    rates = "\t".join(f"{rate:.4f}" for rate in np.mean(found, axis=0))
                    print(name, k, *sds, spread, rates, sep="\t", flush=True)


def null() -> None:
    """Four batches of four samples, noise of sd 0.5: no batch effect, then one of sd 0.3."""
    print("sd_batch\twithin\tto_others\taverages_to_others")
    for sd_batch in (0.0, 0.3):
        found = []
        for seed in range(50):
            rng = np.random.default_rng(seed)
            made = draw([4] * 4, ["20 M"] * 4, (sd_batch, 0.5), 0.0, rng)
            lotwise.tl.batches(made)
            table = lotwise.get.evidence(made, "batches")
            averaged = pearson_matrix(lotwise.pp.average_replicates(made).X)
            found.append(
                (
                    table["within"].median(),
                    table["median_to_others"].median(),
                    np.median(averaged[np.triu_indices(4, 1)]),
                )
            )
        print(sd_batch, *(f"{value:.4f}" for value in np.mean(found, axis=0)), sep="\t")


def draw(
    sizes: list[int],
    depths: list[str],
    sds: tuple[float, float],
    spread: float,
    rng: np.random.Generator,
) -> AnnData:
    """Draw batches of these sizes and depths, equal in truth but for noise."""
    base = np.where(rng.random(N_GENES) < 0.4, -np.inf, rng.normal(0, 2.5, N_GENES))
    counts, names = [], []
    for batch, (size, depth) in enumerate(zip(sizes, depths, strict=True)):
        of_batch = base + rng.normal(0, sds[0] * rng.lognormal(0, spread), N_GENES)
        for _ in range(size):
            noise = rng.normal(0, sds[1] * rng.lognormal(0, spread), N_GENES)
            rate = np.exp2(of_batch + noise)
            counts.append(rng.poisson(rate / rate.sum() * DEPTH[depth]))
            names.append(f"L{batch}")
    counted = np.array(counts, dtype=np.float64)
    # These genes are a thirtieth of a transcriptome.
    tpm = counted / counted.sum(axis=1, keepdims=True) * 1e6 / 30
    samples = pd.Index([f"S{row}" for row in range(len(names))], dtype=object)
    return AnnData(
        X=np.log2(tpm + 1),
        obs=pd.DataFrame({"batch": pd.Categorical(names)}, index=samples),
        layers={"tpm": tpm, "counts": counted},
        uns={"lotwise": {"level": "gene"}},
    )


def _outside(
    k: int,
    case: tuple[int, int, str, str],
    sds: tuple[float, float],
    spread: float,
    rng: np.random.Generator,
) -> tuple[bool, bool]:
    """Tell whether the last batch is below or above its limits, as lotwise.tl.batches does."""
    n_reference, n_last, depth_reference, depth_last = case
    made = draw(
        [n_reference] * k + [n_last], [depth_reference] * k + [depth_last], sds, spread, rng
    )
    r = pearson_matrix(at_like_depth(made).log_tpm)
    names = made.obs["batch"].to_numpy().astype(str)
    between = medians_of_samples(r, batches=names).between
    earlier = np.flatnonzero(names != f"L{k}")
    limits = reference_interval(
        between[:k, :k],
        extra_variance=fewer_replicates_variance(
            r[np.ix_(earlier, earlier)], batches=names[earlier], n_replicates=n_last
        ),
    )
    median = np.median(between[k, :k])
    return bool(median < limits.prediction_lower), bool(median > limits.prediction_upper)


if __name__ == "__main__":
    main()
