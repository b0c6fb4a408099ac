"""Stores of simulated expression: half of the values are zero, as in a real annotation."""

from __future__ import annotations

import warnings

import anndata
import h5py
import numpy as np
import pandas as pd
import pytest
import scipy.sparse
import zarr

N_SAMPLES, N_FEATURES = 45, 2500


@pytest.fixture(scope="session")
def tpm():
    rng = np.random.default_rng(31)
    base = rng.lognormal(2, 2, N_FEATURES) * (rng.random(N_FEATURES) > 0.5)
    made = base * rng.lognormal(0, 0.4, (N_SAMPLES, N_FEATURES))
    return made.astype(np.float32)


@pytest.fixture(scope="session")
def annotated(tpm):
    """The same as AnnData: TPM sparse in a layer, log2(TPM + 1) in X."""
    return anndata.AnnData(
        X=np.log2(tpm + 1),
        obs=pd.DataFrame(index=[f"S{i}" for i in range(N_SAMPLES)]),
        var=pd.DataFrame(index=[f"G{i}" for i in range(N_FEATURES)]),
        layers={"tpm": scipy.sparse.csr_matrix(tpm)},
    )


@pytest.fixture(scope="session")
def write():
    """Write an AnnData as zarr of the given format, or as h5ad without one."""

    def write_store(made, path, *, zarr_format=2):
        if path.suffix == ".h5ad":
            with h5py.File(path, "w") as file:
                anndata.io.write_elem(file, "/", made)
        else:
            with warnings.catch_warnings():
                # anndata warns about its own future defaults.
                warnings.filterwarnings("ignore", "zarr v3 autosharding")
                group = zarr.open_group(path, mode="w", zarr_format=zarr_format)
                anndata.io.write_elem(group, "/", made)
        return path

    return write_store


@pytest.fixture
def atlas_store(tmp_path, annotated, write):
    return write(annotated, tmp_path / "atlas.zarr")
