"""Correlation: hand values, SciPy, NumPy and pandas, and numerically hard cases."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import stats
from threadpoolctl import threadpool_limits

from lotwise.errors import InputError
from lotwise.metrics import correlation
from lotwise.metrics.correlation import (
    average_ranks,
    dense_ranks,
    pearson,
    pearson_matrix,
    ranks,
    spearman,
    spearman_matrix,
)

pytestmark = pytest.mark.requirement("COR-001", "COR-002")

# Few distinct values, so that ties are common; whole numbers, so that no sample is nearly constant.
tables = st.tuples(st.integers(2, 5), st.integers(2, 20)).flatmap(
    lambda shape: arrays(np.float64, shape, elements=st.integers(0, 9).map(float))
)


def of_known_r(r: float, n: int = 2**17) -> np.ndarray:
    """Two samples whose R is ``r`` up to the last digit, from orthogonal vectors."""
    rng = np.random.default_rng(6)
    raw = rng.normal(size=(2, n))
    first, second = raw - raw.mean(axis=1, keepdims=True)
    second -= first * (first @ second) / (first @ first)
    first, second = first / np.sqrt(first @ first), second / np.sqrt(second @ second)
    return np.stack([first, r * first + np.sqrt((1 - r) * (1 + r)) * second]) * np.sqrt(n)


def test_pearson__hand_value():
    # deviations -1 0 1 and -4/3 -1/3 5/3: products 3, squares 2 and 42/9
    assert pearson([1, 2, 3], [1, 2, 4]) == pytest.approx(3 / np.sqrt(2 * 42 / 9), abs=1e-15)


def test_spearman__null_independent_samples_and_power_of_a_planted_correlation():
    rng = np.random.default_rng(8)
    n, n_runs = 2_000, 100
    # Of independent samples rho has mean 0 and variance 1 / (n - 1).
    independent = [spearman(*rng.normal(size=(2, n))) for _ in range(n_runs)]
    sd = 1 / np.sqrt(n - 1)
    assert abs(np.mean(independent)) < 3 * sd / np.sqrt(n_runs)
    assert np.std(independent) == pytest.approx(sd, rel=3 / np.sqrt(2 * n_runs))
    # For normal samples of correlation r it is 6/pi asin(r/2), after any monotone transformation.
    found = spearman(*np.exp(of_known_r(0.8)))
    assert found == pytest.approx(6 / np.pi * np.arcsin(0.4), abs=0.005)


def test_spearman__hand_value_with_ties():
    # ranks 1 2.5 2.5 and 1 2 3: deviations -1 .5 .5 and -1 0 1, products 1.5, squares 1.5 and 2
    assert spearman([0, 7, 7], [3, 4, 9]) == pytest.approx(1.5 / np.sqrt(3), abs=1e-15)


@given(tables)
def test_matrices__equal_scipy_numpy_and_pandas(values):
    constant = np.ptp(values, axis=1) == 0
    wanted = pd.DataFrame(values.T)
    for found, method in (
        (pearson_matrix(values), "pearson"),
        (spearman_matrix(values), "spearman"),
    ):
        assert np.array_equal(found, found.T, equal_nan=True)
        assert np.isnan(found[constant]).all()
        expected = wanted.corr(method=method).to_numpy(copy=True)
        expected[constant] = expected[:, constant] = np.nan
        np.testing.assert_allclose(found, expected, atol=1e-12)
    defined = values[~constant]
    if len(defined) < 2:
        return
    r, rho = pearson(*defined[:2]), spearman(*defined[:2])
    assert r == pytest.approx(stats.pearsonr(*defined[:2]).statistic, abs=1e-12)
    assert r == pytest.approx(np.corrcoef(defined[:2])[0, 1], abs=1e-12)
    assert rho == pytest.approx(stats.spearmanr(*defined[:2]).statistic, abs=1e-12)


@given(tables, st.randoms(use_true_random=False), st.integers(1, 64), st.integers(-50, 50))
def test_matrices__ignore_order_of_features_and_scale_and_follow_samples(
    values, random, scale, shift
):
    features, samples = list(range(values.shape[1])), list(range(values.shape[0]))
    random.shuffle(features)
    random.shuffle(samples)
    for matrix in (pearson_matrix, spearman_matrix):
        wanted = matrix(values)
        moved = matrix(values[:, features][samples] * scale + shift)
        np.testing.assert_allclose(moved, wanted[np.ix_(samples, samples)], atol=1e-10)
        turned = matrix(np.vstack([-values[:1], values[1:]]))
        np.testing.assert_allclose(turned[0, 1:], -wanted[0, 1:], atol=1e-10)


@pytest.mark.parametrize("mean", [0, 1e6, -1e6])
@pytest.mark.parametrize("r", [0.5, 0.9, 0.99, 0.999999])
def test_pearson__known_r_comes_back_to_the_twelfth_digit(r, mean):
    samples = of_known_r(r) + mean
    assert pearson(*samples) == pytest.approx(r, abs=1e-12)
    matrix = pearson_matrix(samples)
    assert matrix[0, 1] == pytest.approx(r, abs=1e-12)
    assert np.diag(matrix).tolist() == [1, 1]


def test_pearson_matrix__null_independent_samples():
    r = pearson_matrix(np.random.default_rng(0).normal(size=(20, 40_000)))
    assert np.abs(r[np.triu_indices(20, 1)]).max() < 5 / np.sqrt(40_000)


@pytest.mark.parametrize("mean", [0, 100])  # only where means are large are blocks centred
@pytest.mark.parametrize("block", [1, 7, 100, 1001])
def test_pearson_matrix__blocks_change_nothing(monkeypatch, block, mean):
    values = np.random.default_rng(1).normal(mean, 1, (5, 333))
    wanted = pearson_matrix(values)
    monkeypatch.setattr(correlation, "_BLOCK_VALUES", block)
    np.testing.assert_allclose(pearson_matrix(values), wanted, atol=1e-14)


@pytest.mark.parametrize("mean", [0.0, 100.0])
def test_pearson_matrix__products_are_summed_once(monkeypatch, mean):
    """Also where the means are large: the result of BLAS is used and not computed again."""
    called = []

    def counted(values):
        called.append(1)
        return multiply(values)

    multiply = correlation._upper_products
    monkeypatch.setattr(correlation, "_upper_products", counted)
    values = np.random.default_rng(3).normal(mean, 1, (4, 300))
    np.testing.assert_allclose(pearson_matrix(values), np.corrcoef(values), atol=1e-12)
    assert len(called) == 1


@pytest.mark.parametrize("shift", [0, 1e5])
@pytest.mark.parametrize("dtype", [np.float32, np.int32])
def test_pearson_matrix__narrow_types_are_computed_in_double(dtype, shift):
    values = (np.random.default_rng(2).lognormal(5, 2, (3, 5000)) + shift).astype(dtype)
    wanted = np.corrcoef(values.astype(np.float64))
    np.testing.assert_allclose(pearson_matrix(values), wanted, atol=1e-12)


def test_pearson_matrix__large_means_cost_no_digit():
    """Whole numbers near 2^50 are exact, but their mean is rounded by up to 1/16."""
    small = np.random.default_rng(9).integers(0, 10, (4, 1001))
    found = pearson_matrix((small + 2**50).astype(np.float64))
    np.testing.assert_allclose(found, np.corrcoef(small), atol=1e-12)


@pytest.mark.parametrize("matrix", [pearson_matrix, spearman_matrix])
def test_matrices__layout_in_memory_and_python_objects_change_nothing(matrix):
    values = np.random.default_rng(10).integers(0, 9, (4, 50))
    wanted = matrix(values.astype(np.float64))
    # Nullable columns of pandas arrive as objects.
    for same in (np.asfortranarray(values.astype(np.float64)), values, values.astype(object)):
        np.testing.assert_allclose(matrix(same), wanted, atol=1e-14)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("matrix", [pearson_matrix, spearman_matrix])
def test_matrices__a_bad_sample_harms_itself_alone(matrix, bad):
    values = np.random.default_rng(3).normal(size=(4, 50))
    wanted = matrix(values)
    values[2, 7] = bad
    found = matrix(values)
    others = np.ix_([0, 1, 3], [0, 1, 3])
    np.testing.assert_allclose(found[others], wanted[others], atol=1e-14)
    if matrix is pearson_matrix or np.isnan(bad):
        assert np.isnan(found[2]).all()
        assert np.isnan(found[:, 2]).all()


@pytest.mark.parametrize("value", [0.0, 0.1, -0.1, -7.3, 1e6 + 0.1, 1e-300])
def test_matrices__a_constant_sample_is_nan_though_rounding_leaves_a_variance(value):
    values = np.random.default_rng(4).normal(size=(3, 1001))
    values[1] = value
    for matrix in (pearson_matrix(values), spearman_matrix(values)):
        assert np.isnan(matrix[1]).all()
        assert np.isfinite(matrix[0, 2])
    assert np.isnan(pearson(values[0], values[1]))
    assert np.isnan(spearman(values[0], values[1]))


def test_pearson_matrix__is_never_beyond_one_by_rounding():
    rng = np.random.default_rng(6)
    for _ in range(200):
        sample = rng.normal(size=rng.integers(3, 40))
        found = pearson_matrix([sample, 3 * sample + 0.1, -0.7 * sample])
        assert np.abs(found).max() == 1
        assert found[0, 1] == pytest.approx(1, abs=1e-12)
        assert found[0, 2] == pytest.approx(-1, abs=1e-12)


def test_pearson_matrix__a_sample_too_large_to_square_has_no_r_and_no_warning():
    values = np.random.default_rng(7).normal(size=(3, 50))
    wanted = pearson_matrix(values)
    values[1] *= 1e200
    found = pearson_matrix(values)
    assert np.isnan(found[1]).all()
    assert found[0, 2] == pytest.approx(wanted[0, 2], abs=1e-14)


def test_matrices__two_features_and_one():
    found = pearson_matrix([[1.0, 2], [5, 3]])
    np.testing.assert_allclose(found, [[1, -1], [-1, 1]], atol=1e-15)
    assert np.isnan(pearson_matrix([[1.0], [5]])).all()
    assert np.isnan(spearman_matrix([[1.0], [5]])).all()
    assert np.isnan(pearson([1], [2]))
    assert pearson_matrix(np.empty((0, 5))).shape == (0, 0)


def test_matrices__refuse_a_vector():
    with pytest.raises(InputError, match=r"samples x features, got shape \(3,\)"):
        pearson_matrix([1, 2, 3])


@pytest.mark.parametrize("mean", [0, 100])
def test_pearson_matrix__digits_do_not_depend_on_the_cores(monkeypatch, mean):
    values = np.random.default_rng(5).normal(mean, 1, (600, 300))
    values[7, 3] = np.inf
    found = []
    for cores in (1, 2, 7):
        monkeypatch.setattr("os.cpu_count", lambda cores=cores: cores)
        with threadpool_limits(cores, user_api="blas"):
            found.append(pearson_matrix(values))
    assert all(matrix.tobytes() == found[0].tobytes() for matrix in found[1:])
    sound = np.delete(np.arange(600), 7)
    expected = np.corrcoef(values[sound])
    np.testing.assert_allclose(found[0][np.ix_(sound, sound)], expected, atol=1e-12)
    assert np.isnan(found[0][7]).all()


@pytest.mark.parametrize("statistic", [pearson, spearman])
def test_pairs__refuse_what_is_no_pair(statistic):
    with pytest.raises(InputError, match="x has 3 features and y has 2"):
        statistic([1, 2, 3], [1, 2])
    with pytest.raises(InputError, match="y must be finite, got 1 NaN or infinite"):
        statistic([1, 2], [1, np.nan])


@given(arrays(np.float64, 30, elements=st.integers(0, 6).map(float)), arrays(np.bool_, 30))
def test_average_ranks__equal_scipys_of_the_subset(sample, mask):
    found = average_ranks(dense_ranks(sample)[mask])
    np.testing.assert_allclose(found, stats.rankdata(sample[mask]), atol=0)


@pytest.mark.parametrize("n", [1, 2, 30])
def test_average_ranks__few_values_of_many_codes(n):
    """Below a twelfth of the codes the values are sorted instead of counted."""
    codes = dense_ranks(np.random.default_rng(11).integers(0, 900, 2000))
    chosen = np.append(codes[: n - 1], codes.max())
    np.testing.assert_array_equal(average_ranks(chosen), stats.rankdata(chosen))


def test_average_ranks__of_no_feature_are_none():
    assert average_ranks(dense_ranks([])).shape == (0,)
    assert ranks(np.empty((2, 0))).shape == (2, 0)


def test_ranks__sample_with_nan_is_nan():
    found = ranks([[1.0, np.nan], [2.0, 1.0]])
    assert np.isnan(found[0]).all()
    assert found[1].tolist() == [2, 1]
