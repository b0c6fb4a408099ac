"""An AnnData of three batches, one of two samples, with counts, FPKM and gene names."""

from __future__ import annotations

import anndata
import numpy as np
import pandas as pd
import pytest

N = 400


@pytest.fixture
def expression():
    rng = np.random.default_rng(12)
    base = rng.lognormal(2, 2, N) * (rng.random(N) > 0.3)
    tpm = base * rng.lognormal(0, 0.3, (4, N))
    tpm *= 1e6 / tpm.sum(axis=1, keepdims=True)
    names = ["A1", "A2", "B1", "C1"]
    batches = pd.Categorical(["A", "A", "B", "C"])
    return anndata.AnnData(
        X=np.log2(tpm + 1),
        obs=pd.DataFrame({"batch": batches}, index=pd.Index(names, dtype=object)),
        var=pd.DataFrame(
            {"gene_name": [f"N{i}" for i in range(N)]},
            index=pd.Index([f"g{i}" for i in range(N)], dtype=object),
        ),
        layers={"tpm": tpm, "counts": np.round(tpm * 2), "fpkm": tpm * 0.7},
        uns={"lotwise": {"level": "gene"}},
    )
