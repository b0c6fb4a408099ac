"""R from float32 products, compared with float64."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st

from lotwise.errors import InputError
from lotwise.outofcore.rows import correlate_rows, prepare_rows

N = 20_000


def _ours(values, *, method="pearson", pseudocount=None):
    rows = prepare_rows(values, method=method, pseudocount=pseudocount)
    return correlate_rows(rows, rows)


def _half_zero(rng, n_samples=6):
    base = rng.gamma(2, 2, N) * (rng.random(N) > 0.5)
    return np.where(base > 0, np.maximum(base + rng.normal(0, 0.5, (n_samples, N)), 0), 0)


def _plateaus(rng):
    values = _half_zero(rng)
    return np.where(rng.random(values.shape) < 0.4, 5.3, values)


def _ties_at_the_top(rng):
    return np.minimum(_half_zero(rng), 2.7)


def _normal(rng):
    return rng.normal(size=N) + rng.normal(size=(6, N))


def _one_huge_value(rng):
    values = _normal(rng)
    values[:, 7] = 1e7
    return values


@pytest.mark.parametrize("shift", [0.0, 1e6, -1e6])
@pytest.mark.parametrize(
    "make", [_half_zero, _plateaus, _ties_at_the_top, _normal, _one_huge_value]
)
def test_correlate_rows__is_within_a_millionth_of_float64(make, shift):
    values = make(np.random.default_rng(1)) + shift
    assert np.abs(_ours(values) - np.corrcoef(values)).max() < 1e-6


def test_correlate_rows__centred_float32_would_miss_the_bound():
    # Why samples are shifted by their most common value: without it the error is too large.
    values = _half_zero(np.random.default_rng(1))
    centred = (values - values.mean(axis=1, keepdims=True)).astype(np.float32)
    products = (centred @ centred.T).astype(np.float64)
    spread = np.sqrt(np.diagonal(products))
    plain = np.abs(products / np.outer(spread, spread) - np.corrcoef(values)).max()
    assert np.abs(_ours(values) - np.corrcoef(values)).max() < 1e-6 < plain


def test_correlate_rows__takes_float32_as_it_is():
    values = _half_zero(np.random.default_rng(2)).astype(np.float32) + np.float32(1e6)
    assert np.abs(_ours(values) - np.corrcoef(values.astype(np.float64))).max() < 1e-6


def test_prepare_rows__ranks_as_scipy_does():
    values = _half_zero(np.random.default_rng(3))
    expected = scipy.stats.spearmanr(values, axis=1).statistic
    assert np.abs(_ours(values, method="spearman") - expected).max() < 1e-6


def test_prepare_rows__takes_log2_of_tpm():
    tpm = np.exp(_half_zero(np.random.default_rng(4)).clip(0, 12)) - 1
    expected = np.corrcoef(np.log2(tpm + 0.1))
    assert np.abs(_ours(tpm, pseudocount=0.1) - expected).max() < 1e-6


def test_prepare_rows__refuses_a_log_scale_as_tpm():
    with pytest.raises(InputError, match="TPM must be >= 0, got a value of -2"):
        prepare_rows(np.array([[1.0, -2.0]]), method="pearson", pseudocount=1.0)


def test_correlate_rows__is_nan_where_r_is_not_defined():
    values = np.array([[1.0, 2, 3, 5], [4, 4, 4, 4], [1, np.nan, 2, 3], [2, np.inf, 1, 1]])
    values = np.vstack([values, [5, 3, 2, 1]])
    r = _ours(values)
    assert np.isnan(r[:, 1:4]).all()
    assert np.isnan(r[1:4]).all()
    assert r[0, 4] == pytest.approx(np.corrcoef(values[[0, 4]])[0, 1], abs=1e-6)


@settings(max_examples=25, deadline=None)
@given(
    st.integers(0, 10**6),
    st.floats(-1e3, 1e3),
    st.floats(1e-20, 1e20),
)
def test_correlate_rows__ignores_shift_and_scale(seed, shift, scale):
    values = np.random.default_rng(seed).normal(size=(3, 200))
    moved = (values + shift) * scale
    assert np.abs(_ours(moved) - np.corrcoef(values)).max() < 1e-6
