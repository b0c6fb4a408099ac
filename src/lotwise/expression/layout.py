"""Layout of text tables: separator, header, first row, quotation marks, comments."""

from __future__ import annotations

import csv
import re
from codecs import BOM_UTF8, BOM_UTF16_BE, BOM_UTF16_LE
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from lotwise.errors import InputError

NOT_A_NUMBER: Final = ("NA", "nan", "-nan", "NaN", "na", "N/A", "#N/A")
_SEPARATORS: Final = {"\t": "tabs", ",": "commas", ";": "semicolons", " ": "blanks"}
_SHORT_HEAD: Final = 1 << 16
_LONG_HEAD: Final = 1 << 26
_ENOUGH_LINES: Final = 12
_FEATURE_NAME: Final = re.compile(
    r"(gene|transcript|isoform|target|feature|symbol|name|tx|id)(s|_?ids?|_?names?)?$",
    re.IGNORECASE,
)
_GCT: Final = re.compile(r"#1\.[23]\s*$")
_QUOTED_CELL: Final = re.compile(r'"[^"]*"')


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Layout:
    """The layout of a text table.

    Attributes
    ----------
    text
        The table as UTF-8, with line ends that the reader supports.
    header
        Names of the columns; the first is empty if R omitted it.
    separator
        Separator of cells.
    first_row
        Row of the file, counted from 1, in which the data begin.
    is_quoted
        Whether cells are in quotation marks.
    has_decimal_comma
        Whether numbers have a decimal comma, as in 0,5.
    comments
        Comment lines before the header.
    """

    text: bytes
    header: tuple[str, ...]
    separator: str
    first_row: int
    is_quoted: bool
    has_decimal_comma: bool = False
    comments: tuple[str, ...] = ()


def layout_of(path: Path, raw: bytes, *, has_header: bool = True) -> Layout:
    """Determine the layout of a table.

    Parameters
    ----------
    path
        The file, for messages.
    raw
        The table, decompressed, or its beginning.
    has_header
        Whether the first row is a header; if not, the columns are named ``""``.

    Raises
    ------
    InputError
        It is not text, contains only comments, or its header does not fit its first row.
    """
    text = as_text(path, raw)
    lines = _first_lines(path, text)
    comments: list[str] = []
    at = 0
    if lines and _GCT.match(lines[0]):
        return _layout_of_gct(path, text, lines)
    while at < len(lines) and (not lines[at].strip() or lines[at].startswith("#")):
        if lines[at].strip():
            comments.append(lines[at])
        at += 1
    if at == len(lines):
        raise InputError("contains only comments", path=path, row=1, remedy="give the table itself")
    separator = separator_of(lines[at])
    under = separator_of(next(filter(str.strip, lines[at + 1 :]), ""))
    if separator not in lines[at] or (separator == " " != under):
        separator = under  # a header with one name, as written by R
    header = cells_of(lines[at], separator)
    data_at = at + 1
    if comments and _is_header_line(comments[-1], lines[at], separator):
        # The header itself begins with #, as in tables of UCSC and bedtools.
        header, data_at = cells_of(comments[-1].lstrip("# "), separator), at
    elif not has_header:
        header, data_at = [""] * len(header), at
    below = next((line for line in lines[data_at:] if line.strip()), "")
    first = cells_of(below, separator) if below else []
    header = _fit_header(path, header, first, row=data_at)
    return Layout(
        text=text,
        header=tuple(header),
        separator=separator,
        first_row=data_at + 1,
        is_quoted=_has_quoted_cells(text, separator),
        has_decimal_comma=separator == ";" and any(map(_DECIMAL_COMMA.fullmatch, first)),
        comments=tuple(comments),
    )


def _has_quoted_cells(text: bytes, separator: str) -> bool:
    """Return whether any cell begins with a quotation mark; writers quote where necessary."""
    # One byte is searched many times faster than two, and most tables hold no mark at all.
    if b'"' not in text:
        return False
    return text.startswith(b'"') or b'\n"' in text or separator.encode() + b'"' in text


_DECIMAL_COMMA: Final = re.compile(r"-?\d+,\d+")


