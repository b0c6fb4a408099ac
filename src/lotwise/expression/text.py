"""Tables of text, plain or gzipped, read whole and checked, with faults that name the place."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from io import BufferedReader
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl
from isal import igzip
from isal.igzip_lib import IsalError

from lotwise.errors import InputError

_GZIP_MAGIC: Final = b"\x1f\x8b"
_HEAD: Final = 65_536
_BLOCK: Final = 1 << 20
_NOT_A_NUMBER: Final = ("NA", "nan", "-nan", "NaN", "na")
_SEPARATORS: Final = {"\t": "tabs", ",": "commas", ";": "semicolons", " ": "blanks"}


def read_bytes(path: Path) -> bytes:
    """Read a file whole, unpacking gzip by its content, not by its name.

    Raises
    ------
    InputError
        The file is missing, a directory, unreadable, empty, or its gzip stream is
        damaged or ends early.
    """
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        raise InputError("no such file", path=path, remedy="correct the path") from None
    except OSError as error:
        raise InputError(f"cannot be read ({error.strerror})", path=path) from None
    if raw.startswith(_GZIP_MAGIC):
        raw = _unpack(path, raw)
    if not raw or raw.isspace():
        raise InputError(
            "is empty", path=path, remedy="run the program that should have written it again"
        )
    return raw


def _unpack(path: Path, raw: bytes) -> bytes:
    try:
        unpacked: bytes = igzip.decompress(raw)
    except EOFError:
        came = "is a gzip file that ends early"
    except (OSError, IsalError) as error:
        came = f"is a damaged gzip file ({error})"
    else:
        return unpacked
    raise InputError(came, path=path, remedy="fetch or copy it again")


def stream_lines(path: Path) -> Iterator[bytes]:
    """Give the lines of a file that need not fit into memory, unpacking gzip by its content.

    Raises as :func:`read_bytes` does; damage when it is reached.
    """
    try:
        with path.open("rb") as raw:
            packed = raw.read(len(_GZIP_MAGIC)) == _GZIP_MAGIC
            raw.seek(0)
            # The buffer gives lines at C's speed, which igzip itself does not.
            yield from BufferedReader(igzip.open(raw, "rb"), _BLOCK) if packed else raw
    except FileNotFoundError:
        raise InputError("no such file", path=path, remedy="correct the path") from None
    except (EOFError, IsalError, OSError) as error:
        came = "ends early" if isinstance(error, EOFError) else f"cannot be read ({error})"
        raise InputError(came, path=path, remedy="fetch or copy it again") from None


def read_head(path: Path) -> bytes:
    """Read enough of a file to recognise it: its first 64 kB, unpacked.

    Raises as :func:`read_bytes` does, but for damage further on.
    """
    if not path.is_file():
        return read_bytes(path)
    with path.open("rb") as raw:
        head = raw.read(_HEAD)
        if not head.startswith(_GZIP_MAGIC):
            return head or read_bytes(path)
    try:
        with igzip.open(path, "rb") as unpacked:
            first: bytes = unpacked.read(_HEAD)
    except (OSError, EOFError, IsalError):
        return read_bytes(path)
    return first or read_bytes(path)


def header_of(path: Path, raw: bytes) -> list[str]:
    """Give the cells of the first line, separated as the file separates them."""
    line = first_line(path, raw)
    return [cell.strip().strip('"') for cell in line.split(separator_of(line))]


def first_line(path: Path, raw: bytes) -> str:
    """Give the first line as text, without a byte order mark."""
    end = raw.find(b"\n")
    try:
        return raw[: end if end >= 0 else len(raw)].rstrip(b"\r").decode("utf-8-sig")
    except UnicodeDecodeError:
        raise InputError(
            "is not text in UTF-8", path=path, row=1, remedy="name a table of text"
        ) from None


def separator_of(line: str) -> str:
    """Find what separates the cells of a header: a tab before a comma."""
    return next((separator for separator in "\t," if separator in line), "\t")


def require_columns(path: Path, header: Sequence[str], needed: Sequence[str], *, what: str) -> None:
    """Refuse a header that lacks a column, naming a wrong separator where that is why."""
    missing = [name for name in needed if name not in header]
    if not missing:
        return
    line = " ".join(header)
    for separator, name in _SEPARATORS.items():
        if separator != "\t" and all(column in line.split(separator) for column in needed):
            raise InputError(
                f"has columns separated by {name}, {what} has tabs",
                path=path,
                row=1,
                remedy="give the file as the program wrote it",
            )
    raise InputError(
        f"has no column {', '.join(map(repr, missing))}, which {what} has; "
        f"it has {', '.join(map(repr, header[:12]))}",
        path=path,
        row=1,
        remedy="give the file as the program wrote it",
    )


def read_text(
    path: Path, raw: bytes, *, strings: Sequence[str] = (), floats: Sequence[str] = ()
) -> pl.DataFrame:
    """Read the named columns of a table of text; numbers are rounded correctly.

    Raises
    ------
    InputError
        A row has too few or too many cells, or a cell that should be a number is none.
    """
    header = header_of(path, raw)
    separator = separator_of(first_line(path, raw))
    if raw.endswith((b"\n\n", b"\n\r\n")):
        raw = raw.rstrip(b"\r\n")

    def parse(numbers: Sequence[str]) -> pl.DataFrame:
        return pl.read_csv(
            raw,
            separator=separator,
            has_header=False,
            skip_rows=1,
            new_columns=header,
            columns=[header.index(name) for name in (*strings, *floats)],
            schema_overrides=dict.fromkeys(header, pl.String) | dict.fromkeys(numbers, pl.Float64),
            quote_char='"' if separator == "," else None,
            empty_string_is_null=False,
        )

    try:
        try:
            table = parse(floats)
        except pl.exceptions.ComputeError:
            # Few files say NA; looking for it in every cell takes half as long again.
            table = parse(()).with_columns(
                pl.col(name).replace(_NOT_A_NUMBER, "nan").cast(pl.Float64) for name in floats
            )
    except pl.exceptions.NoDataError:
        raise InputError(
            "has a header and no row", path=path, row=2, remedy="run the quantifier again"
        ) from None
    except pl.exceptions.PolarsError:
        fault = _bad_row(path, raw, header, separator, floats)
        raise fault or InputError("is not a table that can be read", path=path) from None
    # The fast reader takes a row with too few cells, and leaves the others empty.
    if any(table.null_count().row(0)) and (fault := _bad_row(path, raw, header, separator, floats)):
        raise fault
    return _without_quotes(table, strings) if separator == "\t" else table


def _without_quotes(table: pl.DataFrame, strings: Sequence[str]) -> pl.DataFrame:
    """Take off the quotation marks that R's write.table puts round names."""
    quoted = [name for name in strings if str(table[name][0]).startswith('"')]
    return table.with_columns(pl.col(name).str.strip_chars('"') for name in quoted)


