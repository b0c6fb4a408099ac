"""Batches as the unit of inference: what k earlier batches say about one more."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.integrate import quad
from scipy.optimize import brentq
from scipy.special import chndtrix, stdtrit
from scipy.stats import chi2

from lotwise.errors import InputError
from lotwise.metrics.moments import FloatArray, as_vector

NAN = float("nan")
_NEARLY_ONE = 1 - 1e-12


class BatchR(NamedTuple):
    """Median R of each batch to the others, itself left out; one entry a batch."""

    batch: npt.NDArray[np.generic]
    median_to_others: FloatArray
    n_others: int
    reasons: tuple[str, ...]


class ReferenceInterval(NamedTuple):
    """Where one more batch (prediction) or most further batches (tolerance) should lie.

    Limits are correlations; ``words`` say in one sentence what k batches can show.
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
    """Rank of a new batch among the earlier ones."""

    p: float
    smallest_possible: float
    rank: int
    n_reference: int
    words: str


def leave_one_out(correlations: npt.ArrayLike, *, batches: npt.ArrayLike) -> BatchR:
    """Give each batch's median R to the other batches, never to itself.

    Parameters
    ----------
    correlations
        Batches x batches, symmetric; NaN where R is not defined. Average replicates first.
    batches
        Name of each batch.

    Returns
    -------
    Medians in [-1, 1] over the pairs that are defined; NaN where a batch has none.

    Raises
    ------
    InputError
        Not square, not symmetric, or names that are not one a batch.

    Examples
    --------
    >>> found = leave_one_out([[1, 0.9, 0.5], [0.9, 1, 0.6], [0.5, 0.6, 1]], batches=[*"abc"])
    >>> found.median_to_others
    array([0.7 , 0.75, 0.55])
    """
    matrix = np.asarray(correlations, dtype=np.float64)
    names = np.asarray(batches)
    if matrix.shape != (names.size, names.size):
        raise InputError(f"there are {names.size} batches and correlations of {matrix.shape}")
    if not np.allclose(matrix, matrix.T, rtol=0, atol=1e-12, equal_nan=True):
        raise InputError("the correlations are not symmetric")
    others = matrix.copy()
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


def reference_interval(correlations: npt.ArrayLike, *, level: float = 0.95) -> ReferenceInterval:
    """Give prediction and tolerance intervals of R from reference batches alone.

    Both are computed on Fisher's z of one R a batch (its median to the other reference
    batches): prediction ``mean -+ t_{k-1} s sqrt(1 + 1/k)``, tolerance ``mean -+ factor s`` with
    the exact two-sided factor for content and confidence ``level``. They suppose normal z; the
    k values share their partners and are not independent, which the words say.

    Parameters
    ----------
    correlations
        One R a reference batch.
    level
        Coverage, and content and confidence of the tolerance interval.

    Returns
    -------
    Limits in [-1, 1]; NaN with fewer than three batches: two share the one R between them.

    Raises
    ------
    InputError
        R beyond [-1, 1] or not finite, or a level not in (0, 1).

    Examples
    --------
    >>> found = reference_interval([0.98, 0.985, 0.99])
    >>> round(found.prediction_lower, 3), round(found.tolerance_lower, 3)
    (0.92, 0.633)
    >>> found.words
    '3 batches: a normal 95 %/95 % tolerance interval reaches 9.8 standard deviations to ...'
    """
    found = as_vector(correlations, name="correlations")
    if (np.abs(found) > 1).any():
        raise InputError("a correlation is beyond -1 to 1")
    if not 0 < level < 1:
        raise InputError(f"the level is {level}, needed between 0 and 1")
    k = int(found.size)
    if k < 3:
        reason = "fewer than three reference batches have no spread: two share one R"
        return ReferenceInterval(NAN, NAN, NAN, NAN, k, level, reason, reason)
    z = np.arctanh(np.clip(found, -_NEARLY_ONE, _NEARLY_ONE))
    mean, sd = float(z.mean()), float(z.std(ddof=1))
    factor = tolerance_factor(k, content=level, confidence=level)
    prediction = float(stdtrit(k - 1, (1 + level) / 2)) * sd * np.sqrt(1 + 1 / k)
    low, high = np.tanh([mean - prediction, mean + prediction])
    tolerance_low, tolerance_high = np.tanh([mean - factor * sd, mean + factor * sd])
    words = (
        f"{k} batches: a normal {100 * level:g} %/{100 * level:g} % tolerance interval reaches "
        f"{factor:.1f} standard deviations to either side (1.96 if they were known), and the "
        f"{k} values share their partners, so they tell less than {k} independent ones"
    )
    return ReferenceInterval(
        float(low), float(high), float(tolerance_low), float(tolerance_high), k, level, words, ""
    )


