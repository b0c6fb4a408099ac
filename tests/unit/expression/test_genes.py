"""Gene sums and lengths against their definition, spelled out gene by gene."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import gmean

from lotwise.expression.genes import sum_genes

pytestmark = pytest.mark.requirement("EXP-001")


def test_sum_genes__definition_gene_by_gene():
    rng = np.random.default_rng(3)
    tpm = rng.lognormal(1, 1, (4, 60)) * (rng.random((4, 60)) > 0.6)
    counts, length = rng.lognormal(3, 1, (4, 60)), rng.uniform(200, 3000, (4, 60))
    gene_of = rng.permutation(np.repeat(np.arange(20), 3))
    gene_of[::7] = -1
    found = sum_genes(tpm, counts, length, gene_of, 20)
    for gene in range(20):
        own = gene_of == gene
        np.testing.assert_allclose(found.tpm[:, gene], tpm[:, own].sum(axis=1), rtol=1e-14)
        np.testing.assert_allclose(found.counts[:, gene], counts[:, own].sum(axis=1), rtol=1e-14)
        there = tpm[:, own].sum(axis=1) > 0
        weighted = [np.average(length[s, own], weights=tpm[s, own]) for s in np.flatnonzero(there)]
        fill = gmean(weighted) if there.any() else length[:, own].mean()
        wanted = np.full(4, fill)
        wanted[there] = weighted
        np.testing.assert_allclose(found.length[:, gene], wanted, rtol=1e-12)


def test_sum_genes__a_gene_without_isoforms_has_nothing():
    ones = np.ones((2, 3))
    found = sum_genes(ones, ones, ones, np.array([0, 2, 2]), 4)
    assert found.tpm.tolist() == [[1, 0, 2, 0]] * 2
    assert found.counts.tolist() == [[1, 0, 2, 0]] * 2
    assert np.isnan(found.length[:, [1, 3]]).all()


def test_sum_genes__unknown_counts_and_lengths_stay_unknown():
    ones, unknown = np.ones((2, 3)), np.full((2, 3), np.nan)
    found = sum_genes(ones, unknown, unknown, np.array([0, 0, 1]), 2)
    assert found.tpm.tolist() == [[2, 1]] * 2
    assert np.isnan(found.counts).all()
    assert np.isnan(found.length).all()


def test_sum_genes__a_sample_without_lengths_is_given_none_and_leaves_the_others_theirs():
    tpm = np.array([[3.0, 1, 0], [3, 1, 0], [0, 0, 0]])
    counts, nan = np.ones((3, 3)), np.nan
    length = np.array([[1000.0, 500, 700], [nan, nan, nan], [900, 500, 800]])
    found = sum_genes(tpm, counts, length, np.array([0, 0, 1]), 2)
    # The first gene of the third sample has no TPM: as in the first. The second has none at all.
    np.testing.assert_allclose(found.length[[0, 2]], [[875, 750], [875, 750]], rtol=1e-12)
    assert np.isnan(found.length[1]).all()
