"""Samples as float32 rows whose products give R within 1e-6, and their moments in float64.

R does not change when a sample is shifted or scaled. Each sample is shifted by its most common
value (the zeros of expression) and scaled by a power of two. The most common value thus becomes 0,
and products with it are exactly 0. Otherwise thousands of equal products would be rounded in the
same direction: R over 60,000 features, half of them 0, would have an error of 2e-6. If no value is
common, the shift is the mean. A sample with a second common value is multiplied in float64.
"""

from __future__ import annotations

from typing import Final, Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from lotwise.errors import InputError
from lotwise.metrics.correlation import ranks
from lotwise.metrics.moments import BoolArray, FloatArray

Method = Literal["pearson", "spearman"]
Rows = npt.NDArray[np.float32]

# Features examined for a sample's most common value, and the share at which it counts as common.
_LOOKED_AT: Final = 1024
_COMMON: Final = 0.05
# Features summed in float32 before the sum is added in float64. The error of R is proportional to
# this number over the square root of the number of features, so it is small if these are few.
_AT_ONCE: Final = (64, 1024)
_PARTS: Final = 32


class Prepared(NamedTuple):
    """Rows ready to be multiplied. The moments are computed from the rows, not from the samples."""

    rows: Rows
    means: FloatArray
    # Sum of squares about the mean; NaN where R is not defined.
    spreads: FloatArray
    # Whether a second value is common, so that float32 is not precise enough.
    tied: BoolArray

    def first(self, n_samples: int) -> Prepared:
        """Return the first samples, without copying."""
        return Prepared.joined(self.rows[:n_samples], self.moments()[:, :n_samples])

    def moments(self) -> FloatArray:
        """Return everything except the rows, as input of :meth:`joined`."""
        return np.stack([self.means, self.spreads, self.tied])

    @classmethod
    def joined(cls, rows: Rows, moments: FloatArray) -> Prepared:
        """Combine rows and moments."""
        means, spreads, tied = moments
        return cls(rows, means, spreads, tied > 0)


def prepare_rows(
    values: npt.NDArray[np.floating] | npt.NDArray[np.integer],
    *,
    method: Method,
    pseudocount: float | None,
) -> Prepared:
    """Shift and scale samples so that their products in float32 give R within 1e-6.

    Parameters
    ----------
    values
        Shape ``(n_samples, n_features)``.
    method
        ``spearman`` ranks each sample first, with average ranks for ties.
    pseudocount
        c of log2(values + c); ``None`` uses the values unchanged.

    Returns
    -------
    Rows of shape ``(n_samples, n_features)`` and the moments of each. The spread is NaN for a
    sample that is constant or has a value that is not finite.

    Raises
    ------
    InputError
        A value is negative and a pseudo-count was given.

    Examples
    --------
    >>> found = prepare_rows(np.array([[3.0, 3.0, 3.0, 7.0]]), method="pearson", pseudocount=None)
    >>> found.rows, found.means, found.spreads
    (array([[0. , 0. , 0. , 0.5]], dtype=float32), array([0.125]), array([0.1875]))
    """
    scaled = values.astype(np.float64)
    if pseudocount is not None:
        if (scaled < 0).any():
            raise InputError(
                f"TPM must be >= 0, got a value of {scaled[scaled < 0][0]:g}",
                remedy="do not set 'pseudocount' if the values are on a log scale",
            )
        np.log2(scaled + pseudocount, out=scaled)
    usable = np.isfinite(scaled).all(axis=1)
    scaled[~usable] = 0
    if method == "spearman":
        scaled = ranks(scaled)
    lowest, highest = scaled.min(axis=1, initial=np.inf), scaled.max(axis=1, initial=-np.inf)
    usable &= lowest < highest
    shifts, tied = _shifts(scaled)
    scaled -= shifts[:, None]
    # Scaled by a power of two, which does not round.
    _, exponents = np.frexp(np.abs(scaled).max(axis=1, initial=0))
    np.ldexp(scaled, -exponents[:, None], out=scaled)
    rows = scaled.astype(np.float32)
    np.copyto(scaled, rows)
    means = scaled.mean(axis=1) if rows.shape[1] else np.zeros(len(rows))
    scaled -= means[:, None]
    spreads = np.einsum("ij,ij->i", scaled, scaled)
    spreads[~usable] = np.nan
    return Prepared(rows, means, spreads, tied)


def correlate_rows(first: Prepared, second: Prepared) -> FloatArray:
    """Correlate every sample of ``first`` with every sample of ``second``.

    Returns
    -------
    Shape ``(n_first, n_second)``, in [-1, 1], within 1e-6 of float64; NaN where a sample has
    no spread.

    Examples
    --------
    >>> rows = prepare_rows(
    ...     np.array([[1, 2, 3, 4], [1, 3, 2, 4]]), method="pearson", pseudocount=None
    ... )
    >>> correlate_rows(rows, rows).round(3)
    array([[1. , 0.8],
           [0.8, 1. ]])
    """
    n_features = first.rows.shape[1]
    r = np.outer(first.means, -n_features * second.means)
    precision = np.float64 if first.tied.any() or second.tied.any() else np.float32
    part = np.empty(r.shape, dtype=precision)
    at_once = int(np.clip(n_features // _PARTS, *_AT_ONCE))
    for start in range(0, n_features, at_once):
        chosen = slice(start, start + at_once)
        left, right = (
            rows[:, chosen].astype(precision, copy=False) for rows in (first.rows, second.rows)
        )
        np.matmul(left, right.T, out=part)
        r += part
    r /= np.sqrt(first.spreads)[:, None]
    r /= np.sqrt(second.spreads)
    np.clip(r, -1.0, 1.0, out=r)
    return r


def _shifts(values: FloatArray) -> tuple[FloatArray, BoolArray]:
    """Return each sample's most common value, or its mean, and whether a second is common."""
    n_samples, n_features = values.shape
    if not n_features:
        return np.zeros(n_samples), np.zeros(n_samples, dtype=np.bool_)
    looked_at = np.sort(values[:, :: -(-n_features // _LOOKED_AT)], axis=1)
    n_looked_at = looked_at.shape[1]
    places = np.arange(n_looked_at)
    begins = np.ones((n_samples, n_looked_at + 1), dtype=np.bool_)
    begins[:, 1:-1] = looked_at[:, 1:] != looked_at[:, :-1]
    # Number of occurrences of each value at the end of its run; 0 inside the run.
    begun = np.maximum.accumulate(np.where(begins[:, :-1], places, 0), axis=1)
    counts = np.where(begins[:, 1:], places - begun + 1, 0)
    commonest = counts.argmax(axis=1)
    is_common = counts > max(1, _COMMON * n_looked_at)
    each = np.arange(n_samples)
    shifts: FloatArray = np.where(
        is_common[each, commonest], looked_at[each, commonest], values.mean(axis=1)
    )
    return shifts, np.count_nonzero(is_common, axis=1) > 1
