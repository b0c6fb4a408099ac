"""Outlying samples, found by their correlations or by properties of the library."""

from __future__ import annotations

from functools import cache
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from lotwise.errors import InputError
from lotwise.evidence.libraries import SHALLOW_BELOW
from lotwise.metrics.moments import BoolArray, FloatArray, as_matrix, as_vector, refuse_negative

FEWEST_SCORED: Final = 3
MAD_TO_SD: Final = 1.4826
# Share of runs without a fault that may have any outlier flag, over all groups and levels. The
# stated rate is 5 %; the margin is for noise that is not quite independent and equal.
FALSE_RUNS: Final = 0.04
# d of a sample also contains the noise of its features. Its spread is as if R were computed from
# this many features of equal noise; benchmarks/outlier_rates.py checks the rate for 100 and more.
_N_DECIDING: Final = 30
_MOST_SETS: Final = 100_000
_MOST_DRAWS: Final = 4_000_000
N_HIGHEST: Final = 50
NO_MEDIAN: Final = "more than half of the other samples have no counts"


class OutlierScores(NamedTuple):
    """How much each sample lowers the mean R, in robust standard deviations."""

    difference: FloatArray
    score: FloatArray
    flagged: BoolArray
    reason: str


class Library(NamedTuple):
    """Summary of each library, independent of its correlations; one entry per sample."""

    total_counts: FloatArray
    n_detected: npt.NDArray[np.intp]
    share_of_highest: FloatArray
    tpm_sum: FloatArray


class Complexity(NamedTuple):
    """Number of features each library would show at a common depth; one entry per sample.

    ``n_features`` is an expected number. ``share_of_median`` is this number divided by the median
    of the other samples; NaN if this median is 0 or there is no other sample.
    """

    n_features: FloatArray
    share_of_median: FloatArray
    depth: float


class ShallowLibraries(NamedTuple):
    """Libraries whose total counts are far below the others'; one entry per sample.

    ``reasons`` states why a share is NaN; empty otherwise.
    """

    share_of_median: FloatArray
    flagged: BoolArray
    reasons: tuple[str, ...]


