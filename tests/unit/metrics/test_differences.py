"""Bias, limits of agreement and fold-change shares."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import stats

from lotwise.errors import InputError
from lotwise.metrics.differences import (
    bland_altman,
    bland_altman_by_expression,
    fold_change_shares,
    log_ratios,
)

pairs = st.integers(1, 40).flatmap(
    lambda n: st.tuples(
        *(arrays(np.float64, n, elements=st.floats(0, 20, width=32)) for _ in range(2))
    )
)


def test_bland_altman__hand_value():
    # M = (-1, 0, 4): mean 1, sd sqrt(7), median 0, |M - 0| = (1, 0, 4) with median 1
    found = bland_altman([0, 2, 6], [1, 2, 2])
    assert found.bias == 1
    assert found.sd == pytest.approx(math.sqrt(7))
    assert found.lower == pytest.approx(1 - 1.96 * math.sqrt(7))
    assert (found.median, found.robust_sd, found.robust_upper) == (0, 1.4826, 1.96 * 1.4826)
    assert (found.mean_from, found.mean_to, found.n_features) == (0.5, 4, 3)


def test_bland_altman__equals_scipy():
    rng = np.random.default_rng(1)
    x, y = rng.normal(5, 2, (2, 999))
    found = bland_altman(x, y)
    assert found.sd == pytest.approx(stats.tstd(x - y), abs=1e-12)
    assert found.robust_sd == pytest.approx(1.4826 * stats.median_abs_deviation(x - y), abs=1e-12)


@given(pairs, st.floats(-5, 5))
def test_bland_altman__swapping_mirrors_and_shifting_both_changes_nothing(pair, shift):
    x, y = pair
    found, mirrored = bland_altman(x, y), bland_altman(y, x)
    assert found.bias == pytest.approx(-mirrored.bias)
    assert found.lower == pytest.approx(-mirrored.upper, nan_ok=True)
    shifted = bland_altman(x + shift, y + shift)
    assert shifted.bias == pytest.approx(found.bias, abs=1e-9)
    assert shifted.robust_sd == pytest.approx(found.robust_sd, abs=1e-6)


def test_bland_altman__null_limits_hold_95_percent_and_no_bias():
    rng = np.random.default_rng(2)
    x, y = rng.normal(5, 1, (2, 100_000))
    found = bland_altman(x, y)
    inside = np.mean((x - y > found.lower) & (x - y < found.upper))
    assert abs(found.bias) < 4 * math.sqrt(2 / 100_000)
    assert inside == pytest.approx(0.95, abs=0.003)


def test_bland_altman__power_robust_limits_resist_what_moves_the_plain_ones():
    rng = np.random.default_rng(3)
    x = rng.normal(5, 2, 10_000)
    y = x + rng.normal(0, 0.1, x.size)
    y[:500] += 6
    found = bland_altman(x, y)
    assert found.sd > 1
    assert found.robust_sd == pytest.approx(0.1, rel=0.15)
    assert found.bias == pytest.approx(-0.3, abs=0.01)


def test_bland_altman__one_and_no_feature():
    one, none = bland_altman([1], [3]), bland_altman([], [])
    assert one.bias == -2
    assert math.isnan(one.sd)
    assert math.isnan(one.upper)
    assert one.reason == "one feature has no standard deviation"
    assert math.isnan(none.bias)
    assert none.reason == "no feature"


@given(pairs, st.integers(1, 12))
def test_bland_altman_by_expression__bins_part_the_features(pair, n_bins):
    x, y = pair
    bins = bland_altman_by_expression(x, y, n_bins=n_bins)
    assert len(bins) == n_bins
    sizes = [part.n_features for part in bins]
    assert sum(sizes) == x.size
    assert max(sizes) - min(sizes) <= 1
    filled = [part for part in bins if part.n_features]
    for low, high in pairwise(filled):
        assert low.mean_to <= high.mean_from
    weighted = sum(part.bias * part.n_features for part in filled) / x.size
    assert weighted == pytest.approx(bland_altman(x, y).bias, abs=1e-9)


def test_bland_altman_by_expression__finds_a_bias_of_the_low_end_only():
    rng = np.random.default_rng(4)
    x = rng.uniform(0, 10, 10_000)
    y = x + np.where(x < 1, 0.5, 0)
    biases = [part.bias for part in bland_altman_by_expression(x, y)]
    # Shifted features have means of .25 to 1.25, so the lowest tenth contains 7/8 of them.
    assert biases[0] == pytest.approx(-0.5 * 7 / 8, abs=0.02)
    np.testing.assert_allclose(biases[2:], 0, atol=1e-12)
    with pytest.raises(InputError, match="n_bins must be >= 1, got 0"):
        bland_altman_by_expression(x, y, n_bins=0)


def test_fold_change_shares__exactly_two_fold_does_not_exceed_two_fold():
    found = fold_change_shares([1, 2, 3, 4, 0], [0, 0, 3, 4, 3])
    assert found.folds == (1.5, 2, 4)
    assert found.shares == (0.6, 0.4, 0.2)


@given(pairs)
def test_fold_change_shares__fall_with_the_fold_and_ignore_direction(pair):
    x, y = pair
    found = fold_change_shares(x, y, folds=(1.1, 2, 8))
    assert list(found.shares) == sorted(found.shares, reverse=True)
    assert fold_change_shares(y, x, folds=(1.1, 2, 8)) == found


def test_fold_change_shares__null_and_power_follow_the_normal_distribution():
    rng = np.random.default_rng(5)
    x = rng.normal(5, 2, 200_000)
    assert fold_change_shares(x, x).shares == (0, 0, 0)
    found = fold_change_shares(x, x + rng.normal(0, 1, x.size), folds=(2, 4))
    np.testing.assert_allclose(
        found.shares, [2 * stats.norm.sf(1), 2 * stats.norm.sf(2)], atol=0.004
    )


def test_fold_change_shares__no_feature_and_wrong_folds():
    found = fold_change_shares([], [])
    assert all(math.isnan(share) for share in found.shares)
    assert found.reason == "no feature"
    with pytest.raises(InputError, match="folds must be > 1"):
        fold_change_shares([1], [1], folds=(1.0,))


def test_bland_altman_by_expression__is_bland_altman_of_pandas_tenths():
    import pandas as pd

    rng = np.random.default_rng(5)
    x, y = rng.normal(5, 2, 300), rng.normal(5, 2, 300)
    bins = pd.qcut(pd.Series(x + y), 10, labels=False)
    for tenth, found in enumerate(bland_altman_by_expression(x, y, n_bins=10)):
        members = (bins == tenth).to_numpy()
        expected = bland_altman(x[members], y[members])
        assert (found.n_features, found.bias) == (30, pytest.approx(expected.bias))
        assert found.robust_upper == pytest.approx(expected.robust_upper)


def test_fold_change_shares__are_those_of_numpys_ratios():
    rng = np.random.default_rng(6)
    x, y = rng.normal(5, 1, 500), rng.normal(5, 1, 500)
    ratio = np.exp2(np.abs(x - y))
    expected = [np.mean(ratio > fold) for fold in (1.5, 2, 4)]
    assert list(fold_change_shares(x, y, folds=(1.5, 2.0, 4.0)).shares) == expected


def test_bland_altman_by_expression__hand_value_and_null():
    # Means 1, 2, 8, 9; M 0, 2, -1, 1.
    low, high = bland_altman_by_expression([1, 3, 7.5, 9.5], [1, 1, 8.5, 8.5], n_bins=2)
    assert (low.bias, low.n_features, low.mean_from, low.mean_to) == (1, 2, 1, 2)
    assert (high.bias, high.n_features, high.mean_from, high.mean_to) == (0, 2, 8, 9)
    rng = np.random.default_rng(9)
    truth = rng.normal(5, 2, 20_000)
    x, y = truth + rng.normal(0, 0.3, (2, 20_000))
    for part in bland_altman_by_expression(x, y):
        # M has sd .3 sqrt 2; four standard errors of the bias, and of the sd (1 / sqrt 4000).
        assert part.bias == pytest.approx(0, abs=4 * 0.3 * math.sqrt(2 / 2000))
        assert part.upper - part.lower == pytest.approx(2 * 1.96 * 0.3 * math.sqrt(2), rel=0.07)


def test_log_ratios__two_fold_is_two_fold_at_any_level():
    rng = np.random.default_rng(1)
    y = rng.lognormal(1, 2, 1001)
    fold = np.where(np.arange(1001) < 200, 2.5, 1.0)
    x, second, factor = log_ratios(3 * fold * y, y)
    np.testing.assert_allclose(x - second, np.log2(fold), atol=1e-12)
    assert factor == pytest.approx(3)
    assert fold_change_shares(x, second, folds=(2.0,)).shares[0] == pytest.approx(200 / 1001)
    # With a pseudo-count of 1 differences of low features are missed.
    with_one = fold_change_shares(np.log2(fold * y + 1), np.log2(y + 1), folds=(2.0,)).shares[0]
    assert with_one < 0.8 * 200 / 1001


def test_log_ratios__without_features_is_nan_and_zero_is_refused():
    assert np.isnan(log_ratios([], []).median_ratio)
    with pytest.raises(InputError, match="every TPM must be > 0"):
        log_ratios([1, 0], [1, 1])
