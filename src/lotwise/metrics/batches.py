"""Batches as the unit of inference: what k earlier batches predict for a new batch."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.special import stdtrit

from lotwise.errors import InputError
from lotwise.metrics.moments import FloatArray
from lotwise.metrics.tolerance import tolerance_factor
from lotwise.wording import counted

NAN = float("nan")
_SMALLEST_R = 1e-12
# Of the mean cost of batches: the least that one is taken to have.
LEAST_COST = 0.05
# More is told as this.
_MOST_TIMES = 99


class SampleMedians(NamedTuple):
    """Median R over pairs of single samples: between batches (matrix) and within each batch."""

    batch: npt.NDArray[np.generic]
    between: FloatArray
    within: FloatArray


class BatchR(NamedTuple):
    """Median R of each batch to the other batches; one entry per batch."""

    batch: npt.NDArray[np.generic]
    median_to_others: FloatArray
    n_others: int
    reasons: tuple[str, ...]


class ReferenceInterval(NamedTuple):
    """Range in which one more batch (prediction) or most further batches (tolerance) should lie.

    Limits are correlations; ``words`` describe what k batches can show.
    """

    prediction_lower: float
    prediction_upper: float
    tolerance_lower: float
    tolerance_upper: float
    n_batches: int
    level: float
    words: str
    reason: str


class RankP(NamedTuple):
    """Rank of a new batch among the earlier ones; 1 is the lowest, 0 means no rank."""

    p: float
    smallest_possible: float
    rank: int
    n_reference: int
    words: str


def medians_of_samples(correlations: npt.ArrayLike, *, batches: npt.ArrayLike) -> SampleMedians:
    """Return the median R of single samples between each pair of batches and within each batch.

    Both medians are of R between single samples. R between average profiles would exceed R within
    batches even where batches differ, because an average has less noise than a sample.

    Parameters
    ----------
    correlations
        Samples x samples, symmetric; NaN where R is not defined.
    batches
        Name of the batch of each sample.

    Returns
    -------
    Batches are in the order in which they first occur. ``between`` is 1 on the diagonal and NaN
    where no R is defined. ``within`` is NaN for a batch with one sample.

    Raises
    ------
    InputError
        The matrix is not square, or ``batches`` does not have one name per sample.

    Examples
    --------
    >>> r = [[1, 0.9, 0.8], [0.9, 1, 0.7], [0.8, 0.7, 1]]
    >>> found = medians_of_samples(r, batches=["a", "a", "b"])
    >>> float(found.between[0, 1]), found.within
    (0.75, array([0.9, nan]))
    """
    matrix, names = np.asarray(correlations, dtype=np.float64), np.asarray(batches)
    if matrix.shape != (names.size, names.size):
        raise InputError(
            f"got {names.size} samples, but the correlations have shape {matrix.shape}"
        )
    order = list(dict.fromkeys(names.tolist()))
    rows = [np.flatnonzero(names == name) for name in order]
    between, within = np.eye(len(order)), np.full(len(order), np.nan)
    for a, of_a in enumerate(rows):
        inside = matrix[np.ix_(of_a, of_a)][np.triu_indices(of_a.size, k=1)]
        within[a] = _median(inside)
        for b, of_b in enumerate(rows[:a]):
            between[a, b] = between[b, a] = _median(matrix[np.ix_(of_a, of_b)])
    return SampleMedians(np.array(order, dtype=names.dtype), between, within)


def _median(values: FloatArray) -> float:
    defined = values[np.isfinite(values)]
    return float(np.median(defined)) if defined.size else NAN


def leave_one_out(correlations: npt.ArrayLike, *, batches: npt.ArrayLike) -> BatchR:
    """Return the median R of each batch to the other batches (leave-one-out).

    Parameters
    ----------
    correlations
        Batches x batches, symmetric; NaN where R is not defined; see :func:`medians_of_samples`.
    batches
        Name of each batch.

    Returns
    -------
    Medians in [-1, 1] over the pairs with a defined R; NaN if a batch has no such pair.

    Raises
    ------
    InputError
        The matrix is not square or not symmetric, or ``batches`` does not have one name per batch.

    Examples
    --------
    >>> found = leave_one_out([[1, 0.9, 0.5], [0.9, 1, 0.6], [0.5, 0.6, 1]], batches=[*"abc"])
    >>> found.median_to_others
    array([0.7 , 0.75, 0.55])
    """
    matrix = np.asarray(correlations, dtype=np.float64)
    names = np.asarray(batches)
    if matrix.shape != (names.size, names.size):
        raise InputError(f"got {names.size} batches, but the matrix of R has shape {matrix.shape}")
    if not np.allclose(matrix, matrix.T, rtol=0, atol=1e-12, equal_nan=True):
        raise InputError("the matrix of correlations must be symmetric")
    others = (matrix + matrix.T) / 2  # the same number for both samples of a pair
    np.fill_diagonal(others, np.nan)
    defined = np.isfinite(others).sum(axis=1) > 0
    medians = np.full(names.size, np.nan)
    if defined.any():
        medians[defined] = np.nanmedian(others[defined], axis=1)
    reason = "no other batch" if names.size < 2 else "R to every other batch is not defined"
    return BatchR(
        batch=names,
        median_to_others=medians,
        n_others=max(int(names.size) - 1, 0),
        reasons=tuple("" if ok else reason for ok in defined.tolist()),
    )


def fewer_replicates_variance(
    correlations: npt.ArrayLike, *, batches: npt.ArrayLike, n_replicates: int
) -> float:
    """Return the extra variance of -ln R of a batch with fewer samples than the reference batches.

    If a batch has one sample and each reference batch has three, -ln R of this batch varies more.
    The limits of the reference would then be too narrow. For each sample, -ln R to the samples of
    other batches is averaged; let v be the pooled variance of these means within batches. For a
    batch of m samples and reference batches of n samples each, the extra variance is
    ``v (1 / m - mean of 1 / n)``.

    Parameters
    ----------
    correlations
        Reference samples x reference samples, symmetric; NaN where R is not defined.
    batches
        Name of the batch of each sample.
    n_replicates
        Number of samples of the batch to be compared, >= 1.

    Returns
    -------
    Variance of -ln R, for ``extra_variance`` of :func:`reference_interval`. It is 0 if the batch
    has at least as many samples as the reference batches, or if no reference batch has two samples.

    Raises
    ------
    InputError
        As :func:`medians_of_samples`, or ``n_replicates`` is below 1.

    Examples
    --------
    >>> r = np.full((4, 4), 0.98)
    >>> r[0, 2:] = r[2:, 0] = 0.97
    >>> bool(fewer_replicates_variance(r, batches=["a", "a", "b", "b"], n_replicates=1) > 0)
    True
    >>> fewer_replicates_variance(r, batches=["a", "a", "b", "b"], n_replicates=2)
    0.0
    """
    matrix, names = np.asarray(correlations, dtype=np.float64), np.asarray(batches)
    if matrix.shape != (names.size, names.size):
        raise InputError(
            f"got {names.size} samples, but the correlations have shape {matrix.shape}"
        )
    if n_replicates < 1:
        raise InputError(f"n_replicates must be >= 1, got {n_replicates}")
    other = names[:, None] != names
    cost = np.where(other & np.isfinite(matrix), _minus_log(matrix), np.nan)
    known = np.isfinite(cost).any(axis=1)
    names, to_others = names[known], np.nanmean(cost[known], axis=1)
    sizes, squares = [], 0.0
    for name in dict.fromkeys(names.tolist()):
        of_batch = to_others[names == name]
        sizes.append(of_batch.size)
        squares += float(np.sum((of_batch - of_batch.mean()) ** 2))
    freedom = sum(sizes) - len(sizes)
    if not freedom:
        return 0.0
    more = 1 / n_replicates - float(np.mean([1 / size for size in sizes]))
    return max(0.0, float(more * squares / freedom))


def reference_interval(
    correlations: npt.ArrayLike, *, level: float = 0.95, extra_variance: float = 0.0
) -> ReferenceInterval:
    """Return limits for the median R of one more batch to the reference batches.

    R of two samples with noise is at most the root of the product of their reliabilities
    (Spearman 1904). Therefore -ln R of two batches is modelled as a sum ``e_i + e_j`` of one noise
    term per batch, estimated by least squares. The prediction limits of log ``e`` are
    ``mean -+ t_{k-1} s sqrt(1 + 1/k)``. The tolerance limits are ``mean -+ factor s``, with the
    exact two-sided normal factor for content and confidence ``level``. The limits of R for one more
    batch are ``exp(-(e + median e_j))``. Even with few batches or unequal noise, the share of good
    batches below these limits is near the nominal rate, but the limits are then wide. With limits
    on Fisher's z, this share would be larger (``benchmarks/batch_rates.py --scales``). ``words``
    states how much noise a batch must add to -ln R to be below the limits.

    Parameters
    ----------
    correlations
        Reference batches x reference batches, symmetric; NaN where R is not defined.
    level
        Coverage of the prediction interval; content and confidence of the tolerance interval.
    extra_variance
        Variance of ``e`` of the batch to be compared, minus that of a reference batch; see
        :func:`fewer_replicates_variance`.

    Returns
    -------
    Limits in [-1, 1]. They are NaN with fewer than three batches, because two batches have only one
    R. They are also NaN if R of two batches is 1, because one is then a copy of the other. Batches
    without any defined R are ignored.

    Raises
    ------
    InputError
        As :func:`leave_one_out`; or R is outside [-1, 1], ``level`` is outside (0, 1), or
        ``extra_variance`` is negative.

    Examples
    --------
    >>> found = reference_interval([[1, 0.98, 0.985], [0.98, 1, 0.99], [0.985, 0.99, 1]])
    >>> round(found.prediction_lower, 3), round(found.tolerance_lower, 3)
    (0.674, 0.0)
    >>> found.words
    '3 batches: a normal 95 %/95 % tolerance interval reaches 9.8 standard deviations to ...'
    """
    matrix = np.asarray(correlations, dtype=np.float64)
    medians = leave_one_out(matrix, batches=np.arange(matrix.shape[0])).median_to_others
    if not 0 < level < 1:
        raise InputError(f"level must be in (0, 1), got {level}")
    if not extra_variance >= 0:
        raise InputError(f"extra_variance must be >= 0, got {extra_variance}")
    of_pairs = np.where(np.eye(medians.size, dtype=bool), np.nan, matrix)
    if (np.abs(of_pairs) > 1).any():
        raise InputError("every correlation must be in [-1, 1]")
    known = np.isfinite(medians)
    k = int(known.sum())
    if (of_pairs >= 1).any():
        reason = "two batches have the same values (R = 1): one is a copy of the other"
        return ReferenceInterval(NAN, NAN, NAN, NAN, k, level, reason, reason)
    if k < 3:
        reason = (
            "fewer than three reference batches give no limits, because two batches have only one R"
        )
        return ReferenceInterval(NAN, NAN, NAN, NAN, k, level, reason, reason)
    rows = np.flatnonzero(known)
    costs = _costs_of_batches(_minus_log(of_pairs[np.ix_(rows, rows)]))
    shared = float(np.median(costs))
    # For a batch with very little noise, least squares may give an e of about 0 or below.
    logs = np.log(np.maximum(costs, LEAST_COST * costs.mean()))
    centre = float(logs.mean())
    sd = float(np.sqrt(logs.var(ddof=1) + extra_variance / np.exp(2 * centre)))
    factor = tolerance_factor(k, content=level, confidence=level)
    reach = float(stdtrit(k - 1, (1 + level) / 2)) * np.sqrt(1 + 1 / k)
    ends = np.array([reach, -reach, factor, -factor])
    low, high, tolerance_low, tolerance_high = np.exp(-(shared + np.exp(centre + ends * sd)))
    times = float(np.exp(min(reach * sd, np.log(_MOST_TIMES))))
    words = (
        f"{k} batches: a normal {100 * level:g} %/{100 * level:g} % tolerance interval reaches "
        f"{factor:.1f} standard deviations to either side (1.96 if mean and standard deviation "
        f"were known). About {100 * (1 - level):.2g} % of good batches that vary independently lie "
        "outside the prediction interval. A batch is below this interval only if it adds more than "
        f"{times:.2g} times as much to -ln R as these batches do (geometric mean)"
    )
    return ReferenceInterval(
        float(low), float(high), float(tolerance_low), float(tolerance_high), k, level, words, ""
    )


def rank_p(correlations: npt.ArrayLike, *, batch: int) -> RankP:
    """Return the p-value of a batch's rank among all k + 1 batches; a low R gives a low p.

    Each of the k + 1 batches, the new one included, is ranked by its median R to the other k. Thus
    every median is over k pairs: a median over fewer pairs would vary differently.

    Parameters
    ----------
    correlations
        The new batch and the k reference batches, (k + 1) x (k + 1), symmetric; NaN where R is
        not defined.
    batch
        Row of the new batch.

    Returns
    -------
    ``p = (1 + number of reference batches whose median is not larger) / (k + 1)``. It is valid
    for any distribution if the new batch is like the others, and is never below
    ``smallest_possible = 1 / (k + 1)``. It is NaN if there are no reference batches, or if R of the
    new batch is not defined.

    Raises
    ------
    InputError
        As :func:`leave_one_out`.

    Examples
    --------
    >>> found = rank_p([[1, 0.98, 0.90], [0.98, 1, 0.91], [0.90, 0.91, 1]], batch=2)
    >>> round(found.p, 3), round(found.smallest_possible, 3)
    (0.333, 0.333)
    """
    medians = leave_one_out(correlations, batches=np.arange(len(np.asarray(correlations))))
    of_batch = medians.median_to_others
    others = np.delete(of_batch, batch)
    others = others[np.isfinite(others)]
    k = int(others.size)
    if k == 0 or np.isnan(of_batch[batch]):
        words = medians.reasons[batch] or "no reference batch"
        return RankP(NAN, NAN, 0, k, f"{words}: cannot rank")
    reference = counted(k, "reference batch", "reference batches")
    n_lower = int(np.count_nonzero(others <= of_batch[batch]))
    words = (
        f"with {reference} the smallest possible p is 1/{k + 1} = {1 / (k + 1):.2g}, "
        "so a rank alone cannot reject a new batch at 5 %"
        if k < 19
        else f"with {reference} the smallest possible p is 1/{k + 1}"
    )
    return RankP((1 + n_lower) / (k + 1), 1 / (k + 1), n_lower + 1, k, words)


def _minus_log(r: FloatArray) -> FloatArray:
    """Return -ln R, to which noise of either side adds; R of 0 or less as nearly 0."""
    cost: FloatArray = -np.log(np.clip(r, _SMALLEST_R, 1))
    return cost


def _costs_of_batches(pairs: FloatArray) -> FloatArray:
    """Return what each batch adds to -ln R of its pairs, by least squares; NaN are left out."""
    known = np.isfinite(pairs)
    normal = known + np.diag(known.sum(axis=1)).astype(np.float64)
    found: FloatArray = np.linalg.lstsq(normal, np.nansum(pairs, axis=1), rcond=None)[0]
    return found
