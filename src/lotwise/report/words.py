"""Numbers and names as the report prints them."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from typing import Final

from lotwise.pl.style import format_r

MINUS: Final = "\N{MINUS SIGN}"
NOT_KNOWN: Final = "not known"
_LONGEST_NAME: Final = 60
_MOST_LISTED: Final = 8
# Not the spaces that keep a number and its unit together.
_SPACES: Final = re.compile(r"[\s\0]+", re.ASCII)


def r_words(r: float | None, decimals: int) -> str:
    """Print a correlation; nothing but 1 reads as 1."""
    return format_r(math.nan if r is None else float(r), decimals)


def number_words(value: float | None, digits: int = 3) -> str:
    """Print a number with so many digits that matter, thousands apart.

    Examples
    --------
    >>> number_words(1234567.0), number_words(0.00123456)
    ('1,234,567', '0.00123')
    >>> number_words(-2.5) == MINUS + "2.5", number_words(float("nan"))
    (True, 'not known')
    """
    if value is None or math.isnan(value):
        return NOT_KNOWN
    if math.isfinite(value) and value == int(value):
        text = f"{int(value):,}"
    elif abs(value) >= 10**digits:
        text = f"{value:,.0f}"
    else:
        text = f"{value:.{digits}g}"
    return text.replace("-", MINUS)


def percent_words(share: float | None, digits: int = 3) -> str:
    """Print a share as per cent.

    Examples
    --------
    >>> percent_words(0.1234).split(), percent_words(float("nan"))
    (['12.3', '%'], 'not known')
    """
    if share is None or math.isnan(share):
        return NOT_KNOWN
    return f"{number_words(100 * share, digits)}\N{NO-BREAK SPACE}%"


def name_words(name: object, longest: int = _LONGEST_NAME) -> str:
    """Print a name inside a sentence: both its ends where it is long, its direction its own.

    Examples
    --------
    >>> name_words("lot1"), len(name_words("x" * 10_000))
    ('lot1', 60)
    """
    text = _SPACES.sub(" ", str(name)).strip() or "(no name)"
    foreign = not text.isascii()
    if len(text) > longest:
        half = (longest - 1) // 2
        text = f"{text[: longest - 1 - half]}\N{HORIZONTAL ELLIPSIS}{text[-half:]}"
    # Marks of right-to-left writing must not turn the sentence around.
    return f"\N{FIRST STRONG ISOLATE}{text}\N{POP DIRECTIONAL ISOLATE}" if foreign else text


def list_words(names: Iterable[object], *, longest: int = _LONGEST_NAME) -> str:
    """Join names as a sentence does; of many, the first ones and how many more.

    Examples
    --------
    >>> list_words(["A"]), list_words(["A", "B", "C"]), list_words([])
    ('A', 'A, B and C', 'none')
    """
    words = [name_words(name, longest) for name in names]
    if len(words) > _MOST_LISTED:
        words = [*words[: _MOST_LISTED - 1], f"{len(words) - _MOST_LISTED + 1:,} more"]
    if not words:
        return "none"
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def range_words(values: Sequence[float], decimals: int) -> str:
    """Print the smallest and the largest correlation.

    Examples
    --------
    >>> range_words([0.9, 0.8], 2), range_words([0.9], 2), range_words([], 2)
    ('0.80 to 0.90', '0.90', 'not defined')
    """
    known = [value for value in values if not math.isnan(value)]
    if not known:
        return r_words(None, decimals)
    low, high = r_words(min(known), decimals), r_words(max(known), decimals)
    return low if low == high else f"{low} to {high}"


def count_words(n: int, thing: str, things: str = "") -> str:
    """Print how many of a thing.

    Examples
    --------
    >>> count_words(1, "batch", "batches"), count_words(3, "sample")
    ('1 batch', '3 samples')
    """
    return f"{n:,} {thing if n == 1 else things or thing + 's'}"
