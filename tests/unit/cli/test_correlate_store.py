"""`lotwise correlate-store`, as a user calls it."""

from __future__ import annotations

import anndata
import numpy as np
import pandas as pd
import pytest
import zarr
from click.testing import CliRunner

from lotwise.cli.correlate_store import command
from lotwise.files.tables import read_table
from lotwise.outofcore.neighbours import NeighbourRecord


@pytest.fixture
def atlas(tmp_path):
    """Write a zarr store of six samples x 200 genes, of which each two are alike."""
    rng = np.random.default_rng(21)
    base = rng.lognormal(3, 2, (3, 200)) * (rng.random((3, 200)) > 0.3)
    tpm = np.repeat(base, 2, axis=0) * rng.lognormal(0, 0.2, (6, 200))
    made = anndata.AnnData(
        tpm.astype(np.float32),
        obs=pd.DataFrame(index=[f"S{i}" for i in range(6)]),
        var=pd.DataFrame(index=[f"G{i}" for i in range(200)]),
    )
    group = zarr.open_group(tmp_path / "atlas.zarr", mode="w", zarr_format=2)
    anndata.io.write_elem(group, "/", made)
    return tmp_path / "atlas.zarr"


def _run(*words):
    return CliRunner().invoke(command, [str(word) for word in words])


def test_correlate_store__writes_the_matrix(atlas, tmp_path):
    done = _run(atlas, "--out", tmp_path / "out", "--pseudocount", 1, "--memory", "1GB")
    assert done.exit_code == 0, done.output
    made = anndata.read_zarr(tmp_path / "out" / "pearson.zarr")
    tpm = anndata.read_zarr(atlas).X.astype(np.float64)
    np.testing.assert_allclose(made.obsp["pearson"], np.corrcoef(np.log2(tpm + 1)), atol=1e-6)


def test_correlate_store__finds_the_nearest_of_queries_over_named_features(atlas, tmp_path):
    (tmp_path / "genes.txt").write_text("".join(f"G{i}\n" for i in range(150)))
    words = ["--nearest", 1, "--queries", atlas, "--features", tmp_path / "genes.txt"]
    done = _run(atlas, "--out", tmp_path / "out", *words)
    assert done.exit_code == 0, done.output
    table = read_table(tmp_path / "out" / "pearson.nearest.tsv", NeighbourRecord)
    assert table["nearest"].tolist() == table["sample"].tolist()


def test_correlate_store__refuses_queries_without_a_number(atlas, tmp_path):
    done = _run(atlas, "--out", tmp_path, "--queries", atlas)
    assert done.exit_code == 2
    assert "--queries needs --nearest" in done.output
