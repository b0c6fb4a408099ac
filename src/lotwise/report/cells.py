"""Cells of a worksheet as the XML of a workbook (ECMA-376, part 1, 18.3.1), made by column.

XlsxWriter writes one cell at a time, which takes ten times as long.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import zip_longest
from typing import Final

import polars as pl

MOST_CHARACTERS: Final = 32_767
"""Characters that a cell can have."""

# Excel writes control characters as _xHHHH_, and the underscore of such words as _x005F_.
_ESCAPED: Final = re.compile("_(?=x[0-9a-fA-F]{4}_)")
_CONTROL: Final = re.compile("[\x00-\x08\x0b-\x1f\ufffe\uffff]")


def xml_of_rows(rows: Sequence[Sequence[str]], kinds: Sequence[type]) -> str:
    """Return the rows below the header, each cell of the type of its column.

    Parameters
    ----------
    rows
        The cells as text; empty cells are left out.
    kinds
        By column ``str``, ``int``, ``float`` or ``bool``. What is not finite or not of its type
        becomes text.

    Examples
    --------
    >>> xml_of_rows([["=A1", "0.5"]], [str, float])
    '<row r="2"><c r="A2" t="inlineStr"><is><t>=A1</t></is></c><c r="B2"><v>0.5</v></c></row>'
    """
    from xlsxwriter.utility import xl_col_to_name

    if not rows:
        return ""
    columns = list(zip_longest(*rows, fillvalue=""))
    numbers = pl.Series(range(2, len(rows) + 2)).cast(pl.String)
    cells = [
        _cells(pl.Series(column, dtype=pl.String), kind, xl_col_to_name(place), numbers)
        for place, (column, kind) in enumerate(zip(columns, kinds, strict=True))
    ]
    written = pl.select(
        pl.concat_str(pl.lit('<row r="'), numbers, pl.lit('">'), *cells, pl.lit("</row>"))
    )
    return str(written.to_series().str.join().item())


def _cells(column: pl.Series, kind: type, letters: str, numbers: pl.Series) -> pl.Series:
    start = pl.concat_str(pl.lit(f'<c r="{letters}'), numbers)
    plain, value = _text(column), pl.lit(column)
    space = (
        pl.when(plain.str.contains(r"^\s|\s$"))
        .then(pl.lit(' xml:space="preserve"'))
        .otherwise(pl.lit(""))
    )
    as_text = pl.concat_str(
        start, pl.lit('" t="inlineStr"><is><t'), space, pl.lit(">"), plain, pl.lit("</t></is></c>")
    )
    cell = pl.when(value == "").then(pl.lit("")).otherwise(as_text)
    if kind is bool:
        truth = pl.concat_str(
            start,
            pl.lit('" t="b"><v>'),
            pl.when(value == "True").then(pl.lit("1")).otherwise(pl.lit("0")),
            pl.lit("</v></c>"),
        )
        cell = pl.when(value.is_in(["True", "False"])).then(truth).otherwise(cell)
    elif kind is not str:
        number = pl.concat_str(start, pl.lit('"><v>'), value, pl.lit("</v></c>"))
        finite = value.cast(pl.Float64, strict=False).is_finite().fill_null(value=False)
        cell = pl.when(finite).then(number).otherwise(cell)
    return pl.select(cell).to_series()


def _text(column: pl.Series) -> pl.Series:
    """Return text for XML, cut to the longest text that a spreadsheet cell allows."""
    if (column.str.len_chars() > MOST_CHARACTERS).any():
        column = pl.Series([_cut(cell) for cell in column], dtype=pl.String)
    if column.str.contains(r"_x[0-9a-fA-F]{4}_|[\x00-\x08\x0b-\x1f\x{fffe}\x{ffff}]").any():
        column = pl.Series([_without_control(cell) for cell in column], dtype=pl.String)
    for mark, entity in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;")):
        column = column.str.replace_all(mark, entity, literal=True)
    return column


def _cut(cell: str) -> str:
    if len(cell) <= MOST_CHARACTERS:
        return cell
    word = f"... (cut, {len(cell):,} characters)"
    return cell[: MOST_CHARACTERS - len(word)] + word


def _without_control(cell: str) -> str:
    escaped = _ESCAPED.sub("_x005F_", cell)
    return _CONTROL.sub(lambda found: f"_x{ord(found.group()):04X}_", escaped)
