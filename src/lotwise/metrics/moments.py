"""Checks and moments that the pairwise statistics share.

How every statistic of :mod:`lotwise.metrics` tells that it is not defined: the
result is a named tuple whose numbers are NaN and whose ``reason`` says why in
words; ``reason`` is empty where every number is defined. Input that is no sample
at all (other lengths, NaN, infinite) is a fault and raises
:class:`~lotwise.errors.InputError`.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from lotwise.errors import InputError

FloatArray: TypeAlias = npt.NDArray[np.float64]
BoolArray: TypeAlias = npt.NDArray[np.bool_]
IntArray: TypeAlias = npt.NDArray[np.intp]


def as_pair(x: npt.ArrayLike, y: npt.ArrayLike) -> tuple[FloatArray, FloatArray]:
    """Give both samples as float64 vectors of one length.

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
            f"x has {first.size:,} features and y has {second.size:,}, needed the same features"
        )
    return first, second


def as_vector(values: npt.ArrayLike, *, name: str) -> FloatArray:
    """Give one sample as a float64 vector; NaN and infinite values are refused."""
    vector = np.asarray(values, dtype=np.float64)
    if vector.ndim != 1:
        raise InputError(f"{name} has {vector.ndim} dimensions, needed 1 (features)")
    _refuse_not_finite(vector, name=name)
    return vector


def as_matrix(values: npt.ArrayLike, *, name: str) -> FloatArray:
    """Give samples x features as float64; NaN and infinite values are refused."""
    matrix = np.asarray(values, dtype=np.float64)
    if matrix.ndim != 2:
        raise InputError(f"{name} has {matrix.ndim} dimensions, needed 2 (samples x features)")
    _refuse_not_finite(matrix, name=name)
    return matrix


def refuse_negative(values: FloatArray, *, name: str) -> None:
    """Raise where expression or counts are below zero.

    Raises
    ------
    InputError
        A value is negative.

    Examples
    --------
    >>> refuse_negative(np.array([1.0, -2.0]), name="x")
    Traceback (most recent call last):
    lotwise.errors.InputError: x holds 1 negative value, needed >= 0; give it unlogged
    """
    n_negative = int(np.count_nonzero(values < 0))
    if n_negative:
        words = "value" if n_negative == 1 else "values"
        raise InputError(
            f"{name} holds {n_negative:,} negative {words}, needed >= 0",
            remedy="give it unlogged",
        )


def is_constant(values: FloatArray) -> bool:
    """Tell whether all values are equal (rounding makes the variance of such a vector > 0)."""
    return values.size == 0 or bool(values.min() == values.max())


def why_undefined(x: FloatArray, y: FloatArray) -> str:
    """Say why a correlation of ``x`` and ``y`` is not defined; empty where it is.

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


def standardise(values: FloatArray) -> FloatArray:
    """Give mean 0 and variance 1 by 1/n moments, centred before squaring.

    Examples
    --------
    >>> standardise(np.array([1.0, 3.0]))
    array([-1.,  1.])
    """
    centred = values - values.mean()
    # A second pass takes away what rounding left of a large mean.
    centred -= centred.mean()
    scaled: FloatArray = centred / np.sqrt(np.mean(centred * centred))
    return scaled


def correlation(x: FloatArray, y: FloatArray) -> float:
    """Pearson's R of two checked vectors that are not constant.

    Through the distance of the standardised values, which keeps the digits where R is
    near 1 and gives exactly 1 for identical samples.

    Examples
    --------
    >>> correlation(np.array([1.0, 2.0, 4.0]), np.array([1.0, 2.0, 4.0]))
    1.0
    """
    first, second = standardise(x), standardise(y)
    if np.mean(first * second) < 0:
        return float(np.mean((first + second) ** 2)) / 2 - 1
    return 1 - float(np.mean((first - second) ** 2)) / 2


def _refuse_not_finite(values: FloatArray, *, name: str) -> None:
    n_bad = int(values.size - np.count_nonzero(np.isfinite(values)))
    if n_bad:
        raise InputError(f"{name} holds {n_bad:,} NaN or infinite values, needed finite numbers")
