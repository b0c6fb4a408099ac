"""Feature sets: hand values and properties."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from lotwise.errors import InputError
from lotwise.metrics.feature_sets import DECILES, FEATURE_SETS, feature_sets

tpm = arrays(np.float64, (2, 37), elements=st.floats(0, 50, width=32))


def test_feature_sets__hand_values():
    x, y = [0, 0.5, 1, 3, 0.99], [0, 2, 1, 0, 0.99]
    found = dict(feature_sets(x, y, counts_x=[0, 9, 10, 99, 10], counts_y=[9, 10, 10, 9, 11]))
    assert list(found) == list(FEATURE_SETS)
    assert found["all"].tolist() == [0, 1, 2, 3, 4]
    assert found["detected_any"].tolist() == [1, 2, 3]
    assert found["detected_both"].tolist() == [2]
    assert found["counted_both"].tolist() == [2, 4]


def test_feature_sets__deciles_are_of_mean_log_expression():
    x = np.arange(2.0, 102.0)
    found = dict(feature_sets(x, x[::-1] * 0 + x))
    for number, name in enumerate(DECILES):
        assert found[name].tolist() == list(range(10 * number, 10 * number + 10))


def test_feature_sets__threshold_and_counts_are_taken():
    found = dict(
        feature_sets([5, 1], [5, 1], counts_x=[3, 2], counts_y=[3, 3], threshold=5, min_counts=3)
    )
    assert found["detected_both"].tolist() == [0]
    assert found["counted_both"].tolist() == [0]


def test_feature_sets__without_counts_there_is_no_counted_set():
    assert "counted_both" not in dict(feature_sets([1, 2], [1, 2], counts_x=[1, 2]))


@pytest.mark.parametrize(
    ("samples", "counts", "message"),
    [
        (([1, np.nan], [1, 2]), {}, "x must be finite, got 1 NaN or infinite"),
        (([1, 2], [1, 2, 3]), {}, "x has 2 features and y has 3"),
        (
            ([1, 2], [1, 2]),
            {"counts_x": [1, np.nan], "counts_y": [1, 2]},
            "x must be finite, got 1 NaN",
        ),
        (
            ([1, 2], [1, 2]),
            {"counts_x": [1], "counts_y": [1]},
            r"counts have shape \(1,\), but TPM has shape \(2,\)",
        ),
    ],
)
def test_feature_sets__refuses_what_is_no_pair(samples, counts, message):
    with pytest.raises(InputError, match=message):
        next(feature_sets(*samples, **counts))


@given(tpm)
def test_feature_sets__deciles_part_the_detected_and_order_does_not_matter(samples):
    x, y = samples
    found, turned = dict(feature_sets(x, y)), dict(feature_sets(y, x))
    parts = [found[name] for name in DECILES]
    assert np.array_equal(np.sort(np.concatenate(parts)), found["detected_any"])
    sizes = [part.size for part in parts]
    assert max(sizes) - min(sizes) <= 1
    assert set(found["detected_both"]) <= set(found["detected_any"])
    for name, places in found.items():
        assert np.array_equal(places, turned[name])
        assert (np.diff(places) > 0).all()
    log_mean = np.log2(x + 1) + np.log2(y + 1)
    tops = [log_mean[part].max(initial=-np.inf) for part in parts if part.size]
    bottoms = [log_mean[part].min(initial=np.inf) for part in parts if part.size]
    assert all(low <= high + 1e-9 for low, high in zip(tops[:-1], bottoms[1:], strict=True))


def test_feature_sets__are_those_of_pandas_and_of_python_written_out():
    rng = np.random.default_rng(1)
    x, y = rng.lognormal(0, 2, (2, 900))
    # Quantiles of ranks agree with parts of equal size if the parts are equal.
    spare = np.flatnonzero((x >= 1) | (y >= 1))
    x[spare[: spare.size % 10]] = y[spare[: spare.size % 10]] = 0
    counts_x, counts_y = rng.poisson(10, (2, 900))
    found = dict(feature_sets(x, y, counts_x=counts_x, counts_y=counts_y))
    table = pd.DataFrame({"x": x, "y": y})
    pair = [*zip(x, y, counts_x, counts_y, strict=True)]
    expected = {
        "detected_any": [a >= 1 or b >= 1 for a, b, _, _ in pair],
        "detected_both": [a >= 1 and b >= 1 for a, b, _, _ in pair],
        "counted_both": [n >= 10 and m >= 10 for _, _, n, m in pair],
    }
    for name, mask in expected.items():
        assert found[name].tolist() == np.flatnonzero(mask).tolist()
    mean = np.log2(table[table.max(axis=1) >= 1] + 1).mean(axis=1)
    tenth = pd.qcut(mean, 10, labels=list(DECILES))
    assert set(tenth.value_counts()) == {len(mean) // 10}
    for name in DECILES:
        assert found[name].tolist() == tenth.index[tenth == name].tolist()


def test_feature_sets__null_a_sample_with_itself_and_power_of_features_of_one_sample():
    rng = np.random.default_rng(2)
    x = rng.lognormal(0, 2, 500)
    same = dict(feature_sets(x, x))
    np.testing.assert_array_equal(same["detected_any"], same["detected_both"])
    y = x.copy()
    lost = rng.choice(np.flatnonzero(x >= 1), 20, replace=False)
    y[lost] = 0
    found = dict(feature_sets(x, y))
    only_one = np.setdiff1d(found["detected_any"], found["detected_both"])
    assert only_one.tolist() == sorted(lost)
