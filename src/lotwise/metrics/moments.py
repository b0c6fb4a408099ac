"""Input checks and moments that the pairwise statistics share.

Every statistic of :mod:`lotwise.metrics` reports undefined results in the same way. It returns a
named tuple, in which undefined numbers are NaN and ``reason`` states why. ``reason`` is empty if
every number is defined. Input that is not a valid sample (wrong length, NaN, infinite) raises
:class:`~lotwise.errors.InputError`.
"""

from __future__ import annotations

from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt

from lotwise.errors import InputError

FloatArray: TypeAlias = npt.NDArray[np.float64]
BoolArray: TypeAlias = npt.NDArray[np.bool_]
IntArray: TypeAlias = npt.NDArray[np.intp]

_FIRST: Final = 64


def as_pair(x: npt.ArrayLike, y: npt.ArrayLike) -> tuple[FloatArray, FloatArray]:
    """Return both samples as float64 vectors of one length.

    Raises
    ------
    InputError
        Not vectors, not of one length, or a value is NaN or infinite.

    Examples
    --------
    >>> as_pair([1, 2], [3, 4])
    (array([1., 2.]), array([3., 4.]))
    """
    first, second = as_vector(x, name="x"), as_vector(y, name="y")
    if first.size != second.size:
        raise InputError(
            f"x has {first.size:,} features and y has {second.size:,}; expected the same features"
        )
    return first, second


def as_vector(values: npt.ArrayLike, *, name: str) -> FloatArray:
    """Return one sample as a float64 vector; raise for NaN and infinite values."""
    vector = np.asarray(values, dtype=np.float64)
    if vector.ndim != 1:
        raise InputError(f"{name} must be one-dimensional (features), got {vector.ndim} dimensions")
    _refuse_not_finite(vector, name=name)
    return vector


def as_matrix(values: npt.ArrayLike, *, name: str) -> FloatArray:
    """Return samples x features as float64; raise for NaN and infinite values."""
    matrix = np.asarray(values, dtype=np.float64)
    if matrix.ndim != 2:
        msg = f"{name} must be two-dimensional (samples x features), got {matrix.ndim} dimensions"
        raise InputError(msg)
    _refuse_not_finite(matrix, name=name)
    return matrix


def refuse_negative(values: FloatArray, *, name: str) -> None:
    """Raise where expression or counts are negative.

    Raises
    ------
    InputError
        A value is negative.

    Examples
    --------
    >>> refuse_negative(np.array([1.0, -2.0]), name="x")
    Traceback (most recent call last):
    lotwise.errors.InputError: x must be >= 0, got 1 negative value; use values that are not logged
    """
    n_negative = int(np.count_nonzero(values < 0))
    if n_negative:
        words = "value" if n_negative == 1 else "values"
        raise InputError(
            f"{name} must be >= 0, got {n_negative:,} negative {words}",
            remedy="use values that are not logged",
        )


def is_constant(values: FloatArray) -> bool:
    """Return whether all values are equal; rounding can make their variance > 0 even then."""
    # The first values decide for nearly every sample, without a pass over all.
    return values.size == 0 or bool(
        (values[:_FIRST] == values[0]).all() and values.min() == values.max()
    )


def why_undefined(x: FloatArray, y: FloatArray) -> str:
    """Return why a correlation of ``x`` and ``y`` is not defined; empty if it is defined.

    Examples
    --------
    >>> why_undefined(np.array([1.0, 1.0]), np.array([1.0, 2.0]))
    'x is constant'
    """
    if x.size < 2:
        return "fewer than two features"
    if is_constant(x):
        return "both samples are constant" if is_constant(y) else "x is constant"
    return "y is constant" if is_constant(y) else ""


