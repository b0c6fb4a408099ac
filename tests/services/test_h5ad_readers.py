"""The h5ad of a run, opened by others: scanpy, and R by the layout of the file."""

from __future__ import annotations

import subprocess
from pathlib import Path

import numpy as np
import pytest
import scanpy

from lotwise.expression import read_level

SCRIPT = Path(__file__).with_name("read_h5ad.R")


def test_scanpy__opens_it_and_computes_on_it(recorded_run):
    path = recorded_run / "results" / "expression" / "gene.h5ad"
    expression = scanpy.read_h5ad(path)
    ours = read_level(path, "gene")
    assert expression.var_names.tolist() == ours.var_names.tolist()
    np.testing.assert_array_equal(expression.layers["tpm"], ours.layers["tpm"])
    np.testing.assert_allclose(expression.X, np.log2(expression.layers["tpm"] + 1), rtol=1e-12)
    scanpy.pp.pca(expression, n_comps=2)
    assert expression.obsm["X_pca"].shape == (4, 2)


@pytest.mark.parametrize("level", ["gene", "isoform"])
def test_r__reads_matrices_and_names_by_the_layout(recorded_run, require_r, tmp_path, level):
    require_r("rhdf5")
    path = recorded_run / "results" / "expression" / f"{level}.h5ad"
    subprocess.run(["Rscript", SCRIPT, path, tmp_path], check=True, capture_output=True)
    ours = read_level(path)
    expected = {
        "samples": ours.obs_names.to_list(),
        "batches": ours.obs["batch"].astype(str).to_list(),
        "features": ours.var_names.to_list(),
    }
    for name, values in expected.items():
        assert (tmp_path / name).read_text("utf-8").split("\n")[:-1] == values
    matrices = {"X": ours.X, "tpm": ours.layers["tpm"], "counts": ours.layers["counts"]}
    for name, values in matrices.items():
        read = np.loadtxt(tmp_path / name, delimiter="\t")
        np.testing.assert_array_equal(read.T, values)
