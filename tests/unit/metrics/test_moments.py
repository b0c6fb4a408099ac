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
    refuse_negative,
    standardise,
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
    with pytest.raises(InputError, match=r"y has 0 dimensions, needed 1 \(features\)"):
        as_pair([1], 2)
    with pytest.raises(InputError, match=r"counts has 1 dimensions, needed 2"):
        as_matrix([1, 2], name="counts")
    with pytest.raises(InputError, match="x holds 2 NaN or infinite values"):
        as_pair([1, math.inf, -math.inf], [1, 2, 3])
    with pytest.raises(
        InputError, match="x holds 2 negative values, needed >= 0; give it unlogged"
    ):
        refuse_negative(np.array([-1.0, -2.0]), name="x")
