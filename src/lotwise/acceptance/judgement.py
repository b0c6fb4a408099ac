"""Judgement of a measure by the rows of its table: pass, fail, or not assessable, and why.

An unknown number never passes. A row without a number makes a criterion not assessable, with one
exception: where every row must meet the bound and another row is beyond it, the criterion fails,
because the missing number cannot change that.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal
from functools import cache
from statistics import median
from typing import Any, Final, Literal

from lotwise.acceptance.measure import Bound, Measure
from lotwise.evidence.catalogue import row_names, tables
from lotwise.files.records import columns
from lotwise.wording import counted, listed, number

OverallOutcome = Literal["pass", "fail", "not assessable"]
Outcome = Literal[OverallOutcome, "descriptive"]
Row = Mapping[str, Any]

MOST_NAMED: Final = 3
"""Maximum number of rows, or of invalid comparisons, that a reason names; others are counted."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Judgement:
    """Outcome of one measure.

    Attributes
    ----------
    outcome
        pass, fail or not assessable; descriptive of a criterion of tier 3, which is not judged.
    value
        The number judged: that of the row nearest to failing, the reduced number, or the share of
        rows that meet the bound; None where there is none.
    interval
        Limits of that row's number, if its table has them.
    where
        The row that decided; empty where all rows did.
    reason
        What was found, in words.
    """

    outcome: Outcome
    reason: str
    value: float | None = None
    interval: tuple[float, float] | None = None
    where: str = ""


@dataclass(frozen=True, slots=True)
class _Found:
    """A row, its number, and its distance from the bound; None where it is unknown."""

    row: Row
    value: float | None
    margin: float | None
    interval: tuple[float, float] | None = None
    lacks: str = ""

    @property
    def where(self) -> str:
        return _where(self.row)


def judge_rows(measure: Measure, rows: Sequence[Row]) -> Judgement:
    """Judge a measure by the rows that it chooses.

    Parameters
    ----------
    measure
        Statistic to judge, and its bound.
    rows
        Those rows of the table, from :func:`lotwise.acceptance.selection.select_rows`. Numbers may
        be NaN, with the reason in the row. Without rows nothing can be judged.

    Examples
    --------
    >>> r = Measure(table="batches", statistic="median_to_others", at_least=0.95)
    >>> row = {"batch": "L1", "median_to_others": 0.97, "reason": ""}
    >>> judge_rows(r, [row]).outcome
    'pass'
    >>> judge_rows(r, [row, row | {"batch": "L2", "median_to_others": float("nan")}]).reason
    'no number for L2'
    """
    if not rows:
        return Judgement(outcome="not assessable", reason="there is no row to judge")
    found = [_look_at(measure, row) for row in rows]
    if measure.reduce == "count":
        return _judge_count(measure, found)
    if measure.reduce in {"median", "lowest", "highest"}:
        return _judge_reduced(measure, found)
    if measure.reduce == "share":
        return _judge_share(measure, found)
    return _judge_every(measure, found)


def outcome_over_all(outcomes: Iterable[object]) -> OverallOutcome:
    """Return fail if any fails, pass if all pass, otherwise (and of none) not assessable.

    Descriptive criteria do not count.

    Examples
    --------
    >>> outcome_over_all(["pass", "odd"]), outcome_over_all(["pass"]), outcome_over_all([])
    ('not assessable', 'pass', 'not assessable')
    >>> outcome_over_all(["pass", "descriptive"]), outcome_over_all(["descriptive"])
    ('pass', 'not assessable')
    """
    found = [one for one in outcomes if one != "descriptive"]
    if "fail" in found:
        return "fail"
    return "pass" if found and all(one == "pass" for one in found) else "not assessable"


def rounded(value: float, decimals: int | None) -> float:
    """Round a number as it is printed, half to even (ASTM E29); ``None`` does not round.

    Examples
    --------
    >>> rounded(0.945, 2), rounded(0.9450000001, 2), rounded(0.945, None)
    (0.94, 0.95, 0.945)
    """
    if decimals is None or not math.isfinite(value):
        return value
    unit = Decimal(1).scaleb(-decimals)
    return float(Decimal(repr(value)).quantize(unit, rounding=ROUND_HALF_EVEN))


