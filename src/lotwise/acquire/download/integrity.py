"""Completeness of a received file: checksums, gzip and tar read to the end, no error page."""

from __future__ import annotations

import gzip
import hashlib
import re
import tarfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final, Literal, cast

from isal import igzip, igzip_lib

Algorithm = Literal["md5", "sha256"]

# isal has only partial type annotations.
_open_gzip: Callable[[Path, str], BinaryIO] = igzip.open
_NOT_GZIP: Final[tuple[type[Exception], ...]] = (
    gzip.BadGzipFile,
    zlib.error,
    cast("type[Exception]", igzip_lib.IsalError),
)
_UNREADABLE_GZIP: Final[tuple[type[Exception], ...]] = (EOFError, OSError, *_NOT_GZIP)

# A foreign header can contain any number, and headers of headers.
_UNREADABLE_TAR: Final[tuple[type[Exception], ...]] = (
    tarfile.TarError,
    EOFError,
    ValueError,
    OverflowError,
    OSError,
    RecursionError,
)
_CHUNK: Final = 1 << 20
_GZIP_MAGIC: Final = b"\x1f\x8b"
_HEAD: Final = 4096
# These may precede the begin of an HTML page.
_BEFORE_PAGE: Final = ((b"<!--", b"-->"), (b"<?xml", b">"))
_PAGE = re.compile(rb"<(!doctype\s{1,9}html|html[\s>])", re.IGNORECASE)
_LONGEST_TITLE: Final = 120


class DamagedError(Exception):
    """A file is not as expected; the text describes how."""


