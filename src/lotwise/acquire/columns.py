"""The unit of each column of a deposited table (TPM, FPKM, counts, lengths), by name and sum.

The TPM of a sample sum to a million over all features; FPKM and counts do not. Counts of most
programs are whole numbers. If name and sum contradict each other, or neither is conclusive, the
column is refused and the message lists the choices.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal
from zipfile import BadZipFile

import numpy as np
import polars as pl

from lotwise.errors import InputError
from lotwise.expression.layout import NOT_A_NUMBER, layout_of
from lotwise.expression.packed import read_bytes
from lotwise.expression.text import read_columns
from lotwise.keys import Level

if TYPE_CHECKING:
    import numpy.typing as npt
    import pandas as pd
    from openpyxl import Workbook

ValueKind = Literal["tpm", "fpkm", "counts"]

# Relative deviation of a sum from a million: tables are often rounded to two decimals.
_TPM_TOLERANCE: Final = 0.01
_TOKEN = re.compile(
    r"(?<![a-z])(tpms?|fpkms?|rpkms?|(?:expected|raw|read|est)?[_ .-]{0,3}counts?|reads)(?![a-z])",
    re.IGNORECASE,
)
_LOGARITHM = re.compile(r"(?<![a-z])(log(2|10)?|ln|vst|rlog)(?![a-z])", re.IGNORECASE)
# No logarithm of a number of reads, FPKM or TPM is as large, whatever its base.
_HIGHEST_LOGARITHM: Final = 64
# Suffixes that programs add to the name of a sample's alignment file.
_FILE: Final = re.compile(
    r"^.*[/\\]|([ ._-](aligned|sorted(byname|bycoord)?|out|markdup|dedup))*[ .](bam|sam|cram)$",
    re.IGNORECASE,
)
_LENGTH = re.compile(
    r"(effective|eff)?[_ .-]{0,3}(gene|transcript)?[_ .-]{0,3}length", re.IGNORECASE
)
_TRANSCRIPT_ID = re.compile(r"(ENS[A-Z]*T\d{6,}|[NX][MR]_\d+|uc\d{3}\w{3}\.\d)")
_GENE_COLUMN = re.compile(r"gene[_ .-]*ids?|ensembl[_ .-]*gene([_ .-]*id)?|gene", re.IGNORECASE)
_GENE_ID = re.compile(r"ENS[A-Z]*G\d{6,}")


@dataclass(frozen=True)
class ValueColumn:
    """A numeric column: its name, its unit, and its name without the word for the unit.

    ``kind`` is None if neither the column nor the file name gives it.
    """

    name: str
    kind: ValueKind | None
    stem: str


@dataclass(frozen=True)
class DepositedTable:
    """A deposited table; its index are the features, which may occur more than once.

    ``columns`` are the columns that may contain samples, not yet judged (:func:`judge`).
    ``length`` is the column of lengths in bases and ``gene`` that of the genes of isoforms; each is
    None if absent.
    """

    path: Path
    sheet: str
    level: Level
    frame: pd.DataFrame
    columns: tuple[ValueColumn, ...]
    length: str | None
    gene: str | None

    @property
    def name(self) -> str:
        """The file name, with the sheet of a workbook, for messages and tables."""
        return f"{self.path.name}, sheet {self.sheet}" if self.sheet else self.path.name

    @property
    def n_duplicates(self) -> int:
        """Number of rows whose feature already occurred above."""
        return int(self.frame.index.duplicated().sum())


def read_table(path: Path, *, sheet: str = "", level: Level | None = None) -> DepositedTable:
    """Read a deposited table and find the columns that may contain samples.

    Parameters
    ----------
    path
        TSV or CSV, gzipped or not, or a workbook; the first column contains the features.
    sheet
        The sheet of a workbook.
    level
        Gene or isoform, if neither the header nor the identifiers show it.

    Raises
    ------
    InputError
        The table cannot be read, or its level cannot be inferred.
    """
    table = _read_sheet(path, sheet) if is_workbook(path) else _read(path)
    table.index = table.index.astype(str)
    numeric = [name for name in table.columns if table[name].dtype.kind in "iuf"]
    lengths = [name for name in numeric if _LENGTH.fullmatch(str(name).strip())]
    length = next((name for name in lengths if "eff" in name.lower()), None) or (
        lengths[0] if lengths else None
    )
    names = [name for name in numeric if name not in lengths]
    if not names:
        raise InputError(
            f"contains no column of numbers; the columns are {', '.join(map(str, table.columns))}",
            path=path,
        )
    gene = next((n for n in table.columns if _GENE_COLUMN.fullmatch(str(n).strip())), None)
    of_file = _kind_in(f"{path.name} {sheet}")
    columns = tuple(ValueColumn(name, _kind_in(name) or of_file, _stem_of(name)) for name in names)
    told = level or _level_of(table, path, sheet)
    return DepositedTable(
        path, sheet, told, table, columns, length, gene if told == "isoform" else None
    )


def is_workbook(path: Path) -> bool:
    """Return whether a file is a workbook, judged by its name."""
    return path.name.lower().endswith((".xlsx", ".xlsm"))


def sheets_of(path: Path) -> list[str]:
    """Return the names of a workbook's sheets.

    Raises
    ------
    InputError
        The file is not a readable workbook.
    """
    with _workbook(path) as book:
        return list(book.sheetnames)


@contextmanager
def _workbook(path: Path) -> Iterator[Workbook]:
    import openpyxl
    from openpyxl.utils.exceptions import InvalidFileException

    try:
        # Values as stored by the program that wrote the file; formulas are not evaluated.
        book = openpyxl.load_workbook(path, read_only=True, data_only=True)
    except (OSError, ValueError, KeyError, BadZipFile, InvalidFileException) as error:
        raise InputError(
            f"cannot be read as a workbook ({error})", path=path, remedy="save the sheet as TSV"
        ) from error
    try:
        yield book
    finally:
        book.close()


def _read_sheet(path: Path, sheet: str) -> pd.DataFrame:
    """Read a sheet: the header is the first row with two or more cells; rows above are a title."""
    import pandas as pd

    with _workbook(path) as book:
        rows = [list(row) for row in book[sheet].iter_rows(values_only=True)]
    rows = [row for row in rows if any(cell not in (None, "") for cell in row)]
    start = next((i for i, row in enumerate(rows) if sum(c is not None for c in row) > 1), None)
    if start is None or len(rows) < start + 2:
        raise InputError(f"the sheet {sheet!r} contains no table", path=path)
    header, *body = rows[start:]
    width = max(i + 1 for i, cell in enumerate(header) if cell is not None)
    names = [str(cell) if cell is not None else f"column {i + 1}" for i, cell in
             enumerate(header[:width])]  # fmt: skip
    dates = [row[0] for row in body if isinstance(row[0], date)]
    if dates:
        raise InputError(
            f"in the sheet {sheet!r}, feature names are dates, such as {dates[0]} ({len(dates)} in "
            "total), because a spreadsheet program converted gene symbols to dates",
            path=path,
            remedy="use stable identifiers, or the original file without this conversion",
        )
    body = [row[:width] for row in body if row[0] is not None]
    frame = pd.DataFrame(body, columns=names).set_index(names[0])
    return frame.infer_objects()


def _read(path: Path) -> pd.DataFrame:
    import pandas as pd

    if path.name.lower().removesuffix(".gz").endswith((".xls", ".xlsx.gz", ".xlsx")):
        raise InputError(
            "is a workbook in an unsupported format", path=path, remedy="save the sheet as TSV"
        )
    raw = read_bytes(path)
    layout = layout_of(path, raw)
    cells = read_columns(path, layout, strings=range(len(layout.header)))
    features = cells["0"].str.strip_chars()
    if (features == "").any():
        raise InputError(
            "a feature has no name",
            path=path,
            row=layout.first_row + int((features == "").arg_true()[0]),
            remedy="add a name, or remove the row",
        )
    names = _distinct(layout.header[1:])
    columns = {
        name: _numbers_or_text(cells[str(at)])
        for at, name in enumerate(names, start=1)
        if name or (cells[str(at)] != "").any()
    }
    # Identifiers stay text: an Entrez number is not a quantity, and a gene may be called NA.
    index = pd.Index(features.to_list(), dtype=object, name=layout.header[0] or None)
    return pd.DataFrame(columns, index=index)


def _distinct(names: Sequence[str]) -> list[str]:
    """Append a number to repeated column names, which annotations may have."""
    seen: dict[str, int] = {}
    distinct = []
    for name in names:
        seen[name] = seen.get(name, -1) + 1
        distinct.append(f"{name}.{seen[name]}" if seen[name] else name)
    return distinct


def _numbers_or_text(cells: pl.Series) -> npt.NDArray[np.float64] | npt.NDArray[np.object_]:
    """Return a column as numbers, NaN for missing values; as text if any cell is a word."""
    plain = cells.str.strip_chars()
    nothing = plain.is_in(["", *NOT_A_NUMBER])
    numbers = plain.cast(pl.Float64, strict=False)
    if (numbers.is_null() & ~nothing).any():
        return np.array(cells.to_list(), dtype=object)
    return numbers.fill_null(np.nan).to_numpy()


def judge(
    table: DepositedTable, column: ValueColumn, *, kind: ValueKind | None = None
) -> ValueColumn:
    """Determine the unit of a sample's column from its name and sum.

    Parameters
    ----------
    table
        The table of the column.
    column
        The column of a sample.
    kind
        The stated unit; whole numbers are never accepted as TPM.

    Raises
    ------
    InputError
        The column is ambiguous, negative, has empty cells or is a logarithm. The message says what
        was found and what can be configured.
    """
    name, path = column.name, table.path
    values = table.frame[name]
    if values.isna().any() or (values < 0).any():
        word = "negative numbers" if (values < 0).any() else "empty cells"
        raise InputError(
            f"contains {word}; TPM, FPKM and counts must be numbers >= 0", path=path, column=name
        )
    if is_logarithm(table, column):
        raise InputError(
            "seems to contain logarithms, judging by the column name and the values",
            path=path,
            column=name,
        )
    total = float(values.sum())
    is_million = abs(total / 1e6 - 1) <= _TPM_TOLERANCE
    is_whole = bool((values == values.round()).all())
    if kind is not None:
        if kind == "tpm" and is_whole and not is_million:
            raise InputError(
                f"contains whole numbers with the sum {total:,.6g}, so these are counts, not "
                "TPM, although 'kind: tpm' is set",
                path=path,
                column=name,
                remedy="set 'acquire.deposited.kind: counts', or choose the column of TPM",
            )
        return replace(column, kind=kind)
    named = column.kind
    by_sum: ValueKind | None = "tpm" if is_million and not is_whole else None
    if named is None and is_whole:
        named = "counts"
    if named is None and by_sum == "tpm":
        named = "tpm"
    fits = {"tpm": is_million, "fpkm": not is_million, "counts": by_sum != "tpm"}
    if named is None or not fits[named]:
        said = f"is named {named.upper()}" if named else "has an unknown unit"
        remedy = "set 'acquire.deposited.kind' to tpm, fpkm or counts"
        if named == "tpm" and not is_whole:
            remedy = (
                "if genes were removed from the table, set `acquire.deposited.kind: tpm`; "
                "otherwise set it to fpkm or counts"
            )
        kind_of_sum = ", which is the sum of TPM" if is_million else ", but TPM add up to 1,000,000"
        raise InputError(
            f"{said}, and its {'whole' if is_whole else 'decimal'} numbers add up to "
            f"{total:,.6g}{kind_of_sum}",
            path=path,
            column=name,
            remedy=remedy,
        )
    return replace(column, kind=named)


def is_logarithm(table: DepositedTable, column: ValueColumn) -> bool:
    """Return whether a column is log-transformed; names alone may mean a log phase."""
    is_named = bool(_LOGARITHM.search(str(column.name).replace("_", " ")))
    return is_named and not bool((table.frame[column.name] > _HIGHEST_LOGARITHM).any())


def _stem_of(name: str) -> str:
    return _FILE.sub("", _TOKEN.sub("", str(name).replace("_", " ")).strip(" ._-")).strip(" ._-")


def _kind_in(text: str) -> ValueKind | None:
    found: set[ValueKind] = set()
    for match in _TOKEN.finditer(str(text).replace("_", " ")):
        word = match[1].lower()
        found.add("tpm" if "tpm" in word else "fpkm" if "pkm" in word else "counts")
    return found.pop() if len(found) == 1 else None


def _level_of(table: pd.DataFrame, path: Path, sheet: str) -> Level:
    told = level_in(f"{table.index.name or ''} {sheet} {path.name}")
    ids: Sequence[str] = list(table.index[:1000])
    transcripts = sum(bool(_TRANSCRIPT_ID.match(name)) for name in ids)
    genes = sum(bool(_GENE_ID.match(name)) for name in ids)
    if transcripts > len(ids) / 2:
        return "isoform"
    if genes > len(ids) / 2:
        return "gene"
    if told is not None:
        return told
    raise InputError(
        f"the level cannot be inferred from the header and the identifiers ({', '.join(ids[:3])})",
        path=path,
        remedy="set 'acquire.deposited.level' to gene or isoform",
    )


def level_in(words: str) -> Level | None:
    """Return the level in a name.

    Examples
    --------
    >>> level_in("GSE7_isoform_TPM.txt.gz"), level_in("GSE7_genes.csv"), level_in("GSE7.csv")
    ('isoform', 'gene', None)
    """
    lowered = words.lower()
    if re.search(r"isoform|transcript_?ids?\b|transcripts?(?![a-z])", lowered):
        return "isoform"
    if "gene" in lowered or "symbol" in lowered:
        return "gene"
    return None