@lru_cache(maxsize=256)
def tolerance_factor(n: int, *, content: float = 0.95, confidence: float = 0.95) -> float:
    """Give the exact two-sided normal tolerance factor for n values.

    Mean -+ factor x sd (1/(n-1)) holds at least ``content`` of a normal population with probability
    ``confidence``. Solved numerically from the exact integral, not Howe's approximation.

    Raises
    ------
    InputError
        n below 2, or a probability not in (0, 1).

    References
    ----------
    Odeh and Owen 1980, Tables for Normal Tolerance Limits; ISO 16269-6.

    Examples
    --------
    >>> [round(tolerance_factor(n), 3) for n in (3, 5, 10, 30)]
    [9.789, 5.077, 3.393, 2.555]
    """
    if n < 2 or not 0 < content < 1 or not 0 < confidence < 1:
        raise InputError(
            f"n is {n}, content {content}, confidence {confidence}; needed n >= 2 and "
            "probabilities between 0 and 1"
        )

    def confidence_of(factor: float) -> float:
        def density(u: float) -> float:
            # Given a mean off by u standard errors, sd must reach this to hold the content.
            needed = chndtrix(content, 1.0, max(u * u / n, 1e-300))
            held = chi2.sf((n - 1) * needed / factor**2, n - 1)
            return float(held * 2 * np.exp(-u * u / 2) / np.sqrt(2 * np.pi))

        return float(quad(density, 0, 9, epsabs=1e-11, limit=200)[0])

    return float(brentq(lambda factor: confidence_of(factor) - confidence, 1e-3, 1e4, xtol=1e-10))


def rank_p(new: float, *, reference: npt.ArrayLike) -> RankP:
    """Give the p-value of a new batch's rank among k reference batches, small R being bad.

    Parameters
    ----------
    new
        The new batch's R (its median to the reference batches).
    reference
        One R a reference batch.

    Returns
    -------
    ``p = (1 + number of reference batches with R <= new) / (k + 1)``, which holds without any
    distribution, and cannot be below ``smallest_possible = 1 / (k + 1)``. NaN without references.

    Raises
    ------
    InputError
        R that is not finite.

    Examples
    --------
    >>> found = rank_p(0.90, reference=[0.97, 0.98, 0.99])
    >>> found.p, found.smallest_possible
    (0.25, 0.25)
    """
    earlier = as_vector(reference, name="reference")
    if not np.isfinite(new):
        raise InputError(f"the new batch's R is {new}, needed a finite number")
    k = int(earlier.size)
    n_lower = int(np.count_nonzero(earlier <= new))
    if k == 0:
        return RankP(NAN, NAN, 1, 0, "no reference batch: nothing to rank among")
    words = (
        f"with {k} reference batches the smallest possible p is 1/{k + 1} = {1 / (k + 1):.2g}: "
        "a rank alone cannot reject a new batch at 5 %"
        if k < 19
        else f"with {k} reference batches the smallest possible p is 1/{k + 1}"
    )
    return RankP((1 + n_lower) / (k + 1), 1 / (k + 1), n_lower + 1, k, words)
