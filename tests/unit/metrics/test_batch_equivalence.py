"""Equivalence of batches by the excess of dissimilarity between them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from lotwise.errors import InputError
from lotwise.metrics.batch_equivalence import accepted_margin, batch_equivalence


def simulate(seed, *, k=6, n=3, effect=0.3, noise=0.5, n_features=400):
    rng = np.random.default_rng(seed)
    truth = rng.normal(0, 2.8, n_features)
    of_batch = np.repeat(np.arange(k), n)
    values = (
        truth
        + effect * rng.normal(size=(k, n_features))[of_batch]
        + noise * rng.normal(size=(k * n, n_features))
    )
    return np.corrcoef(values), of_batch


def reference(r, batches):
    """The definition, by loops."""

    def difference(kept):
        between, within = [], []
        for i in kept:
            for j in kept:
                if i < j:
                    (within if batches[i] == batches[j] else between).append(1 - r[i, j])
        return np.median(between) - np.median(within)

    names = np.unique(batches)
    k = len(names)
    left = [difference([i for i, b in enumerate(batches) if b != name]) for name in names]
    d = difference(range(len(batches)))
    error = np.sqrt((k - 1) / k * sum((x - np.mean(left)) ** 2 for x in left))
    return d, error


def excess(r, batches, difference):
    """How many standard errors log(between) is above log(within + difference), by loops."""

    def logs(kept):
        pairs = [(i, j) for i in kept for j in kept if i < j]
        same = [1 - r[i, j] for i, j in pairs if batches[i] == batches[j]]
        other = [1 - r[i, j] for i, j in pairs if batches[i] != batches[j]]
        if difference < 0:
            return np.log(np.median(other) - difference) - np.log(np.median(same))
        return np.log(np.median(other)) - np.log(np.median(same) + difference)

    names = np.unique(batches)
    k = len(names)
    left = [logs([i for i, b in enumerate(batches) if b != name]) for name in names]
    error = np.sqrt((k - 1) / k * sum((x - np.mean(left)) ** 2 for x in left))
    return logs(range(len(batches))) / error


def test_batch_equivalence__hand_value():
    # 1 - R is 0.02 within and 0.03 between, whichever batch is left out.
    r = np.full((6, 6), 0.97)
    for at in (0, 2, 4):
        r[at, at + 1] = r[at + 1, at] = 0.98
    np.fill_diagonal(r, 1)
    found = batch_equivalence(r, batches=[*"aabbcc"], margin=0.02)
    assert (found.between, found.within) == (pytest.approx(0.03), pytest.approx(0.02))
    assert found.difference == pytest.approx(0.01)
    assert found.standard_error == pytest.approx(0, abs=1e-12)
    assert found.equivalent == "yes"
    assert batch_equivalence(r, batches=[*"aabbcc"], margin=0.005).equivalent == "no"


def test_batch_equivalence__equals_the_definition_pair_by_pair():
    r, batches = simulate(0)
    found = batch_equivalence(r, batches=batches, margin=0.02)
    assert (found.difference, found.standard_error) == pytest.approx(reference(r, batches))
    sides = stats.t.cdf(excess(r, batches, 0.02), 5), stats.t.sf(excess(r, batches, -0.02), 5)
    assert found.p == pytest.approx(max(sides))
    # The limits are the differences at which the one-sided tests have p = alpha.
    t = stats.t.ppf(0.95, 5)
    assert excess(r, batches, found.upper) == pytest.approx(-t)
    assert excess(r, batches, found.lower) == pytest.approx(t)


@pytest.mark.parametrize("effect", [0, 0.1, 0.3])
def test_batch_equivalence__is_yes_exactly_where_the_interval_is_within_the_margin(effect):
    r, batches = simulate(6, effect=effect)
    found = batch_equivalence(r, batches=batches, margin=0.01)
    largest = max(abs(found.lower), abs(found.upper))
    assert found.lower < found.difference < found.upper
    assert batch_equivalence(r, batches=batches, margin=largest * 1.001).equivalent == "yes"
    assert batch_equivalence(r, batches=batches, margin=largest * 0.999).equivalent == "no"


def test_batch_equivalence__identical_replicates_have_a_logarithm():
    found = batch_equivalence(np.ones((6, 6)), batches=[*"aabbcc"], margin=0.01)
    assert (found.difference, found.lower, found.upper) == (0, 0, 0)
    assert found.equivalent == "yes"


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 1000))
def test_batch_equivalence__ignores_order_and_names(seed):
    r, batches = simulate(seed, n_features=50)
    order = np.random.default_rng(seed).permutation(len(batches))
    before = batch_equivalence(r, batches=batches, margin=0.02)
    after = batch_equivalence(
        r[np.ix_(order, order)], batches=[f"lot {b}" for b in batches[order]], margin=0.02
    )
    assert after.difference == pytest.approx(before.difference)
    assert after.standard_error == pytest.approx(before.standard_error)


def test_batch_equivalence__batches_without_effect_are_equivalent_and_differing_are_not():
    null, batches = simulate(1, effect=0)
    assert batch_equivalence(null, batches=batches, margin=0.01).equivalent == "yes"
    planted, batches = simulate(1, effect=1)
    assert batch_equivalence(planted, batches=batches, margin=0.01).equivalent == "no"


def test_batch_equivalence__compares_like_with_like():
    r, batches = simulate(2, k=4, n=4, effect=0)
    conditions = np.tile([0, 0, 1, 1], 4)
    # Pairs of different conditions are made dissimilar, since they must not be compared.
    r = np.where(conditions[:, None] == conditions, r, 0.1)
    assert (
        batch_equivalence(r, batches=batches, conditions=conditions, margin=0.01).equivalent
        == "yes"
    )


@pytest.mark.parametrize(
    ("batches", "reason"),
    [
        ([*"aabb"], "2 batches; at least 3 are needed"),
        ([*"abcd"], "fewer than two batches have replicates"),
        ([*"aabc"], "fewer than two batches have replicates"),
    ],
)
def test_batch_equivalence__is_not_assessable_without_batches_or_replicates(batches, reason):
    r = np.full((4, 4), 0.9) + 0.1 * np.eye(4)
    found = batch_equivalence(r, batches=batches, margin=0.01)
    assert found.equivalent == "not assessable"
    assert reason in found.reason
    assert np.isnan(found.p)


def test_batch_equivalence__a_correlation_that_is_not_defined_is_not_assessable():
    r, batches = simulate(3)
    r[0, 5] = r[5, 0] = np.nan
    found = batch_equivalence(r, batches=batches, margin=0.01)
    assert found.reason == "the correlation of some pair is not defined"


def test_batch_equivalence__three_batches_say_how_wide_the_interval_is():
    r, batches = simulate(4, k=3)
    found = batch_equivalence(r, batches=batches, margin=0.01)
    assert f"the interval is {found.upper - found.lower:.3g} wide" in found.words


@pytest.mark.parametrize(
    ("margin", "alpha", "match"),
    [
        (0, 0.05, "margin must be > 0, got 0"),
        (0.1, 0.5, r"alpha must be in \(0, 0.5\), got 0.5"),
    ],
)
def test_batch_equivalence__refuses_bounds_out_of_range(margin, alpha, match):
    r, batches = simulate(5)
    with pytest.raises(InputError, match=match):
        batch_equivalence(r, batches=batches, margin=margin, alpha=alpha)


def test_accepted_margin__hand_value():
    # D of every batch is 0.01: no spread, and the margin is D itself.
    r = np.full((12, 12), 0.97)
    for at in range(0, 12, 2):
        r[at, at + 1] = r[at + 1, at] = 0.98
    np.fill_diagonal(r, 1)
    found = accepted_margin(r, batches=np.repeat(np.arange(6), 2))
    assert found.margin == pytest.approx(0.01)
    assert (found.n_batches, found.reason) == (6, "")


def test_accepted_margin__is_mean_and_tolerance_factor_times_the_spread():
    r, batches = simulate(3, k=8)
    distance = 1 - r
    within = np.median([distance[i, j] for i in range(24) for j in range(i) if i // 3 == j // 3])
    own = [np.median(distance[batches == b][:, batches != b]) - within for b in range(8)]
    # Exact factor for 8 values, 95 % and 95 %: 3.732 (ISO 16269-6).
    expected = np.mean(own) + 3.732 * np.std(own, ddof=1) * 7 / 6
    assert accepted_margin(r, batches=batches).margin == pytest.approx(expected, rel=1e-3)


def test_accepted_margin__takes_batches_of_the_process_and_not_others():
    called = {0.3: 0, 0.9: 0}
    for seed in range(60):
        r, batches = simulate(seed, k=14)
        accepted = batches < 8
        margin = accepted_margin(r[accepted][:, accepted], batches=batches[accepted]).margin
        for effect in called:
            other, _ = simulate(seed, k=14, effect=effect)
            new = ~accepted
            found = batch_equivalence(other[new][:, new], batches=batches[new], margin=margin)
            called[effect] += found.equivalent == "yes"
            assert (found.difference < margin) == (effect == 0.3)
    assert called[0.3] > 30
    assert called[0.9] == 0


@pytest.mark.parametrize(
    ("k", "n", "reason"),
    [
        (5, 3, "a margin needs at least 6 accepted batches; there are 5"),
        (7, 1, "of the accepted batches, fewer than two batches have replicates"),
    ],
)
def test_accepted_margin__few_batches_or_no_replicates_set_none(k, n, reason):
    r, batches = simulate(0, k=k, n=n)
    found = accepted_margin(r, batches=batches)
    assert np.isnan(found.margin)
    assert found.reason.startswith(reason)


@pytest.mark.slow
def test_batch_equivalence__at_the_margin_at_most_five_percent_are_called_equivalent():
    rng = np.random.default_rng(0)
    # One truth for all sets, since D depends on its spread; half of an effect is co-regulated.
    truth, modules = rng.normal(0, 2.8, 400), rng.normal(0, 20**-0.5, (20, 400))

    def of_batches(k):
        effect = rng.normal(size=(k, 20)) @ modules + rng.normal(size=(k, 400))
        batches = np.repeat(np.arange(k), 3)
        noise = 0.5 * rng.normal(size=(3 * k, 400))
        return np.corrcoef(truth + 0.6 * 0.5**0.5 * effect[batches] + noise), batches

    def difference(r, batches):
        first, second = np.triu_indices(batches.size, 1)
        same = batches[first] == batches[second]
        return np.median(1 - r[first, second][~same]) - np.median(1 - r[first, second][same])

    margin = np.mean([difference(*of_batches(30)) for _ in range(400)])
    called = [
        batch_equivalence(r, batches=batches, margin=margin).equivalent == "yes"
        for r, batches in (of_batches(10) for _ in range(600))
    ]
    assert 0.02 < np.mean(called) <= 0.05 + 2.6 * (0.05 * 0.95 / len(called)) ** 0.5
