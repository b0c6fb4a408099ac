"""Samples that stand apart: by their correlations, and by the library itself."""

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
# Share of sound runs that may have an outlier flag, all groups and levels together. Stated is 5 %:
# the rest is for noise that is not quite independent and equal.
FALSE_RUNS: Final = 0.04
# d of a sample falls with the noise of its features. Its spread is as if so many features of equal
# noise decided R: benchmarks/outlier_rates.py holds the rate for 100 and more.
_N_DECIDING: Final = 30
_MOST_SETS: Final = 100_000
_MOST_DRAWS: Final = 4_000_000
N_HIGHEST: Final = 50
NO_MEDIAN: Final = "more than half of the other samples have no counts"


class OutlierScores(NamedTuple):
    """How much each sample pulls mean R down, in robust standard deviations."""

    difference: FloatArray
    score: FloatArray
    flagged: BoolArray
    reason: str


class Library(NamedTuple):
    """What each library is, whatever its correlations; one entry a sample."""

    total_counts: FloatArray
    n_detected: npt.NDArray[np.intp]
    share_of_highest: FloatArray
    tpm_sum: FloatArray


class Complexity(NamedTuple):
    """Features each library would show at one depth; one entry a sample.

    ``n_features`` is an expectation; ``share_of_median`` its ratio to the median of the other
    samples, NaN where that is 0 or there is no other.
    """

    n_features: FloatArray
    share_of_median: FloatArray
    depth: float


class ShallowLibraries(NamedTuple):
    """Libraries whose total counts are far below the others'; one entry a sample.

    ``reasons`` says why a share is NaN; empty where it is not.
    """

    share_of_median: FloatArray
    flagged: BoolArray
    reasons: tuple[str, ...]


@cache
def outlier_cut(n_samples: int, *, n_groups: int = 1, rate: float = FALSE_RUNS) -> float:
    """Return the score below which a sample of a group is an outlier.

    A sound run has a flag in at most ``rate`` of all cases, whatever the number of its groups: each
    of them has the share ``1 - (1 - rate) ** (1 / n_groups)``. The cut is that quantile of the
    lowest score of sound groups, simulated with independent noise that is equal in all samples.

    Parameters
    ----------
    n_samples
        Samples of the group, 3 or more.
    n_groups
        Groups that are scored in the run, over all levels.
    rate
        Share of sound runs with a flag, in (0, 1).

    Returns
    -------
    A negative score. The fewer samples, the further from 0: MAD of few values is uncertain.

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
            f"got n_samples {n_samples}, n_groups {n_groups} and rate {rate:g}; needed are 3 or "
            "more, 1 or more, and a share between 0 and 1"
        )
    # A constant of the method: the same for every run, so its seed is no choice.
    rng = np.random.default_rng(n_samples)
    n_sets = max(min(_MOST_SETS, _MOST_DRAWS // n_samples), 5_000)
    difference = -rng.chisquare(_N_DECIDING, size=(n_sets, n_samples))
    centred = difference - np.median(difference, axis=1, keepdims=True)
    lowest = centred.min(axis=1) / (MAD_TO_SD * np.median(np.abs(centred), axis=1))
    share = 1 - (1 - rate) ** (1 / n_groups)
    return float(np.quantile(lowest, share, method="lower"))


def outlier_scores(correlations: npt.ArrayLike, *, below: float | None = None) -> OutlierScores:
    """Score samples by how far mean R falls when they take part.

    ``d_i`` is mean R of the pairs with sample i minus mean R of the pairs without it, and the
    score ``(d_i - median d) / (1.4826 MAD(d))``.

    Parameters
    ----------
    correlations
        Samples x samples of one group, symmetric.
    below
        Scores below this are flagged; ``None`` for :func:`outlier_cut` of one group.

    Returns
    -------
    Scores of NaN and no flag with fewer than three samples, an undefined R, or where more than
    half of the samples have the same d (MAD 0); d is NaN in the first two.

    Raises
    ------
    InputError
        Not square.

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
        raise InputError(f"correlations have shape {matrix.shape}, needed a square")
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
        reason = "half of the samples have the same mean R (MAD 0)"
        return OutlierScores(difference, unscored, np.zeros(n, dtype=bool), reason)
    score = centred / (MAD_TO_SD * mad)
    cut = outlier_cut(n) if below is None else below
    return OutlierScores(difference, score, score < cut, "")


def library_summary(
    tpm: npt.ArrayLike, *, counts: npt.ArrayLike | None = None, threshold: float = 1.0
) -> Library:
    """Sum up each library: counts, features detected, share of the 50 highest, sum of TPM.

    Parameters
    ----------
    tpm
        Samples x features.
    counts
        Samples x features; NaN totals where ``None``.
    threshold
        TPM from which a feature is detected.

    Returns
    -------
    ``share_of_highest`` in [0, 1] is NaN for a sample without any TPM.

    Raises
    ------
    InputError
        Not matrices of one shape, or negative or not finite values.

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
            raise InputError(f"counts have shape {counted.shape}, TPM {matrix.shape}")
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
    """Count the features that each library would show at the depth of the smallest.

    The expectation under binomial thinning: a feature of c counts is seen with probability
    ``1 - (1 - f) ** c``, f being the smallest total over the library's own. A library of few
    molecules, amplified, shows fewer features than the others at equal depth.

    Parameters
    ----------
    counts
        Samples x features.

    Raises
    ------
    InputError
        Not a matrix, or negative or not finite values.

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
    """Name libraries whose total counts are a small share of the others' median.

    To be read before any correlation: a library of 36 thousand counts among libraries of 20
    million still has TPM that sum to a million.

    Parameters
    ----------
    total_counts
        One total a sample.
    below
        Share of the median of the other samples below which a library is flagged.

    Returns
    -------
    The share and the flag; NaN and no flag with one sample or where the others' median is 0.

    Raises
    ------
    InputError
        Negative or not finite totals, or ``below`` not in (0, 1).

    Examples
    --------
    >>> shallow_libraries([20e6, 36e3, 18e6]).flagged
    array([False,  True, False])
    """
    totals = as_vector(total_counts, name="total_counts")
    refuse_negative(totals, name="total_counts")
    if not 0 < below < 1:
        raise InputError(f"the share is {below}, needed between 0 and 1")
    if totals.size < 2:
        unknown = np.full(totals.size, np.nan)
        reasons = ("no other sample to compare with",) * totals.size
        return ShallowLibraries(unknown, np.zeros(totals.size, dtype=bool), reasons)
    others = _medians_of_others(totals)
    share = totals / np.where(others > 0, others, np.nan)
    reasons = tuple("" if known else NO_MEDIAN for known in others > 0)
    return ShallowLibraries(share, share < below, reasons)


def _medians_of_others(values: FloatArray) -> FloatArray:
    """Median of all values but one, for each of them; two values or more."""
    order = np.argsort(values, kind="stable")
    ranks = np.argsort(order, kind="stable")
    ordered, n_others = values[order], values.size - 1
    # Without a value, those behind it move up by one.
    low, high = (
        ordered[middle + (middle >= ranks)] for middle in ((n_others - 1) // 2, n_others // 2)
    )
    medians: FloatArray = (low + high) / 2
    return medians
