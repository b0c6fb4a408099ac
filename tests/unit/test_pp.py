"""Averages of replicates."""

from __future__ import annotations

import anndata
import numpy as np
import pandas as pd
import pytest
from scipy import sparse

import lotwise
from lotwise.errors import InputError


def test_average_replicates__keeps_the_unit_that_was_declared():
    names = [f"ENSG{i:011d}" for i in range(3)]
    normalized = pd.DataFrame(np.arange(1.0, 10).reshape(3, 3), index=names, columns=list("abc"))
    gene = lotwise.from_frame(normalized, batches=["A", "A", "B"], unit="normalized").gene
    assert lotwise.pp.average_replicates(gene).uns["lotwise"]["unit"] == "normalized"


def test_average_replicates__means_of_tpm_and_sums_of_counts():
    tpm = np.array([[1.0, 3], [10, 10], [3, 5]])
    given = anndata.AnnData(
        obs=pd.DataFrame({"batch": ["B", "A", "B"]}, index=["b1", "a1", "b2"]),
        var=pd.DataFrame(index=["g1", "g2"]),
        layers={"tpm": tpm, "counts": tpm * 10, "length": tpm + 100},
    )
    made = lotwise.pp.average_replicates(given)
    assert made.obs_names.to_list() == made.obs["batch"].to_list() == ["B", "A"]
    assert made.obs["n_samples"].to_list() == [2, 1]
    assert made.layers["tpm"].tolist() == [[2, 4], [10, 10]]
    assert made.layers["counts"].tolist() == [[40, 80], [100, 100]]
    assert made.layers["length"].tolist() == [[102, 104], [110, 110]]
    assert np.array_equal(made.X, np.log2(np.array([[3.0, 5], [11, 11]])))
    assert np.array_equal(given.layers["tpm"], tpm)
    with pytest.raises(InputError, match="no obs column 'batch'"):
        lotwise.pp.average_replicates(anndata.AnnData(tpm))
    del made.layers["tpm"]
    with pytest.raises(InputError, match=r"no layer 'tpm'; .* create it with lotwise\.read_quant"):
        lotwise.pp.average_replicates(made)
    given.obs["batch"] = ["B", np.nan, "B"]
    with pytest.raises(InputError, match=r"sample a1 has no batch in obs"):
        lotwise.pp.average_replicates(given)


@pytest.mark.parametrize("kind", [sparse.csr_matrix, sparse.csc_array])
def test_average_replicates__sparse_layers_give_what_dense_ones_give(kind):
    tpm = np.array([[1.0, 0], [0, 10], [3, 5]])
    obs = pd.DataFrame({"batch": ["B", "A", "B"]}, index=["b1", "a1", "b2"])
    given = anndata.AnnData(obs=obs, layers={"tpm": kind(tpm)}, shape=tpm.shape)
    made = lotwise.pp.average_replicates(given)
    assert made.layers["tpm"].tolist() == [[2, 2.5], [0, 10]]
    assert np.array_equal(made.X, np.log2(made.layers["tpm"] + 1))


def test_average_replicates__a_sample_without_counts_leaves_the_other_batches_theirs():
    tpm = np.array([[1.0, 3], [10, 10], [3, 5]])
    without = np.where([[True], [False], [False]], np.nan, tpm)
    obs = pd.DataFrame({"batch": ["B", "A", "B"]}, index=["b1", "a1", "b2"])
    layers = {"tpm": tpm, **dict.fromkeys(("counts", "length", "fpkm"), without)}
    made = lotwise.pp.average_replicates(anndata.AnnData(obs=obs, layers=layers, shape=tpm.shape))
    for name in ("counts", "length", "fpkm"):
        assert np.isnan(made.layers[name][0]).all()
        assert made.layers[name][1].tolist() == [10, 10]