def decided_by_some(measure: Measure, outcome: Outcome) -> bool:
    """Return whether an outcome on some of the rows is certain to hold for all rows.

    Examples
    --------
    >>> r = Measure(table="batches", statistic="median_to_others", at_least=0.95)
    >>> decided_by_some(r, "fail"), decided_by_some(r, "pass")
    (True, False)
    """
    if measure.reduce == "count":
        return outcome == "pass"
    return outcome == "fail" and (measure.reduce == "every" or _is_every(measure))


def _is_every(measure: Measure) -> bool:
    """Return whether the measure holds for all rows, such as a minimum with a lower bound."""
    low, high = measure.limits
    return (measure.reduce == "lowest" and high is None) or (
        measure.reduce == "highest" and low is None
    )


def _look_at(measure: Measure, row: Row) -> _Found:
    """Return the number of a row and its distance from the bound, negative if beyond it."""
    lacks = _lacks(measure, row)
    if measure.is_ is not None:
        holds = row[measure.statistic] == measure.is_
        margin = None if lacks else (0.0 if holds else -1.0)
        return _Found(row, None, margin, lacks=lacks)
    value = None if lacks else rounded(float(row[measure.statistic]), measure.round_to)
    limits = _limits_of(measure, row)
    if value is None:
        return _Found(row, None, None, lacks=lacks)
    low, high = (value, value)
    if measure.use == "interval":
        if limits is None:
            return _Found(row, value, None, lacks=_reason_of(row) or "no interval")
        low, high = limits
    below, above = (_bound_of(bound, row) for bound in measure.limits)
    if (below is not None and math.isnan(below)) or (above is not None and math.isnan(above)):
        lacks = _reason_of(row) or f"no {listed(measure.bound_columns)}"
        return _Found(row, value, None, limits, lacks)
    inside = [
        *([low - below] if below is not None else []),
        *([above - high] if above is not None else []),
    ]
    return _Found(row, value, min(inside), limits)


@cache
def _type_of(table: str, column: str) -> type:
    """Return the type of a column; cached, since there are many rows."""
    return columns(tables()[table].record)[column]


def _lacks(measure: Measure, row: Row) -> str:
    """Return why the statistic of a row is unknown; empty where it is known."""
    value, reason = row[measure.statistic], _reason_of(row)
    kind = _type_of(measure.table, measure.statistic)
    if kind is str:
        known = value in measure.declared.answers
        # The reason of a sex tells what is unusual about the call, not why there is none.
        lacking = reason if measure.table != "sex" else ""
        return lacking or ("" if known else str(value) or f"{measure.statistic} is empty")
    if kind is float:
        return "" if math.isfinite(value) else reason or f"{measure.statistic} is {value}"
    known_with = measure.declared.known_with
    if not known_with:
        return reason
    return "" if math.isfinite(row[known_with]) else reason or f"{known_with} is unknown"


def _limits_of(measure: Measure, row: Row) -> tuple[float, float] | None:
    names = measure.declared.limits
    if names is None:
        return None
    low, high = (rounded(float(row[name]), measure.round_to) for name in names)
    return (low, high) if math.isfinite(low) and math.isfinite(high) else None


def _bound_of(bound: Bound | None, row: Row) -> float | None:
    if bound is None:
        return None
    value = float(row[bound]) if isinstance(bound, str) else bound
    return value if math.isfinite(value) else math.nan


def _judge_every(measure: Measure, found: Sequence[_Found]) -> Judgement:
    known = [one for one in found if one.margin is not None]
    lacking = [one for one in found if one.margin is None]
    if not known:
        return _unknown(measure, lacking)
    # Margins that differ by less than rounding are equal. Then the order of rows must not decide
    # which row is reported.
    worst = min(known, key=lambda one: (_margin(one), one.value or 0.0))
    beyond = [one for one in known if _margin(one) < 0]
    value = worst.value
    if measure.is_ is not None:
        value = (len(known) - len(beyond)) / len(found)
    its = "".join(
        f"; there its {name} is {number(float(worst.row[name]))}" for name in measure.bound_columns
    )
    if beyond:
        named = _farthest(beyond)
        return Judgement(
            outcome="fail",
            value=value,
            interval=worst.interval,
            where=worst.where,
            reason=f"{len(beyond)} of {counted(len(found), 'row')} beyond the bound: {named}{its}",
        )
    if lacking:
        return _unknown(measure, lacking)
    warned = _warning(measure, known)
    return Judgement(
        outcome="not assessable" if warned else "pass",
        value=value,
        interval=worst.interval,
        # Answers that are all as required are equally far from failing.
        where=worst.where if measure.is_ is None else "",
        reason=warned or f"{_all_of(len(found))}{its}",
    )


