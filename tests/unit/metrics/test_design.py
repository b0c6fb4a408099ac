"""Whether replicates are more alike than samples of different batches."""

from __future__ import annotations

import math

import numpy as np
import pytest

from lotwise.errors import InputError
from lotwise.metrics.correlation import pearson_matrix
from lotwise.metrics.design import noise_spread, replicate_agreement


def _ratio(rng, *, sd_batch, conditions, n_replicates=2):
    base = rng.normal(3, 2.8, 2000)
    of_condition = rng.normal(0, 0.5, (conditions, base.size)) * (conditions > 1)
    rows = [
        base + of_batch + of_condition[replicate % conditions] + rng.normal(0, 0.3, base.size)
        for of_batch in rng.normal(0, sd_batch, (4, base.size))
        for replicate in range(n_replicates)
    ]
    batches = np.repeat(np.arange(4), n_replicates)
    return replicate_agreement(pearson_matrix(np.array(rows)), batches=batches)


def _square(within, between):
    r = np.full((4, 4), between)
    r[0, 1] = r[1, 0] = r[2, 3] = r[3, 2] = within
    np.fill_diagonal(r, 1)
    return r


def test_replicate_agreement__is_the_ratio_of_mean_distances():
    found = replicate_agreement(_square(0.92, 0.96), batches=list("AABB"))
    assert found.ratio == pytest.approx(0.08 / 0.04)
    assert "mean R 0.9200" in found.sentence
    assert "condition is probably missing" in found.sentence


def test_replicate_agreement__the_ratio_at_the_limit_is_no_concern():
    # A ratio of 2 where 2 is allowed; and replicates that are more alike are never a concern.
    found = replicate_agreement(_square(0.92, 0.96), batches=list("AABB"), most=2.0)
    assert found.ratio == pytest.approx(2.0)
    assert (found.sentence == "") == (found.ratio <= 2.0)
    assert replicate_agreement(_square(0.98, 0.96), batches=list("AABB"), most=0.1).sentence == ""


def test_replicate_agreement__fits_what_each_sample_adds():
    """A bad sample in the batch with most replicates is not a batch effect (numpy's lstsq)."""
    batches = np.array(list("AAABBC"))
    adds = np.array([0.2, 0.01, 0.01, 0.02, 0.01, 0.03])
    same = batches[:, None] == batches
    r = 1 - np.add.outer(adds, adds) - 0.01 * ~same
    np.fill_diagonal(r, 1)
    a, b = np.triu_indices(6, 1)
    design = np.column_stack([np.eye(6)[a] + np.eye(6)[b], same[a, b]])
    effect = np.linalg.lstsq(design, 1 - r[a, b], rcond=None)[0][-1]
    found = replicate_agreement(r, batches=batches)
    assert effect == pytest.approx(-0.01)
    assert found.ratio == pytest.approx(1 + effect / (1 - r)[a, b][~same[a, b]].mean())
    assert not found.sentence


def test_replicate_agreement__is_one_in_the_null_and_silent():
    found = _ratio(np.random.default_rng(1), sd_batch=0, conditions=1)
    assert found.ratio == pytest.approx(1, abs=0.03)
    assert not found.sentence


def test_replicate_agreement__is_silent_with_a_batch_effect():
    assert _ratio(np.random.default_rng(2), sd_batch=0.3, conditions=1).ratio < 0.7


def test_replicate_agreement__names_a_missing_condition():
    found = _ratio(np.random.default_rng(3), sd_batch=0.1, conditions=2)
    assert found.ratio > 1.05
    assert found.sentence


@pytest.mark.parametrize(
    ("r", "batches", "reason"),
    [
        (_square(0.9, 0.9), list("ABCD"), "fewer than two batches have replicates"),
        (_square(0.9, 0.9), list("AABC"), "fewer than two batches have replicates"),
        (_square(0.9, 0.9), list("AAAA"), "fewer than two batches have replicates"),
        (np.ones((4, 4)), list("AABB"), "R between batches is 1 throughout"),
    ],
)
def test_replicate_agreement__says_why_it_is_not_defined(r, batches, reason):
    found = replicate_agreement(r, batches=batches)
    assert math.isnan(found.ratio)
    assert (found.sentence, found.reason) == ("", reason)


