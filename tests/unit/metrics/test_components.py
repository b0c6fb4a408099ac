"""Principal components and clustering, compared with scanpy and hand values."""

from __future__ import annotations

import anndata
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lotwise.errors import InputError
from lotwise.metrics.components import cluster_by_r, principal_components


def test_principal_components__by_hand():
    # Points on a line of slope 1 through their mean, and one off it.
    found = principal_components([[3.0, 3.0], [1.0, 1.0], [2.0, 2.0]])
    np.testing.assert_allclose(found.scores, [[2**0.5, 0], [-(2**0.5), 0], [0, 0]], atol=1e-12)
    np.testing.assert_allclose(found.shares, [1, 0])


def test_principal_components__are_scanpys():
    import scanpy as sc

    rng = np.random.default_rng(3)
    log_tpm = rng.normal(5, 2, 300) + rng.normal(0, 0.5, (6, 300))
    peer = anndata.AnnData(log_tpm)
    sc.pp.pca(peer, n_comps=3, svd_solver="full")
    ours = principal_components(log_tpm, n_components=3)
    np.testing.assert_allclose(np.abs(ours.scores), np.abs(peer.obsm["X_pca"]), rtol=1e-6)
    np.testing.assert_allclose(ours.shares, peer.uns["pca"]["variance_ratio"], rtol=1e-6)


@given(st.integers(3, 7), st.integers(0, 2**32 - 1), st.floats(0.01, 100))
def test_principal_components__order_shift_and_scale_are_nothing(n_samples, seed, scale):
    rng = np.random.default_rng(seed)
    log_tpm = rng.normal(5, 2, (n_samples, 80))
    # Components of different size, since equal ones could be exchanged.
    log_tpm[:, 0] += 100 * np.arange(n_samples)
    log_tpm[:, 1] += 30 * (-1.0) ** np.arange(n_samples)
    rows, columns = rng.permutation(n_samples), rng.permutation(80)
    whole = principal_components(log_tpm)
    mixed = principal_components(scale * log_tpm[np.ix_(rows, columns)] - 3)
    np.testing.assert_allclose(mixed.scores, scale * whole.scores[rows], atol=1e-6 * scale)
    np.testing.assert_allclose(mixed.shares, whole.shares, atol=1e-9)


def test_principal_components__planted_groups_lie_apart():
    rng = np.random.default_rng(6)
    log_tpm = rng.normal(0, 0.1, (6, 200))
    log_tpm[3:, :40] += 2
    scores = principal_components(log_tpm).scores[:, 0]
    between = abs(scores[:3].mean() - scores[3:].mean())
    assert between > 10 * max(np.ptp(scores[:3]), np.ptp(scores[3:]))


@pytest.mark.parametrize(
    ("log_tpm", "reason"),
    [([[1.0, 2.0]], "one sample"), ([[1.0], [1.0]], "no feature varies"), ([[], []], "no feature")],
)
def test_principal_components__undefined(log_tpm, reason):
    found = principal_components(log_tpm)
    assert np.isnan(found.scores).all()
    assert reason in found.reason


def test_cluster_by_r__by_hand():
    r = [[1, 0.2, 0.9, 0.3], [0.2, 1, 0.1, 0.8], [0.9, 0.1, 1, 0.4], [0.3, 0.8, 0.4, 1]]
    merges = cluster_by_r(r).merges
    assert [set(row) for row in merges[:2, :2].astype(int)] == [{0, 2}, {1, 3}]
    # Average of the four distances between the two clusters.
    assert merges[2, 2] == pytest.approx(np.mean([0.8, 0.7, 0.9, 0.6]))


@given(st.integers(2, 8), st.integers(0, 2**32 - 1))
def test_cluster_by_r__order_of_samples_is_nothing(n_samples, seed):
    rng = np.random.default_rng(seed)
    samples = rng.normal(size=30) + rng.normal(size=(n_samples, 30))
    order = rng.permutation(n_samples)
    whole, mixed = (cluster_by_r(np.corrcoef(part)) for part in (samples, samples[order]))
    np.testing.assert_allclose(mixed.merges[:, 2:], whole.merges[:, 2:], atol=1e-9)
    assert _clusters(mixed.merges, order) == _clusters(whole.merges, np.arange(n_samples))


