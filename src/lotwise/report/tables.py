"""Tables of the page: formatted columns of result tables; other columns stay in the files."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from lotwise.files.records import Record, meanings
from lotwise.report.run_tables import Row
from lotwise.report.words import (
    NOT_KNOWN,
    exact_words,
    number_words,
    percent_words,
    r_words,
    with_minus,
)

Kind = Literal["text", "r", "number", "percent", "flag"]
MOST_ROWS: Final = 300
# Columns of sentences, in which a hyphen before a number is a minus. Names are left as they are.
_SENTENCES: Final = frozenset({"reason", "words", "warning", "statement", "sentence", "bound"})
# Columns of sentences that a table of this many rows does not repeat if all rows say the same.
_SAYING: Final = frozenset({"reason", "words", "warning"})
_REPEATED: Final = 10
# Sorts before every number.
UNKNOWN: Final = "-9e99"


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its key in the result table, its heading, and its print format.

    With ``known_with``, a value is known only if the column of that name is a number.
    """

    key: str
    label: str
    kind: Kind = "text"
    unknown: str = ""
    known_with: str = ""


@dataclass(frozen=True, slots=True)
class Cell:
    """A value as printed; ``order`` is the unrounded number, empty if rounding changed nothing."""

    text: str
    order: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Table:
    """A table of the page.

    Attributes
    ----------
    name
        Name of the downloaded file.
    caption
        Description of the content.
    headings
        A label and a sentence per column.
    rows
        Printed cells.
    left_out
        How many rows are shown; empty if all are.
    source
        Path of the whole table below the root of the results; empty if there is no such file.
    shared
        Sentences that are the same in all rows shown; they have no column.
    """

    name: str
    caption: str
    headings: tuple[tuple[str, str], ...]
    rows: tuple[tuple[Cell, ...], ...]
    left_out: str = ""
    source: str = ""
    shared: str = ""
    block: str = "table"


def table_of(
    rows: Sequence[Row],
    columns: Sequence[Column],
    *,
    name: str,
    caption: str,
    record: type[Record] | None = None,
    decimals: int = 4,
    source: str = "",
    n_rows: int | None = None,
    unit: str = "TPM",
) -> Table:
    """Format the first 300 rows of a result table, without columns of text that are empty.

    A sentence that is the same in all of many rows stands once, below the caption.

    Parameters
    ----------
    rows
        Rows in the order to be shown.
    columns
        Columns to show.
    name, caption
        Name and caption of the table.
    record
        Record that declares the columns.
    decimals
        Decimals of correlations.
    source
        Path of the whole table.
    n_rows
        Its number of rows; by default the number of the given rows.
    unit
        Unit of the numbers; it replaces "TPM" in captions and headings.
    """
    means = meanings(record) if record is not None else {}
    columns = [column for column in columns if _is_filled(column, rows)]
    same = [column for column in columns if _is_same(column, rows[:MOST_ROWS])]
    columns = [column for column in columns if column not in same]
    shown = _plain_where_exact(
        [
            [
                cell_of(_said(row, column), column.kind, decimals, unknown=column.unknown)
                for column in columns
            ]
            for row in rows[:MOST_ROWS]
        ]
    )
    n_rows = len(rows) if n_rows is None else n_rows
    left_out = f"The first {len(shown):,} of {n_rows:,} rows." if len(shown) < n_rows else ""
    return Table(
        name=name,
        caption=with_minus(caption.replace("TPM", unit)),
        headings=tuple(
            (
                with_minus(column.label.replace("TPM", unit)),
                means.get(column.key, "").replace("TPM", unit),
            )
            for column in columns
        ),
        rows=shown,
        left_out=left_out,
        source=source,
        shared=" ".join(
            f"All rows shown have the same {column.label}: {_said(rows[0], column)}."
            for column in same
        ),
    )


def cell_of(value: Any, kind: Kind, decimals: int = 4, *, unknown: str = "") -> Cell:
    """Print one value; ``unknown`` replaces a missing number.

    A cell that is already printed stays unchanged.

    Examples
    --------
    >>> cell_of(0.99999, "r"), cell_of("<b>", "text")
    (Cell(text='>0.9999', order='0.99999'), Cell(text='<b>', order=''))
    """
    if isinstance(value, Cell):
        return value
    if kind == "text":
        return Cell("" if value is None else str(value))
    if kind == "flag":
        return Cell(NOT_KNOWN if value is None else "yes" if value else "no")
    if value is None or _is_nan(value):
        missing = r_words(None, decimals) if kind == "r" else NOT_KNOWN
        return Cell(unknown or missing, UNKNOWN)
    number = exact_words(value)
    if kind == "r":
        return Cell(r_words(value, decimals), number)
    return Cell(percent_words(value) if kind == "percent" else number_words(value, 4), number)


def _is_nan(value: Any) -> bool:
    return isinstance(value, float) and math.isnan(value)


def _is_filled(column: Column, rows: Sequence[Row]) -> bool:
    return column.kind != "text" or not rows or any(row.get(column.key) for row in rows)


def _is_same(column: Column, rows: Sequence[Row]) -> bool:
    if column.key not in _SAYING or len(rows) < _REPEATED:
        return False
    return len({row.get(column.key) for row in rows}) == 1


def _said(row: Row, column: Column) -> Any:
    """Return the value of a table cell, None if it is not known.

    A sentence gets the same minus sign as printed numbers.
    """
    if _is_nan(row.get(column.known_with)):
        return None
    value = row.get(column.key)
    return with_minus(value) if column.key in _SENTENCES and isinstance(value, str) else value


def _plain_where_exact(rows: list[list[Cell]]) -> tuple[tuple[Cell, ...], ...]:
    """Drop the order of columns whose printed values are exact, which makes the page smaller.

    This is done for whole columns, because the sorting script looks only at the first row.
    """
    exact = [all(map(_is_exact, column)) for column in zip(*rows, strict=True)]
    return tuple(
        tuple(Cell(cell.text) if drop else cell for cell, drop in zip(row, exact, strict=True))
        for row in rows
    )


def _is_exact(cell: Cell) -> bool:
    try:
        return not cell.order or float(cell.text) == float(cell.order)
    except ValueError:
        return False
