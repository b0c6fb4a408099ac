"""Checks of a measure: do its table, columns, rows and bound exist and fit together?"""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from lotwise.acceptance.judgement import rounded
from lotwise.acceptance.measure import Measure
from lotwise.evidence.catalogue import tables
from lotwise.files.records import Column, columns, declared, display_of, extent_of
from lotwise.wording import nearest, number


def check_table(measure: Measure) -> None:
    """Refuse an unknown table or statistic.

    Raises
    ------
    ValueError
        The message suggests the nearest valid name.
    """
    if measure.table not in tables():
        msg = f"table {measure.table!r} is unknown; {nearest(measure.table, tables())}"
        raise ValueError(msg)
    table = measure.source
    if measure.level is not None and measure.level not in table.levels:
        msg = f"table {table.name!r} exists only at {' and '.join(table.levels)} level"
        raise ValueError(msg)
    if table.kind_of(measure.statistic) is None:
        msg = (
            f"statistic {measure.statistic!r} cannot be judged in table {table.name!r}; "
            f"{nearest(measure.statistic, table.statistics)}"
        )
        raise ValueError(msg)


def check_rows(measure: Measure) -> None:
    """Refuse a choice of rows by an unknown column or value, or one that mixes statistics.

    Raises
    ------
    ValueError
        What is wrong and what is required.
    """
    kinds, said = columns(measure.source.record), declared(measure.source.record)
    for name, wanted in measure.rows.items():
        if name not in kinds:
            msg = f"rows: table {measure.table!r} has no column {name!r}; {nearest(name, kinds)}"
            raise ValueError(msg)
        if name == "reason" and (not measure.source.of_features or wanted not in {"", ("",)}):
            msg = (
                "rows: 'reason' must be '' (to leave out rows without a number), and is allowed "
                "only in tables of features "
                f"({', '.join(sorted(name for name, one in tables().items() if one.of_features))})"
            )
            raise ValueError(msg)
        for value in wanted if isinstance(wanted, tuple) else (wanted,):
            _check_cell(name, kinds[name], value, said[name])
    for name in measure.source.to_choose:
        if name not in measure.rows:
            choices = said[name].choices
            such = (
                f", such as {name}: {choices[0]}" if choices else f" ({name}: {said[name].meaning})"
            )
            msg = (
                f"table {measure.table!r} has a separate statistic for each {name}; choose one "
                f"under rows{such}"
            )
            raise ValueError(msg)


def check_bound(measure: Measure) -> None:
    """Refuse a missing bound, two bounds, a bound of the wrong kind or an unknown column.

    Raises
    ------
    ValueError
        What is wrong and what is required.
    """
    given = [
        name
        for name, value in (
            ("at_least", measure.at_least),
            ("at_most", measure.at_most),
            ("between", measure.between),
            ("is", measure.is_),
        )
        if value is not None
    ]
    if len(given) != 1:
        came = f"got {' and '.join(given)}" if given else "got none"
        msg = f"give exactly one of 'at_least', 'at_most', 'between' and 'is'; {came}"
        raise ValueError(msg)
    kind = measure.source.kind_of(measure.statistic)
    if (given == ["is"]) != (kind != "number"):
        needed = "'at_least', 'at_most' or 'between'" if kind == "number" else "'is'"
        what = "a number" if kind == "number" else "not a number"
        msg = f"{measure.statistic!r} is {what}, so use {needed} instead of {given[0]!r}"
        raise ValueError(msg)
    _check_answer(measure)
    _check_numbers(measure)
    _check_extent(measure)
    _check_rounding(measure)


def check_reduction(measure: Measure) -> None:
    """Refuse a way to reduce rows that does not fit the bound.

    Raises
    ------
    ValueError
        What is wrong and what is required.
    """
    row_by_row = measure.reduce in {"every", "share"}
    if (measure.reduce == "share") != (measure.share is not None):
        msg = "give 'reduce: share' and a fraction such as 'share: 0.95' together, or give neither"
        raise ValueError(msg)
    if measure.is_ is not None and not row_by_row:
        msg = (
            "answers are judged row by row: 'reduce' must be 'every' or 'share', not "
            f"{measure.reduce!r}"
        )
        raise ValueError(msg)
    if measure.bound_columns and not row_by_row:
        msg = (
            "if the bound is a column, rows are judged one by one: 'reduce' must be 'every' or "
            f"'share', not {measure.reduce!r}"
        )
        raise ValueError(msg)
    if measure.reduce == "count" and measure.at_least is None:
        msg = "'reduce: count' requires 'at_least', because missing rows would meet an upper limit"
        raise ValueError(msg)
    if measure.use == "interval":
        if measure.declared.limits is None:
            having = ", ".join(
                f"{table.name}: {name}"
                for table in tables().values()
                for name, one in declared(table.record).items()
                if one.limits is not None
            )
            msg = (
                f"{measure.statistic!r} of {measure.table!r} has no interval; these have: {having}"
            )
            raise ValueError(msg)
        if not row_by_row:
            msg = (
                "intervals are judged row by row: 'reduce' must be 'every' or 'share', not "
                f"{measure.reduce!r}"
            )
            raise ValueError(msg)


