"""Gene-wise equivalence against a margin."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from lotwise.errors import InputError
from lotwise.metrics.equivalence import equivalence


def test_equivalence__equals_scipys_welch_tests():
    rng = np.random.default_rng(1)
    x, y = rng.normal(5, 0.4, (4, 30)), rng.normal(5.3, 0.6, (3, 30))
    found = equivalence(x, y, margin=0.8)
    lower = stats.ttest_ind(x + 0.8, y, equal_var=False, alternative="greater").pvalue
    upper = stats.ttest_ind(x - 0.8, y, equal_var=False, alternative="less").pvalue
    np.testing.assert_allclose(found.p_equivalent, np.maximum(lower, upper), atol=1e-12)


def test_equivalence__hand_words():
    # Differences 0, 4 and 1 with a standard error of .1 / sqrt(2): inside, outside, at the margin.
    x = np.array([[5.0], [5.1], [4.9], [5.0]]) + np.zeros(3)
    y = x - np.array([0, 4, 1.0])
    found = equivalence(x, y, margin=1.0)
    assert list(found.outcome) == ["equivalent", "different", "inconclusive"]
    np.testing.assert_allclose(found.difference, [0, 4, 1], atol=1e-12)


@settings(max_examples=30)
@given(st.integers(0, 1000), st.floats(-3, 3))
def test_equivalence__swapping_batches_and_shifting_both_changes_nothing(seed, shift):
    rng = np.random.default_rng(seed)
    x, y = rng.normal(5, 0.5, (3, 20)), rng.normal(5, 0.5, (4, 20))
    found = equivalence(x, y, margin=1.0)
    np.testing.assert_allclose(equivalence(y, x, margin=1.0).p_equivalent, found.p_equivalent)
    np.testing.assert_allclose(
        equivalence(x + shift, y + shift, margin=1.0).p_different, found.p_different, atol=1e-9
    )


def test_equivalence__null_at_the_margin_few_are_called_either():
    rng = np.random.default_rng(2)
    x, y = rng.normal(1.0, 0.3, (4, 20_000)), rng.normal(0, 0.3, (4, 20_000))
    found = equivalence(x, y, margin=1.0)  # the true difference is the margin itself
    assert np.mean(found.p_equivalent < 0.05) == pytest.approx(0.05, abs=0.006)
    assert np.mean(found.p_different < 0.05) < 0.056
    assert np.mean(found.outcome != "inconclusive") < 0.001


def test_equivalence__power_with_replicates_and_none_without():
    rng = np.random.default_rng(3)
    shift = np.repeat([0.0, 3.0], 500)
    x, y = rng.normal(5, 0.2, (6, 1000)) + shift, rng.normal(5, 0.2, (6, 1000))
    found = equivalence(x, y, margin=1.0)
    assert np.mean(found.outcome[:500] == "equivalent") > 0.99
    assert np.mean(found.outcome[500:] == "different") > 0.99
    noisy = equivalence(x[:2] + rng.normal(0, 2, (2, 1000)), y[:2], margin=1.0)
    assert np.mean(noisy.outcome == "inconclusive") > 0.99


def test_equivalence__one_replicate_or_flat_features_are_inconclusive_with_a_reason():
    one = equivalence([[1.0, 2.0]], [[1.0, 2.0], [1.1, 2.1]], margin=1)
    assert set(one.outcome) == {"inconclusive"}
    assert np.isnan(one.p_equivalent).all()
    assert one.reason == "a batch with one replicate"
    np.testing.assert_allclose(one.difference, [-0.05, -0.05])
    flat = equivalence(np.zeros((2, 2)), [[0, 1.0], [0, 1.2]], margin=1)
    assert np.isnan(flat.p_equivalent[0])
    assert flat.outcome[0] == "inconclusive"
    assert flat.reason == "1 features do not vary"
    with pytest.raises(InputError, match="margin is 0"):
        equivalence(np.zeros((2, 2)), np.zeros((2, 2)), margin=0)
    with pytest.raises(InputError, match="x has 2 features and y 3"):
        equivalence(np.zeros((2, 2)), np.zeros((2, 3)), margin=1)
