"""The tables of a run as one workbook, ``tables.xlsx``, that spreadsheets open without changes.

A spreadsheet that opens a TSV file directly reads SEPT2 and MARCH1 as dates, 2310009E13 as a
number and =1+1 as a formula. In the workbook every text column is text and every number column is
numeric, as declared by the records of the tables; no cell is a formula or a link.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Final, NamedTuple
from zipfile import ZIP_DEFLATED, ZipFile

from lotwise.acceptance import CriterionRecord
from lotwise.acquire.published import Verification
from lotwise.errors import InputError
from lotwise.evidence.catalogue import tables
from lotwise.files.atomic import atomic_path
from lotwise.files.records import Record, columns, meanings
from lotwise.files.tables import read_rows, size_of
from lotwise.keys import LEVELS
from lotwise.quantify import Intake, Strand, Yield
from lotwise.report.cells import xml_of_rows
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

_MOST_ROWS: Final = 1_048_576  # of a worksheet
LARGEST_TABLE: Final = 1_000_000
"""Maximum number of cells of an included table.

Workbooks with larger tables open slowly or not at all.
"""

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
    meaning: str = ""
    is_matrix: bool = False

    def kind_of(self, column: str, place: int) -> type:
        if self.is_matrix:
            return str if place == 0 else float
        return columns(self.record).get(column, str) if self.record else str


class _Sheet(NamedTuple):
    """A sheet of the workbook: its columns, and a function that reads the rows below the header."""

    name: str
    header: Sequence[str]
    kinds: Sequence[type]
    n_rows: int
    rows: Callable[[], Sequence[Sequence[str]]]

    @property
    def last(self) -> int:
        """Place of the last column."""
        return max(len(self.header) - 1, 0)


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
    there = list(_tables(results))
    if not there:
        raise InputError("has no tables", path=results, remedy="give the results folder of a run")
    sizes = {table: _size_of(table) for table in there}
    taken = [table for table in there if not _too_large(*sizes[table])]
    sheets = [
        _contents(results, sizes),
        _meanings(taken),
        *(_sheet_of(table, sizes[table][0] - 1) for table in taken),
    ]
    with atomic_path(results / WORKBOOK) as temporary:
        _fill(_without_rows(sheets), temporary, sheets)
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
                yield from _if_there(_Table(path, f"{level}.{name}", table.record, table.meaning))
        for name in MATRICES:
            path = tree.matrix(level, name)
            yield from _if_there(_Table(path, f"{level}.{name}", is_matrix=True))
        yield from _if_there(_Table(tree.tpm(level), f"{level}.tpm", is_matrix=True))


def _if_there(table: _Table) -> Iterator[_Table]:
    if table.path.is_file():
        yield table


def _sheet_of(table: _Table, n_rows: int) -> _Sheet:
    with closing(_rows(table.path)) as rows:
        header = next(rows, [])
    kinds = [table.kind_of(name, place) for place, name in enumerate(header)]
    return _Sheet(table.sheet, header, kinds, n_rows, lambda: list(_rows(table.path))[1:])


def _rows(path: Path) -> Generator[list[str]]:
    yield from read_rows(path)


def _size_of(table: _Table) -> tuple[int, int]:
    """Return the number of rows, including the header, and of cells."""
    n_rows, n_columns = size_of(table.path)
    return n_rows, n_rows * n_columns


def _too_large(n_rows: int, n_cells: int) -> str:
    """Return why a table is not included; empty if it is included."""
    if n_rows > _MOST_ROWS:
        return f"not included: has {n_rows:,} rows, but a sheet can have at most {_MOST_ROWS:,}"
    if n_cells > LARGEST_TABLE:
        return f"not included: has more than {LARGEST_TABLE:,} cells ({n_cells:,}); open its file"
    return ""


def _contents(results: Path, sizes: Mapping[_Table, tuple[int, int]]) -> _Sheet:
    rows = []
    for table, (n_rows, n_cells) in sizes.items():
        note = _too_large(n_rows, n_cells)
        of_record = (table.record.__doc__ if table.record else "") or ""
        words = table.meaning or of_record.partition("\n")[0]
        rows.append(
            [
                table.path.relative_to(results).as_posix(),
                "" if note else table.sheet,
                str(n_rows - 1),
                words,
                note,
            ]
        )
    header = ["table", "sheet", "rows", "content", "note"]
    return _Sheet("contents", header, [str, str, int, str, str], len(rows), lambda: rows)


def _meanings(tables: Sequence[_Table]) -> _Sheet:
    rows: list[list[str]] = []
    for table in tables:
        if table.is_matrix:
            rows.append([table.sheet, "(every column)", _MATRIX])
        elif table.record:
            rows += [[table.sheet, *item] for item in meanings(table.record).items()]
    header = ["sheet", "column", "meaning"]
    return _Sheet("columns", header, [str, str, str], len(rows), lambda: rows)


def _without_rows(sheets: Sequence[_Sheet]) -> BytesIO:
    """Return a workbook that has the headers only."""
    from xlsxwriter.workbook import Workbook

    held = BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with closing(Workbook(held, options)) as book:
        # A constant time, so that equal tables give equal files.
        book.set_properties({"created": datetime(2000, 1, 1, tzinfo=UTC)})
        bold = book.add_format({"bold": True})
        for one in sheets:
            sheet = book.add_worksheet(one.name)
            sheet.freeze_panes(1, 1)
            sheet.set_column(0, one.last, 16)
            for place, name in enumerate(one.header):
                sheet.write_string(0, place, name, bold)
            sheet.autofilter(0, 0, one.n_rows, one.last)
    return held


def _fill(empty: BytesIO, target: Path, sheets: Sequence[_Sheet]) -> None:
    """Write the workbook with the rows of its sheets, one sheet at a time."""
    from xlsxwriter.utility import xl_range

    sheet_of = {f"xl/worksheets/sheet{number}.xml": sheet for number, sheet in enumerate(sheets, 1)}
    with ZipFile(empty) as parts, ZipFile(target, "w", ZIP_DEFLATED) as book:
        for part in parts.infolist():
            xml = parts.read(part).decode()
            if sheet := sheet_of.get(part.filename):
                area = xl_range(0, 0, sheet.n_rows, sheet.last)
                xml = re.sub('<dimension ref="[^"]*"', f'<dimension ref="{area}"', xml)
                head, end, tail = xml.partition("</sheetData>")
                xml = "".join((head, xml_of_rows(sheet.rows(), sheet.kinds), end, tail))
            book.writestr(part, xml)
