"""Checks and moments shared by the pairwise statistics."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import stats

from lotwise.errors import InputError
from lotwise.metrics.moments import (
    as_matrix,
    as_pair,
    correlation,
    is_constant,
    largest,
    refuse_negative,
    stable_order,
    standardise,
    standardise_samples,
    standardise_with_sd,
    standardised_correlation,
    why_undefined,
)


@given(
    arrays(np.float64, 20, elements=st.floats(-1e3, 1e3, width=32)),
    arrays(np.float64, 20, elements=st.floats(-1e3, 1e3, width=32)),
)
def test_correlation__equals_scipy_and_stays_in_range(x, y):
    if min(np.std(x), np.std(y)) < 1e-2:
        return
    r = correlation(x, y)
    assert -1 <= r <= 1
    assert r == pytest.approx(stats.pearsonr(x, y).statistic, abs=1e-9)
    assert correlation(x, -y) == pytest.approx(-r, abs=1e-9)


def test_correlation__one_and_minus_one_are_exact():
    x = np.random.default_rng(1).normal(size=777)
    assert correlation(x, x) == 1
    assert correlation(x, -x) == -1


def test_standardise__unit_moments_despite_a_large_mean():
    z = standardise(np.random.default_rng(2).normal(1e8, 1, 1000))
    assert abs(z.mean()) < 1e-12
    assert np.mean(z**2) == pytest.approx(1, abs=1e-12)


@pytest.mark.parametrize("value", [0.1, 1e16, -3.3])
def test_why_undefined__sees_constants_that_rounding_hides(value):
    constant = np.full(7, value)
    assert why_undefined(constant, np.arange(7.0)) == "x is constant"
    assert why_undefined(np.arange(7.0), constant) == "y is constant"
    assert why_undefined(np.arange(7.0), np.arange(7.0)) == ""


def test_checks__say_what_came_and_what_is_needed():
    with pytest.raises(InputError, match=r"y must be one-dimensional \(features\), got 0"):
        as_pair([1], 2)
    with pytest.raises(InputError, match=r"counts must be two-dimensional .*, got 1 dim"):
        as_matrix([1, 2], name="counts")
    with pytest.raises(InputError, match="x must be finite, got 2 NaN or infinite values"):
        as_pair([1, math.inf, -math.inf], [1, 2, 3])
    with pytest.raises(
        InputError, match="x must be >= 0, got 2 negative values; use values that are not logged"
    ):
        refuse_negative(np.array([-1.0, -2.0]), name="x")


def test_as_matrix__takes_samples_by_features_and_names_what_is_not_finite():
    found = as_matrix([[1, 2], [3, 4]], name="tpm")
    assert (found.dtype, found.tolist()) == (np.float64, [[1.0, 2.0], [3.0, 4.0]])
    with pytest.raises(InputError, match="tpm must be finite, got 1 NaN or infinite value"):
        as_matrix([[1, math.nan], [3, 4]], name="tpm")


def test_refuse_negative__zero_is_allowed():
    refuse_negative(np.array([0.0, 1.0]), name="x")
    with pytest.raises(InputError, match="got 1 negative value;"):
        refuse_negative(np.array([0.0, -1.0]), name="x")


def test_standardise_with_sd__hand_value():
    values, sd = standardise_with_sd(np.array([1.0, 3.0, 5.0, 7.0]))
    assert sd == pytest.approx(math.sqrt(5))
    assert values == pytest.approx(np.array([-3.0, -1.0, 1.0, 3.0]) / math.sqrt(5))


@given(arrays(np.float64, st.integers(0, 40), elements=st.sampled_from([-1.0, 0.0, 0.5, 2.0, 7.0])))
def test_stable_order_and_largest__are_those_of_numpys_stable_sort(values):
    assert stable_order(values).tolist() == np.argsort(values, kind="stable").tolist()
    downwards = np.argsort(-values, kind="stable")
    for n in (None, 1, 3, 100):
        assert largest(values, n).tolist() == downwards[:n].tolist()


def test_standardise_samples__as_one_by_one_and_nan_where_constant():
    samples = np.random.default_rng(1).lognormal(0, 1, (3, 200))
    samples[1] = 4.0
    found = standardise_samples(samples)
    assert np.isnan(found[1]).all()
    for row in (0, 2):
        np.testing.assert_array_equal(found[row], standardise(samples[row]))


@pytest.mark.parametrize("noise", [0.0, 0.1, 1.0, 30.0])
@pytest.mark.parametrize("sign", [1, -1])
def test_standardised_correlation__is_the_correlation_of_scipy(noise, sign):
    rng = np.random.default_rng(2)
    x = rng.normal(size=500)
    y = sign * x + noise * rng.normal(size=500)
    found = standardised_correlation(standardise(x), standardise(y))
    assert found == correlation(x, y)
    assert found == pytest.approx(stats.pearsonr(x, y).statistic, abs=1e-12)


def test_is_constant__looks_beyond_the_first_values():
    values = np.zeros(1000)
    assert is_constant(values)
    values[-1] = 1
    assert not is_constant(values)
