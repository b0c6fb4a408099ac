"""Exact decomposition of features to 1 - r."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import stats

from lotwise.errors import InputError
from lotwise.metrics.contributions import contributions, decomposition

pairs = st.integers(2, 30).flatmap(
    lambda n: st.tuples(
        *(arrays(np.float64, n, elements=st.floats(0, 20, width=32)) for _ in range(2))
    )
)


def test_decomposition__hand_value():
    # z of (0, 2) is (-1, 1), of (2, 0) is (1, -1): gaps 2, each 4 / (2 * 2) = 1; r = -1
    found = decomposition([0, 2], [2, 0])
    np.testing.assert_allclose(found.contribution, [1, 1], atol=1e-15)
    assert found.one_minus_r == pytest.approx(2, abs=1e-15)


def test_contributions__sum_to_one_minus_scipys_r():
    rng = np.random.default_rng(1)
    x = rng.normal(3, 2, 5000)
    y = x + rng.normal(0, 0.3, 5000)
    found = decomposition(x, y)
    assert found.one_minus_r == pytest.approx(1 - stats.pearsonr(x, y).statistic, abs=1e-12)
    assert found.contribution.sum() == pytest.approx(found.one_minus_r, abs=1e-15)


@given(pairs, st.floats(0.5, 4), st.floats(-3, 3))
def test_contributions__follow_their_feature_and_ignore_scale(pair, scale, shift):
    x, y = pair
    found = decomposition(x, y)
    if found.reason or min(np.std(x), np.std(y)) < 1e-3:
        return
    order = np.random.default_rng(0).permutation(x.size)
    moved = decomposition(x[order], y[order]).contribution
    np.testing.assert_allclose(moved, found.contribution[order], atol=1e-8)
    np.testing.assert_allclose(
        decomposition(scale * x + shift, y).contribution, found.contribution, atol=1e-8
    )
    np.testing.assert_allclose(decomposition(y, x).contribution, found.contribution, atol=1e-12)


def test_contributions__null_identical_samples_contribute_nothing():
    x = np.random.default_rng(2).normal(size=1000)
    found = decomposition(x, x)
    assert found.one_minus_r == 0
    assert not found.contribution.any()


def test_contributions__power_planted_features_lead_the_list():
    rng = np.random.default_rng(3)
    x = np.abs(rng.normal(4, 2, 5000))
    y = x + rng.normal(0, 0.05, 5000)
    planted = rng.choice(5000, 12, replace=False)
    y[planted] += 3
    found = contributions(x, y, n_largest=12)
    assert set(found.feature_index) == set(planted)
    assert np.all(np.diff(found.contribution) <= 0)
    assert found.cumulative_share[-1] > 0.8


def test_contributions__all_features_carry_everything():
    rng = np.random.default_rng(4)
    found = contributions(*rng.normal(size=(2, 100)))
    assert sorted(found.feature_index) == list(range(100))
    assert found.cumulative_share[-1] == pytest.approx(1, abs=1e-12)


def test_contributions__perfect_correlation_has_no_shares():
    found = contributions([1, 2, 3], [1, 2, 3])
    assert found.one_minus_r == 0
    assert np.isnan(found.cumulative_share).all()
    assert "perfectly correlated" in found.reason


@pytest.mark.parametrize("y", [[1, 1, 1], [0, 0, 0]])
def test_contributions__undefined_r_is_nan_with_a_reason(y):
    found = decomposition([1, 2, 3], y)
    assert np.isnan(found.contribution).all()
    assert math.isnan(found.one_minus_r)
    assert found.reason == "y is constant"
    assert contributions([1, 2, 3], y).feature_index.size == 0


def test_contributions__other_lengths_are_refused():
    with pytest.raises(InputError, match="expected the same features"):
        decomposition([1, 2, 3], [1, 2])


def test_contributions__power_a_planted_feature_carries_what_is_planted():
    rng = np.random.default_rng(5)
    x = rng.normal(4, 2, 2000)
    y = x + rng.normal(0, 0.05, 2000)
    for planted in rng.choice(2000, 20, replace=False):
        changed = y.copy()
        changed[planted] -= 5
        found = decomposition(x, changed)
        assert found.contribution.argmax() == planted
        # 5^2 of one feature against .05^2 of 2000: five sixths.
        share = found.contribution[planted] / found.one_minus_r
        assert share == pytest.approx(25 / (25 + 2000 * 0.05**2), abs=0.03)


def test_contributions__hand_value():
    # z of (0, 0, 1, 1) is (-1, -1, 1, 1), of (0, 1, 1, 0) (-1, 1, 1, -1): gaps 0, 2, 0, 2.
    found = contributions([0, 0, 1, 1], [0, 1, 1, 0])
    assert found.feature_index.tolist() == [1, 3, 0, 2]
    np.testing.assert_allclose(found.contribution, [0.5, 0.5, 0, 0], atol=1e-15)
    np.testing.assert_allclose(found.cumulative_share, [0.5, 1, 1, 1])
    assert found.one_minus_r == pytest.approx(1)


def test_contributions__are_pandas_sorted_shares_in_any_order_of_features():
    rng = np.random.default_rng(6)
    x = rng.normal(3, 2, 300)
    y = x + rng.normal(0, 1, 300)
    z = [(v - v.mean()) / v.std() for v in (x, y)]
    shares = pd.Series((z[0] - z[1]) ** 2 / 600).sort_values(ascending=False)
    found = contributions(x, y)
    assert found.feature_index.tolist() == shares.index.tolist()
    np.testing.assert_allclose(found.contribution, shares)
    np.testing.assert_allclose(
        found.cumulative_share, shares.cumsum() / (1 - np.corrcoef(x, y)[0, 1])
    )
    order = rng.permutation(300)
    moved = contributions(3 * y[order] + 1, x[order])
    assert order[moved.feature_index].tolist() == shares.index.tolist()


@pytest.mark.slow
def test_contributions__null_noise_alone_has_no_contribution_beyond_chi_square():
    rng = np.random.default_rng(7)
    n_runs, n_features, n_above = 300, 2000, 0
    # Of n squared normal values the largest exceeds this in 5 % of samples.
    bound = stats.chi2.ppf(0.95 ** (1 / n_features), 1)
    for _ in range(n_runs):
        x = rng.normal(4, 2, n_features)
        found = contributions(x, x + rng.normal(0, 0.2, n_features), n_largest=1)
        n_above += found.cumulative_share[0] * n_features > bound
    assert n_above <= n_runs * 0.05 + 3 * math.sqrt(n_runs * 0.0475)
    assert n_above > 0
