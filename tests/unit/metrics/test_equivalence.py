"""Gene-wise equivalence against a margin."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from lotwise.errors import InputError
from lotwise.metrics.equivalence import equivalence, moderated_equivalence, wald_equivalence

pytestmark = pytest.mark.requirement("STA-003")

OUTCOMES = ("equivalent", "different", "inconclusive")


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
    assert one.reason == "a batch has only one replicate"
    np.testing.assert_allclose(one.difference, [-0.05, -0.05])
    flat = equivalence(np.zeros((2, 2)), [[0, 1.0], [0, 1.2]], margin=1)
    assert np.isnan(flat.p_equivalent[0])
    assert flat.outcome[0] == "inconclusive"
    assert flat.reason == "features that do not vary: 1"
    with pytest.raises(InputError, match=r"margin must be > 0 and alpha in \(0, 1\), got 0"):
        equivalence(np.zeros((2, 2)), np.zeros((2, 2)), margin=0)
    with pytest.raises(InputError, match="x has 2 features and y has 3"):
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
    with pytest.raises(InputError, match="every standard error must be >= 0"):
        wald_equivalence([0.0], standard_error=[-1.0], margin=1.0)
    with pytest.raises(
        InputError, match=r"'difference' has shape \(1,\), 'standard_error' has shape \(2,\)"
    ):
        wald_equivalence([0.0], standard_error=[1.0, 1.0], margin=1.0)


@pytest.mark.parametrize("test", [equivalence, moderated_equivalence])
@pytest.mark.parametrize(
    ("margin", "alpha"),
    [(-1.0, 0.05), (np.nan, 0.05), (1.0, 0.0), (1.0, 1.0), (1.0, -0.5), (1.0, 1.5), (1.0, np.nan)],
)
def test_equivalence__refuses_a_margin_or_alpha_out_of_range(test, margin, alpha):
    x, y = np.random.default_rng(7).normal(5, 0.2, (2, 3, 10))
    with pytest.raises(InputError, match=f"got {margin} and {alpha}"):
        test(x, y, margin=margin, alpha=alpha)
    with pytest.raises(InputError, match=f"got {margin} and {alpha}"):
        wald_equivalence([0.0], standard_error=[1.0], margin=margin, alpha=alpha)


def test_equivalence__hand_value_of_welchs_t():
    # Variances 1 and 4 over 2 and 3 replicates: error^2 = 1/2 + 4/3 = 11/6, and the freedom is
    # (11/6)^2 / ((1/2)^2 / 1 + (4/3)^2 / 2) = 121 / 41. The difference of the means is 3.
    x = np.array([[8.0], [8 + np.sqrt(2)]]) - np.sqrt(0.5)
    y = np.array([[3.0], [5.0], [7.0]])
    found = equivalence(x, y, margin=1.0)
    error, freedom = np.sqrt(11 / 6), 121 / 41
    assert found.difference[0] == pytest.approx(3, abs=1e-12)
    assert found.standard_error[0] == pytest.approx(error, rel=1e-12)
    # Inside: the worse of the two tests is that against the upper margin, (3 - 1) / error.
    assert found.p_equivalent[0] == pytest.approx(stats.t.cdf(2 / error, freedom), rel=1e-9)
    # Outside: twice the smaller of both one-sided tests.
    assert found.p_different[0] == pytest.approx(2 * stats.t.sf(2 / error, freedom), rel=1e-9)
    assert found.reason == ""


def test_equivalence__a_p_is_never_beyond_one():
    found = wald_equivalence([0.0, 0.5], standard_error=[0.1, 0.1], margin=1.0)
    assert found.p_different.tolist() == [1, 1]
    assert found.p_different_adjusted.tolist() == [1, 1]


def test_equivalence__calls_follow_the_adjusted_p_and_alpha():
    # p of lessAbs are .01, .02 and .04: 3p/1, 3p/2 and 3p/3, made monotone, are .03, .03 and .04.
    difference = 1 + stats.norm.ppf([0.01, 0.02, 0.04]) * 0.1
    found = wald_equivalence(difference, standard_error=[0.1] * 3, margin=1.0)
    np.testing.assert_allclose(found.p_equivalent, [0.01, 0.02, 0.04], rtol=1e-9)
    np.testing.assert_allclose(found.p_equivalent_adjusted, [0.03, 0.03, 0.04], rtol=1e-9)
    assert set(found.outcome) == {"equivalent"}
    for alpha, called in ((0.035, 2), (0.025, 0)):
        again = wald_equivalence(difference, standard_error=[0.1] * 3, margin=1.0, alpha=alpha)
        assert np.count_nonzero(again.outcome == "equivalent") == called
    # The same for features beyond the margin; p of greaterAbs is twice the tail.
    difference = 1 + stats.norm.isf([0.005, 0.01, 0.02]) * 0.1
    found = wald_equivalence(difference, standard_error=[0.1] * 3, margin=1.0)
    np.testing.assert_allclose(found.p_different_adjusted, [0.03, 0.03, 0.04], rtol=1e-9)
    for alpha, called in ((0.05, 3), (0.035, 2), (0.025, 0)):
        again = wald_equivalence(difference, standard_error=[0.1] * 3, margin=1.0, alpha=alpha)
        assert np.count_nonzero(again.outcome == "different") == called


@pytest.mark.parametrize("test", [equivalence, moderated_equivalence])
def test_equivalence__a_batch_without_replicates_has_no_difference(test):
    some, none = np.random.default_rng(8).normal(5, 1, (3, 4)), np.empty((0, 4))
    for x, y in ((some, none), (none, some), (none, none)):
        found = test(x, y, margin=1.0)
        assert found.reason == "a batch without replicates"
        assert list(found.outcome) == ["inconclusive"] * 4
        for numbers in found[:6]:
            assert numbers.shape == (4,)
            assert np.isnan(numbers).all()


@pytest.mark.parametrize("test", [equivalence, moderated_equivalence])
def test_equivalence__one_replicate_on_either_side_has_a_difference_alone(test):
    many, one = np.array([[1.0, 5.0], [3.0, 7.0]]), np.array([[4.0, 5.0]])
    for found, sign in ((test(many, one, margin=1.0), 1), (test(one, many, margin=1.0), -1)):
        assert found.reason == "a batch has only one replicate"
        assert found.difference.tolist() == [-2 * sign, 1 * sign]
        for numbers in found[1:6]:
            assert np.isnan(numbers).all()
        assert list(found.outcome) == ["inconclusive"] * 2


def test_equivalence__a_feature_that_varies_in_one_batch_alone_is_tested():
    x = np.array([[5.0, 5.0, 5.0], [5.0, 5.0, 5.01]])
    y = np.array([[5.0, 5.0, 5.0], [5.01, 5.0, 5.0]])
    found = equivalence(x, y, margin=1.0)
    # Satterthwaite's freedom is that of the batch that varies: 1; t is (1 - .005) / .005 = 199.
    p = stats.t.sf(199, 1)
    np.testing.assert_allclose(found.p_equivalent, [p, np.nan, p], rtol=1e-9)
    # Two features with equal p are tested, so the adjustment changes nothing.
    np.testing.assert_allclose(found.p_equivalent_adjusted, [p, np.nan, p], rtol=1e-9)
    assert list(found.outcome) == ["equivalent", "inconclusive", "equivalent"]
    assert found.reason == "features that do not vary: 1"


def test_moderated_equivalence__without_a_trend_to_fit_two_features_by_hand():
    # Squares of 1/2 in x and 2 in y with 1 + 2 degrees of freedom: both have the variance 5/6. They
    # differ no more than by chance, so that the freedom is that of all features, 2 * 3. limma
    # averages logarithms of variances, and corrects them by log(d / 2) - digamma(d / 2), d = 3.
    x = np.array([[5.0, 8.0], [6.0, 7.0]])
    y = np.array([[4.0, 9.0], [5.0, 8.0], [6.0, 10.0]])
    found = moderated_equivalence(x, y, margin=1.0)
    variance = 5 / 6 * 1.5 / np.exp(2 - np.euler_gamma - np.log(4))  # digamma(3/2) = 2 - g - log 4
    error = np.sqrt(variance * (1 / 2 + 1 / 3))
    np.testing.assert_allclose(found.standard_error, error, rtol=1e-9)
    difference = x.mean(axis=0) - y.mean(axis=0)
    np.testing.assert_allclose(found.difference, difference, atol=1e-12)
    p = stats.t.cdf((np.abs(difference) - 1) / error, 6)
    np.testing.assert_allclose(found.p_equivalent, p, rtol=1e-9)
    assert found.reason == ""


def test_moderated_equivalence__alpha_and_margin_reach_the_tests():
    rng = np.random.default_rng(9)
    x, y = rng.normal(5, 0.3, (2, 3, 100))
    y += rng.uniform(-3, 3, 100)
    calls = {}
    for margin, alpha in ((1.0, 0.05), (1.0, 1e-9), (10.0, 0.05)):
        found = moderated_equivalence(x, y, margin=margin, alpha=alpha)
        calls[margin, alpha] = [int(np.sum(found.outcome == one)) for one in OUTCOMES]
        inside, outside = found.p_equivalent_adjusted < alpha, found.p_different_adjusted < alpha
        assert calls[margin, alpha][:2] == [inside.sum(), outside.sum()]
    assert min(calls[1.0, 0.05]) > 0
    assert calls[1.0, 1e-9][2] > calls[1.0, 0.05][2]
    assert calls[10.0, 0.05] == [100, 0, 0]


def test_wald_equivalence__refuses_a_table_and_takes_an_error_of_zero():
    with pytest.raises(InputError, match=r"expected one value per feature in both"):
        wald_equivalence([[0.0]], standard_error=[[1.0]], margin=1.0)
    found = wald_equivalence([0.5, 2.0], standard_error=[0, 0], margin=1.0)
    assert found.standard_error.dtype == np.float64
    assert list(found.outcome) == ["equivalent", "different"]
    assert found.p_equivalent.tolist() == [0, 1]
    assert found.reason == ""
