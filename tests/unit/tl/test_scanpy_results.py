"""Results in scanpy's own keys."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

import lotwise


@pytest.fixture
def gene():
    return lotwise.datasets.three_batches().gene


def test_components__are_those_of_scanpy_and_of_the_table(gene):
    lotwise.tl.components(gene)
    table = lotwise.get.evidence(gene, "components")
    np.testing.assert_allclose(gene.obsm["X_pca"], table[["pc1", "pc2"]], atol=1e-9)
    shares = table[["variance_share_1", "variance_share_2"]].iloc[0]
    np.testing.assert_allclose(gene.uns["pca"]["variance_ratio"], shares)
    detected = (gene.layers["tpm"] >= 1).any(axis=0)
    assert not gene.varm["PCs"][~detected].any()
    centred = np.log2(gene.layers["tpm"] + 1)
    centred -= centred.mean(axis=0)
    np.testing.assert_allclose(centred @ gene.varm["PCs"], gene.obsm["X_pca"], atol=1e-9)


def test_components__tree_is_that_of_the_table(gene):
    lotwise.tl.components(gene)
    heights = lotwise.get.evidence(gene, "clustering")["height"]
    np.testing.assert_allclose(gene.uns["dendrogram_sample"]["linkage"][:, 2], heights, atol=1e-12)
    assert set(gene.uns["dendrogram_sample"]["categories_ordered"]) == {"lot1", "lot2", "lot3"}


def test_components__one_sample_leaves_scanpys_keys_alone(gene):
    one = gene[:1].copy()
    lotwise.tl.components(one)
    assert "X_pca" not in one.obsm
    assert "dendrogram_sample" not in one.uns


@pytest.mark.filterwarnings("ignore")  # of scanpy and Matplotlib
def test_components__scanpy_draws_them(gene, tmp_path):
    import matplotlib.pyplot as plt
    import scanpy as sc

    lotwise.tl.components(gene)
    gene.obs["condition"] = "x"
    figure = sc.pl.pca(
        gene, color=["batch", "IL6"], gene_symbols="gene_name", show=False, return_fig=True
    )
    assert len(figure.axes) >= 2
    assert sc.pl.dendrogram(gene, "sample", show=False).lines
    plt.close("all")
    gene.write_h5ad(tmp_path / "gene.h5ad")


def test_libraries__counts_of_scanpy_are_those_of_the_table(gene):
    gene.layers["counts"][2] = np.nan
    del gene.obs["total_counts"]
    lotwise.tl.libraries(gene)
    table = lotwise.get.evidence(gene, "libraries")
    np.testing.assert_allclose(gene.obs["total_counts"], table["total_counts"])
    highest = np.sort(gene.layers["counts"][0])[::-1]
    share = 100 * highest[:50].sum() / highest.sum()
    assert gene.obs["pct_counts_in_top_50_genes"].iloc[0] == pytest.approx(share)
    assert np.isnan(gene.obs["pct_counts_in_top_50_genes"].iloc[2])


def test_tools__without_scanpy_have_the_same_tables_and_leave_its_keys_alone(gene):
    alone = gene.copy()
    for tool in (lotwise.tl.components, lotwise.tl.libraries):
        tool(gene)
        tool(alone, with_scanpy=False)
    for name in ("components", "clustering", "libraries"):
        tables = [one.uns["lotwise"][name] for one in (alone, gene)]
        pd.testing.assert_frame_equal(*tables, check_exact=True)
    assert "X_pca" in gene.obsm
    assert "X_pca" not in alone.obsm
    assert not {"pca", "dendrogram_sample"} & set(alone.uns)
    assert "pct_counts_in_top_50_genes" not in alone.obs


def test_tools__import_scanpy_only_where_it_is_used():
    command = (
        "import sys, lotwise; gene = lotwise.datasets.three_batches().gene; "
        "lotwise.tl.correlate(gene); print('scanpy' in sys.modules)"
    )
    found = subprocess.run([sys.executable, "-c", command], check=True, capture_output=True)
    assert found.stdout.decode().strip() == "False"
