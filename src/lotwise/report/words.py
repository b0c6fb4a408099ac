"""Numbers and names as the report prints them."""

from __future__ import annotations

import itertools
import math
import re
import unicodedata
from collections.abc import Iterable
from typing import Final

from lotwise.wording import format_r, percent

MINUS: Final = "\N{MINUS SIGN}"
NOT_KNOWN: Final = "not known"
_LONGEST_NAME: Final = 60
_MOST_LISTED: Final = 8
# Classes of Unicode: letters of Hebrew, letters and digits of Arabic.
_RIGHT_TO_LEFT: Final = frozenset({"R", "AL", "AN"})
_NUMBER: Final = re.compile(r"-?\d+\.?\d*(?:e[+-]?\d+)?")
_PRINTED: Final = re.compile(r"\d+(?:,\d{3})*(?:\.\d+)?")
_ALL_DIGITS: Final = 17
# From here on not every whole number is a float, and more digits would not be true.
_WHOLE_BELOW: Final = 2.0**53
# Hyphens that stand for a minus: before a number or a term, and in "1 - R".
_HYPHEN_MINUS: Final = re.compile(r"(?<![^\s(\[=<>,])-(?=\.?\d|ln\b)|(?<=\b1 )-(?= R\b)")
# Without the spaces that keep a number and its unit together.
_SPACES: Final = re.compile(r"[\s\0]+", re.ASCII)


def r_words(r: float | None, decimals: int) -> str:
    """Print a correlation; only exactly 1 is printed as 1."""
    return format_r(math.nan if r is None else float(r), decimals)


