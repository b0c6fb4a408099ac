"""Tolerance factors against published tables."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from lotwise.errors import InputError
from lotwise.metrics.tolerance import tolerance_factor

pytestmark = pytest.mark.requirement("STA-002")


@pytest.mark.parametrize(
    ("n", "content", "confidence", "expected"),
    # Odeh and Owen 1980, table 3: exact two-sided factors.
    [
        (2, 0.95, 0.95, 36.519),
        (3, 0.95, 0.95, 9.789),
        (5, 0.95, 0.95, 5.077),
        (10, 0.95, 0.95, 3.393),
        (30, 0.95, 0.95, 2.555),
        (10, 0.99, 0.95, 4.437),
        (10, 0.90, 0.95, 2.856),
    ],
)
def test_tolerance_factor__exact_tables(n, content, confidence, expected):
    found = tolerance_factor(n, content=content, confidence=confidence)
    assert found == pytest.approx(expected, abs=6e-4)


def test_tolerance_factor__holds_its_content_with_its_confidence():
    rng = np.random.default_rng(1)
    n_runs = 40_000
    for n in (3, 8):
        values = rng.normal(size=(n_runs, n))
        reach = tolerance_factor(n) * values.std(axis=1, ddof=1)
        mean = values.mean(axis=1)
        content = stats.norm.cdf(mean + reach) - stats.norm.cdf(mean - reach)
        # Within three standard errors of the nominal confidence.
        assert np.mean(content >= 0.95) == pytest.approx(0.95, abs=3 * math.sqrt(0.0475 / n_runs))


@settings(max_examples=5, deadline=None)
@given(st.integers(2, 60), st.floats(0.5, 0.98))
def test_tolerance_factor__falls_with_n_and_rises_with_content(n, content):
    assert tolerance_factor(n, content=content) > tolerance_factor(n + 1, content=content)
    assert tolerance_factor(n, content=content + 0.01) > tolerance_factor(n, content=content)
    assert tolerance_factor(n, content=content) > stats.norm.ppf((1 + content) / 2)


def test_tolerance_factor__needs_two_values():
    with pytest.raises(InputError, match="n must be >= 2"):
        tolerance_factor(1)


@pytest.mark.parametrize(
    ("n", "content", "confidence"), [(4, 0.9, 0.99), (12, 0.99, 0.9), (6, 0.5, 0.5)]
)
def test_tolerance_factor__null_coverage_anywhere_and_power_over_1_96(n, content, confidence):
    n_runs = 40_000
    rng = np.random.default_rng(4)
    population = stats.norm(1.7, 0.02)
    values = population.rvs((n_runs, n), random_state=rng)
    mean, sd = values.mean(axis=1), values.std(axis=1, ddof=1)

    def confidence_of(factor):
        held = population.cdf(mean + factor * sd) - population.cdf(mean - factor * sd)
        return np.mean(held >= content)

    # Three standard errors of a share of the runs.
    error = 3 * math.sqrt(confidence * (1 - confidence) / n_runs)
    factor = tolerance_factor(n, content=content, confidence=confidence)
    assert confidence_of(factor) == pytest.approx(confidence, abs=error)
    # The factor for a known mean and sd would give too low a content.
    assert confidence_of(stats.norm.ppf((1 + content) / 2)) < confidence - error


@pytest.mark.parametrize("n", [10, 40, 200])
def test_tolerance_factor__is_howes_approximation_within_its_error(n):
    # Howe 1969, with the correction of Guenther 1977; within .5 % from n = 10 on.
    z2 = stats.norm.ppf(0.975) ** 2 * (n - 1) * (1 + 1 / n)
    chi2 = stats.chi2.ppf(0.05, n - 1)
    howe = math.sqrt(z2 / chi2) * math.sqrt(1 + (n - 3 - chi2) / (2 * (n + 1) ** 2))
    assert tolerance_factor(n) == pytest.approx(howe, rel=0.005)
