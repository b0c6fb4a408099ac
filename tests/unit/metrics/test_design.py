"""Whether replicates are more alike than samples of different batches."""

from __future__ import annotations

import math

import numpy as np
import pytest

from lotwise.errors import InputError
from lotwise.metrics.correlation import pearson_matrix
from lotwise.metrics.design import replicate_agreement


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
    with pytest.raises(InputError, match=r"there are 1 batches and correlations of \(2, 2\)"):
        replicate_agreement(np.eye(2), batches=["A"])
