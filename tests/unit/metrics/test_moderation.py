"""Variances moderated towards their trend: parity with limma, null and power."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from lotwise.errors import InputError
from lotwise.metrics.equivalence import moderated_equivalence
from lotwise.metrics.moderation import moderate

GOLDEN = Path(__file__).parents[2] / "golden" / "limma.json"


@pytest.fixture(scope="module")
def golden():
    return json.loads(GOLDEN.read_text())


@pytest.mark.parametrize("trend", [False, True])
def test_moderate__is_limmas_squeeze_var(golden, trend):
    variances, level = np.array(golden["variance"]), np.array(golden["level"])
    found = moderate(variances, freedom=4, expression=level if trend else None)
    expected = golden["trend" if trend else "plain"]
    assert found.freedom_prior == pytest.approx(expected["df_prior"], rel=1e-7)
    np.testing.assert_allclose(found.variance, expected["var_post"], rtol=1e-7)
    np.testing.assert_allclose(
        found.variance_prior, np.broadcast_to(expected["var_prior"], variances.shape), rtol=1e-7
    )


def test_moderated_equivalence__is_limmas_treat_beyond_the_margin(golden):
    samples = np.array(golden["samples"])
    found = moderated_equivalence(samples[:3], samples[3:], margin=0.5)
    np.testing.assert_allclose(-found.difference, golden["difference"], atol=1e-10)
    # treat adds the tails beyond both margins; here p is twice the smaller tail.
    squares = 3 * (samples[:3].var(axis=0) + samples[3:].var(axis=0))
    freedom = moderate(squares / 4, freedom=4, expression=samples.mean(axis=0)).freedom
    outside = np.abs(found.difference) > 0.7
    assert outside.sum() > 10
    far = stats.t.sf((np.abs(found.difference) + 0.5) / found.standard_error, freedom)
    both = found.p_different / 2 + far
    np.testing.assert_allclose(both[outside], np.array(golden["treat_p"])[outside], rtol=1e-6)


def test_moderate__variances_that_vary_by_chance_become_one():
    rng = np.random.default_rng(1)
    found = moderate(4.0 * rng.chisquare(2, 5000) / 2, freedom=2)
    assert found.freedom_prior > 50
    assert np.ptp(found.variance) < 1
    assert np.median(found.variance) == pytest.approx(4, rel=0.05)


def test_moderate__variances_that_truly_differ_stay_apart():
    rng = np.random.default_rng(2)
    true = rng.lognormal(0, 1.5, 5000)
    found = moderate(true * rng.chisquare(20, 5000) / 20, freedom=20)
    assert found.freedom_prior < 3
    assert np.corrcoef(np.log(found.variance), np.log(true))[0, 1] > 0.95


def test_moderate__follows_the_trend_with_expression():
    rng = np.random.default_rng(3)
    level = rng.uniform(0, 12, 5000)
    true = 0.02 + 2.0 ** (2 - level)
    found = moderate(true * rng.chisquare(2, 5000) / 2, freedom=2, expression=level)
    np.testing.assert_allclose(np.log2(found.variance_prior), np.log2(true), atol=1.0)
    flat = moderate(true * rng.chisquare(2, 5000) / 2, freedom=2)
    low = level < 2
    assert np.median(flat.variance[low] / true[low]) < 0.6  # low features would look too certain
    assert np.median(found.variance[low] / true[low]) == pytest.approx(1, abs=0.25)


def test_moderate__does_not_depend_on_order_and_scales_with_the_unit():
    rng = np.random.default_rng(4)
    level, variances = rng.uniform(0, 10, 200), rng.chisquare(4, 200)
    found = moderate(variances, freedom=4, expression=level)
    turned = moderate(9 * variances[::-1], freedom=4, expression=level[::-1] + 5)
    np.testing.assert_allclose(turned.variance[::-1], 9 * found.variance, rtol=1e-8)


def test_moderate__few_or_no_variances_are_left_as_they_are():
    assert moderate([2.0], freedom=3).variance.tolist() == [2.0]
    assert moderate([0.0, 0.0], freedom=3).variance.tolist() == [0.0, 0.0]
    with pytest.raises(InputError, match="a variance is negative"):
        moderate([-1.0, 1.0], freedom=2)
    with pytest.raises(InputError, match="degrees of freedom must be > 0, got 0"):
        moderate([1.0, 1.0], freedom=0)
    with pytest.raises(InputError, match="got 1 expression values for 2 variances"):
        moderate([1.0, 1.0], freedom=2, expression=[1.0])
