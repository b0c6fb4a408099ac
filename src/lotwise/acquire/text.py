"""Text received from a server, read with limits on the length and number of lines."""

from __future__ import annotations

import gzip
import io
import logging
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Final, cast

from isal import igzip, igzip_lib

from lotwise.acquire.download.retry import WrongAnswerError
from lotwise.errors import InputError

_logger = logging.getLogger(__name__)

_DAMAGED: Final[tuple[type[Exception], ...]] = (
    EOFError,
    gzip.BadGzipFile,
    zlib.error,
    cast("type[Exception]", igzip_lib.IsalError),
)
_GZIP_MAGIC: Final = b"\x1f\x8b"
_BLOCK: Final = 1 << 18
LONGEST_LINE: Final = 1 << 24
"""Maximum bytes of a line; the longest lines of GEO records have a few thousand bytes."""
MOST_UNPACKED: Final = 1 << 36
"""Maximum size of an unpacked file, 64 GiB; data tables in it count, although they are skipped."""
MOST_TEXT: Final = 1 << 28
"""Maximum bytes of a record kept in memory: 256 MiB."""


def lines_of(path: Path, *, most: int = MOST_TEXT) -> Iterator[str]:
    r"""Yield the lines of a text, plain or gzip, without line ends and byte order mark.

    A line that is not UTF-8 is read as Windows-1252, with a warning for the first.

    Raises
    ------
    WrongAnswerError
        The gzip is damaged or truncated, a line is too long, or the unpacked text has more than
        ``most`` bytes.
    InputError
        The file cannot be read.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import mkdtemp
    >>> path = Path(mkdtemp()) / "a.txt"
    >>> _ = path.write_bytes(b"\xef\xbb\xbfMarie\r\n\nM\xfcller")
    >>> list(lines_of(path))
    ['Marie', '', 'Müller']
    """
    unpacked, is_told = 0, False
    try:
        with path.open("rb") as raw:
            packed = raw.read(len(_GZIP_MAGIC)) == _GZIP_MAGIC
            raw.seek(0)
            stream = _unpacking(raw) if packed else raw
            row = 0
            while line := stream.readline(LONGEST_LINE):
                row += 1
                unpacked += len(line)
                if unpacked > most:
                    words = f"has more than {most:,} bytes when unpacked"
                    raise WrongAnswerError(words, path=path)
                if len(line) == LONGEST_LINE:
                    words = f"has a line of more than {LONGEST_LINE:,} bytes"
                    raise WrongAnswerError(words, path=path, row=row)
                try:
                    text = line.decode("utf-8-sig" if row == 1 else "utf-8")
                except UnicodeDecodeError:
                    if not is_told:
                        _logger.warning("%s, line %d: not UTF-8, read as Windows-1252", path, row)
                    is_told = True
                    text = line.decode("cp1252", errors="replace")
                yield text.rstrip("\r\n")
    except _DAMAGED as error:
        raise WrongAnswerError(
            f"is damaged ({error})", path=path, remedy="remove the file and run again"
        ) from error
    except OSError as error:
        raise InputError(f"cannot be read ({error.strerror or error})", path=path) from error


def _unpacking(raw: BinaryIO) -> BinaryIO:
    # The buffer yields lines at C speed, which igzip itself does not.
    return io.BufferedReader(cast("io.RawIOBase", igzip.open(raw, "rb")), _BLOCK)


def number_in(cell: str) -> int | None:
    """Return a count of bytes or reads; None if the cell is not a count.

    Examples
    --------
    >>> number_in("27"), number_in("²"), number_in("1" * 5000), number_in("")
    (27, None, None, None)
    """
    is_number = cell.isascii() and cell.isdigit() and len(cell) <= 15
    return int(cell) if is_number else None
