"""Which features hold the correlation of two samples down, exactly."""

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
    """Each feature's part of 1 - r; ``contribution`` sums to ``one_minus_r``."""

    contribution: FloatArray
    one_minus_r: float
    reason: str


class Contributions(NamedTuple):
    """The features with the largest part of 1 - r, largest first."""

    feature_index: IntArray
    contribution: FloatArray
    cumulative_share: FloatArray
    one_minus_r: float
    reason: str


def decomposition(x: npt.ArrayLike, y: npt.ArrayLike) -> Decomposition:
    """Split 1 - r exactly over features.

    With z standardised by 1/n moments, ``1 - r = mean((zx - zy)^2) / 2``, so feature i
    carries ``(zx_i - zy_i)^2 / (2n)``: an identity, not an approximation.

    Parameters
    ----------
    x, y
        Features, on the scale on which r is computed: usually log2(TPM + 1).

    Returns
    -------
    One value >= 0 a feature, summing to ``one_minus_r`` in [0, 2]; all NaN where r is not
    defined, with the reason.

    Raises
    ------
    InputError
        Not vectors of one length, or values that are not finite.

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
    """Rank features by their part of 1 - r.

    Parameters
    ----------
    x, y
        Features, usually log2(TPM + 1).
    n_largest
        How many to give; all when ``None``. Equal parts keep the order of the features.

    Returns
    -------
    ``feature_index``, their ``contribution``, and the ``cumulative_share`` in [0, 1] of
    1 - r that they carry together. Where 1 - r is 0 there is nothing to share: the
    cumulative share is NaN and the reason says so; where r is not defined all are empty.

    Raises
    ------
    InputError
        Not vectors of one length, or values that are not finite.

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
    """Rank features as :func:`contributions` does, of two samples that are standardised already.

    Of many pairs of samples, each sample is standardised once
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