@dataclass(frozen=True, kw_only=True)
class Integrity:
    """What the source says about a file; None for unknown values.

    ``bsd_sum`` and ``bsd_blocks`` are the two numbers of the program ``sum``, as in Ensembl's
    CHECKSUMS: a 16-bit checksum and the size in blocks of 1,024 bytes.
    """

    size: int | None = None
    md5: str | None = None
    sha256: str | None = None
    bsd_sum: int | None = None
    bsd_blocks: int | None = None

    @property
    def algorithm(self) -> Algorithm:
        """The digest to compute while receiving."""
        return "md5" if self.md5 is not None and self.sha256 is None else "sha256"

    @property
    def has_checksum(self) -> bool:
        """Whether the content is known in advance, not only the size."""
        return not (self.md5 is None and self.sha256 is None and self.bsd_sum is None)

    @property
    def checksums(self) -> dict[str, str]:
        """The known checksums by algorithm, in the form of the manifest."""
        blocks = "" if self.bsd_blocks is None else f"/{self.bsd_blocks}"
        known = {
            "md5": self.md5 and self.md5.lower(),
            "sha256": self.sha256 and self.sha256.lower(),
            "sum": None if self.bsd_sum is None else f"{self.bsd_sum}{blocks}",
        }
        return {name: value for name, value in known.items() if value is not None}

    def check(self, path: Path, *, size: int, digest: str) -> None:
        """Compare the expected values with the received file.

        Parameters
        ----------
        path
            The file; it is read only for a BSD sum.
        size
            Its size in bytes.
        digest
            Its digest by :attr:`algorithm`, in hexadecimal.

        Raises
        ------
        DamagedError
            Size or checksum differ.
        """
        if self.size is not None and size != self.size:
            raise DamagedError(f"{size:,} bytes were received, but {self.size:,} were expected")
        wanted = self.md5 if self.algorithm == "md5" else self.sha256
        if wanted is not None and digest != wanted.lower():
            raise DamagedError(f"{self.algorithm} is {digest}, expected {wanted.lower()}")
        if self.bsd_blocks is not None and -(-size // 1024) != self.bsd_blocks:
            raise DamagedError(
                f"{-(-size // 1024):,} blocks were received, but {self.bsd_blocks:,} were expected"
            )
        if self.bsd_sum is not None and (found := bsd_sum(path)) != self.bsd_sum:
            raise DamagedError(f"sum is {found}, expected {self.bsd_sum}")


def digest_of(path: Path, algorithm: Algorithm) -> str:
    """Compute a file's digest in hexadecimal."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, algorithm).hexdigest()


def bsd_sum(path: Path) -> int:
    """Compute the 16-bit checksum of the BSD ``sum`` program (about ten megabytes a second).

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import mkdtemp
    >>> path = Path(mkdtemp()) / "digits"
    >>> _ = path.write_bytes(b"0123456789")
    >>> bsd_sum(path)
    59759
    """
    checksum = 0
    with path.open("rb") as stream:
        while chunk := stream.read(_CHUNK):
            for byte in chunk:
                checksum = ((checksum >> 1) + ((checksum & 1) << 15) + byte) & 0xFFFF
    return checksum


def is_gzip(path: Path) -> bool:
    """Return whether a file begins like gzip."""
    with path.open("rb") as stream:
        return stream.read(2) == _GZIP_MAGIC


def read_gzip_to_end(path: Path) -> None:
    """Decompress all members, checking the length and CRC of each.

    Raises
    ------
    DamagedError
        The file is not gzip, is truncated, or a CRC does not match.
    """
    if not is_gzip(path):
        raise DamagedError("is not gzip, although its name ends in .gz")
    try:
        with _open_gzip(path, "rb") as stream:
            while stream.read(_CHUNK):
                pass
    except EOFError as error:
        raise DamagedError("gzip is truncated") from error
    except _NOT_GZIP as error:
        raise DamagedError(f"gzip is damaged ({error})") from error


def unwrap_gzip(
    path: Path, target: Path, *, reserve: Callable[[int], None] = lambda _size: None
) -> None:
    """Remove one layer of gzip.

    Parameters
    ----------
    path, target
        Input and output file.
    reserve
        Called with the number of bytes before they are written; raises an error if there are too
        many.

    Raises
    ------
    DamagedError
        See :func:`read_gzip_to_end`.
    """
    size = 0
    try:
        with _open_gzip(path, "rb") as stream, target.open("wb") as out:
            while chunk := stream.read(_CHUNK):
                size += len(chunk)
                reserve(size)
                out.write(chunk)
    except EOFError as error:
        raise DamagedError("gzip is truncated") from error
    except _NOT_GZIP as error:
        raise DamagedError(f"gzip is damaged ({error})") from error


def read_tar_to_end(path: Path) -> None:
    """Read through all members of a tar archive.

    Raises
    ------
    DamagedError
        The file is not a tar archive or is truncated within a member.
    """
    size = path.stat().st_size
    end = 0
    try:
        with tarfile.open(path, "r:") as archive:
            for member in archive:
                # tarfile moves backwards if a header gives a negative size.
                if member.size < 0 or archive.offset <= end:
                    raise DamagedError(
                        f"the tar header states an impossible size of {member.size:,} bytes for "
                        f"{member.name!r}"
                    )
                if not member.issparse() and member.offset_data + member.size > size:
                    raise DamagedError(
                        f"the tar archive is truncated within the file {member.name!r}"
                    )
                end = archive.offset
            end = archive.offset
    except _UNREADABLE_TAR as error:
        raise DamagedError(f"tar is damaged ({str(error) or type(error).__name__})") from error
    # tarfile treats a truncated header as the end; a real end is a block of zeros.
    with path.open("rb") as stream:
        stream.seek(end)
        if stream.read(tarfile.BLOCKSIZE) != tarfile.NUL * tarfile.BLOCKSIZE:
            raise DamagedError("tar is truncated")


def error_page_title(path: Path) -> str | None:
    """Return the title of an HTML page received instead of a file; None if it is not HTML."""
    with path.open("rb") as stream:
        head = stream.read(_HEAD)
    if not _begins_page(head.removeprefix(b"\xef\xbb\xbf")):
        return None
    lowered = head.lower()
    begin = lowered.find(b">", lowered.find(b"<title")) + 1
    end = lowered.find(b"</title>", begin)
    if b"<title" not in lowered or not 0 < begin <= end:
        return "no title"
    title = head[begin:end].decode(errors="replace").split()
    return " ".join(title)[:_LONGEST_TITLE] or "no title"


def _begins_page(head: bytes) -> bool:
    """Return whether HTML comes first, after comments; without patterns, which may backtrack."""
    rest = head.lstrip()
    moved = True
    while moved:
        moved = False
        for begin, end in _BEFORE_PAGE:
            if rest.startswith(begin):
                found = rest.find(end, len(begin))
                # A comment that exceeds the part examined belongs to a page.
                rest = rest[found + len(end) :].lstrip() if found >= 0 else b""
                moved = found >= 0
    return _PAGE.match(rest) is not None


def first_line(path: Path) -> str:
    """Return the first non-empty line, or its beginning, for a message."""
    try:
        opened = _open_gzip(path, "rb") if is_gzip(path) else path.open("rb")
        with opened as stream:
            head = bytes(stream.read(_HEAD))
    except _UNREADABLE_GZIP:
        return ""
    lines = (line.strip() for line in head.decode("utf-8", errors="replace").splitlines())
    return next((line for line in lines if line), "")[:_LONGEST_TITLE]


def is_wrapped(path: Path, name: str, encoding: str) -> bool:
    """Return whether the server added a layer of gzip to the file.

    Either a ``.gz`` file was compressed once more, or a plain file was sent with
    ``Content-Encoding: gzip`` although none was requested. A ``.gz`` file sent unchanged with
    that header, as many servers do, is not wrapped.
    """
    if not is_gzip(path):
        return False
    if not name.endswith(".gz"):
        return encoding == "gzip"
    try:
        with _open_gzip(path, "rb") as stream:
            return bytes(stream.read(2)) == _GZIP_MAGIC
    except _UNREADABLE_GZIP:
        return False


def check_content(path: Path, name: str) -> None:
    """Check the content of a file against what its name implies.

    Raises
    ------
    DamagedError
        An error page was received, or gzip or tar is incomplete.
    """
    title = error_page_title(path)
    if title is not None and not name.lower().endswith((".html", ".htm")):
        raise DamagedError(f"a web page was received instead of the file ({title!r})")
    if name.endswith(".gz"):
        read_gzip_to_end(path)
    elif name.endswith(".tar"):
        read_tar_to_end(path)