def stable_order(values: FloatArray) -> IntArray:
    """Return the order that sorts ``values``; ties keep their order. NaN must not occur.

    The result is that of numpy's stable sort, in a quarter of the time if few values are equal.

    Examples
    --------
    >>> stable_order(np.array([2.0, 1.0, 2.0, 1.0]))
    array([1, 3, 0, 2])
    """
    order = np.argsort(values)
    ranked = values[order]
    is_tied = ranked[1:] == ranked[:-1]
    if is_tied.any():
        starts_run = np.concatenate([[True], ~is_tied])
        in_run = ~starts_run
        in_run[:-1] |= is_tied
        places = np.flatnonzero(in_run)
        members = order[places]
        order[places] = members[np.lexsort((members, np.cumsum(starts_run)[places]))]
    return order


def largest(values: FloatArray, n: int | None = None) -> IntArray:
    """Return the positions of the ``n`` largest values, largest first; ties keep their order.

    Examples
    --------
    >>> largest(np.array([1.0, 3.0, 3.0, 2.0]), 2)
    array([1, 2])
    """
    places = np.arange(values.size)
    if n is not None and 0 < n < values.size:
        places = np.flatnonzero(values >= np.partition(values, -n)[-n])
    return places[stable_order(-values[places])][:n]


def standardise(values: FloatArray) -> FloatArray:
    """Scale values to mean 0 and variance 1 (divisor n); they are centred before squaring.

    Examples
    --------
    >>> standardise(np.array([1.0, 3.0]))
    array([-1.,  1.])
    """
    return standardise_with_sd(values)[0]


def standardise_with_sd(values: FloatArray) -> tuple[FloatArray, float]:
    """Return the standardised values, and the standard deviation of ``values`` (divisor n).

    Examples
    --------
    >>> standardise_with_sd(np.array([1.0, 3.0]))
    (array([-1.,  1.]), 1.0)
    """
    centred: FloatArray = values - values.mean()
    sd = float(np.sqrt(np.mean(centred * centred)))
    # A second pass removes the rounding error of a large mean.
    centred -= centred.mean()
    centred /= np.sqrt(np.mean(centred * centred))
    return centred, sd


def standardise_samples(values: FloatArray) -> FloatArray:
    """Standardise each sample of samples x features; a constant sample becomes all NaN.

    Examples
    --------
    >>> standardise_samples(np.array([[1.0, 3.0], [2.0, 2.0]]))
    array([[-1.,  1.],
           [nan, nan]])
    """
    found = np.full(values.shape, np.nan)
    for row, sample in enumerate(values):
        if not is_constant(sample):
            found[row] = standardise(sample)
    return found


def correlation(x: FloatArray, y: FloatArray) -> float:
    """Return Pearson's R of two checked vectors that are not constant.

    It is computed from the distance of the standardised values. R near 1 is therefore
    precise, and R of identical samples is exactly 1.

    Examples
    --------
    >>> correlation(np.array([1.0, 2.0, 4.0]), np.array([1.0, 2.0, 4.0]))
    1.0
    """
    return standardised_correlation(standardise(x), standardise(y))


def standardised_correlation(first: FloatArray, second: FloatArray) -> float:
    """Return Pearson's R of two standardised samples, as :func:`correlation` does.

    This avoids standardising a sample again for each of its pairs.

    Examples
    --------
    >>> standardised_correlation(np.array([-1.0, 1.0]), np.array([1.0, -1.0]))
    -1.0
    """
    one_minus_r = _half_mean_square(first - second)
    # The sign needs to be checked only where R is low.
    if one_minus_r > 0.5 and np.mean(first * second) < 0:
        return _half_mean_square(first + second) - 1
    return 1 - one_minus_r


def _half_mean_square(values: FloatArray) -> float:
    return float(np.mean(np.square(values, out=values))) / 2


def _refuse_not_finite(values: FloatArray, *, name: str) -> None:
    n_bad = int(values.size - np.count_nonzero(np.isfinite(values)))
    if n_bad:
        raise InputError(f"{name} must be finite, got {n_bad:,} NaN or infinite values")