def _bad_row(
    path: Path, raw: bytes, header: Sequence[str], separator: str, floats: Sequence[str]
) -> InputError | None:
    """Find the first row with too few or too many cells, or a word instead of a number."""
    indexes = [(name, header.index(name)) for name in floats]
    lines = raw.decode("utf-8", "replace").split("\n")
    for number, line in enumerate(lines[1:], start=2):
        cells = _cells_of(line.removesuffix("\r"), separator)
        if len(cells) != len(header):
            return InputError(
                f"has {len(cells)} cells, the header has {len(header)}",
                path=path,
                row=number,
                remedy="the file may have been cut off or edited; write it again",
            )
        for name, index in indexes:
            if not _is_number(cells[index]):
                return InputError(
                    f"{cells[index]!r} came, needed is a number",
                    path=path,
                    row=number,
                    column=name,
                    remedy="the file may have been edited; write it again",
                )
    return None


def _cells_of(line: str, separator: str) -> list[str]:
    if separator != ",":
        return line.split(separator)
    return next(csv.reader([line]), [""])


def _is_number(cell: str) -> bool:
    if cell in _NOT_A_NUMBER:
        return True
    try:
        float(cell)
    except ValueError:
        return False
    # float() takes more than a table may hold.
    return cell == cell.strip() and "_" not in cell


def floats_of(table: pl.DataFrame, column: str) -> npt.NDArray[np.float64]:
    """Give a column of numbers, absent ones as NaN."""
    return table[column].fill_null(np.nan).to_numpy().astype(np.float64, copy=False)
