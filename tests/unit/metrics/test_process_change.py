"""Lots before and after a change: two one-sided tests, permutation, quality range, power."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from lotwise.errors import InputError
from lotwise.metrics.process_change import (
    permutation_p,
    planned_power,
    process_change,
    quality_range,
    z_to_pre,
)


def test_process_change__hand_value():
    # Means 2 and 2.5; variances 1 and 0.5 over 3 and 2: error sqrt(1/3 + 1/4) = 0.763763.
    found = process_change([1.0, 2.0, 3.0], [2.0, 3.0], margin=5.0)
    error, freedom = (1 / 3 + 0.25) ** 0.5, (1 / 3 + 0.25) ** 2 / ((1 / 3) ** 2 / 2 + 0.25**2)
    half = stats.t.ppf(0.95, freedom) * error
    assert found.difference == pytest.approx(0.5)
    assert (found.lower, found.upper) == pytest.approx((0.5 - half, 0.5 + half))


@settings(max_examples=30)
@given(st.integers(0, 10_000), st.floats(0.1, 3), st.integers(2, 8), st.integers(2, 8))
def test_process_change__equals_scipys_two_one_sided_tests(seed, margin, n_pre, n_post):
    rng = np.random.default_rng(seed)
    pre, post = rng.normal(5, 1, n_pre), rng.normal(5.3, 0.5, n_post)
    found = process_change(pre, post, margin=margin)
    one_sided = [
        stats.ttest_ind(post + margin, pre, equal_var=False, alternative="greater").pvalue,
        stats.ttest_ind(post - margin, pre, equal_var=False, alternative="less").pvalue,
    ]
    assert found.p == pytest.approx(max(one_sided), rel=1e-6, abs=1e-12)
    # The interval lies within the margin exactly where both tests hold.
    assert (found.equivalent == "yes") == (-margin < found.lower and found.upper < margin)


@given(st.integers(0, 1000), st.floats(-5, 5), st.floats(0.1, 10))
def test_process_change__ignores_order_and_shift_and_follows_scale(seed, shift, scale):
    rng = np.random.default_rng(seed)
    pre, post = rng.normal(size=5), rng.normal(size=4)
    before = process_change(pre, post, margin=1.0)
    after = process_change(
        scale * pre[::-1] + shift, scale * rng.permutation(post) + shift, margin=scale
    )
    assert after.p == pytest.approx(before.p, rel=1e-6)
    assert after.difference == pytest.approx(scale * before.difference, abs=1e-9)


@pytest.mark.parametrize(("n_pre", "n_post"), [(3, 3), (6, 3), (6, 6)])
def test_process_change__at_the_margin_at_most_five_percent_are_called_equivalent(n_pre, n_post):
    rng = np.random.default_rng(1)
    n_sets = 2000
    called = covered = 0
    for _ in range(n_sets):
        found = process_change(rng.normal(0, 0.2, n_pre), rng.normal(0.5, 0.2, n_post), margin=0.5)
        called += found.equivalent == "yes"
        covered += found.lower <= 0.5 <= found.upper
    # Three standard errors of 2,000 sets; Welch's t is close to its level with few lots.
    assert called / n_sets <= 0.05 + 3 * (0.05 * 0.95 / n_sets) ** 0.5
    assert covered / n_sets >= 0.9 - 3 * (0.9 * 0.1 / n_sets) ** 0.5


def test_process_change__fewer_lots_than_planned_and_lots_alike_are_not_assessable():
    few = process_change([1.0, 1.1, 0.9], [1.0], margin=1.0, planned=(6, 2))
    assert few.equivalent == "not assessable"
    assert few.reason == "3 pre lots of 6 planned; 1 post lots of 2 planned"
    assert np.isnan([few.lower, few.upper, few.p]).all()
    flat = process_change([1.0, 1.0], [1.0, 1.0], margin=1.0)
    assert flat.equivalent == "not assessable"
    assert flat.reason == "the lots of a phase all have the same value"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"margin": 0.0}, "margin must be > 0, got 0"),
        ({"margin": 1.0, "alpha": 0.5}, r"alpha must be in \(0, 0.5\)"),
        ({"margin": 1.0, "planned": (1, 3)}, "1 lots were planned"),
    ],
)
def test_process_change__odd_input_is_refused(options, message):
    with pytest.raises(InputError, match=message):
        process_change([1.0, 2.0], [1.0, 2.0], **options)


def test_permutation_p__is_the_share_of_all_labellings():
    values = np.array([0.0, 0.1, 0.2, 5.0, 5.1])
    post = np.array([False, False, False, True, True])
    found = permutation_p(lambda _: values, is_post=post)
    assert (found.p, found.smallest_possible, found.n_labellings) == (0.1, 0.1, 10)
    theirs = stats.permutation_test(
        (values[post], values[~post]), lambda a, b: abs(a.mean() - b.mean()), alternative="greater"
    )
    assert found.p == pytest.approx(theirs.pvalue)


def test_permutation_p__is_uniform_where_nothing_changed():
    rng = np.random.default_rng(2)
    post = np.arange(7) >= 4
    drawn = rng.normal(size=(1000, 7))
    found = [permutation_p(lambda _, v=values: v, is_post=post).p for values in drawn]
    for level in (0.1, 0.3, 0.6):
        assert np.mean(np.array(found) <= level) <= level + 3 * (level * (1 - level) / 1000) ** 0.5


def test_permutation_p__of_many_lots_draws_labellings_and_says_so():
    values = np.r_[np.zeros(12), np.ones(12)] + np.linspace(0, 0.1, 24)
    found = permutation_p(lambda _: values, is_post=np.arange(24) >= 12)
    assert not found.exact
    assert found.p == pytest.approx(1 / 20_001)
    assert np.isnan(permutation_p(lambda _: values, is_post=np.zeros(24)).p)


def test_quality_range__needs_three_lots():
    assert quality_range([4.0, 5.0, 6.0], k=2)[:2] == (3.0, 7.0)
    few = quality_range([4.0, 5.0], k=3)
    assert np.isnan(few.lower)
    assert few.reason == "a range needs at least 3 pre lots, but there are 2"
    with pytest.raises(InputError, match="k must be > 0"):
        quality_range([1.0, 2.0, 3.0], k=0)


def test_z_to_pre__spreads_lots_before_and_after_alike():
    rng = np.random.default_rng(3)
    post = np.arange(12) >= 6
    spread = {True: [], False: []}
    differences = []
    for _ in range(400):
        own = rng.normal(0, 0.2, 12)
        z = 2.0 + own[:, None] + own[None]
        found = z_to_pre(np.tanh(np.where(np.eye(12, dtype=bool), 0, z)), is_post=post)
        for phase in (True, False):
            spread[phase].append(found[post == phase].var(ddof=1))
        differences.append(found[post].mean() - found[~post].mean())
    assert np.mean(spread[True]) == pytest.approx(0.04, rel=0.1)
    assert np.mean(spread[False]) == pytest.approx(0.04, rel=0.1)
    assert np.mean(differences) == pytest.approx(0, abs=0.03)
    with pytest.raises(InputError, match="there must be >= 3 lots before the change, got 2"):
        z_to_pre(np.eye(4), is_post=[False, False, True, True])


def test_planned_power__grows_with_lots_and_is_that_of_the_test():
    few, more = (planned_power(lots, margin=0.5, sd=0.3) for lots in ((4, 3), (8, 6)))
    assert few < more
    rng = np.random.default_rng(4)
    called = [
        process_change(rng.normal(0, 0.3, 8), rng.normal(0, 0.3, 6), margin=0.5).equivalent == "yes"
        for _ in range(2000)
    ]
    assert more == pytest.approx(np.mean(called), abs=0.04)
    at_margin = planned_power((8, 6), margin=0.5, sd=0.3, difference=0.5)
    assert at_margin == pytest.approx(0.05, abs=0.01)
    with pytest.raises(InputError, match="sd must be > 0"):
        planned_power((4, 4), margin=1.0, sd=0.0)
