"""Exact contribution of each feature to 1 - r of two samples."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from lotwise.metrics.moments import (
    FloatArray,
    IntArray,
    as_pair,
    largest,
    standardise,
    why_undefined,
)


class Decomposition(NamedTuple):
    """Contribution of each feature to 1 - r; ``contribution`` sums to ``one_minus_r``."""

    contribution: FloatArray
    one_minus_r: float
    reason: str


class Contributions(NamedTuple):
    """The features with the largest contribution to 1 - r, largest first."""

    feature_index: IntArray
    contribution: FloatArray
    cumulative_share: FloatArray
    one_minus_r: float
    reason: str


def decomposition(x: npt.ArrayLike, y: npt.ArrayLike) -> Decomposition:
    """Split 1 - r exactly over features.

    Let zx and zy be x and y, standardised with the divisor n. Then
    ``1 - r = mean((zx - zy)^2) / 2``, and feature i contributes ``(zx_i - zy_i)^2 / (2n)``. This is
    an identity, not an approximation.

    Parameters
    ----------
    x, y
        One value per feature, on the scale of r: usually log2(TPM + 1).

    Returns
    -------
    One value >= 0 per feature; their sum is ``one_minus_r``, in [0, 2]. If r is not defined, all
    values are NaN and ``reason`` states why.

    Raises
    ------
    InputError
        x and y are not vectors of one length, or a value is not finite.

    Examples
    --------
    >>> split = decomposition([0, 1, 2, 3], [0, 1, 2, 1])
    >>> int(split.contribution.argmax())
    3
    >>> bool(abs(split.contribution.sum() - split.one_minus_r) < 1e-15)
    True
    """
    first, second = as_pair(x, y)
    reason = why_undefined(first, second)
    if reason:
        return Decomposition(np.full(first.size, np.nan), float("nan"), reason)
    return _split(standardise(first), standardise(second))


def contributions(
    x: npt.ArrayLike, y: npt.ArrayLike, *, n_largest: int | None = None
) -> Contributions:
    """Rank features by their contribution to 1 - r.

    Parameters
    ----------
    x, y
        One value per feature, usually log2(TPM + 1).
    n_largest
        Number of features to return; ``None`` for all. Ties keep the order of the features.

    Returns
    -------
    ``feature_index``, their ``contribution``, and the ``cumulative_share`` of 1 - r that they
    explain together, in [0, 1]. If 1 - r is 0, the cumulative share is NaN, with a reason. If r is
    not defined, all arrays are empty.

    Raises
    ------
    InputError
        x and y are not vectors of one length, or a value is not finite.

    Examples
    --------
    >>> contributions([0, 1, 2, 3], [0, 1, 2, 1], n_largest=1).feature_index
    array([3])
    """
    first, second = as_pair(x, y)
    reason = why_undefined(first, second)
    if reason:
        nothing = np.empty(0)
        return Contributions(np.empty(0, dtype=np.intp), nothing, nothing, float("nan"), reason)
    return standardised_contributions(standardise(first), standardise(second), n_largest=n_largest)


def standardised_contributions(
    first: FloatArray, second: FloatArray, *, n_largest: int | None = None
) -> Contributions:
    """Rank features as :func:`contributions` does, for two samples that are already standardised.

    This avoids standardising a sample again for each of its pairs
    (:func:`~lotwise.metrics.moments.standardise_samples`).

    Examples
    --------
    >>> found = standardised_contributions(np.array([-1.0, 1.0]), np.array([1.0, -1.0]))
    >>> found.one_minus_r, found.contribution.tolist()
    (2.0, [1.0, 1.0])
    """
    split = _split(first, second)
    order = largest(split.contribution, n_largest)
    parts = split.contribution[order]
    if split.one_minus_r == 0:
        reason = "the samples are perfectly correlated: 1 - r is 0 and has no shares"
        return Contributions(order, parts, np.full(order.size, np.nan), 0.0, reason)
    cumulative = np.minimum(np.cumsum(parts) / split.one_minus_r, 1.0)
    return Contributions(order, parts, cumulative, split.one_minus_r, "")


def _split(first: FloatArray, second: FloatArray) -> Decomposition:
    contribution: FloatArray = np.square(first - second) / (2 * first.size)
    return Decomposition(contribution, float(contribution.sum()), "")