def _clusters(merges, names):
    """Members of the cluster that each merge makes."""
    clusters = [frozenset([int(name)]) for name in names]
    for left, right in merges[:, :2].astype(int):
        clusters.append(clusters[left] | clusters[right])
    return clusters[len(names) :]


def test_cluster_by_r__undefined_r_is_no_tree():
    found = cluster_by_r([[1.0, np.nan], [np.nan, 1.0]])
    assert found.merges.shape == (0, 4)
    assert found.reason == "R of a sample is not defined"


@pytest.mark.parametrize("r", [[1.0, 0.5], [[1.0, 0.5, 0.2], [0.5, 1.0, 0.1]]])
def test_cluster_by_r__refuses_what_is_not_square(r):
    with pytest.raises(InputError, match=r"r must be a square matrix, got shape \(2,"):
        cluster_by_r(r)


def test_cluster_by_r__planted_groups_join_last_whatever_the_order():
    rng = np.random.default_rng(6)
    truth = rng.normal(0, 2, (2, 500))
    samples = truth[[0, 0, 0, 1, 1]] + rng.normal(0, 0.5, (5, 500))
    heights = []
    for order in (np.arange(5), rng.permutation(5)):
        merges = cluster_by_r(np.corrcoef(samples[order])).merges
        heights.append(merges[:, 2])
        assert merges[-1, 2] > 5 * merges[-2, 2]
        assert merges[-1, 3] == 5
    np.testing.assert_allclose(heights[0], heights[1], atol=1e-9)


def test_cluster_by_r__null_identical_samples_join_at_0():
    merges = cluster_by_r(np.ones((4, 4))).merges
    np.testing.assert_array_equal(merges[:, 2], 0)


def tracy_widom(first, n_samples, n_features):
    """First eigenvalue of centred noise of variance 1, standardised (Johnstone 2001)."""
    a, b = np.sqrt(n_features - 1), np.sqrt(n_samples - 1)
    return (first - (a + b) ** 2) / ((a + b) * (1 / a + 1 / b) ** (1 / 3))


@pytest.mark.slow
def test_principal_components__null_noise_has_no_component_beyond_random_matrices():
    n_runs, shape = 200, (10, 1500)
    standardised = []
    for seed in range(n_runs):
        found = principal_components(np.random.default_rng(seed).normal(5, 1, shape))
        standardised.append(tracy_widom(np.square(found.scores[:, 0]).sum(), *shape))
    # The Tracy-Widom distribution of order 1 has mean -1.2065, sd 1.268 and 95th percentile
    # .9793; for matrices of this size it is accurate to about 10^(-2/3) (Johnstone 2001).
    assert np.mean(standardised) == pytest.approx(-1.2065, abs=3 * 1.268 / n_runs**0.5 + 0.2)
    n_above = np.count_nonzero(np.array(standardised) > 0.9793)
    assert n_above <= n_runs * 0.05 + 3 * np.sqrt(n_runs * 0.0475)


def test_principal_components__power_a_planted_difference_stands_out_as_theory_says():
    # Five samples differ by 2 in 75 features: a spike of 10 x 75 x 1 in noise of 9 x 1500.
    n_samples, n_features, spike = 10, 1500, 750
    first = []
    for seed in range(20):
        log_tpm = np.random.default_rng(seed).normal(5, 1, (n_samples, n_features))
        log_tpm[:5, :75] += 2
        scores = principal_components(log_tpm).scores[:, 0]
        first.append(np.square(scores).sum())
        assert tracy_widom(first[-1], n_samples, n_features) > 3.2724  # the 99.9th percentile
        assert abs(np.sign(scores[:5]).sum() - np.sign(scores[5:]).sum()) == 10
    # Benaych-Georges and Nadakuditi 2012: the value to which noise raises the spike.
    expected = (spike + n_samples - 1) * (spike + n_features) / spike
    assert np.mean(first) == pytest.approx(expected, rel=0.02)


def test_cluster_by_r__heights_are_scikit_learns():
    from sklearn.cluster import AgglomerativeClustering

    rng = np.random.default_rng(7)
    r = np.corrcoef(rng.normal(0, 2, 40) + rng.normal(0, 1, (9, 40)))
    peer = AgglomerativeClustering(
        n_clusters=1, metric="precomputed", linkage="average", compute_distances=True
    ).fit(1 - r)
    np.testing.assert_allclose(cluster_by_r(r).merges[:, 2], peer.distances_, atol=1e-12)
