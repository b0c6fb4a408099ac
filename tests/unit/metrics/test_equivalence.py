"""Gene-wise equivalence against a margin."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from lotwise.errors import InputError
from lotwise.metrics.equivalence import equivalence, wald_equivalence

pytestmark = pytest.mark.requirement("STA-003")


def test_equivalence__equals_scipys_welch_tests():
    rng = np.random.default_rng(1)
    x, y = rng.normal(5, 0.4, (4, 30)), rng.normal(5.3, 0.6, (3, 30))
    found = equivalence(x, y, margin=0.8)
    lower = stats.ttest_ind(x + 0.8, y, equal_var=False, alternative="greater").pvalue
    upper = stats.ttest_ind(x - 0.8, y, equal_var=False, alternative="less").pvalue
    np.testing.assert_allclose(found.p_equivalent, np.maximum(lower, upper), atol=1e-12)


def test_equivalence__hand_words():
    # Differences 0, 4 and 1 with a standard error of .1 / sqrt(2): inside, outside, at the margin.
    x = np.array([[5.0], [5.1], [4.9], [5.0]]) + np.zeros(3)
    y = x - np.array([0, 4, 1.0])
    found = equivalence(x, y, margin=1.0)
    assert list(found.outcome) == ["equivalent", "different", "inconclusive"]
    np.testing.assert_allclose(found.difference, [0, 4, 1], atol=1e-12)


@settings(max_examples=30)
@given(st.integers(0, 1000), st.floats(-3, 3))
def test_equivalence__swapping_batches_and_shifting_both_changes_nothing(seed, shift):
    rng = np.random.default_rng(seed)
    x, y = rng.normal(5, 0.5, (3, 20)), rng.normal(5, 0.5, (4, 20))
    found = equivalence(x, y, margin=1.0)
    np.testing.assert_allclose(equivalence(y, x, margin=1.0).p_equivalent, found.p_equivalent)
    np.testing.assert_allclose(
        equivalence(x + shift, y + shift, margin=1.0).p_different, found.p_different, atol=1e-9
    )


def test_equivalence__null_at_the_margin_few_are_called_either():
    rng = np.random.default_rng(2)
    x, y = rng.normal(1.0, 0.3, (4, 20_000)), rng.normal(0, 0.3, (4, 20_000))
    found = equivalence(x, y, margin=1.0)  # the true difference is the margin itself
    assert np.mean(found.p_equivalent < 0.05) == pytest.approx(0.05, abs=0.006)
    assert np.mean(found.p_different < 0.05) < 0.056
    assert np.mean(found.outcome != "inconclusive") < 0.001


def test_equivalence__power_with_replicates_and_none_without():
    rng = np.random.default_rng(3)
    shift = np.repeat([0.0, 3.0], 500)
    x, y = rng.normal(5, 0.2, (6, 1000)) + shift, rng.normal(5, 0.2, (6, 1000))
    found = equivalence(x, y, margin=1.0)
    assert np.mean(found.outcome[:500] == "equivalent") > 0.99
    assert np.mean(found.outcome[500:] == "different") > 0.99
    noisy = equivalence(x[:2] + rng.normal(0, 2, (2, 1000)), y[:2], margin=1.0)
    assert np.mean(noisy.outcome == "inconclusive") > 0.99


def test_equivalence__one_replicate_or_flat_features_are_inconclusive_with_a_reason():
    one = equivalence([[1.0, 2.0]], [[1.0, 2.0], [1.1, 2.1]], margin=1)
    assert set(one.outcome) == {"inconclusive"}
    assert np.isnan(one.p_equivalent).all()
    assert one.reason == "a batch with one replicate"
    np.testing.assert_allclose(one.difference, [-0.05, -0.05])
    flat = equivalence(np.zeros((2, 2)), [[0, 1.0], [0, 1.2]], margin=1)
    assert np.isnan(flat.p_equivalent[0])
    assert flat.outcome[0] == "inconclusive"
    assert flat.reason == "features that do not vary: 1"
    with pytest.raises(InputError, match=r"margin must be > 0 and alpha in \(0, 1\), got 0"):
        equivalence(np.zeros((2, 2)), np.zeros((2, 2)), margin=0)
    with pytest.raises(InputError, match="x has 2 features and y 3"):
        equivalence(np.zeros((2, 2)), np.zeros((2, 3)), margin=1)


def test_wald_equivalence__hand_value_of_the_normal_distribution():
    found = wald_equivalence([0.0, 3.0], standard_error=[0.5, 0.5], margin=1.0)
    assert found.p_equivalent[0] == pytest.approx(0.0227501319, abs=1e-9)  # P(Z < -2)
    assert found.p_different[1] == pytest.approx(2 * 3.167124183e-5, rel=1e-8)  # 2 P(Z < -4)


def test_wald_equivalence__is_the_limit_of_welchs_test_with_many_replicates():
    rng = np.random.default_rng(4)
    x, y = rng.normal(0, 1, (4000, 20)), rng.normal(0.9, 1, (4000, 20))
    welch = equivalence(x, y, margin=1.0)
    wald = wald_equivalence(welch.difference, standard_error=welch.standard_error, margin=1.0)
    np.testing.assert_allclose(wald.p_equivalent, welch.p_equivalent, atol=1e-4)


@settings(max_examples=30)
@given(st.integers(0, 1000), st.floats(0.1, 10))
def test_wald_equivalence__ignores_direction_order_and_unit(seed, unit):
    rng = np.random.default_rng(seed)
    difference, error = rng.normal(0, 1, 20), rng.uniform(0.1, 1, 20)
    found = wald_equivalence(difference, standard_error=error, margin=1.0)
    turned = wald_equivalence(
        -unit * difference[::-1], standard_error=unit * error[::-1], margin=unit
    )
    np.testing.assert_allclose(turned.p_equivalent[::-1], found.p_equivalent, atol=1e-12)
    np.testing.assert_allclose(turned.p_different[::-1], found.p_different, atol=1e-12)


def test_wald_equivalence__null_at_the_margin_and_power_inside():
    rng = np.random.default_rng(5)
    error = np.full(20_000, 0.3)
    at_margin = wald_equivalence(rng.normal(1, 0.3, 20_000), standard_error=error, margin=1.0)
    assert np.mean(at_margin.p_equivalent < 0.05) == pytest.approx(0.05, abs=0.005)
    assert np.mean(at_margin.p_different < 0.05) == pytest.approx(0.025, abs=0.004)
    inside = wald_equivalence(rng.normal(0, 0.3, 20_000), standard_error=error, margin=1.0)
    # Power by the formula: P(|Z + 0| < margin / error - 1.645).
    assert np.mean(inside.p_equivalent < 0.05) == pytest.approx(
        1 - 2 * stats.norm.sf(1 / 0.3 - stats.norm.isf(0.05)), abs=0.01
    )


def test_wald_equivalence__no_estimate_is_inconclusive():
    found = wald_equivalence([np.nan, 0.0], standard_error=[np.nan, 0.1], margin=1.0)
    assert list(found.outcome) == ["inconclusive", "equivalent"]
    assert np.isnan(found.p_equivalent[0])
    assert found.reason == "features without an estimate: 1"
    # Either of the two is enough.
    half = wald_equivalence([np.nan, 0.0, 0.0], standard_error=[0.1, np.nan, 0.1], margin=1.0)
    assert half.reason == "features without an estimate: 2"
    with pytest.raises(InputError, match="a standard error is negative"):
        wald_equivalence([0.0], standard_error=[-1.0], margin=1.0)
    with pytest.raises(InputError, match=r"difference has shape \(1,\) and standard_error \(2,\)"):
        wald_equivalence([0.0], standard_error=[1.0, 1.0], margin=1.0)
