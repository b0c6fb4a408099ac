"""The cells of a sample sheet: text in UTF-8, split at tabs or commas."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from lotwise.errors import InputError


def read_cells(path: Path) -> Iterator[tuple[int, list[str]]]:
    """Yield number and cells of each row that is not blank; spaces around a cell are removed.

    Raises
    ------
    InputError
        The sheet is missing, empty, not UTF-8 text or not a table.
    """
    lines = re.split(r"\r\n|\r|\n", _decode(path))
    first = next((line for line in lines if line.strip()), None)
    if first is None:
        raise InputError(
            "is empty",
            path=path,
            remedy="write a header with the columns 'sample', 'batch' and 'quant'",
        )
    for row, cells in _split_cells(path, lines, _delimiter(path, first)):
        stripped = [cell.strip() for cell in cells]
        if any(stripped):
            yield row, stripped


def _split_cells(
    path: Path, lines: Sequence[str], delimiter: str
) -> Iterator[tuple[int, list[str]]]:
    """Return the cells of each row; an unclosed quotation mark would join the following rows."""
    reader = csv.reader((f"{line}\n" for line in lines), delimiter=delimiter, strict=True)
    while True:
        row = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise InputError(
                f"a quotation mark is not closed, or is followed by text ({error})",
                path=path,
                row=row,
                remedy="remove the quotation mark",
            ) from None
        yield row, cells


def _decode(path: Path) -> str:
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        raise InputError(
            "no such sample sheet",
            path=path,
            remedy="`lotwise init DIR` writes a template",
        ) from None
    except OSError as error:
        raise InputError(f"cannot be read ({error.strerror})", path=path) from None
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        row = raw.count(b"\n", 0, error.start) + 1
        raise InputError(
            f"byte 0x{raw[error.start]:02x} is not UTF-8 text",
            path=path,
            row=row,
            remedy="save the sheet as plain text in UTF-8, not as a workbook",
        ) from None


def _delimiter(path: Path, header: str) -> str:
    for delimiter in "\t,":
        if delimiter in header:
            return delimiter
    came = "semicolons" if ";" in header else "one column"
    raise InputError(
        f"has {came}, but columns separated by tabs or commas are required",
        path=path,
        row=1,
        remedy="save the sheet as TSV or CSV",
    )
