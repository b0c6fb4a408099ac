"""Error rates over many tests."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from lotwise.errors import InputError
from lotwise.metrics.moments import FloatArray


def benjamini_hochberg(p: npt.ArrayLike) -> FloatArray:
    """Adjust p-values to control the false discovery rate (Benjamini-Hochberg).

    Parameters
    ----------
    p
        One p-value per test. NaN means that no test was made; it is not counted as a test.

    Returns
    -------
    Adjusted p in [0, 1], NaN where p is NaN.

    Raises
    ------
    InputError
        A p-value is outside [0, 1].

    References
    ----------
    Benjamini and Hochberg 1995, J R Stat Soc B 57:289.

    Examples
    --------
    >>> benjamini_hochberg([0.01, 0.04, np.nan, 0.03])
    array([0.03, 0.04,  nan, 0.04])
    """
    values = np.asarray(p, dtype=np.float64)
    tested = np.flatnonzero(~np.isnan(values))
    found = values[tested]
    if ((found < 0) | (found > 1)).any():
        raise InputError("every p-value must be in [0, 1]")
    adjusted = np.full(values.shape, np.nan)
    order = np.argsort(found)[::-1]
    ranks = np.arange(found.size, 0, -1)
    adjusted[tested[order]] = np.minimum.accumulate(found[order] * found.size / ranks)
    return adjusted
