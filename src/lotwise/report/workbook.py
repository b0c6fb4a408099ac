"""The tables of a run as one workbook, ``tables.xlsx``, that spreadsheets open without changes.

A spreadsheet that opens a TSV file directly reads SEPT2 and MARCH1 as dates, 2310009E13 as a
number and =1+1 as a formula. In the workbook every text column is text and every number column is
numeric, as declared by the records of the tables; no cell is a formula or a link.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

from lotwise.acceptance import CriterionRecord
from lotwise.acquire.published import Verification
from lotwise.errors import InputError
from lotwise.evidence.catalogue import tables
from lotwise.files.atomic import atomic_path
from lotwise.files.records import Record, columns, meanings
from lotwise.files.tables import read_rows, size_of
from lotwise.keys import LEVELS
from lotwise.quantify import Intake, Strand, Yield
from lotwise.tree import (
    CRITERIA,
    INTAKE,
    MATRICES,
    SAMPLES,
    STRANDEDNESS,
    VERIFICATION,
    WORKBOOK,
    YIELD,
    ResultTree,
)

if TYPE_CHECKING:
    from xlsxwriter.format import Format
    from xlsxwriter.workbook import Workbook
    from xlsxwriter.worksheet import Worksheet

# Limits of a worksheet, and of the characters in a cell.
_MOST_ROWS: Final = 1_048_576
_MOST_CHARACTERS: Final = 32_767
LARGEST_TABLE: Final = 1_000_000
"""Cells of the largest table included; a workbook with more opens slowly or not at all."""

_AT_ROOT: Final[dict[str, type[Record] | None]] = {
    SAMPLES: None,
    INTAKE: Intake,
    STRANDEDNESS: Strand,
    YIELD: Yield,
    VERIFICATION: Verification,
    CRITERIA: CriterionRecord,
}
_MATRIX: Final = "value for the sample or feature in the row and the sample in the column"


@dataclass(frozen=True, slots=True)
class _Table:
    """A table of the results: its file, its sheet, and the declared types of its columns."""

    path: Path
    sheet: str
    record: type[Record] | None = None
    is_matrix: bool = False

    def kind_of(self, column: str, place: int) -> type:
        if self.is_matrix:
            return str if place == 0 else float
        return columns(self.record).get(column, str) if self.record else str


def write_workbook(results: Path) -> Path:
    """Write ``tables.xlsx`` from the tables of a results folder, with one sheet per table.

    The first sheet lists all tables, including those left out for their size. The second describes
    each column. NaN is written as the word NaN. Equal tables give equal files.

    Returns
    -------
    The path of the workbook.

    Raises
    ------
    InputError
        The folder has no tables.
    """
    from xlsxwriter.workbook import Workbook

    there = list(_tables(results))
    if not there:
        raise InputError("has no tables", path=results, remedy="give the results folder of a run")
    options = {
        "constant_memory": True,
        "strings_to_formulas": False,
        "strings_to_numbers": False,
        "strings_to_urls": False,
    }
    sizes = {table: _size_of(table) for table in there}
    taken = [table for table in there if not _too_large(*sizes[table])]
    with (
        atomic_path(results / WORKBOOK) as temporary,
        closing(Workbook(str(temporary), options)) as book,
    ):
        # A constant time, so that equal tables give equal files.
        book.set_properties({"created": datetime(2000, 1, 1, tzinfo=UTC)})
        _write_contents(book, results, sizes)
        _write_meanings(book, taken)
        for table in taken:
            kinds = [table.kind_of(name, place) for place, name in enumerate(_header(table))]
            _write_sheet(book, table.sheet, _rows(table.path), kinds)
    return results / WORKBOOK


def _tables(results: Path) -> Iterator[_Table]:
    """Yield the existing tables, the most important ones first."""
    tree, declared = ResultTree(results), tables()
    for name, record in _AT_ROOT.items():
        yield from _if_there(_Table(results / name, name.removesuffix(".tsv"), record))
    for level in LEVELS:
        for name, table in declared.items():
            if level in table.levels:
                path = tree.table(level, name)
                yield from _if_there(_Table(path, f"{level}.{name}", table.record))
        for name in MATRICES:
            path = tree.matrix(level, name)
            yield from _if_there(_Table(path, f"{level}.{name}", is_matrix=True))
        yield from _if_there(_Table(tree.tpm(level), f"{level}.tpm", is_matrix=True))


def _if_there(table: _Table) -> Iterator[_Table]:
    if table.path.is_file():
        yield table


def _header(table: _Table) -> list[str]:
    with closing(_rows(table.path)) as rows:
        return next(rows, [])


def _rows(path: Path) -> Generator[list[str]]:
    yield from read_rows(path)


def _size_of(table: _Table) -> tuple[int, int]:
    """Return the number of rows, including the header, and of cells."""
    n_rows, n_columns = size_of(table.path)
    return n_rows, n_rows * n_columns


def _too_large(n_rows: int, n_cells: int) -> str:
    """Return why a table is left out; empty if it is not."""
    if n_rows > _MOST_ROWS:
        return f"left out: {n_rows:,} rows, but a sheet has at most {_MOST_ROWS:,}"
    if n_cells > LARGEST_TABLE:
        return f"left out: {n_cells:,} cells, more than {LARGEST_TABLE:,}; open the file itself"
    return ""


def _write_contents(book: Workbook, results: Path, sizes: Mapping[_Table, tuple[int, int]]) -> None:
    rows = [["table", "sheet", "rows", "content", "note"]]
    for table, (n_rows, n_cells) in sizes.items():
        note = _too_large(n_rows, n_cells)
        words = ((table.record.__doc__ if table.record else "") or "").partition("\n")[0]
        rows.append(
            [
                table.path.relative_to(results).as_posix(),
                "" if note else table.sheet,
                str(n_rows - 1),
                words,
                note,
            ]
        )
    _write_sheet(book, "contents", rows, [str, str, int, str, str])


def _write_meanings(book: Workbook, tables: Sequence[_Table]) -> None:
    rows = [["sheet", "column", "meaning"]]
    for table in tables:
        if table.is_matrix:
            rows.append([table.sheet, "(every column)", _MATRIX])
        elif table.record:
            rows += [[table.sheet, *item] for item in meanings(table.record).items()]
    _write_sheet(book, "columns", rows, [str, str, str])


def _write_sheet(
    book: Workbook, name: str, rows: Iterable[Sequence[str]], kinds: Sequence[type]
) -> None:
    sheet = book.add_worksheet(name)
    bold = book.add_format({"bold": True})
    sheet.freeze_panes(1, 1)
    # In a file written row by row, column widths come before the cells.
    sheet.set_column(0, max(len(kinds) - 1, 0), 16)
    writers: list[Callable[[Worksheet, int, int, str], None]] = [
        _write_text if kind is str else _write_bool if kind is bool else _write_number
        for kind in kinds
    ]
    n_rows = 0
    for number, row in enumerate(rows):
        n_rows = number
        for place, cell in enumerate(row):
            if number == 0:
                _write_text(sheet, number, place, cell, bold)
            else:
                writers[place](sheet, number, place, cell)
    sheet.autofilter(0, 0, n_rows, max(len(kinds) - 1, 0))


def _write_text(
    sheet: Worksheet, row: int, place: int, cell: str, style: Format | None = None
) -> None:
    if len(cell) > _MOST_CHARACTERS:
        word = f"... (cut, {len(cell):,} characters)"
        cell = cell[: _MOST_CHARACTERS - len(word)] + word
    if cell:
        sheet.write_string(row, place, cell, style)


def _write_number(sheet: Worksheet, row: int, place: int, cell: str) -> None:
    try:
        number = float(cell)
    except ValueError:
        number = math.nan
    if math.isfinite(number):
        sheet.write_number(row, place, number)
    else:
        _write_text(sheet, row, place, cell)


def _write_bool(sheet: Worksheet, row: int, place: int, cell: str) -> None:
    if cell in {"True", "False"}:
        sheet.write_boolean(row, place, cell == "True")
    else:
        _write_text(sheet, row, place, cell)
