"""Batches as the unit of inference."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from lotwise.errors import InputError
from lotwise.metrics.batches import (
    fewer_replicates_variance,
    leave_one_out,
    medians_of_samples,
    rank_p,
    reference_interval,
)

pytestmark = pytest.mark.requirement("STA-002")


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
    with pytest.raises(InputError, match="must be symmetric"):
        leave_one_out([[1, 0.1], [0.2, 1]], batches=["a", "b"])
    with pytest.raises(InputError, match=r"got 3 batches, but the matrix of R has shape \(2, 2\)"):
        leave_one_out(np.eye(2), batches=["a", "b", "c"])


def additive(own):
    """R of batches, each of which adds its own effect to -ln R of all its pairs."""
    own = np.asarray(own, dtype=float)
    r = np.exp(-(own[:, None] + own[None, :]))
    np.fill_diagonal(r, 1)
    return r


def test_reference_interval__hand_value():
    # -ln R of the pairs is 3, 4 and 5, times 0.01: the batches add 1, 2 and 3.
    costs = np.array([0.01, 0.02, 0.03])
    found = reference_interval(additive(costs))
    centre, sd = np.log(costs).mean(), np.log(costs).std(ddof=1)
    reach = stats.t.ppf(0.975, 2) * math.sqrt(4 / 3) * sd
    for limit, end in (
        (found.prediction_lower, reach),
        (found.prediction_upper, -reach),
        (found.tolerance_lower, 9.78875 * sd),
        (found.tolerance_upper, -9.78875 * sd),
    ):
        assert -math.log(limit) == pytest.approx(0.02 + math.exp(centre + end), rel=1e-4)
    assert "3 batches" in found.words
    assert "9.8 standard deviations" in found.words
    assert "About 5 % of good batches that vary independently lie outside" in found.words
    assert f"only if it adds more than {math.exp(reach):.2g} times as much to -ln R" in found.words


def test_reference_interval__says_what_a_batch_must_add_to_lie_below():
    alike, unlike = (reference_interval(additive(own)) for own in ([0.02] * 4, [0.01, 0.02, 0.1]))
    assert "adds more than 1 times as much to -ln R" in alike.words
    assert unlike.prediction_lower < 0.01
    assert "adds more than 99 times as much to -ln R" in unlike.words


@pytest.mark.slow
@pytest.mark.parametrize("spread", [0.05, 0.3, 0.6])
@pytest.mark.parametrize("k", [3, 4, 7])
def test_reference_interval__null_covers_the_next_batch_on_either_side(k, spread):
    # Batch noise of any spread; on Fisher's z most of the batches outside were below.
    rng = np.random.default_rng(2)
    n_runs, below, above = 3000, 0, 0
    for own in 0.01 * rng.lognormal(0, spread, (n_runs, k + 1)):
        r = additive(own)
        found = reference_interval(r[:k, :k])
        median = np.median(r[k, :k])
        below += median < found.prediction_lower
        above += median > found.prediction_upper
    error = 3 * math.sqrt(0.025 * 0.975 / n_runs)
    assert below / n_runs == pytest.approx(0.025, abs=error)
    assert above / n_runs == pytest.approx(0.025, abs=error)


@pytest.mark.slow
def test_reference_interval__power_is_that_of_the_noncentral_t():
    rng = np.random.default_rng(5)
    k, sd, n_runs = 6, 0.2, 1500
    critical, spread = stats.t.ppf(0.975, k - 1), sd * math.sqrt(1 + 1 / k)
    for shift in (0.6, 1.2):
        n_outside = 0
        for logs in rng.normal(-4, sd, (n_runs, k + 1)):
            logs[k] += shift
            r = additive(np.exp(logs))
            found = reference_interval(r[:k, :k])
            n_outside += not found.prediction_lower <= np.median(r[k, :k]) <= found.prediction_upper
        apart = stats.nct(k - 1, shift / spread)
        power = apart.sf(critical) + apart.cdf(-critical)
        error = 3 * math.sqrt(power * (1 - power) / n_runs)
        assert n_outside / n_runs == pytest.approx(power, abs=error)
    assert power > 0.95


@given(st.integers(3, 7), st.integers(0, 1000))
def test_reference_interval__is_scipys_t_interval_of_what_each_batch_adds_in_any_order(k, seed):
    rng = np.random.default_rng(seed)
    logs = rng.normal(-4, 0.3, k)
    r = additive(np.exp(logs))
    # Without noise of pairs the spread is that of the batch effects.
    scale = logs.std(ddof=1) * np.sqrt(1 + 1 / k)
    wanted = stats.t.interval(0.9, k - 1, loc=logs.mean(), scale=scale)
    order = rng.permutation(k)
    for given_as in (r, r[np.ix_(order, order)]):
        found = reference_interval(given_as, level=0.9)
        cost = -np.log([found.prediction_upper, found.prediction_lower])
        np.testing.assert_allclose(np.log(cost - np.median(np.exp(logs))), wanted, rtol=1e-6)


def test_reference_interval__pairs_that_are_undefined_are_left_out():
    r = additive([0.01, 0.02, 0.03, 0.04])
    whole = reference_interval(r)
    r[0, 1] = r[1, 0] = np.nan
    np.testing.assert_allclose(reference_interval(r)[:4], whole[:4], rtol=1e-9)


def test_reference_interval__r_of_0_or_less_is_defined():
    r = np.array([[1, 0.2, -0.1], [0.2, 1, 0.3], [-0.1, 0.3, 1]])
    found = reference_interval(r)
    assert 0 <= found.prediction_lower < found.prediction_upper <= 1


def test_reference_interval__few_batches_are_nan_with_a_reason():
    # The medians of two batches to each other are the same R: limits of width 0.
    undefined = np.full((3, 3), np.nan)
    undefined[0, 1] = undefined[1, 0] = 0.98
    for r in ([[1.0]], [[1, 0.98], [0.98, 1]], undefined):
        found = reference_interval(r)
        assert math.isnan(found.prediction_lower)
        assert found.reason == (
            "limits need at least three reference batches, because two batches have only one R"
        )
    with pytest.raises(InputError, match=r"every correlation must be in \[-1, 1\]"):
        reference_interval([[1, 1.2], [1.2, 1]])
    with pytest.raises(InputError, match=r"level must be in \(0, 1\), got 1.5"):
        reference_interval([[1, 0.9], [0.9, 1]], level=1.5)


def test_rank_p__hand_values_and_floor():
    # Medians to the others: .70, .75, .55
    r = [[1, 0.9, 0.5], [0.9, 1, 0.6], [0.5, 0.6, 1]]
    assert [rank_p(r, batch=i)[:3] for i in (2, 0, 1)] == [
        (1 / 3, 1 / 3, 1),
        (2 / 3, 1 / 3, 2),
        (1, 1 / 3, 3),
    ]
    assert "smallest possible p is 1/3" in rank_p(r, batch=0).words
    assert rank_p([[1, 0.9], [0.9, 1]], batch=0).p == 1  # both share one R
    nothing = rank_p([[1]], batch=0)
    assert math.isnan(nothing.p)
    assert nothing.words == "no other batch: cannot rank"
    undefined = rank_p([[1, np.nan, 0.9], [np.nan, 1, np.nan], [0.9, np.nan, 1]], batch=1)
    assert math.isnan(undefined.p)
    assert "R to every other batch is not defined" in undefined.words


@pytest.mark.slow
@pytest.mark.parametrize("k", [2, 3, 4])
def test_rank_p__null_is_as_rare_as_it_says(k):
    rng = np.random.default_rng(3)
    n_runs = 4000
    lowest = 0
    for noise in rng.normal(size=(n_runs, k + 1, 30)) * rng.lognormal(0, 0.3, (n_runs, k + 1, 1)):
        lowest += rank_p(np.corrcoef(np.linspace(-4, 4, 30) + noise), batch=k).p == 1 / (k + 1)
    # Medians to k partners were below medians to k - 1 partners in .49, .30 and .25 of cases.
    assert lowest / n_runs <= 1 / (k + 1) + 3 * math.sqrt(0.25 / n_runs)


def test_rank_p__power_needs_many_batches():
    own = np.random.default_rng(3).normal(1, 0.05, 40)
    own[39] += 0.5
    assert rank_p(additive(own), batch=39).p == 1 / 40


@given(st.integers(2, 8), st.integers(0, 1000))
def test_rank_p__knows_ranks_alone(k, seed):
    rng = np.random.default_rng(seed)
    r = additive(rng.normal(1, 0.2, k + 1))
    found = rank_p(r, batch=k).p
    order = [*rng.permutation(k), k]
    assert rank_p(r[np.ix_(order, order)], batch=k).p == found
    medians = [np.median(np.delete(row, i)) for i, row in enumerate(r)]
    share = stats.percentileofscore(np.round(medians, 12), np.round(medians[k], 12), kind="weak")
    assert found == pytest.approx(share / 100)


def test_leave_one_out__null_of_like_batches_names_none():
    r = np.full((5, 5), 0.97)
    assert set(leave_one_out(r, batches=range(5)).median_to_others) == {0.97}


def test_medians_of_samples__hand_value_and_order():
    r = np.array(
        [
            [1, 0.9, 0.8, 0.5],
            [0.9, 1, 0.7, 0.6],
            [0.8, 0.7, 1, np.nan],
            [0.5, 0.6, np.nan, 1],
        ]
    )
    found = medians_of_samples(r, batches=["b", "b", "a", "c"])
    assert found.batch.tolist() == ["b", "a", "c"]
    np.testing.assert_allclose(found.between[0], [1, 0.75, 0.55])
    assert np.isnan(found.between[1, 2])
    np.testing.assert_allclose(found.within, [0.9, np.nan, np.nan])
    with pytest.raises(
        InputError, match=r"got 1 samples, but the correlations have shape \(4, 4\)"
    ):
        medians_of_samples(r, batches=["a"])


def test_fewer_replicates_variance__is_that_of_what_samples_add():
    rng = np.random.default_rng(1)
    batches = np.repeat(np.arange(40), 3)
    adds = rng.normal(0, 0.05, 120)
    r = np.exp(-(0.5 + np.add.outer(adds, adds)))
    found = fewer_replicates_variance(r, batches=batches, n_replicates=1)
    pooled = adds.reshape(40, 3).var(axis=1, ddof=1).mean()
    assert found == pytest.approx(pooled * (1 - 1 / 3), rel=1e-6)
    assert fewer_replicates_variance(r, batches=batches, n_replicates=3) == 0
    assert fewer_replicates_variance(r, batches=np.arange(120), n_replicates=1) == 0
    with pytest.raises(InputError, match="n_replicates must be >= 1, got 0"):
        fewer_replicates_variance(r, batches=batches, n_replicates=0)


def test_reference_interval__extra_variance_widens_and_is_not_negative():
    r = np.full((4, 4), 0.98) + np.diag(np.full(4, 0.02))
    r[0, 1] = r[1, 0] = 0.985
    narrow, wide = (reference_interval(r, extra_variance=extra) for extra in (0, 0.01))
    assert wide.prediction_lower < narrow.prediction_lower
    with pytest.raises(InputError, match="extra_variance must be >= 0, got -1"):
        reference_interval(r, extra_variance=-1)