def _farthest(beyond: Sequence[_Found]) -> str:
    """Name the rows that are not as required, those farthest from the bound first."""
    places = (one.where for one in sorted(beyond, key=_margin))
    return listed([*dict.fromkeys(places)], most=MOST_NAMED)


def _judge_share(measure: Measure, found: Sequence[_Found]) -> Judgement:
    lacking = [one for one in found if one.margin is None]
    if lacking:
        return _unknown(measure, lacking)
    beyond = [one for one in found if _margin(one) < 0]
    # One division, as the share in the file is one decimal, so equal numbers are equal floats.
    share = (len(found) - len(beyond)) / len(found)
    needed = measure.share if measure.share is not None else 1.0
    words = f"{len(found) - len(beyond)} of {counted(len(found), 'row')} as required"
    if share < needed:
        named = _farthest(beyond)
        return Judgement(outcome="fail", value=share, reason=f"{words}; not {named}")
    warned = _warning(measure, found)
    if warned:
        return Judgement(outcome="not assessable", value=share, reason=warned)
    return Judgement(outcome="pass", value=share, reason=words)


def _judge_reduced(measure: Measure, found: Sequence[_Found]) -> Judgement:
    if _is_every(measure):
        return _judge_every(measure, found)
    low, high = (bound if isinstance(bound, float) else None for bound in measure.limits)
    lacking = [one for one in found if one.margin is None]
    if lacking:
        return _unknown(measure, lacking)
    ordered = sorted(found, key=lambda one: one.value or 0.0)
    deciding = {"lowest": ordered[0], "highest": ordered[-1]}.get(measure.reduce)
    middle = rounded(median(one.value or 0.0 for one in ordered), measure.round_to)
    value = middle if deciding is None else deciding.value
    met = value is not None and (low is None or value >= low) and (high is None or value <= high)
    return Judgement(
        outcome="pass" if met else "fail",
        value=value,
        interval=None if deciding is None else deciding.interval,
        where="" if deciding is None else deciding.where,
        reason=f"{measure.reduce} of {counted(len(found), 'row')}",
    )


def _judge_count(measure: Measure, found: Sequence[_Found]) -> Judgement:
    n_known = sum(one.value is not None for one in found)
    needed = measure.at_least if isinstance(measure.at_least, float) else math.inf
    return Judgement(
        outcome="pass" if n_known >= needed else "fail",
        value=float(n_known),
        reason=f"known in {n_known} of {counted(len(found), 'row')}",
    )


def _margin(one: _Found) -> float:
    return math.inf if one.margin is None else one.margin


def _unknown(measure: Measure, lacking: Sequence[_Found]) -> Judgement:
    first, what = lacking[0], "number" if measure.is_ is None else "answer"
    more = f" and {counted(len(lacking) - 1, 'more row')}" if len(lacking) > 1 else ""
    because = f": {first.lacks}" if first.lacks and not first.lacks.endswith(" is nan") else ""
    return Judgement(
        outcome="not assessable",
        where=first.where,
        reason=f"no {what} for {first.where or 'the one row'}{more}{because}",
    )


def _warning(measure: Measure, found: Sequence[_Found]) -> str:
    """Return why an interval is too narrow: it can fail a criterion but not pass it."""
    if measure.use != "interval":
        return ""
    warned = next((str(one.row["warning"]) for one in found if one.row.get("warning")), "")
    return f"the interval meets the bound, but {warned}" if warned else ""


def _where(row: Row) -> str:
    units = _units()
    named = {name: str(row[name]) for name in units if str(row.get(name, ""))}
    for unit in ("sample", "batch"):
        first, second = named.pop(f"{unit}_a", ""), named.pop(f"{unit}_b", "")
        if first and unit not in named:
            named[unit] = f"{first} - {second}"
    if "sample" in named:
        named.pop("batch", None)
    return ", ".join(named[name] for name in units if name in named)


@cache
def _units() -> tuple[str, ...]:
    """Return the columns that identify a row; cached, since there are many rows."""
    return row_names()


def _reason_of(row: Row) -> str:
    return str(row.get("reason", "") or "")


def _all_of(n_rows: int) -> str:
    return "the one row meets it" if n_rows == 1 else f"all {n_rows:,} rows meet it"