def check_can_fail(measure: Measure) -> None:
    """Refuse a bound that every possible number meets.

    Raises
    ------
    ValueError
        The statistic is always within the bound.
    """
    lowest, highest = extent_of(measure.source.record, measure.statistic)
    low, high = measure.limits
    if measure.is_ is not None or measure.reduce == "count" or measure.bound_columns:
        return
    meets_low = low is None or float(low) <= lowest
    meets_high = high is None or float(high) >= highest
    if meets_low and meets_high:
        msg = (
            f"{measure.statistic!r} is always between {number(lowest)} and {number(highest)}, so "
            "this criterion cannot fail; give a bound within this range, or use tier: 3, which "
            "only prints the number"
        )
        raise ValueError(msg)


def _check_extent(measure: Measure) -> None:
    """Refuse a bound that the statistic cannot take, such as per cent in place of a fraction."""
    lowest, highest = extent_of(measure.source.record, measure.statistic)
    if measure.is_ is not None or measure.reduce == "count":
        return
    for bound in measure.limits:
        if bound is None or isinstance(bound, str) or lowest <= bound <= highest:
            continue
        of_cent = display_of(measure.source.record, measure.statistic) == "percent" or bound > 1
        hint = (
            f"; write {number(bound)} % as {number(bound / 100)}"
            if of_cent and lowest <= bound / 100 <= highest
            else ""
        )
        msg = (
            f"the bound is {number(bound)}, but {measure.statistic!r} is always between "
            f"{number(lowest)} and {number(highest)}{hint}"
        )
        raise ValueError(msg)


def _check_rounding(measure: Measure) -> None:
    """Refuse rounding that is coarser than the bound, which moves the bound."""
    if measure.round_to is None:
        return
    for bound in measure.limits:
        if isinstance(bound, float | int) and rounded(float(bound), measure.round_to) != bound:
            msg = (
                f"round_to: {measure.round_to} is coarser than the bound {number(bound)}, so "
                "a number beyond the bound could pass; round to at least as many decimals as the "
                "bound has (ASTM E29)"
            )
            raise ValueError(msg)


def _check_cell(name: str, kind: type, value: Any, said: Column) -> None:
    fits = {
        str: isinstance(value, str),
        bool: isinstance(value, bool),
        int: isinstance(value, int) and not isinstance(value, bool),
        float: isinstance(value, int | float) and not isinstance(value, bool),
    }[kind]
    if not fits:
        words = {str: "text", bool: "true or false", int: "a whole number", float: "a number"}
        msg = f"rows: {name} must be {words[kind]}, got {value!r}"
        raise ValueError(msg)
    if said.choices and value not in said.choices:
        msg = f"rows: {name} is {value!r}; {nearest(str(value), said.choices)}"
        raise ValueError(msg)


def _check_answer(measure: Measure) -> None:
    kind = measure.source.kind_of(measure.statistic)
    if kind == "switch" and not isinstance(measure.is_, bool):
        msg = f"'is' must be true or false for {measure.statistic!r}, got {measure.is_!r}"
        raise ValueError(msg)
    if kind == "answer":
        answers = measure.declared.answers
        if measure.is_ not in answers:
            msg = f"is: unknown answer {measure.is_!r}; {nearest(str(measure.is_), answers)}"
            raise ValueError(msg)


def _check_numbers(measure: Measure) -> None:
    for bound in measure.bound_columns:
        if measure.source.kind_of(bound) != "number":
            hint = nearest(bound, measure.source.statistics)
            with suppress(ValueError, OverflowError):
                # YAML 1.1 reads 2e7 as text.
                hint = f"write the number out, {number(float(bound))}"
            msg = (
                f"the bound {bound!r} is text, but {measure.table!r} has no column of numbers with "
                f"this name; {hint}"
            )
            raise ValueError(msg)
    if measure.between is not None:
        low, high = measure.between
        if not isinstance(low, str) and not isinstance(high, str) and low > high:
            msg = f"between must give the lower bound first, got [{number(low)}, {number(high)}]"
            raise ValueError(msg)
