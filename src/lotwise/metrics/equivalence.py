"""Gene by gene: equivalent within a margin, different beyond it, or inconclusive."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.special import stdtr

from lotwise.errors import InputError
from lotwise.metrics.moments import FloatArray, as_matrix
from lotwise.metrics.rates import benjamini_hochberg

EQUIVALENT: Final = "equivalent"
DIFFERENT: Final = "different"
INCONCLUSIVE: Final = "inconclusive"


class Equivalence(NamedTuple):
    """Two one-sided tests of each feature against a margin; one entry a feature.

    ``outcome`` is equivalent, different or inconclusive, ``reason`` says why p is NaN.
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

    Welch's t against -margin and +margin: a feature is *equivalent* where both one-sided tests
    put the difference inside, *different* where one puts it outside, after Benjamini and
    Hochberg over the features; all others are *inconclusive*, which is the usual answer of few
    replicates and no evidence of either.

    Parameters
    ----------
    x, y
        Replicates x features of each batch, log2(TPM + c).
    margin
        Largest difference that does not matter, in log2 units, > 0.
    alpha
        Rate of false calls among those called.

    Returns
    -------
    Differences of means (x - y) and p-values; NaN and inconclusive with fewer than two
    replicates of a batch, or where a feature does not vary in either (no standard error).

    Raises
    ------
    InputError
        Other shapes, not finite values, or a margin or alpha out of range.

    References
    ----------
    Schuirmann 1987, J Pharmacokinet Biopharm 15:657, 10.1007/BF01068419.

    Examples
    --------
    >>> x, y = [[5.0, 5.0], [5.1, 5.1], [5.0, 5.2]], [[5.1, 9.1], [5.0, 9.0], [5.1, 9.2]]
    >>> equivalence(x, y, margin=1.0).outcome
    array(['equivalent', 'different'], dtype='<U12')
    """
    first, second = as_matrix(x, name="x"), as_matrix(y, name="y")
    if first.shape[1] != second.shape[1]:
        raise InputError(f"x has {first.shape[1]:,} features and y {second.shape[1]:,}")
    if not margin > 0 or not 0 < alpha < 1:
        raise InputError(f"margin is {margin} and alpha {alpha}; needed above 0, and in (0, 1)")
    n_features = first.shape[1]
    outcome = np.full(n_features, INCONCLUSIVE, dtype="<U12")
    if not first.shape[0] or not second.shape[0]:
        nothing = np.full(n_features, np.nan)
        return Equivalence(*(nothing,) * 6, outcome, "a batch without replicates")
    difference = first.mean(axis=0) - second.mean(axis=0)
    if min(first.shape[0], second.shape[0]) < 2:
        nothing = np.full(n_features, np.nan)
        return Equivalence(difference, *(nothing,) * 5, outcome, "a batch with one replicate")
    error, freedom = _welch(first, second)
    with np.errstate(invalid="ignore", divide="ignore"):
        above_lower = stdtr(freedom, -(difference + margin) / error)
        below_upper = stdtr(freedom, (difference - margin) / error)
    inside = np.maximum(above_lower, below_upper)
    # Outside at either end: two tests, of which one at most can be small, hence the factor.
    outside = np.minimum(2 * (1 - np.maximum(above_lower, below_upper)), 1)
    inside_adjusted, outside_adjusted = benjamini_hochberg(inside), benjamini_hochberg(outside)
    outcome[inside_adjusted < alpha] = EQUIVALENT
    outcome[outside_adjusted < alpha] = DIFFERENT
    n_flat = int(np.count_nonzero(np.isnan(inside)))
    return Equivalence(
        difference=difference,
        standard_error=error,
        p_equivalent=inside,
        p_different=outside,
        p_equivalent_adjusted=inside_adjusted,
        p_different_adjusted=outside_adjusted,
        outcome=outcome,
        reason=f"{n_flat:,} features do not vary" if n_flat else "",
    )


def _welch(x: FloatArray, y: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Give the standard error of the difference of means and Satterthwaite's degrees of freedom."""
    parts = [part.var(axis=0, ddof=1) / part.shape[0] for part in (x, y)]
    flat = (np.ptp(x, axis=0) == 0) & (np.ptp(y, axis=0) == 0)
    total = np.where(flat, np.nan, parts[0] + parts[1])
    weights = parts[0] ** 2 / (x.shape[0] - 1) + parts[1] ** 2 / (y.shape[0] - 1)
    freedom = total**2 / np.where(flat, np.nan, weights)
    return np.sqrt(total), freedom
