"""Outlying samples and shallow libraries."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import stats

from lotwise.errors import InputError
from lotwise.metrics.outliers import (
    library_complexity,
    library_summary,
    outlier_cut,
    outlier_scores,
    shallow_libraries,
)


def sound_correlations(rng, n, *, n_features=400):
    level = rng.normal(0, 2, n_features)
    return np.corrcoef(level + rng.normal(0, 0.5, (n, n_features)))


def test_outlier_scores__hand_value():
    # d = mean R with i minus without: (.8, .9, .9, .7) pairs of four samples
    r = np.array([[1, 0.9, 0.9, 0.5], [0.9, 1, 0.8, 0.6], [0.9, 0.8, 1, 0.4], [0.5, 0.6, 0.4, 1]])
    d = np.array([2.3 / 3 - 1.8 / 3, 2.3 / 3 - 1.8 / 3, 2.1 / 3 - 2.0 / 3, 1.5 / 3 - 2.6 / 3])
    found = outlier_scores(r)
    np.testing.assert_allclose(found.difference, d, atol=1e-12)
    median = np.median(d)
    mad = np.median(np.abs(d - median))
    np.testing.assert_allclose(found.score, (d - median) / (1.4826 * mad), atol=1e-9)


@given(st.integers(3, 10), st.integers(0, 1000))
def test_outlier_scores__follow_the_samples_when_they_are_reordered(n, seed):
    rng = np.random.default_rng(seed)
    r = sound_correlations(rng, n, n_features=50)
    order = rng.permutation(n)
    found, moved = outlier_scores(r), outlier_scores(r[np.ix_(order, order)])
    np.testing.assert_allclose(moved.difference, found.difference[order], atol=1e-12)
    pairs = [(i, j) for i in range(n) for j in range(i)]
    for sample in range(n):
        inside = np.mean([r[pair] for pair in pairs if sample in pair])
        outside = np.mean([r[pair] for pair in pairs if sample not in pair])
        assert found.difference[sample] == pytest.approx(inside - outside, abs=1e-12)


@pytest.mark.slow
@pytest.mark.parametrize("sizes", [(3, 3, 3), (6, 6, 6, 6), (4, 12), (24,)])
def test_outlier_cut__null_sound_runs_have_a_flag_in_at_most_five_per_cent(sizes):
    n_runs, n_levels = 400, 2
    n_flagged = 0
    for seed in range(n_runs):
        rng = np.random.default_rng(seed)
        lowest = [
            outlier_scores(
                sound_correlations(rng, size, n_features=100),
                below=outlier_cut(size, n_groups=n_levels * len(sizes)),
            ).flagged.any()
            for size in sizes
            for _ in range(n_levels)
        ]
        n_flagged += any(lowest)
    assert n_flagged / n_runs <= 0.05 + 2 * math.sqrt(0.05 * 0.95 / n_runs)


def test_outlier_cut__is_further_from_zero_with_fewer_samples_and_more_groups():
    cuts = [outlier_cut(n) for n in (3, 5, 7, 13, 25)]
    assert cuts == sorted(cuts)
    by_groups = [outlier_cut(6, n_groups=n) for n in (1, 2, 8, 40)]
    assert by_groups == sorted(by_groups, reverse=True)
    assert outlier_cut(6) == outlier_cut(6, n_groups=1, rate=0.04)
    assert outlier_cut(6, rate=0.01) < outlier_cut(6)


@pytest.mark.parametrize("wrong", [{"n_samples": 2}, {"n_groups": 0}, {"rate": 1.0}])
def test_outlier_cut__bad_input_is_refused(wrong):
    given_as = {"n_samples": 3} | wrong
    with pytest.raises(InputError, match=r"n_samples must be >= 3, n_groups >= 1 and rate in"):
        outlier_cut(given_as.pop("n_samples"), **given_as)


def test_library_complexity__hand_value():
    # 100 counts thinned to 10: each of ten features of 10 is seen with probability 1 - 0.9 ** 10.
    found = library_complexity([[10] * 10, [1] * 10, [0] * 10])
    np.testing.assert_allclose(found.n_features, [10 * (1 - 0.9**10), 10, 0])
    np.testing.assert_allclose(
        found.share_of_median, [found.n_features[0] / 5, 10 / found.n_features[0] * 2, 0]
    )
    assert found.depth == 10


def test_library_complexity__is_the_mean_over_thinnings_and_ignores_depth():
    rng = np.random.default_rng(1)
    counts = np.vstack([rng.poisson(rng.lognormal(1, 1.5, 500)) for _ in range(2)])
    counts[1] = rng.binomial(counts[1], 0.2)
    found = library_complexity(counts)
    share = counts[1].sum() / counts[0].sum()
    thinned = [np.count_nonzero(rng.binomial(counts[0], share)) for _ in range(400)]
    assert found.n_features[0] == pytest.approx(np.mean(thinned), rel=0.01)
    assert found.n_features[1] == np.count_nonzero(counts[1])
    # Few molecules copied often: as many counts, but fewer features.
    copied = library_complexity(np.vstack([counts[0], rng.permutation(counts[0] // 8) * 8]))
    assert copied.share_of_median[1] < 0.9


def test_library_complexity__one_library_has_no_others():
    found = library_complexity([[5, 0, 1]])
    assert found.n_features.tolist() == [2]
    assert np.isnan(found.share_of_median).all()


def test_outlier_scores__power_a_degraded_sample_is_named():
    for seed in range(20):
        rng = np.random.default_rng(seed)
        level = rng.normal(0, 2, 400)
        values = level + rng.normal(0, 0.5, (8, 400))
        values[3] = level + rng.normal(0, 3, 400)
        assert list(np.flatnonzero(outlier_scores(np.corrcoef(values)).flagged)) == [3]


def test_outlier_scores__undefined_is_nan_with_a_reason():
    two = outlier_scores(np.eye(2))
    assert np.isnan(two.score).all()
    assert not two.flagged.any()
    assert two.reason == "fewer than three samples"
    same = outlier_scores(np.ones((5, 5)))
    assert np.isnan(same.score).all()
    assert same.reason == "more than half of the samples have the same mean R (MAD 0)"
    assert same.difference.tolist() == [0] * 5
    unknown = np.ones((3, 3))
    unknown[0, 1] = unknown[1, 0] = np.nan
    assert outlier_scores(unknown).reason == "R of a pair is not defined"
    with pytest.raises(InputError, match="must be a square matrix"):
        outlier_scores(np.ones((2, 3)))


def test_library_summary__hand_value():
    tpm = np.vstack([np.arange(100.0), np.zeros(100)])
    found = library_summary(tpm, counts=2 * tpm, threshold=50)
    np.testing.assert_array_equal(found.total_counts, [9900, 0])
    np.testing.assert_array_equal(found.n_detected, [50, 0])
    assert found.share_of_highest[0] == pytest.approx(np.arange(50, 100).sum() / 4950)
    assert math.isnan(found.share_of_highest[1])
    assert np.isnan(library_summary(tpm).total_counts).all()
    assert library_summary([[1.0, 2.0]]).share_of_highest[0] == 1


def test_shallow_libraries__the_failed_library_is_named_and_sound_ones_are_not():
    totals = np.array([20e6, 36e3, 18e6, 31e6])
    found = shallow_libraries(totals)
    assert list(np.flatnonzero(found.flagged)) == [1]
    assert found.share_of_median[1] == 36e3 / 20e6
    rng = np.random.default_rng(1)
    for _ in range(200):
        sound = rng.lognormal(np.log(20e6), 0.4, rng.integers(2, 13))
        assert not shallow_libraries(sound).flagged.any()


@given(st.lists(st.floats(1, 1e8), min_size=2, max_size=10), st.floats(0.01, 100))
def test_shallow_libraries__ignore_the_unit(totals, scale):
    one, other = shallow_libraries(totals), shallow_libraries(np.array(totals) * scale)
    np.testing.assert_allclose(one.share_of_median, other.share_of_median)


def test_shallow_libraries__nothing_to_compare_with_is_nan_with_a_reason():
    alone = shallow_libraries([5.0])
    assert math.isnan(alone.share_of_median[0])
    assert alone.reasons == ("no other sample to compare with",)
    empty = shallow_libraries([5.0, 0.0])
    assert math.isnan(empty.share_of_median[0])
    assert list(empty.flagged) == [False, True]
    # For each sample separately: the second one has a median of others to be compared with.
    assert empty.reasons == ("more than half of the other samples have no counts", "")
    with pytest.raises(InputError, match=r"below must be in \(0, 1\), got 2"):
        shallow_libraries([1, 2], below=2)


def test_library_summary__is_scanpys_quality_control_in_any_order_of_features():
    import anndata
    import scanpy as sc

    rng = np.random.default_rng(4)
    tpm = rng.lognormal(0, 2, (3, 400))
    peer = anndata.AnnData(np.where(tpm >= 1, tpm, 0))
    sc.pp.calculate_qc_metrics(peer, percent_top=[50], log1p=False, inplace=True)
    whole = anndata.AnnData(tpm)
    sc.pp.calculate_qc_metrics(whole, percent_top=[50], log1p=False, inplace=True)
    for given_as in (tpm, tpm[:, rng.permutation(400)]):
        found = library_summary(given_as, counts=2 * given_as)
        np.testing.assert_array_equal(found.n_detected, peer.obs["n_genes_by_counts"])
        np.testing.assert_allclose(found.tpm_sum, whole.obs["total_counts"])
        np.testing.assert_allclose(found.total_counts, 2 * whole.obs["total_counts"])
        np.testing.assert_allclose(
            100 * found.share_of_highest, whole.obs["pct_counts_in_top_50_genes"]
        )


@given(
    arrays(
        np.float64, st.tuples(st.integers(1, 4), st.integers(1, 70)), elements=st.floats(0, 1e4)
    ),
    st.integers(0, 1000),
)
def test_library_summary__ignores_the_order_of_features_and_follows_that_of_samples(tpm, seed):
    rng = np.random.default_rng(seed)
    rows, columns = (rng.permutation(size) for size in tpm.shape)
    found = library_summary(tpm, counts=tpm)
    mixed = library_summary(tpm[np.ix_(rows, columns)], counts=tpm[np.ix_(rows, columns)])
    for name in found._fields:
        np.testing.assert_allclose(getattr(mixed, name), getattr(found, name)[rows], rtol=1e-9)


def test_shallow_libraries__hand_value():
    found = shallow_libraries([100.0, 200.0, 300.0, 9.0])
    # Each compared with the median of the others: 200, 100, 100 and 200.
    np.testing.assert_allclose(found.share_of_median, [0.5, 2, 3, 0.045])
    assert found.flagged.tolist() == [False, False, False, True]


def test_outlier_scores__are_scipys_robust_scores_of_means_of_pairs():
    rng = np.random.default_rng(5)
    for n in (3, 4, 9, 14):
        r = sound_correlations(rng, n, n_features=60)
        one_of_each = np.triu(np.ones((n, n), dtype=bool), k=1)
        difference = []
        for sample in range(n):
            others = np.delete(np.delete(r, sample, axis=0), sample, axis=1)
            without = others[np.triu_indices(n - 1, k=1)]
            pairs_of_sample = one_of_each.copy()
            pairs_of_sample[np.arange(n) != sample] &= np.arange(n) == sample
            difference.append(r[pairs_of_sample].mean() - without.mean())
        spread = stats.median_abs_deviation(difference, scale=1 / 1.4826)
        expected = (difference - np.median(difference)) / spread
        found = outlier_scores(r, below=-1)
        np.testing.assert_allclose(found.difference, difference, atol=1e-12)
        np.testing.assert_allclose(found.score, expected, rtol=1e-8)
        np.testing.assert_array_equal(found.flagged, expected < -1)


@pytest.mark.parametrize("n", [24, 25])
def test_shallow_libraries__are_pythons_medians_of_the_others(n):
    import statistics

    totals = np.random.default_rng(6).lognormal(16, 2, n)
    # With ties, the result is the same whichever of the equal values is left out.
    totals[1:3] = totals[0]
    expected = [
        total / statistics.median(totals[:i].tolist() + totals[i + 1 :].tolist())
        for i, total in enumerate(totals.tolist())
    ]
    found = shallow_libraries(totals, below=0.2)
    np.testing.assert_allclose(found.share_of_median, expected)
    assert found.flagged.tolist() == [share < 0.2 for share in expected]
    assert 0 < found.flagged.sum() < n


def test_library_summary__null_even_expression_and_power_of_one_feature_that_takes_half():
    even = np.full((2, 1000), 1000.0)
    even[1, 7] = even[1].sum() - 1000.0
    found = library_summary(even)
    np.testing.assert_allclose(found.share_of_highest, [50 / 1000, 0.5 + 0.5 * 49 / 999])