def test_replicate_agreement__leaves_out_samples_without_r():
    r = np.full((5, 5), np.nan)
    r[:4, :4] = _square(0.92, 0.96)
    found = replicate_agreement(r, batches=list("AABBB"))
    assert found.ratio == pytest.approx(2)


def test_replicate_agreement__refuses_what_does_not_fit():
    with pytest.raises(InputError, match=r"got 1 batches, but the matrix of R has shape \(2, 2\)"):
        replicate_agreement(np.eye(2), batches=["A"])


def _noisy(spread, *, seed, n_batches=4, effect=0.0):
    """Return correlations of pairs of samples whose noise varies with this log-sd, and batches."""
    rng = np.random.default_rng(seed)
    batches = np.repeat(np.arange(n_batches), 2)
    truth = rng.normal(0, 2, 4000) + effect * rng.normal(0, 1, (n_batches, 4000))
    noise = 0.3 * rng.lognormal(0, spread, (batches.size, 1))
    samples = truth[batches] + noise * rng.normal(size=(batches.size, 4000))
    return np.corrcoef(samples), batches, 2 * np.log(noise.ravel())


def test_noise_spread__hand_value():
    added = np.array([1.0, 2.0, 4.0, 2.0]) / 100
    r = 1 - (added[:, None] + added) - 0.03 * (np.array(list("AABB"))[:, None] != list("AABB"))
    # The largest is left out.
    expected = np.std(np.log([1, 2, 2]), ddof=1)
    assert noise_spread(r, batches=list("AABB")) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("effect", [0.0, 0.2])
@pytest.mark.parametrize("spread", [0.1, 0.3])
def test_noise_spread__is_that_of_the_planted_noise(spread, effect):
    r, batches, log_variance = _noisy(spread, seed=3, effect=effect)
    planted = np.std(np.sort(log_variance)[:-1], ddof=1)
    assert noise_spread(r, batches=batches) == pytest.approx(planted, abs=0.1)


def test_noise_spread__one_bad_sample_is_no_spread():
    added = np.array([0.01, 0.012, 0.011, 0.2, 0.01, 0.013])
    r = 1 - (added[:, None] + added)
    assert noise_spread(r, batches=list("AABBCC")) < 0.15


def test_noise_spread__does_not_depend_on_order_and_leaves_undefined_samples_out():
    r, batches, _ = _noisy(0.3, seed=4)
    order = np.random.default_rng(0).permutation(len(r))
    found = noise_spread(r, batches=batches)
    turned = noise_spread(r[np.ix_(order, order)], batches=batches[order])
    assert turned == pytest.approx(found, abs=1e-12)
    wider = np.full((9, 9), np.nan)
    wider[:8, :8] = r
    assert noise_spread(wider, batches=[*batches, 9]) == pytest.approx(found, abs=1e-12)


def test_noise_spread__two_exchanged_samples_hardly_change_it():
    r, batches, _ = _noisy(0.1, seed=5, effect=1.0)
    exchanged = batches.copy()
    exchanged[[0, 2]] = exchanged[[2, 0]]
    assert noise_spread(r, batches=exchanged) < 0.365


def test_noise_spread__equal_or_few_samples_have_none():
    assert noise_spread(np.ones((4, 4)), batches=list("AABB")) == 0
    assert noise_spread(np.diag(np.full(3, 0.5)) + 0.5, batches=list("AAB")) == 0
    # All of one batch: nothing is between batches.
    assert noise_spread(np.full((4, 4), 0.9), batches=list("AAAA")) == pytest.approx(0, abs=1e-9)
