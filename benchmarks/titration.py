"""Seconds of a titration of 6 batches x 60,000 genes by the example criteria.

    python benchmarks/titration.py [N_GENES]

Isoform criteria are left out; three repeats per batch, two threads, as `lotwise titrate` does.
"""

from __future__ import annotations

import resource
import sys
import time
import warnings
from dataclasses import replace

import numpy as np
import pandas as pd
from anndata import AnnData

from lotwise.acceptance import read_criteria
from lotwise.config import EvidenceConfig
from lotwise.run.profile import ExpressionProfile
from lotwise.run.titration import titrate

N_BATCHES, DEPTH = 6, 20e6


def main() -> None:
    warnings.simplefilter("ignore")
    n_genes = int(sys.argv[1]) if len(sys.argv) > 1 else 60_000
    rng = np.random.default_rng(0)
    log2, on = rng.normal(0, 2.8, n_genes), rng.random(n_genes) < 0.5
    lots = 2.0 ** (log2 + 0.15 * rng.normal(size=(N_BATCHES, n_genes))) * on
    other = 2.0 ** (0.7 * log2 + 2 * rng.normal(size=n_genes)) * (rng.random(n_genes) < 0.5)
    counts = rng.poisson(DEPTH * lots / lots.sum(axis=1, keepdims=True)).astype(float)
    tpm = 1e6 * counts / counts.sum(axis=1, keepdims=True)
    names = [f"lot{i}" for i in range(N_BATCHES)]
    obs = pd.DataFrame({"sample": names, "batch": names, "donor": "d"}, index=names)
    obs["total_counts"] = counts.sum(axis=1)
    gene = AnnData(
        np.log2(tpm + 1),
        obs=obs,
        var=pd.DataFrame(index=["XIST", "RPS4Y1", *(f"g{i}" for i in range(n_genes - 2))]),
        layers={"tpm": tpm, "counts": counts, "length": np.full(tpm.shape, 1000.0)},
        uns={"lotwise": {"level": "gene"}},
    )
    read = read_criteria("example")
    kept = tuple(one for one in read.criteria.criteria if one.level == "gene" and one.id != "sex")
    read = replace(read, criteria=read.criteria.model_copy(update={"criteria": kept}))
    start = time.perf_counter()
    found = titrate(
        {"gene": gene},
        read,
        profile=ExpressionProfile("other", {"gene": 1e6 * other / other.sum()}),
        evidence=EvidenceConfig(),
    )
    seconds = time.perf_counter() - start
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{N_BATCHES} batches x {n_genes:,} genes: {seconds:.1f} s, {memory:.0f} MB")
    print(found.sentence())


if __name__ == "__main__":
    main()
