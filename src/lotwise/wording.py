"""Wording used by several modules: suggestions for names, numbers, lists."""

from __future__ import annotations

import difflib
import math
from collections.abc import Iterable, Sequence
from typing import Final

_MOST_NAMES: Final = 40
# Similarity from which a name is suggested, and the number of names suggested at most.
_CUTOFF: Final = 0.5
_MOST_CLOSE: Final = 3


def nearest(name: str, known: Iterable[str]) -> str:
    """Return a suggestion for a wrong name: the nearest known names, or the known names if few.

    Examples
    --------
    >>> nearest("persons", ["pearson", "spearman"])
    "did you mean 'pearson'?"
    >>> nearest("over_two_fold", ["over_2_fold", "over_4_fold"])
    "did you mean 'over_2_fold' or 'over_4_fold'?"
    >>> nearest("x", ["pearson", "spearman"]), nearest("x", [])
    ('there are pearson, spearman', 'there are none')
    """
    names = list(known)
    if close := _equally_close(name, names, cutoff=_CUTOFF)[:_MOST_CLOSE]:
        return f"did you mean {' or '.join(map(repr, close))}?"
    return f"there are {listed(names, most=_MOST_NAMES) or 'none'}"


def closest(name: str, known: Iterable[str], *, cutoff: float = _CUTOFF) -> str:
    """Return the known name that a wrong one comes nearest to; empty where none is near.

    Examples
    --------
    >>> closest("persons", ["pearson", "spearman"]), closest("x", ["pearson"])
    ('pearson', '')
    """
    return next(iter(_equally_close(name, list(known), cutoff=cutoff)), "")


def _equally_close(name: str, known: Sequence[str], *, cutoff: float) -> list[str]:
    """Return the known names that are nearest to a wrong one, in their order.

    Names that differ only in case are nearest.
    """
    if same := [one for one in known if one.casefold() == name.casefold()]:
        return same
    close = difflib.get_close_matches(name, known, n=max(len(known), 1), cutoff=cutoff)
    ratio = {one: difflib.SequenceMatcher(None, one, name).ratio() for one in close}
    return [one for one in dict.fromkeys(known) if close and ratio.get(one) == ratio[close[0]]]


def number(value: float) -> str:
    """Format a number with six digits, without an exponent for common sizes.

    Examples
    --------
    >>> number(0.95), number(20_000_000.0), number(18_368_074.3), number(0.97885275436)
    ('0.95', '20000000', '18368074', '0.978853')
    """
    if (value.is_integer() or abs(value) >= 1e5) and abs(value) < 1e15:
        return f"{value:.0f}"
    return f"{value:.6g}"


def counted(n_things: int, thing: str, things: str = "") -> str:
    """Format a number of things; the plural is given where it is more than an s.

    Examples
    --------
    >>> counted(1, "row"), counted(1200, "row"), counted(2, "batch", "batches")
    ('1 row', '1,200 rows', '2 batches')
    """
    return f"{n_things:,} {thing if n_things == 1 else things or thing + 's'}"


def percent(share: float, digits: int = 3) -> str:
    """Format a share as per cent with significant digits; rounding never makes it the whole.

    Examples
    --------
    >>> percent(0.5), percent(0.02984), percent(0.02984, 2), percent(-0.27)
    ('50 %', '2.98 %', '3 %', '-27 %')
    >>> percent(1.0), percent(0.99959), percent(1.0004), percent(15)
    ('100 %', '>99.9 %', '100.04 %', '1,500 %')
    """
    value = 100 * share
    text = f"{value:,.{digits}g}"
    # Decided by what is shown: 999.7 is rounded to a number of four digits.
    if "e+" in text:
        text = f"{value:,.0f}"
    if text == "100" and share < 1:
        text = f">{100 - 10.0 ** (2 - digits):g}"
    while text == "100" and share != 1:
        digits += 1
        text = f"{value:.{digits}g}"
    return f"{text} %"


def listed(words: Sequence[str], *, most: int = 5) -> str:
    """Join words; if there are many, only the first ones and the number of the others.

    Examples
    --------
    >>> listed(["a", "b", "c"], most=2)
    'a, b and 1 more'
    """
    if len(words) <= most:
        return ", ".join(words)
    return f"{', '.join(words[:most])} and {len(words) - most} more"


def format_r(r: float, decimals: int) -> str:
    """Format a correlation so that only 1 is shown as 1.

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