def number_words(value: float | None, digits: int = 3) -> str:
    """Print a number with this many significant digits and thousands separators.

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
    else:
        text = f"{value:,.{digits}g}"
        # Decided by what is printed: 999.7 is rounded to a number of four digits.
        if "e+" in text:
            text = f"{value:,.0f}"
    return text.replace("-", MINUS)


def number_beside(value: float, bounds: str, digits: int = 3) -> str:
    """Print a number with enough digits that rounding does not move it onto or past a bound.

    Parameters
    ----------
    value
        The number.
    bounds
        Text with the numbers with which it is compared, or an answer ("is yes"), which 1
        stands for; 0 stands for the opposite.
    digits
        Minimum number of digits; a bound with more digits requires as many.

    Examples
    --------
    >>> number_beside(0.94996, ">= 0.95"), number_beside(0.95, ">= 0.95")
    ('0.94996', '0.95')
    >>> number_beside(0.12345, "at most 0.1"), number_beside(0.99999, "at least 0.9")
    ('0.123', '0.99999')
    >>> number_beside(1, "is yes"), number_beside(0, "is yes"), number_beside(0, "is none")
    ('yes', 'no', 'not none')
    """
    if math.isnan(value):
        return NOT_KNOWN
    if bounds.startswith("is ") and value in {0, 1}:
        answer = bounds.removeprefix("is ")
        return answer if value == 1 else {"yes": "no", "no": "yes"}.get(answer, f"not {answer}")
    numbers = _NUMBER.findall(bounds)
    # Only exactly 1 is printed as 1, whatever the bound.
    taken = {1.0, *map(float, numbers)} - {value}
    figures = [
        len(text.partition("e")[0].strip("-").replace(".", "").strip("0")) for text in numbers
    ]
    for count in range(max([digits, *figures]), _ALL_DIGITS):
        text = number_words(value, count)
        if float(text.replace(",", "").replace(MINUS, "-")) not in taken:
            return text
    return number_words(value, _ALL_DIGITS)


def bound_words(bound: str) -> str:
    """Print a bound with its numbers as the number beside it is printed.

    Examples
    --------
    >>> bound_words(">= 20000000"), bound_words("between 0.9 and 1"), bound_words("is yes")
    ('>= 20,000,000', 'between 0.9 and 1', 'is yes')
    """
    if bound.startswith("is "):
        return bound
    return _NUMBER.sub(lambda found: number_words(float(found[0]), 6), bound)


def exact_words(value: float) -> str:
    """Print a number with the fewest digits that read back to it, as result tables do.

    Examples
    --------
    >>> exact_words(2e6), exact_words(0.1), exact_words(1 / 3)
    ('2000000', '0.1', '0.3333333333333333')
    """
    whole = math.isfinite(value) and value == int(value) and abs(value) < _WHOLE_BELOW
    return str(int(value)) if whole else repr(float(value))


def percent_words(share: float | None, digits: int = 3) -> str:
    """Print a share as per cent on one line; only exactly 1 is printed as 100 %.

    Examples
    --------
    >>> percent_words(0.1234).split(), percent_words(0.99959).split()
    (['12.3', '%'], ['>99.9', '%'])
    >>> percent_words(1.0).split(), percent_words(1.0004).split(), percent_words(float("nan"))
    (['100', '%'], ['100.04', '%'], 'not known')
    """
    if share is None or math.isnan(share):
        return NOT_KNOWN
    return percent(share, digits).replace(" ", "\N{NO-BREAK SPACE}").replace("-", MINUS)


def with_minus(text: str) -> str:
    """Return a sentence in which every minus is the character that numbers are printed with.

    Examples
    --------
    >>> with_minus("share of 1 - R, score -2.5 of lot-1") == (
    ...     f"share of 1 {MINUS} R, score {MINUS}2.5 of lot-1"
    ... )
    True
    """
    return _HYPHEN_MINUS.sub(MINUS, text)


def name_words(name: object, longest: int = _LONGEST_NAME) -> str:
    """Print a name in a sentence, shortened in the middle and isolated from right-to-left text.

    Examples
    --------
    >>> name_words("lot1"), len(name_words("x" * 10_000))
    ('lot1', 60)
    """
    text = _SPACES.sub(" ", str(name)).strip() or "(no name)"
    right_to_left = any(unicodedata.bidirectional(letter) in _RIGHT_TO_LEFT for letter in text)
    if len(text) > longest:
        half = (longest - 1) // 2
        text = f"{text[: longest - 1 - half]}\N{HORIZONTAL ELLIPSIS}{text[-half:]}"
    # It must not reverse the order of the sentence.
    return f"\N{FIRST STRONG ISOLATE}{text}\N{POP DIRECTIONAL ISOLATE}" if right_to_left else text


def list_words(names: Iterable[object], *, longest: int = _LONGEST_NAME) -> str:
    """Join names as in a sentence; if there are many, the first ones and how many more.

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


def merge_clauses(clauses: Iterable[str]) -> list[str]:
    """Return each clause once; those that differ in one number become one, with its range.

    Examples
    --------
    >>> merge_clauses(["5 batches", "it adds 1.1 times", "5 batches", "it adds 2.4 times"])
    ['5 batches', 'it adds 1.1 to 2.4 times']
    """
    alike: dict[tuple[str, ...], list[list[str]]] = {}
    for clause in dict.fromkeys(clauses):
        alike.setdefault(tuple(_PRINTED.split(clause)), []).append(_PRINTED.findall(clause))
    merged: list[str] = []
    for words, numbers in alike.items():
        spans = [_span(column) for column in zip(*numbers, strict=True)]
        one_differs = sum(" to " in span for span in spans) == 1
        for filled in [spans] if one_differs else numbers:
            parts = itertools.zip_longest(words, filled, fillvalue="")
            merged.append("".join(part for pair in parts for part in pair))
    return merged


def _span(numbers: Iterable[str]) -> str:
    """Return the smallest and the largest of printed numbers, or the only one."""
    ends = sorted({*numbers}, key=lambda text: float(text.replace(",", "")))
    return ends[0] if len(ends) == 1 else f"{ends[0]} to {ends[-1]}"
