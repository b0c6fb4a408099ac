"""Tolerance factor of a normal distribution."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from scipy.special import chdtrc, chndtrix

from lotwise.errors import InputError


@lru_cache(maxsize=256)
def tolerance_factor(n: int, *, content: float = 0.95, confidence: float = 0.95) -> float:
    """Return the exact two-sided normal tolerance factor for n values.

    The interval mean +- factor x sd (divisor n - 1) contains at least ``content`` of a normal
    population with probability ``confidence``. The exact integral is solved numerically; Howe's
    approximation is not used.

    Raises
    ------
    InputError
        n < 2, or a probability outside (0, 1).

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
            f"n must be >= 2, and content and confidence must be in (0, 1), got {n}, {content} and "
            f"{confidence}"
        )

    # Imported here: scipy takes half a second to load, and most steps do not need it.
    from scipy.integrate import quad
    from scipy.optimize import brentq

    def confidence_of(factor: float) -> float:
        def density(u: float) -> float:
            # With a mean off by u standard errors, sd must reach this to contain the content.
            needed = chndtrix(content, 1.0, max(u * u / n, 1e-300))
            held = chdtrc(n - 1, (n - 1) * needed / factor**2)
            return float(held * 2 * np.exp(-u * u / 2) / np.sqrt(2 * np.pi))

        return float(quad(density, 0, 9, epsabs=1e-11, limit=200)[0])

    return float(brentq(lambda factor: confidence_of(factor) - confidence, 1e-3, 1e4, xtol=1e-10))