def as_text(path: Path, raw: bytes) -> bytes:
    """Return a table as UTF-8 with supported line ends and without byte order mark."""
    for mark, encoding in ((BOM_UTF16_LE, "utf-16-le"), (BOM_UTF16_BE, "utf-16-be")):
        if raw.startswith(mark):
            # Excel's format "Unicode text".
            return raw[len(mark) :].decode(encoding, "replace").encode()
    if b"\x00" in raw[:_SHORT_HEAD]:
        raise InputError("is not text", path=path, remedy="give a text table")
    if b"\r" in raw[:_SHORT_HEAD] and b"\n" not in raw[:_SHORT_HEAD]:
        raw = raw.replace(b"\r", b"\n")
    return raw.removeprefix(BOM_UTF8)


def _first_lines(path: Path, text: bytes) -> list[str]:
    head = text[:_SHORT_HEAD]
    if head.count(b"\n") < _ENOUGH_LINES:  # of tables with many samples
        head = text[:_LONG_HEAD]
    if len(text) > len(head) and b"\n" in head:
        head = head[: head.rfind(b"\n")]
    try:
        return head.decode("utf-8").replace("\r\n", "\n").split("\n")
    except UnicodeDecodeError as error:
        raise InputError(
            "is not UTF-8 text",
            path=path,
            row=head.count(b"\n", 0, error.start) + 1,
            remedy="give a text table, saved as UTF-8",
        ) from None


def _layout_of_gct(path: Path, text: bytes, lines: Sequence[str]) -> Layout:
    """Determine the layout of GCT 1.2 or 1.3: version, sizes, header, and annotation rows."""
    sizes = lines[1].split() if len(lines) > 2 else []
    if len(sizes) not in {2, 4} or not all(size.isdigit() for size in sizes):
        raise InputError(
            "is not GCT, because the numbers of rows and columns are missing",
            path=path,
            row=2,
            remedy="write the GCT file again",
        )
    header = cells_of(lines[2], "\t")
    n_annotations = int(sizes[3]) if len(sizes) == 4 else 0
    return Layout(
        text=text,
        header=tuple(header),
        separator="\t",
        first_row=4 + n_annotations,
        is_quoted=False,
        comments=(lines[0],),
    )


def _is_header_line(comment: str, first: str, separator: str) -> bool:
    """Return whether a comment contains the column names for the row of data below it."""
    names, cells = cells_of(comment.lstrip("# "), separator), cells_of(first, separator)
    return (
        len(names) == len(cells) > 1
        and not any(map(is_number, names))
        and any(map(is_number, cells[1:]))
    )


def _fit_header(path: Path, header: list[str], first: Sequence[str], *, row: int) -> list[str]:
    """Return the header with a name for each cell of the rows.

    R's ``write.table`` omits the name of the first column.
    """
    if len(first) <= len(header) and header[-1]:
        return header  # a short row is reported when it is read
    if len(first) == len(header) + 1:
        if not first[-1] and not is_number(first[0]):
            return [*header, ""]  # a separator at the end of each row
        if not _FEATURE_NAME.search(header[0]):
            return ["", *header]
    if len(header) > len(first) and not header[-1]:
        return header[: len(first)] or header
    if len(header) == len(first):
        return header
    raise InputError(
        f"the header has {len(header)} columns, but the rows have {len(first)} cells",
        path=path,
        row=row,
        remedy="give each column one name",
    )


def separator_of(line: str) -> str:
    r"""Return the separator of the cells of a line: tab, comma, semicolon or space.

    Examples
    --------
    >>> separator_of('"a,b";c'), separator_of("a b"), separator_of("a,b\tc")
    (';', ' ', '\t')
    """
    plain = _QUOTED_CELL.sub("", line.strip(" "))
    return next((separator for separator in _SEPARATORS if separator in plain), "\t")


def cells_of(line: str, separator: str) -> list[str]:
    """Return the cells of one line, without quotation marks and surrounding spaces."""
    if '"' not in line:
        return [cell.strip() for cell in line.split(separator)]
    return [cell.strip() for cell in next(csv.reader([line], delimiter=separator), [""])]


def is_number(cell: str) -> bool:
    """Return whether a cell is a number or a word for a missing number.

    Examples
    --------
    >>> is_number("1e-3"), is_number("NA"), is_number("1_0"), is_number("")
    (True, True, False, False)
    """
    if cell in NOT_A_NUMBER:
        return True
    try:
        float(cell)
    except ValueError:
        return False
    # float() accepts more than a table may contain.
    return cell == cell.strip() and "_" not in cell
