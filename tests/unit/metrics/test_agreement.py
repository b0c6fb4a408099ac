"""Concordance, ENCODE's replicate QC, detection."""

from __future__ import annotations

import csv
import gzip
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import stats

from lotwise.errors import InputError
from lotwise.metrics.agreement import concordance, detection, encode_qc

pytestmark = pytest.mark.requirement("COR-003")

pairs = st.integers(2, 30).flatmap(
    lambda n: st.tuples(
        *(arrays(np.float64, n, elements=st.floats(0, 1e4, width=32)) for _ in range(2))
    )
)


def read_column(path, column):
    with gzip.open(path, "rt") as handle:
        return np.array([float(row[column]) for row in csv.DictReader(handle, delimiter="\t")])


# concordance


def test_concordance__hand_value():
    # means 2.5 and 3.5, variances 1.25 and 1.25 (1/n), covariance 1.25: 2.5 / (2.5 + 1)
    found = concordance([1, 2, 3, 4], [2, 3, 4, 5])
    assert found.ccc == pytest.approx(2.5 / 3.5, abs=1e-15)
    assert found.pearson == pytest.approx(1, abs=1e-15)
    assert found.scale_shift == 1
    assert found.location_shift == pytest.approx(-1 / math.sqrt(1.25))


def test_concordance__equals_the_textbook_formula_and_scipy():
    rng = np.random.default_rng(1)
    x = rng.normal(3, 2, 500)
    y = 0.8 * x + rng.normal(1, 1, 500)
    (vxx, vxy), (_, vyy) = np.cov(x, y, ddof=0)
    found = concordance(x, y)
    assert found.ccc == pytest.approx(2 * vxy / (vxx + vyy + (x.mean() - y.mean()) ** 2), abs=1e-12)
    assert found.pearson == pytest.approx(stats.pearsonr(x, y).statistic, abs=1e-12)


@given(pairs)
def test_concordance__symmetric_and_never_beyond_pearson(pair):
    x, y = pair
    one, other = concordance(x, y), concordance(y, x)
    if one.reason:
        assert math.isnan(one.ccc)
        return
    assert one.ccc == pytest.approx(other.ccc, abs=1e-9)
    assert abs(one.ccc) <= abs(one.pearson) + 1e-12
    order = np.random.default_rng(0).permutation(x.size)
    assert concordance(x[order], y[order]).ccc == pytest.approx(one.ccc, abs=1e-9)
    assert concordance(3 * x, 3 * y).ccc == pytest.approx(one.ccc, abs=1e-9)


def test_concordance__null_independent_samples_scatter_around_zero():
    rng = np.random.default_rng(2)
    found = [concordance(rng.normal(size=400), rng.normal(size=400)).ccc for _ in range(200)]
    assert abs(np.mean(found)) < 4 * 0.05 / math.sqrt(200)
    assert np.std(found) == pytest.approx(0.05, rel=0.2)


def test_concordance__power_sees_the_shift_that_pearson_cannot():
    rng = np.random.default_rng(3)
    x = rng.normal(5, 2.8, 20_000)
    found = concordance(x, x + 2)  # a global four-fold change
    assert found.pearson == pytest.approx(1, abs=1e-12)
    assert found.ccc == pytest.approx(2 * 2.8**2 / (2 * 2.8**2 + 4), abs=0.01)


@pytest.mark.parametrize("r", [0.5, 0.9, 0.99, 0.999999])
def test_concordance__constructed_r_with_large_means(r):
    rng = np.random.default_rng(4)
    a, b = np.linalg.qr(np.column_stack([np.ones(1000), rng.normal(size=(1000, 2))]))[0][:, 1:].T
    found = concordance(a, r * a + math.sqrt(1 - r * r) * b)
    assert found.pearson == pytest.approx(r, abs=1e-12)
    # Adding 1e6 rounds the values to 1e-10, so they need unit variance.
    scaled = math.sqrt(1000)
    shifted = concordance(scaled * a + 1e6, scaled * (r * a + math.sqrt(1 - r * r) * b) + 1e6)
    assert shifted.pearson == pytest.approx(r, abs=1e-12)


