"""Pearson and Spearman correlation, of two samples or of all pairs at once.

Sources: Pearson's R as the paper shows it (Bloor et al. 2020, Nature Medicine
26:1720, Extended Data Figs 1 and 2); Spearman's rho with average ranks for ties
(Spearman 1904). A correlation that is not defined is NaN, and
:func:`~lotwise.metrics.moments.why_undefined` says why.
"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import numpy.typing as npt
from threadpoolctl import threadpool_limits

from lotwise.errors import InputError
from lotwise.metrics.moments import (
    BoolArray,
    FloatArray,
    IntArray,
    as_pair,
    correlation,
    why_undefined,
)

_FEWEST_FEATURES = 2
# Values per block: 64 MB, small compared with a large matrix, and large enough for BLAS.
_BLOCK_VALUES = 2**23
# Below this ratio of variance to squared mean, rounding error may look like variance.
_SUSPICIOUS_VARIANCE = 1e-16
# Up to this ratio of squared mean to variance, the means cost less than one of 16 digits.
_SMALL_MEAN = 8.0
# When fewer than one in this many codes are ranked, sorting is faster than counting.
_FEW = 12
# Samples per strip of the products; each pair of strips is one task of one thread.
_STRIP = 256


def pearson(x: npt.ArrayLike, y: npt.ArrayLike) -> float:
    """Return Pearson's product-moment correlation of two samples.

    Parameters
    ----------
    x, y
        One value per feature, shape ``(n_features,)``, in the same order.

    Returns
    -------
    A number in [-1, 1]; NaN with fewer than 2 features or where a sample is constant.

    Raises
    ------
    InputError
        x and y are not vectors of one length, or a value is not finite.

    Examples
    --------
    >>> round(pearson([1, 2, 3, 4], [1, 3, 2, 4]), 3)
    0.8
    """
    first, second = as_pair(x, y)
    return float("nan") if why_undefined(first, second) else correlation(first, second)


def spearman(x: npt.ArrayLike, y: npt.ArrayLike) -> float:
    """Return Spearman's rank correlation of two samples; ties get their average rank.

    Parameters, range, NaN and errors are as in :func:`pearson`.

    Examples
    --------
    >>> round(spearman([1, 2, 3, 4], [1, 30, 20, 40]), 3)
    0.8
    """
    first, second = as_pair(x, y)
    return pearson(*ranks(np.stack([first, second])))


def pearson_matrix(values: npt.ArrayLike) -> FloatArray:
    """Return Pearson's correlation of every pair of samples.

    Float64 values whose means are small relative to the spread, as in log expression, are
    multiplied without a copy. Other values are centred first, and the products are corrected for
    the rounding error of the means (Chan, Golub & LeVeque 1983, American Statistician 37:242).
    Centring is done in blocks, so that only ``values`` and one block are in memory.

    Parameters
    ----------
    values
        Shape ``(n_samples, n_features)``.

    Returns
    -------
    Shape ``(n_samples, n_samples)``, symmetric, in [-1, 1], 1 on the diagonal.
    NaN in the row and column of a sample that is constant or contains a NaN or an
    infinity, and everywhere with fewer than 2 features.

    Raises
    ------
    InputError
        The input is not an array of samples x features.

    Examples
    --------
    >>> pearson_matrix([[1, 2, 3, 4], [1, 3, 2, 4]]).round(3)
    array([[1. , 0.8],
           [0.8, 1. ]])
    """
    values = _samples_by_features(values)
    n_samples, n_features = values.shape
    if n_features < _FEWEST_FEATURES or not n_samples:
        return np.full((n_samples, n_samples), np.nan)
    with np.errstate(invalid="ignore", over="ignore"):
        means = values.mean(axis=1, dtype=np.float64)
        # BLAS may sum in another order with more threads; our threads share out complete sums.
        with threadpool_limits(1, user_api="blas"):
            products = _products_about_means(values, means)
        spread = np.diagonal(products).copy()
        spread[_is_constant(values, means, spread)] = np.nan
        spread[~np.isfinite(spread)] = np.nan
        scale = np.sqrt(spread)
        matrix = products / scale[:, None] / scale[None, :]
        # Only the upper triangle is computed. It stands for both, also where rounding differs.
        matrix = np.triu(matrix) + np.triu(matrix, 1).T
    np.clip(matrix, -1.0, 1.0, out=matrix)
    # A sample correlates exactly with itself; rounding would leave 1 - 1e-16.
    np.fill_diagonal(matrix, np.where(np.isnan(scale), np.nan, 1.0))
    return matrix


def spearman_matrix(values: npt.ArrayLike) -> FloatArray:
    """Return Spearman's correlation of every pair of samples; ties get their average rank.

    Parameters, shape, range, NaN and errors are as in :func:`pearson_matrix`.

    Examples
    --------
    >>> spearman_matrix([[1, 2, 3, 4], [1, 30, 20, 40]]).round(3)
    array([[1. , 0.8],
           [0.8, 1. ]])
    """
    return pearson_matrix(ranks(values))


def ranks(values: npt.ArrayLike) -> FloatArray:
    """Rank each sample's features; ties get their average rank.

    If a sample contains a NaN, all its ranks are NaN.

    Examples
    --------
    >>> ranks([[10.0, 0.0, 10.0]])
    array([[2.5, 1. , 2.5]])
    """
    values = _samples_by_features(values)
    ranked = np.empty(values.shape, dtype=np.float64)
    for row, sample in zip(ranked, values, strict=True):
        row[:] = np.nan if np.isnan(sample).any() else _ranks_by_sorting(sample)
    return ranked


def dense_ranks(sample: npt.ArrayLike) -> IntArray:
    """Replace each value by its rank among the distinct values; the lowest value gets 0.

    Examples
    --------
    >>> dense_ranks([10.0, 0.0, 10.0])
    array([1, 0, 1])
    """
    return np.unique(np.asarray(sample), return_inverse=True)[1]


def average_ranks(codes: IntArray) -> FloatArray:
    """Rank features by their :func:`dense_ranks` without sorting again; ties get the average rank.

    ``codes`` may contain the dense ranks of only some features. The result then ranks these
    features among each other.

    Examples
    --------
    >>> average_ranks(dense_ranks([10.0, 0.0, 10.0, 5.0])[:3])
    array([2.5, 1. , 2.5])
    """
    if codes.size and codes.size * _FEW < codes.max():
        # Counting up to the highest code would cost more than sorting so few values.
        return _ranks_by_sorting(codes)
    n_tied = np.bincount(codes)
    average: FloatArray = np.cumsum(n_tied) - (n_tied - 1) / 2
    return average[codes]


def _ranks_by_sorting(values: npt.NDArray[np.generic]) -> FloatArray:
    order = np.argsort(values)
    ranked = values[order]
    first = np.flatnonzero(np.concatenate([[True], ranked[1:] != ranked[:-1]]))[: values.size]
    beyond = np.append(first[1:], values.size)
    found = np.empty(values.size)
    found[order] = np.repeat((first + beyond + 1) / 2, beyond - first)
    return found


def _products_about_means(values: npt.NDArray[np.floating], means: FloatArray) -> FloatArray:
    """Return the sums of products of the samples about their means; only the upper triangle counts.

    They are computed directly from the values where the means are small relative to the spread, as
    in log expression: no digit is lost and nothing is copied. Otherwise the values are centred.
    """
    n_features = values.shape[1]
    if values.dtype == np.float64 and values.flags.c_contiguous:
        about_zero = n_features * means**2
        # This check takes a thirtieth of the time of syrk, which is wasted if the means are large.
        spread = np.einsum("ij,ij->i", values, values) - about_zero
        if (about_zero <= _SMALL_MEAN * spread).all():
            upper = _upper_products(values)
            upper -= n_features * np.outer(means, means)
            return upper
    products, residuals = _centred_products(values, means)
    products -= np.outer(residuals, residuals) / n_features
    return products


def _centred_products(
    values: npt.NDArray[np.floating], means: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Return the products of the centred samples, and the sum of each centred sample."""
    n_samples, n_features = values.shape
    width = min(n_features, max(1, _BLOCK_VALUES // n_samples))
    products = np.zeros((n_samples, n_samples))
    residuals = np.zeros(n_samples)
    block = np.empty((n_samples, width))
    for start in range(0, n_features, width):
        piece = values[:, start : start + width]
        if piece.shape[1] < width:
            block = np.empty(piece.shape)
        np.subtract(piece, means[:, None], out=block)
        residuals += block @ np.ones(block.shape[1])
        products += _upper_products(block)
    return products, residuals


def _upper_products(values: npt.NDArray[np.floating]) -> FloatArray:
    """Return the products of every pair of samples; only part of the lower triangle is filled.

    The digits do not depend on the number of cores or threads.
    """
    n_samples = len(values)
    products = np.zeros((n_samples, n_samples))

    def multiply(first: int, second: int) -> None:
        rows, columns = slice(first, first + _STRIP), slice(second, second + _STRIP)
        # numpy's error state is per thread, so it is set again here.
        with np.errstate(invalid="ignore", over="ignore"):
            products[rows, columns] = values[rows] @ values[columns].T

    starts = range(0, n_samples, _STRIP)
    # Strips on the diagonal cost half, so they come last and fill the gaps.
    pairs = [(i, j) for i in starts for j in starts if j > i] + [(i, i) for i in starts]
    if len(pairs) == 1:
        multiply(0, 0)
    else:
        with ThreadPoolExecutor(min(os.cpu_count() or 1, len(pairs))) as pool:
            list(pool.map(multiply, *zip(*pairs, strict=True)))
    return products


def _is_constant(
    values: npt.NDArray[np.floating], means: FloatArray, spread: FloatArray
) -> BoolArray:
    """Return which samples are constant; look closely only where rounding could hide it."""
    suspicious = spread <= _SUSPICIOUS_VARIANCE * values.shape[1] * means**2
    constant = np.zeros(len(means), dtype=np.bool_)
    for index in np.flatnonzero(suspicious):
        constant[index] = bool((values[index] == values[index, 0]).all())
    return constant


def _samples_by_features(values: npt.ArrayLike) -> npt.NDArray[np.floating]:
    array = np.asarray(values)
    if array.ndim != 2:
        raise InputError(f"expected an array of samples x features, got shape {array.shape}")
    if not np.issubdtype(array.dtype, np.floating):
        array = array.astype(np.float64)
    return array
