"""Tests of each feature against a margin: equivalent, different or inconclusive."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr, stdtr

from lotwise.errors import InputError
from lotwise.metrics.moderation import moderate
from lotwise.metrics.moments import FloatArray, as_matrix
from lotwise.metrics.rates import benjamini_hochberg

EQUIVALENT: Final = "equivalent"
DIFFERENT: Final = "different"
INCONCLUSIVE: Final = "inconclusive"
NOT_EXPRESSED: Final = "not expressed"
NOT_TESTED: Final = "not tested"


class Equivalence(NamedTuple):
    """Two one-sided tests of each feature against a margin; one entry per feature.

    ``outcome`` is equivalent, different or inconclusive; ``reason`` states why p is NaN.
    """

    difference: FloatArray
    standard_error: FloatArray
    p_equivalent: FloatArray
    p_different: FloatArray
    p_equivalent_adjusted: FloatArray
    p_different_adjusted: FloatArray
    outcome: npt.NDArray[np.str_]
    reason: str


def equivalence(
    x: npt.ArrayLike, y: npt.ArrayLike, *, margin: float, alpha: float = 0.05
) -> Equivalence:
    """Test each feature for equivalence of two batches with replicates.

    Welch's t-test compares each difference with -margin and with +margin. P-values are adjusted
    over the features (Benjamini-Hochberg). A feature is *equivalent* if both one-sided tests show a
    difference inside the margin. It is *different* if one test shows a difference outside. All
    other features are *inconclusive*: with few replicates this is the usual outcome, and it is no
    evidence for either answer.

    Parameters
    ----------
    x, y
        Replicates x features of each batch, log2(TPM + c).
    margin
        Largest difference that is acceptable, in log2 units, > 0.
    alpha
        False discovery rate of the features called equivalent, and of those called different.

    Returns
    -------
    Differences of means (x - y), p-values and outcomes. A p-value is NaN and the outcome
    inconclusive if a batch has fewer than two replicates, or if the feature varies in neither batch
    (no standard error).

    Raises
    ------
    InputError
        The shapes do not match, values are not finite, or margin or alpha is out of range.

    References
    ----------
    Schuirmann 1987, J Pharmacokinet Biopharm 15:657, 10.1007/BF01068419.

    Examples
    --------
    >>> x, y = [[5.0, 5.0], [5.1, 5.1], [5.0, 5.2]], [[5.1, 9.1], [5.0, 9.0], [5.1, 9.2]]
    >>> equivalence(x, y, margin=1.0).outcome
    array(['equivalent', 'different'], dtype='<U12')
    """
    first, second = _batches(x, y)
    _check(margin, alpha)
    n_features = first.shape[1]
    outcome = np.full(n_features, INCONCLUSIVE, dtype="<U12")
    if not first.shape[0] or not second.shape[0]:
        nothing = np.full(n_features, np.nan)
        return Equivalence(*(nothing,) * 6, outcome, "a batch without replicates")
    difference = first.mean(axis=0) - second.mean(axis=0)
    if min(first.shape[0], second.shape[0]) < 2:
        nothing = np.full(n_features, np.nan)
        return Equivalence(difference, *(nothing,) * 5, outcome, "a batch has only one replicate")
    error, freedom = _welch(first, second)
    n_flat = int(np.count_nonzero(np.isnan(error)))
    reason = f"features that do not vary: {n_flat:,}" if n_flat else ""

    def cumulative(t: FloatArray) -> FloatArray:
        return stdtr(freedom, t)

    return _judge(difference, error, cumulative, margin=margin, alpha=alpha, reason=reason)


def moderated_equivalence(
    x: npt.ArrayLike, y: npt.ArrayLike, *, margin: float, alpha: float = 0.05
) -> Equivalence:
    """Test each feature for equivalence, with variances moderated across features.

    Works as :func:`equivalence`, but uses one variance for both batches.
    :func:`lotwise.metrics.moderation.moderate` shrinks this variance towards the trend of all
    features. With two or three replicates, some features have a variance near 0 by chance. Without
    moderation they would be called equivalent.

    Parameters
    ----------
    x, y
        Replicates x features of each batch, log2 TPM of features that are expressed, without
        pseudo-count.
    margin
        Largest difference that is acceptable, in log2 units, > 0.
    alpha
        False discovery rate of the features called equivalent, and of those called different.

    Returns
    -------
    As :func:`equivalence`; p-values are NaN if a batch has fewer than two replicates.

    Raises
    ------
    InputError
        As :func:`equivalence`.

    References
    ----------
    Smyth 2004, 10.2202/1544-6115.1027; McCarthy and Smyth 2009, 10.1093/bioinformatics/btp053
    (limma's ``treat``); Schuirmann 1987, 10.1007/BF01068419.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> x, y = rng.normal(5, 0.1, (2, 3, 200))
    >>> y[:, 0] += 4
    >>> found = moderated_equivalence(x, y, margin=1.0)
    >>> found.outcome[:2]
    array(['different', 'equivalent'], dtype='<U12')
    """
    first, second = _batches(x, y)
    _check(margin, alpha)
    n_x, n_y = first.shape[0], second.shape[0]
    if min(n_x, n_y) < 2:
        return equivalence(x, y, margin=margin, alpha=alpha)
    freedom = n_x + n_y - 2
    squares = n_x * first.var(axis=0) + n_y * second.var(axis=0)
    mean = np.concatenate([first, second]).mean(axis=0)
    found = moderate(squares / freedom, freedom=freedom, expression=mean)
    error = np.sqrt(found.variance * (1 / n_x + 1 / n_y))
    difference = first.mean(axis=0) - second.mean(axis=0)

    def cumulative(t: FloatArray) -> FloatArray:
        # The degrees of freedom are finite: at most those of all features together.
        return np.asarray(stdtr(found.freedom, t), dtype=np.float64)

    return _judge(difference, error, cumulative, margin=margin, alpha=alpha, reason="")


def wald_equivalence(
    difference: npt.ArrayLike,
    *,
    standard_error: npt.ArrayLike,
    margin: float,
    alpha: float = 0.05,
) -> Equivalence:
    """Test differences with known standard errors against a margin, using the normal distribution.

    These are the tests that DESeq2 calls ``lessAbs`` (equivalent) and ``greaterAbs`` (different).
    DESeq2 limits p of ``lessAbs`` to 0.5; this function does not.

    Parameters
    ----------
    difference
        Estimated log2 fold change of each feature; NaN where not estimated.
    standard_error
        Its standard error, on the same scale; NaN where not estimated.
    margin
        Largest difference that is acceptable, in log2 units, > 0.
    alpha
        False discovery rate of the features called equivalent, and of those called different.

    Returns
    -------
    As :func:`equivalence`; NaN and inconclusive where a difference or its error is NaN.

    Raises
    ------
    InputError
        The lengths differ, a standard error is negative, or margin or alpha is out of range.

    References
    ----------
    Love, Huber and Anders 2014, Genome Biol 15:550, 10.1186/s13059-014-0550-8.

    Examples
    --------
    >>> wald_equivalence([0.1, 3.0, 0.9], standard_error=[0.2, 0.2, 0.2], margin=1.0).outcome
    array(['equivalent', 'different', 'inconclusive'], dtype='<U12')
    """
    estimate = np.asarray(difference, dtype=np.float64)
    error = np.asarray(standard_error, dtype=np.float64)
    if estimate.shape != error.shape or estimate.ndim != 1:
        raise InputError(
            f"'difference' has shape {estimate.shape}, 'standard_error' has shape {error.shape}; "
            "expected one value per feature in both"
        )
    if (error < 0).any():
        raise InputError("every standard error must be >= 0")
    _check(margin, alpha)
    n_unknown = int(np.count_nonzero(np.isnan(estimate) | np.isnan(error)))
    reason = f"features without an estimate: {n_unknown:,}" if n_unknown else ""
    return _judge(estimate, error, ndtr, margin=margin, alpha=alpha, reason=reason)


def _batches(x: npt.ArrayLike, y: npt.ArrayLike) -> tuple[FloatArray, FloatArray]:
    first, second = as_matrix(x, name="x"), as_matrix(y, name="y")
    if first.shape[1] != second.shape[1]:
        raise InputError(f"x has {first.shape[1]:,} features and y has {second.shape[1]:,}")
    return first, second


def _check(margin: float, alpha: float) -> None:
    if not margin > 0 or not 0 < alpha < 1:
        raise InputError(f"margin must be > 0 and alpha in (0, 1), got {margin} and {alpha}")


def _judge(
    difference: FloatArray,
    error: FloatArray,
    cumulative: Callable[[FloatArray], FloatArray],
    *,
    margin: float,
    alpha: float,
    reason: str,
) -> Equivalence:
    """Turn differences in units of their standard error into the three outcomes."""
    with np.errstate(invalid="ignore", divide="ignore"):
        above_lower, above_upper = (difference + margin) / error, (difference - margin) / error
    inside = np.maximum(cumulative(-above_lower), cumulative(above_upper))
    # Different: two tests, one at each end; at most one can have a small p, hence the factor 2.
    outside = np.minimum(cumulative(above_lower), cumulative(-above_upper))
    outside = np.minimum(2 * outside, 1)
    inside_adjusted, outside_adjusted = benjamini_hochberg(inside), benjamini_hochberg(outside)
    outcome = np.full(difference.size, INCONCLUSIVE, dtype="<U12")
    outcome[inside_adjusted < alpha] = EQUIVALENT
    outcome[outside_adjusted < alpha] = DIFFERENT
    return Equivalence(
        difference=difference,
        standard_error=error,
        p_equivalent=inside,
        p_different=outside,
        p_equivalent_adjusted=inside_adjusted,
        p_different_adjusted=outside_adjusted,
        outcome=outcome,
        reason=reason,
    )


def _welch(x: FloatArray, y: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the standard error of the difference of means and Satterthwaite's freedom."""
    parts = [part.var(axis=0, ddof=1) / part.shape[0] for part in (x, y)]
    flat = (np.ptp(x, axis=0) == 0) & (np.ptp(y, axis=0) == 0)
    total = np.where(flat, np.nan, parts[0] + parts[1])
    weights = parts[0] ** 2 / (x.shape[0] - 1) + parts[1] ** 2 / (y.shape[0] - 1)
    freedom = total**2 / np.where(flat, np.nan, weights)
    return np.sqrt(total), freedom