def test_concordance__identical_samples_are_exactly_one():
    x = np.random.default_rng(5).normal(size=1001)
    found = concordance(x, x)
    assert (found.ccc, found.pearson, found.accuracy) == (1, 1, 1)


@pytest.mark.parametrize(
    ("x", "y", "reason"),
    [
        ([], [], "fewer than two features"),
        ([1], [2], "fewer than two features"),
        ([0.1, 0.1, 0.1], [1, 2, 3], "x is constant"),
        ([1, 2, 3], [0, 0, 0], "y is constant"),
        ([0, 0], [0, 0], "both samples are constant"),
    ],
)
def test_concordance__undefined_is_nan_with_a_reason(x, y, reason):
    found = concordance(x, y)
    assert math.isnan(found.ccc)
    assert math.isnan(found.pearson)
    assert found.reason == reason


def test_concordance__bad_input_is_refused():
    with pytest.raises(InputError, match="x has 2 features and y has 3"):
        concordance([1, 2], [1, 2, 3])
    with pytest.raises(InputError, match="y must be finite, got 1 NaN"):
        concordance([1, 2], [1, math.nan])
    with pytest.raises(InputError, match=r"x must be one-dimensional \(features\), got 2"):
        concordance([[1, 2]], [1, 2])


# encode_qc


def test_encode_qc__hand_value():
    # kept: (2,4), (4,4), (8,4); M = -1, 0, 1; (1,1) has A = 0 and is dropped
    found = encode_qc([0, 0, 1, 2, 4, 8], [0, 5, 1, 4, 4, 4])
    assert found.mad == 1.483
    assert found.sd == round(math.sqrt(2 / 3), 3)
    assert found.n_features == 3
    assert found.n_zero_in_one == 1
    assert math.isnan(found.pearson)
    assert found.reason == "y is constant"