@cache
def outlier_cut(n_samples: int, *, n_groups: int = 1, rate: float = FALSE_RUNS) -> float:
    """Return the score below which a sample of a group is an outlier.

    A run without an outlier has a flag with a probability of at most ``rate``, for any number of
    groups. A group without an outlier therefore has a flag with at most the probability ``p = 1 -
    (1 - rate) ** (1 / n_groups)``. Such groups are simulated with independent noise that is equal
    in all samples. The cut is the quantile p of their lowest scores.

    Parameters
    ----------
    n_samples
        Number of samples in the group, >= 3.
    n_groups
        Number of groups that are scored in the run, over all levels.
    rate
        Share of the runs without an outlier that may have a flag, in (0, 1).

    Returns
    -------
    A negative score. It is lower for fewer samples, because their MAD is less certain.

    Raises
    ------
    InputError
        Fewer than three samples, no group, or a rate out of range.

    Examples
    --------
    >>> outlier_cut(3) < outlier_cut(6) < outlier_cut(24)
    True
    >>> outlier_cut(6, n_groups=8) < outlier_cut(6)
    True
    """
    if n_samples < FEWEST_SCORED or n_groups < 1 or not 0 < rate < 1:
        raise InputError(
            "n_samples must be >= 3, n_groups >= 1 and rate in (0, 1), "
            f"got {n_samples}, {n_groups} and {rate:g}"
        )
    # This is a constant of the method and equal in every run, so its seed is fixed.
    rng = np.random.default_rng(n_samples)
    n_sets = max(min(_MOST_SETS, _MOST_DRAWS // n_samples), 5_000)
    difference = -rng.chisquare(_N_DECIDING, size=(n_sets, n_samples))
    centred = difference - np.median(difference, axis=1, keepdims=True)
    lowest = centred.min(axis=1) / (MAD_TO_SD * np.median(np.abs(centred), axis=1))
    share = 1 - (1 - rate) ** (1 / n_groups)
    return float(np.quantile(lowest, share, method="lower"))


def outlier_scores(correlations: npt.ArrayLike, *, below: float | None = None) -> OutlierScores:
    """Score each sample by how much it lowers the mean R.

    ``d_i`` is the mean R of pairs with sample i minus the mean R of pairs without it. The score is
    ``(d_i - median d) / (1.4826 MAD(d))``.

    Parameters
    ----------
    correlations
        Samples x samples of one group, symmetric.
    below
        Scores below this are flagged; ``None`` uses :func:`outlier_cut` of one group.

    Returns
    -------
    Scores are NaN, and no sample is flagged, if there are fewer than three samples, if an R is
    undefined, or if more than half of the samples have the same d (MAD 0). In the first two cases,
    d is NaN too.

    Raises
    ------
    InputError
        The matrix is not square.

    Examples
    --------
    >>> r = np.full((6, 6), 0.98) + np.diag(np.full(6, 0.02))
    >>> r += 0.0001 * np.add.outer(np.arange(6), np.arange(6))
    >>> r[0, 1:] = r[1:, 0] = 0.8
    >>> np.flatnonzero(outlier_scores(r).flagged)
    array([0])
    """
    matrix = np.asarray(correlations, dtype=np.float64)
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1]:
        raise InputError(f"correlations must be a square matrix, got shape {matrix.shape}")
    n = matrix.shape[0]
    unscored = np.full(n, np.nan)
    off = ~np.eye(n, dtype=bool)
    if n < FEWEST_SCORED:
        return OutlierScores(
            unscored, unscored, np.zeros(n, dtype=bool), "fewer than three samples"
        )
    if not np.isfinite(matrix[off]).all():
        reason = "R of a pair is not defined"
        return OutlierScores(unscored, unscored, np.zeros(n, dtype=bool), reason)
    sums = np.where(off, matrix, 0).sum(axis=1)
    difference = sums / (n - 1) - (sums.sum() - 2 * sums) / ((n - 1) * (n - 2))
    centred = difference - np.median(difference)
    mad = float(np.median(np.abs(centred)))
    if mad <= 1e-15:
        reason = "more than half of the samples have the same mean R (MAD 0)"
        return OutlierScores(difference, unscored, np.zeros(n, dtype=bool), reason)
    score = centred / (MAD_TO_SD * mad)
    cut = outlier_cut(n) if below is None else below
    return OutlierScores(difference, score, score < cut, "")


def library_summary(
    tpm: npt.ArrayLike, *, counts: npt.ArrayLike | None = None, threshold: float = 1.0
) -> Library:
    """Summarise each library: counts, features detected, TPM share of the top 50, sum of TPM.

    Parameters
    ----------
    tpm
        Samples x features.
    counts
        Samples x features; without counts the totals are NaN.
    threshold
        Smallest TPM of a detected feature.

    Returns
    -------
    ``share_of_highest`` in [0, 1] is NaN for a sample whose TPM are all 0.

    Raises
    ------
    InputError
        Not matrices of one shape, or a value is negative or not finite.

    Examples
    --------
    >>> found = library_summary([[0, 5, 10]], counts=[[0, 50, 100]])
    >>> found.total_counts, found.n_detected
    (array([150.]), array([2]))
    """
    matrix = as_matrix(tpm, name="tpm")
    refuse_negative(matrix, name="tpm")
    totals = np.full(matrix.shape[0], np.nan)
    if counts is not None:
        counted = as_matrix(counts, name="counts")
        refuse_negative(counted, name="counts")
        if counted.shape != matrix.shape:
            raise InputError(f"counts have shape {counted.shape}, but TPM has shape {matrix.shape}")
        totals = counted.sum(axis=1)
    sums = matrix.sum(axis=1)
    n_rest = max(matrix.shape[1] - N_HIGHEST, 0)
    highest = np.partition(matrix, n_rest, axis=1)[:, n_rest:] if n_rest else matrix
    return Library(
        total_counts=totals,
        n_detected=np.count_nonzero(matrix >= threshold, axis=1),
        share_of_highest=highest.sum(axis=1) / np.where(sums > 0, sums, np.nan),
        tpm_sum=sums,
    )


def library_complexity(counts: npt.ArrayLike) -> Complexity:
    """Return the number of features that each library would show at the depth of the smallest.

    This is the expectation under binomial thinning. A feature of c counts is seen with probability
    ``1 - (1 - f) ** c``; f is the smallest total divided by the library's own total. A library that
    was amplified from few molecules shows fewer features than others at equal depth.

    Parameters
    ----------
    counts
        Samples x features.

    Raises
    ------
    InputError
        Not a matrix, or a value is negative or not finite.

    Examples
    --------
    >>> library_complexity([[10, 10, 10, 10], [40, 0, 0, 0]]).n_features
    array([4., 1.])
    """
    counted = as_matrix(counts, name="counts")
    refuse_negative(counted, name="counts")
    totals = counted.sum(axis=1)
    above = totals[totals > 0]
    depth = float(above.min()) if above.size else 0.0
    n_features = np.zeros(totals.size)
    for row, total in enumerate(totals):
        if total > 0:
            seen = counted[row, counted[row] > 0]
            with np.errstate(divide="ignore"):
                n_features[row] = -np.expm1(seen * np.log1p(-depth / total)).sum()
    share = np.full(totals.size, np.nan)
    if totals.size > 1:
        others = _medians_of_others(n_features)
        share = n_features / np.where(others > 0, others, np.nan)
    return Complexity(n_features, share, depth)


def shallow_libraries(
    total_counts: npt.ArrayLike, *, below: float = SHALLOW_BELOW
) -> ShallowLibraries:
    """Flag libraries whose total counts are a small fraction of the others' median.

    Read this before any correlation: a library of 36 thousand counts among libraries of 20
    million still has TPM that sum to a million.

    Parameters
    ----------
    total_counts
        One total per sample.
    below
        Share of the median of the other samples below which a library is flagged.

    Returns
    -------
    The share and the flag. With one sample, or if the others' median is 0, the share is NaN and
    there is no flag.

    Raises
    ------
    InputError
        A total is negative or not finite, or ``below`` is outside (0, 1).

    Examples
    --------
    >>> shallow_libraries([20e6, 36e3, 18e6]).flagged
    array([False,  True, False])
    """
    totals = as_vector(total_counts, name="total_counts")
    refuse_negative(totals, name="total_counts")
    if not 0 < below < 1:
        raise InputError(f"below must be in (0, 1), got {below}")
    if totals.size < 2:
        unknown = np.full(totals.size, np.nan)
        reasons = ("no other sample to compare with",) * totals.size
        return ShallowLibraries(unknown, np.zeros(totals.size, dtype=bool), reasons)
    others = _medians_of_others(totals)
    share = totals / np.where(others > 0, others, np.nan)
    reasons = tuple("" if known else NO_MEDIAN for known in others > 0)
    return ShallowLibraries(share, share < below, reasons)


def _medians_of_others(values: FloatArray) -> FloatArray:
    """Return for each value the median of all others; needs two values or more."""
    order = np.argsort(values, kind="stable")
    ranks = np.argsort(order, kind="stable")
    ordered, n_others = values[order], values.size - 1
    # Without a value, those after it move up by one.
    low, high = (
        ordered[middle + (middle >= ranks)] for middle in ((n_others - 1) // 2, n_others // 2)
    )
    medians: FloatArray = (low + high) / 2
    return medians
