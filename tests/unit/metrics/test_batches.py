"""Batches as the unit of inference."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from lotwise.errors import InputError
from lotwise.metrics.batches import leave_one_out, rank_p, reference_interval, tolerance_factor


def test_leave_one_out__hand_value_and_the_diagonal_never_counts():
    r = [[9, 0.9, 0.5, 0.7], [0.9, 9, 0.6, 0.8], [0.5, 0.6, 9, 0.4], [0.7, 0.8, 0.4, 9]]
    found = leave_one_out(r, batches=[*"abcd"])
    np.testing.assert_allclose(found.median_to_others, [0.7, 0.8, 0.5, 0.7])
    assert found.n_others == 3


@given(st.integers(2, 9), st.integers(0, 1000))
def test_leave_one_out__follows_the_batches_when_they_are_reordered(k, seed):
    rng = np.random.default_rng(seed)
    r = rng.uniform(0.8, 1, (k, k))
    r = (r + r.T) / 2
    order = rng.permutation(k)
    found = leave_one_out(r, batches=np.arange(k)).median_to_others
    moved = leave_one_out(r[np.ix_(order, order)], batches=order).median_to_others
    np.testing.assert_array_equal(moved, found[order])
    expected = [np.median(np.delete(r[i], i)) for i in range(k)]
    np.testing.assert_allclose(found, expected)


def test_leave_one_out__power_the_batch_apart_is_the_lowest():
    r = np.full((5, 5), 0.98)
    r[2] = r[:, 2] = 0.9
    found = leave_one_out(r, batches=np.arange(5)).median_to_others
    assert found.argmin() == 2
    np.testing.assert_allclose(np.delete(found, 2), 0.98)


def test_leave_one_out__undefined_r_and_one_batch_are_nan_with_a_reason():
    found = leave_one_out([[1, np.nan], [np.nan, 1]], batches=["a", "b"])
    assert np.isnan(found.median_to_others).all()
    assert found.reasons == ("R to every other batch is not defined",) * 2
    assert leave_one_out([[1]], batches=["a"]).reasons == ("no other batch",)
    with pytest.raises(InputError, match="not symmetric"):
        leave_one_out([[1, 0.1], [0.2, 1]], batches=["a", "b"])
    with pytest.raises(InputError, match=r"3 batches and correlations of \(2, 2\)"):
        leave_one_out(np.eye(2), batches=["a", "b", "c"])


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
        # Within three standard errors of the confidence asked for.
        assert np.mean(content >= 0.95) == pytest.approx(0.95, abs=3 * math.sqrt(0.0475 / n_runs))


@settings(max_examples=5, deadline=None)
@given(st.integers(2, 60), st.floats(0.5, 0.98))
def test_tolerance_factor__falls_with_n_and_rises_with_content(n, content):
    assert tolerance_factor(n, content=content) > tolerance_factor(n + 1, content=content)
    assert tolerance_factor(n, content=content + 0.01) > tolerance_factor(n, content=content)
    assert tolerance_factor(n, content=content) > stats.norm.ppf((1 + content) / 2)


def test_tolerance_factor__needs_two_values():
    with pytest.raises(InputError, match="n is 1"):
        tolerance_factor(1)


def test_reference_interval__hand_value():
    # z of tanh(1), tanh(2), tanh(3): mean 2, sd 1
    found = reference_interval(np.tanh([1.0, 2.0, 3.0]))
    reach = stats.t.ppf(0.975, 2) * math.sqrt(4 / 3)
    assert math.atanh(found.prediction_lower) == pytest.approx(2 - reach, abs=1e-9)
    assert math.atanh(found.prediction_upper) == pytest.approx(2 + reach, abs=1e-6)
    assert math.atanh(found.tolerance_lower) == pytest.approx(2 - 9.78875, abs=1e-3)
    assert "3 batches" in found.words
    assert "9.8 standard deviations" in found.words


def test_reference_interval__covers_the_next_batch_as_it_says():
    rng = np.random.default_rng(2)
    n_inside, n_runs = 0, 20_000
    z = rng.normal(2, 0.3, (n_runs, 5))
    for row in z[:2000]:
        found = reference_interval(np.tanh(row[:4]))
        n_inside += found.prediction_lower <= np.tanh(row[4]) <= found.prediction_upper
    assert n_inside / 2000 == pytest.approx(0.95, abs=3 * math.sqrt(0.0475 / 2000))


@pytest.mark.parametrize("correlations", [[0.98], [0.98, 0.98]])
def test_reference_interval__one_or_two_batches_are_nan_with_a_reason(correlations):
    # The medians of two batches to each other are one and the same R: limits of width 0.
    found = reference_interval(correlations)
    assert math.isnan(found.prediction_lower)
    assert found.reason == "fewer than three reference batches have no spread: two share one R"
    with pytest.raises(InputError, match="beyond -1 to 1"):
        reference_interval([1.2, 0.9])


def test_rank_p__hand_values_and_floor():
    assert rank_p(0.5, reference=[0.9, 0.95, 0.99])[:3] == (0.25, 0.25, 1)
    assert rank_p(0.95, reference=[0.9, 0.95, 0.99]).p == 0.75
    assert rank_p(1.0, reference=[0.9, 0.95, 0.99]).p == 1
    assert "smallest possible p is 1/4" in rank_p(0.5, reference=[0.9, 0.95, 0.99]).words
    nothing = rank_p(0.5, reference=[])
    assert math.isnan(nothing.p)
    assert "no reference batch" in nothing.words
    with pytest.raises(InputError, match="needed a finite number"):
        rank_p(math.nan, reference=[0.9])


def test_rank_p__null_is_uniform_on_its_steps_and_power_needs_many_batches():
    rng = np.random.default_rng(3)
    found = [rank_p(row[0], reference=row[1:]).p for row in rng.normal(0.9, 0.01, (4000, 20))]
    counts = np.bincount(np.rint(np.array(found) * 20).astype(int))[1:]
    assert stats.chisquare(counts).pvalue > 0.001
    reference = rng.normal(0.98, 0.001, 39)
    assert rank_p(0.9, reference=reference).p == 1 / 40


def test_reference_interval__is_scipys_t_interval_on_fishers_z_in_any_order():
    r = np.array([0.97, 0.98, 0.975, 0.99, 0.985])
    z = np.arctanh(r)
    expected = np.tanh(
        stats.t.interval(0.9, 4, loc=z.mean(), scale=z.std(ddof=1) * np.sqrt(1 + 1 / 5))
    )
    for given_as in (r, r[::-1]):
        found = reference_interval(given_as, level=0.9)
        np.testing.assert_allclose([found.prediction_lower, found.prediction_upper], expected)


@given(
    st.lists(st.floats(-0.99, 0.99, allow_subnormal=False), min_size=3, max_size=8),
    st.integers(0, 100),
)
def test_rank_p__knows_ranks_alone(reference, seed):
    order = np.random.default_rng(seed).permutation(len(reference))
    new = reference[0]
    found = rank_p(new, reference=reference).p
    assert rank_p(new, reference=np.array(reference)[order]).p == found
    # Any change that keeps the order keeps p.
    assert rank_p(new / 2, reference=np.array(reference) / 2).p == found
    share = stats.percentileofscore(reference, new, kind="weak") / 100
    assert found == pytest.approx((1 + share * len(reference)) / (len(reference) + 1))


def test_leave_one_out__null_of_like_batches_names_none():
    r = np.full((5, 5), 0.97)
    assert set(leave_one_out(r, batches=range(5)).median_to_others) == {0.97}


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
    # The factor of a known mean and sd would hold too little.
    assert confidence_of(stats.norm.ppf((1 + content) / 2)) < confidence - error


@pytest.mark.parametrize("n", [10, 40, 200])
def test_tolerance_factor__is_howes_approximation_within_its_error(n):
    # Howe 1969, with the correction of Guenther 1977; within .5 % from n = 10 on.
    z2 = stats.norm.ppf(0.975) ** 2 * (n - 1) * (1 + 1 / n)
    chi2 = stats.chi2.ppf(0.05, n - 1)
    howe = math.sqrt(z2 / chi2) * math.sqrt(1 + (n - 3 - chi2) / (2 * (n + 1) ** 2))
    assert tolerance_factor(n) == pytest.approx(howe, rel=0.005)


def test_reference_interval__power_is_that_of_the_noncentral_t():
    rng = np.random.default_rng(5)
    k, sd, n_runs = 6, 0.1, 1500
    critical, spread = stats.t.ppf(0.975, k - 1), sd * math.sqrt(1 + 1 / k)
    for shift in (0.3, 0.6):
        n_outside = 0
        for row in rng.normal(2, sd, (n_runs, k + 1)):
            found = reference_interval(np.tanh(row[:k]))
            new = np.tanh(row[k] - shift)
            n_outside += not found.prediction_lower <= new <= found.prediction_upper
        apart = stats.nct(k - 1, shift / spread)
        power = apart.sf(critical) + apart.cdf(-critical)
        error = 3 * math.sqrt(power * (1 - power) / n_runs)
        assert n_outside / n_runs == pytest.approx(power, abs=error)
    assert power > 0.95
