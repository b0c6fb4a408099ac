"""Tables of the page: chosen columns of result tables, formatted; the rest stays on disk."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from lotwise.files.records import Record, meanings
from lotwise.report.run_tables import Row
from lotwise.report.words import NOT_KNOWN, exact_words, number_words, percent_words, r_words

Kind = Literal["text", "r", "number", "percent", "flag"]
MOST_ROWS: Final = 300
# Sorts below every number that there is.
UNKNOWN: Final = "-9e99"


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its key in the result table, its heading, how it and its absence are printed."""

    key: str
    label: str
    kind: Kind = "text"
    unknown: str = ""


@dataclass(frozen=True, slots=True)
class Cell:
    """A printed value; ``order`` is the number behind it, empty where that is what is printed."""

    text: str
    order: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Table:
    """A table of the page.

    Attributes
    ----------
    name
        Of the file that its reader downloads.
    caption
        What it holds.
    headings
        A label and a sentence a column.
    rows
        Printed cells.
    left_out
        What is not shown and where it is; empty where all is.
    """

    name: str
    caption: str
    headings: tuple[tuple[str, str], ...]
    rows: tuple[tuple[Cell, ...], ...]
    left_out: str = ""
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
    """Format the first 300 rows of a result table.

    Parameters
    ----------
    rows
        In the order to be shown.
    columns
        Which of their values.
    name, caption
        Of the table.
    record
        Tells what a column holds.
    decimals
        Of correlations.
    source
        Where the whole table lies.
    n_rows
        How many rows that is; by default those given.
    unit
        What the numbers are: it stands where the catalogue says TPM.
    """
    means = meanings(record) if record is not None else {}
    shown = _plain_where_exact(
        [
            [
                cell_of(row.get(column.key), column.kind, decimals, unknown=column.unknown)
                for column in columns
            ]
            for row in rows[:MOST_ROWS]
        ]
    )
    n_rows = len(rows) if n_rows is None else n_rows
    left_out = (
        f"The first {len(shown):,} of {n_rows:,} rows; all are in {source}."
        if len(shown) < n_rows
        else ""
    )
    return Table(
        name=name,
        caption=caption.replace("TPM", unit),
        headings=tuple(
            (
                column.label.replace("TPM", unit),
                means.get(column.key, "").replace("TPM", unit),
            )
            for column in columns
        ),
        rows=shown,
        left_out=left_out,
    )


def cell_of(value: Any, kind: Kind, decimals: int = 4, *, unknown: str = "") -> Cell:
    """Print one value; ``unknown`` is what stands for a missing number.

    A cell that is printed already stays as it is.

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
        return Cell("yes" if value else "no")
    if value is None or (isinstance(value, float) and math.isnan(value)):
        missing = r_words(None, decimals) if kind == "r" else NOT_KNOWN
        return Cell(unknown or missing, UNKNOWN)
    number = exact_words(value)
    if kind == "r":
        return Cell(r_words(value, decimals), number)
    return Cell(percent_words(value) if kind == "percent" else number_words(value, 4), number)


def _plain_where_exact(rows: list[list[Cell]]) -> tuple[tuple[Cell, ...], ...]:
    """Drop the numbers behind columns whose print is exact, which makes the page smaller.

    Whole columns: the script that sorts takes from the first row whether there are any.
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
