"""SERE: overdispersion between count libraries."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import stats

from lotwise.errors import InputError
from lotwise.metrics.dispersion import sere

matrices = st.tuples(st.integers(2, 5), st.integers(1, 20)).flatmap(
    lambda shape: arrays(np.float64, shape, elements=st.integers(0, 500).map(float))
)


def test_sere__hand_value():
    # totals 30 and 30, features 20 and 40: E = 10, 20 each; (25 + 25) / 10 + (25 + 25) / 20
    found = sere([[15, 15], [5, 25]])
    assert found.sere == pytest.approx(math.sqrt(7.5 / 2))
    assert (found.n_features, found.reason) == (2, "")


def test_sere__equals_the_chi_square_of_the_table():
    counts = np.random.default_rng(1).poisson(20, (4, 300)).astype(float)
    found = sere(counts)
    chi_square = stats.chi2_contingency(counts, correction=False).statistic
    assert found.sere == pytest.approx(math.sqrt(chi_square / (300 * 3)), abs=1e-12)


@given(matrices)
def test_sere__ignores_the_order_of_samples_and_features_and_empty_features(counts):
    found = sere(counts)
    if found.reason:
        assert math.isnan(found.sere)
        return
    assert sere(counts[::-1, ::-1]).sere == pytest.approx(found.sere)
    padded = np.hstack([counts, np.zeros((counts.shape[0], 3))])
    assert sere(padded) == found


def test_sere__null_poisson_libraries_of_other_depths_give_one():
    rng = np.random.default_rng(2)
    means = rng.lognormal(3, 1.5, 20_000)
    counts = np.stack([rng.poisson(depth * means) for depth in (0.5, 1, 2)])
    assert sere(counts).sere == pytest.approx(1, abs=0.02)


def test_sere__power_duplicates_zero_and_overdispersion_above_one():
    rng = np.random.default_rng(3)
    means = rng.lognormal(3, 1.5, 20_000)
    duplicate = rng.poisson(means)
    assert sere([duplicate, duplicate]).sere == 0
    assert sere([duplicate, 2 * duplicate]).sere == pytest.approx(0, abs=1e-12)
    dispersed = rng.poisson(means * rng.gamma(10, 0.1, (2, 20_000)))
    assert sere(dispersed).sere > 1.5


@pytest.mark.parametrize(
    ("counts", "reason"),
    [
        ([[5, 5]], "fewer than two samples"),
        ([[0, 0], [0, 1]], "no feature has more than one count"),
        ([[5, 5], [0, 0]], "a sample has no counts"),
    ],
)
def test_sere__undefined_is_nan_with_a_reason(counts, reason):
    found = sere(counts)
    assert math.isnan(found.sere)
    assert found.reason == reason


def test_sere__negative_counts_are_refused():
    with pytest.raises(InputError, match="negative value"):
        sere([[1, -1], [1, 1]])
