"""Whether replicates are more alike than samples of different batches."""

from __future__ import annotations

import math

import numpy as np
import pytest

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
    r = pearson_matrix(np.array(rows))
    batch = np.repeat(np.arange(4), n_replicates)
    a, b = np.triu_indices(len(batch), 1)
    within = batch[a] == batch[b]
    return replicate_agreement(r[a, b][within], r[a, b][~within])


def test_replicate_agreement__is_the_ratio_of_mean_distances():
    found = replicate_agreement([0.90, 0.94], [0.96, 0.96, math.nan])
    assert found.ratio == pytest.approx(0.08 / 0.04)
    assert "mean R 0.9200" in found.sentence
    assert "condition is probably missing" in found.sentence


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
    ("within", "between", "reason"),
    [
        ([], [0.9], "there is no pair of one batch"),
        ([0.9], [math.nan], "there is no pair of different batches"),
        ([1.0], [1.0], "R between batches is 1 throughout"),
    ],
)
def test_replicate_agreement__says_why_it_is_not_defined(within, between, reason):
    found = replicate_agreement(within, between)
    assert math.isnan(found.ratio)
    assert (found.sentence, found.reason) == ("", reason)