def encode_reference(x, y):
    """ENCODE's script line by line, in which zeros in one sample stay as -inf."""
    kept = (x != 0) | (y != 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        lx, ly = np.log2(x[kept]), np.log2(y[kept])
        a, m = (lx + ly) / 2, lx - ly
    a_positive = a > 0
    return (
        round(float(np.median(np.abs(m)[a_positive])) * 1.4826, 3),
        round(math.sqrt(np.sum(m[a_positive] ** 2) / a_positive.sum()), 3),
        stats.pearsonr(lx[a_positive], ly[a_positive]).statistic,
        stats.spearmanr(lx[a_positive], ly[a_positive]).statistic,
    )


def test_encode_qc__equals_the_script_line_by_line():
    rng = np.random.default_rng(6)
    x = rng.lognormal(1, 2, 2000).round(2) * (rng.random(2000) > 0.3)
    y = (x * rng.lognormal(0, 0.4, 2000)).round(2) * (rng.random(2000) > 0.05)
    found = encode_qc(x, y)
    mad, sd, pearson, spearman = encode_reference(x, y)
    assert (found.mad, found.sd) == (mad, sd)
    assert found.pearson == pytest.approx(pearson, abs=1e-12)
    assert found.spearman == pytest.approx(spearman, abs=1e-12)
    assert found.n_zero_in_one == np.count_nonzero((x > 0) != (y > 0))


@given(pairs)
def test_encode_qc__symmetric_and_blind_to_double_zeros(pair):
    x, y = pair
    one, other = encode_qc(x, y), encode_qc(y, x)
    assert one.n_features == other.n_features
    assert one.mad == pytest.approx(other.mad, nan_ok=True)
    assert one.pearson == pytest.approx(other.pearson, nan_ok=True, abs=1e-9)
    padded = encode_qc(np.append(x, [0, 0]), np.append(y, [0, 0]))
    assert padded == pytest.approx(one, nan_ok=True)


def test_encode_qc__null_identical_samples_have_no_distance():
    x = np.random.default_rng(7).lognormal(2, 1, 500)
    found = encode_qc(x, x)
    assert (found.mad, found.sd, found.pearson, found.spearman) == (0, 0, 1, 1)


def test_encode_qc__power_a_global_shift_is_seen_uncentred():
    x = np.random.default_rng(8).lognormal(3, 1, 2000)
    found = encode_qc(x, 4 * x)
    assert found.mad == round(2 * 1.4826, 3)
    assert found.sd == 2


def test_encode_qc__nothing_left_is_nan_with_a_reason():
    found = encode_qc([0, 1, 0.2], [1, 0, 0.2])
    assert math.isnan(found.mad)
    assert found.n_features == 0
    assert found.n_zero_in_one == 2
    assert "no feature" in found.reason
    with pytest.raises(InputError, match="x must be >= 0, got 1 negative value"):
        encode_qc([-1, 2], [1, 2])


@pytest.mark.shared
@pytest.mark.parametrize(
    ("folder", "expected"),
    [
        ("geuvadis_refseq/rsem/{run}/{run}", (0.463, 0.9522117, 0.9530613, 0.634)),
        ("geuvadis_gencode27_rsem/{run}", (0.506, 0.9251998, 0.9345608, 0.849)),
    ],
)
def test_encode_qc__published_definition_on_real_runs(shared, folder, expected):
    mad, pearson, spearman, sd = expected
    x, y = (
        read_column(shared / f"{folder.format(run=run)}.genes.results.gz", "FPKM")
        for run in ("ERR188088", "ERR188288")
    )
    found = encode_qc(x, y)
    assert (found.mad, found.sd) == (mad, sd)
    assert found.pearson == pytest.approx(pearson, abs=5e-8)
    assert found.spearman == pytest.approx(spearman, abs=5e-8)


# detection


def test_detection__hand_value():
    found = detection([0, 2, 5, 0, 1], [0, 0, 7, 3, 1], threshold=1)
    assert found == (2, 1, 2, 0.5, "")


def test_detection__equals_set_arithmetic():
    rng = np.random.default_rng(9)
    x, y = rng.exponential(1, (2, 1000))
    in_x, in_y = set(np.flatnonzero(x >= 0.7)), set(np.flatnonzero(y >= 0.7))
    found = detection(x, y, threshold=0.7)
    assert found.n_both == len(in_x & in_y)
    assert found.n_one_only == len(in_x ^ in_y)
    assert found.n_neither == 1000 - len(in_x | in_y)
    assert found.jaccard == len(in_x & in_y) / len(in_x | in_y)


@given(pairs, st.floats(0.01, 100))
def test_detection__symmetric_and_scales_with_the_threshold(pair, threshold):
    x, y = pair
    found = detection(x, y, threshold=threshold)
    assert detection(y, x, threshold=threshold) == pytest.approx(found, nan_ok=True)
    assert found.n_both + found.n_one_only + found.n_neither == x.size
    doubled = detection(2 * x, 2 * y, threshold=2 * threshold)
    assert doubled[:3] == found[:3]


def test_detection__null_and_power():
    x = np.random.default_rng(10).exponential(5, 1000)
    assert detection(x, x, threshold=1).n_one_only == 0
    lost = x.copy()
    planted = np.flatnonzero(x >= 1)[:37]
    lost[planted] = 0
    assert detection(x, lost, threshold=1).n_one_only == 37


def test_detection__nothing_detected_is_nan_with_a_reason():
    found = detection([0, 0.5], [0, 0.2], threshold=1)
    assert found[:3] == (0, 2, 0)
    assert math.isnan(found.jaccard)
    assert found.reason == "no feature reaches 1 in either"
    with pytest.raises(InputError, match="threshold must be > 0, got 0"):
        detection([1], [1], threshold=0)
