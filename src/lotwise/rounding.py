"""Correlations in digits, the same in figures and on the page, which need not load the figures."""

from __future__ import annotations

import math


def format_r(r: float, decimals: int) -> str:
    """Print a correlation so that nothing but 1 reads as 1.

    Examples
    --------
    >>> format_r(0.99512, 4), format_r(0.99999, 4), format_r(1.0, 4), format_r(float("nan"), 4)
    ('0.9951', '>0.9999', '1.0000', 'not defined')
    """
    if math.isnan(r):
        return "not defined"
    text = f"{r:.{decimals}f}"
    if abs(r) < 1 and float(text) == math.copysign(1, r):
        nearest = f"{1 - 10.0**-decimals:.{decimals}f}"
        return f">{nearest}" if r > 0 else f"<\N{MINUS SIGN}{nearest}"
    if float(text) == 0:
        return text.removeprefix("-")
    return text.replace("-", "\N{MINUS SIGN}")
