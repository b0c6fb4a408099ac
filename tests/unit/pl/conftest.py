"""Simulated expression of any number of samples and features, correlated."""

from __future__ import annotations

import anndata
import numpy as np
import pandas as pd
import pytest

import lotwise


@pytest.fixture
def simulate():
    def make(n_samples=3, n_features=500, *, names=None, batches=None):
        rng = np.random.default_rng(4)
        base = rng.lognormal(1, 2, n_features) * (rng.random(n_features) > 0.4)
        tpm = base * rng.lognormal(0, 0.3, (n_samples, n_features))
        tpm *= 1e6 / tpm.sum(axis=1, keepdims=True)
        names = names or [f"S{i}" for i in range(n_samples)]
        made = anndata.AnnData(
            obs=pd.DataFrame({"batch": batches or names}, index=pd.Index(names, dtype=object)),
            var=pd.DataFrame(index=pd.Index([f"f{i}" for i in range(n_features)], dtype=object)),
            layers={"tpm": tpm},
            uns={"lotwise": {"level": "isoform"}},
        )
        lotwise.tl.correlate(made, sets=("all",))
        return made

    return make
