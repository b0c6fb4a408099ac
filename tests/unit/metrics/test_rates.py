"""False discovery rates."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import stats

from lotwise.errors import InputError
from lotwise.metrics.rates import benjamini_hochberg

pytestmark = pytest.mark.requirement("STA-001")

p_values = st.integers(1, 40).flatmap(lambda n: arrays(np.float64, n, elements=st.floats(0, 1)))


def test_benjamini_hochberg__hand_value():
    np.testing.assert_allclose(benjamini_hochberg([0.01, 0.02, 0.5, 0.03]), [0.04, 0.04, 0.5, 0.04])


@given(p_values)
def test_benjamini_hochberg__equals_scipy_and_keeps_the_order(p):
    found = benjamini_hochberg(p)
    np.testing.assert_allclose(found, stats.false_discovery_control(p), atol=1e-12)
    order = np.random.default_rng(0).permutation(p.size)
    np.testing.assert_array_equal(benjamini_hochberg(p[order]), found[order])
    assert (found >= p - 1e-12).all()


def test_benjamini_hochberg__null_and_power():
    rng = np.random.default_rng(1)
    n_named = sum((benjamini_hochberg(rng.random(200)) < 0.05).any() for _ in range(400))
    assert n_named / 400 < 0.05 + 3 * np.sqrt(0.05 * 0.95 / 400)
    mixed = np.concatenate([rng.random(900), rng.random(100) * 1e-4])
    assert (benjamini_hochberg(mixed)[900:] < 0.05).all()


def test_benjamini_hochberg__untested_is_nan_and_does_not_count():
    np.testing.assert_allclose(benjamini_hochberg([np.nan, 0.02, np.nan]), [np.nan, 0.02, np.nan])
    assert benjamini_hochberg([]).size == 0
    # Whole numbers are p-values too, both ends included.
    np.testing.assert_array_equal(benjamini_hochberg([0, 1, 1]), [0.0, 1.0, 1.0])
    with pytest.raises(InputError, match="every p-value must be in"):
        benjamini_hochberg([1.2])
