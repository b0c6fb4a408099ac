"""Columns of tables of text as numbers and names.

One reader for all tables. It supports quotation marks, comment lines, GCT, row names of R, and the
line ends of every system. Its errors give the row of the file and the column.
"""

from __future__ import annotations

import csv
import dataclasses
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl

from lotwise.errors import InputError
from lotwise.expression.layout import NOT_A_NUMBER, Layout, is_number


def require_columns(path: Path, header: Sequence[str], needed: Sequence[str], *, what: str) -> None:
    """Raise an error if a column of a program's file is missing."""
    missing = [name for name in needed if name not in header]
    if missing:
        raise InputError(
            f"has no column {', '.join(map(repr, missing))}, although {what} must have it; the "
            f"columns are {', '.join(map(repr, header[:12]))}",
            path=path,
            row=1,
            remedy="use the unchanged file of the program",
        )


def read_columns(
    path: Path,
    layout: Layout,
    *,
    strings: Sequence[int | str] = (),
    floats: Sequence[int | str] = (),
    may_be_blank: bool = False,
) -> pl.DataFrame:
    """Read columns of a table by name or position; numbers are rounded correctly.

    Parameters
    ----------
    path
        The file, for messages.
    layout
        The layout, from :func:`layout_of`.
    strings, floats
        The columns to read as text and as numbers.
    may_be_blank
        Whether a number may be missing; it is then NaN.

    Returns
    -------
    The requested columns, in order and with the requested names.

    Raises
    ------
    InputError
        A requested column occurs twice, a row has too few or too many cells, or a cell is not a
        number.
    """
    wanted = [*strings, *floats]
    places = [at if isinstance(at, int) else _place_of(path, layout, at) for at in wanted]
    names = [f"column_{place}" for place in places]
    numbers = set(names[len(strings) :])

    def parse(as_numbers: set[str]) -> pl.DataFrame:
        n_columns = len(layout.header)
        types = {
            name: pl.Float64 if name in as_numbers else pl.String
            for name in (f"column_{place}" for place in range(n_columns))
        }
        return pl.read_csv(
            layout.text,
            separator=layout.separator,
            has_header=False,
            skip_lines=layout.first_row - 1,
            new_columns=list(types),
            columns=sorted(set(places)),
            schema_overrides=types,
            quote_char='"' if layout.is_quoted else None,
            empty_string_is_null=False,
            decimal_comma=layout.has_decimal_comma,
        )

    try:
        try:
            table = parse(numbers)
        except pl.exceptions.ComputeError:
            # Few files use NA; checking every cell for it takes half as long again.
            table = parse(set()).with_columns(
                pl.col(name)
                .replace(NOT_A_NUMBER, "nan")
                .replace([""] if may_be_blank else [], "nan")
                .cast(pl.Float64)
                for name in numbers
            )
    except pl.exceptions.NoDataError:
        raise InputError(
            "has a header but no rows",
            path=path,
            row=layout.first_row,
            remedy="run the quantifier again",
        ) from None
    except pl.exceptions.PolarsError:
        if layout.is_quoted and layout.separator == "\t":
            # A quotation mark within a description, not around a cell.
            plain = dataclasses.replace(layout, is_quoted=False)
            return read_columns(
                path, plain, strings=strings, floats=floats, may_be_blank=may_be_blank
            )
        fault = _bad_row(path, layout, places[len(strings) :], may_be_blank=may_be_blank)
        raise fault or InputError("is not a readable table", path=path) from None
    if layout.is_quoted and layout.separator == "\t":
        n_rows = layout.text.rstrip().count(b"\n") + 2 - layout.first_row
        if table.height < n_rows:
            # A quotation mark that is part of a name has joined the following rows.
            plain = dataclasses.replace(layout, is_quoted=False)
            return read_columns(
                path, plain, strings=strings, floats=floats, may_be_blank=may_be_blank
            )
    # The fast reader accepts a row with too few cells, and leaves the missing ones empty.
    last = f"column_{len(layout.header) - 1}"
    is_short = last in table and table.schema[last] == pl.String and (table[last] == "").any()
    if (is_short or any(table.null_count().row(0))) and (
        fault := _bad_row(path, layout, places[len(strings) :], may_be_blank=may_be_blank)
    ):
        raise fault
    return _without_blank_rows(table).select(
        pl.col(name).alias(str(asked)) for name, asked in zip(names, wanted, strict=True)
    )


def _without_blank_rows(table: pl.DataFrame) -> pl.DataFrame:
    """Drop the empty rows that the reader makes of blank lines."""
    if any(column.dtype != pl.String and not column.has_nulls() for column in table):
        return table  # a blank line has no numbers
    blank = pl.all_horizontal(
        pl.col(name).is_null() | (pl.col(name) == "")
        if kind == pl.String
        else pl.col(name).is_null()
        for name, kind in table.schema.items()
    )
    return table.filter(~blank) if table.select(blank.any()).item() else table


def _place_of(path: Path, layout: Layout, name: str) -> int:
    if layout.header.count(name) > 1:
        raise InputError(
            f"contains column {name!r} {layout.header.count(name)} times",
            path=path,
            row=layout.first_row - 1,
            column=name,
            remedy="keep only one of them, or rename the others",
        )
    return layout.header.index(name)


def _bad_row(
    path: Path, layout: Layout, numbers: Sequence[int], *, may_be_blank: bool
) -> InputError | None:
    """Return the error for the first row with too few or many cells, or a word for a number."""
    lines = layout.text.decode("utf-8", "replace").split("\n")
    while lines and not lines[-1].strip():
        lines.pop()
    width = len(layout.header)
    for row, line in enumerate(lines[layout.first_row - 1 :], start=layout.first_row):
        line = line.removesuffix("\r")  # noqa: PLW2901
        if not line.strip() and not numbers:
            continue  # harmless in a map, but a sign of damage among numbers
        if layout.is_quoted:
            cells = next(csv.reader([line], delimiter=layout.separator), [""])
        else:
            cells = line.split(layout.separator)
        if len(cells) != width:
            return InputError(
                f"has {len(cells)} cells, but the header has {width} cells",
                path=path,
                row=row,
                remedy="the file may be truncated or edited; write the file again",
            )
        for place in numbers:
            cell = cells[place]
            if layout.has_decimal_comma:
                cell = cell.replace(",", ".")
            if not is_number(cell) and not (may_be_blank and not cell):
                return InputError(
                    f"must be a number, got {cells[place]!r}",
                    path=path,
                    row=row,
                    column=layout.header[place],
                    remedy="the file may have been edited; write the file again",
                )
    return None


def floats_of(table: pl.DataFrame, column: str) -> npt.NDArray[np.float64]:
    """Return a column of numbers, missing ones as NaN."""
    return table[column].fill_null(np.nan).to_numpy().astype(np.float64, copy=False)
