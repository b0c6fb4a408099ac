"""Is a received file whole: checksums, gzip to its end, tar to its end, not an error page."""

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

# isal is typed in part only.
_open_gzip: Callable[[Path, str], BinaryIO] = igzip.open
_NOT_GZIP: Final[tuple[type[Exception], ...]] = (
    gzip.BadGzipFile,
    zlib.error,
    cast("type[Exception]", igzip_lib.IsalError),
)
_UNREADABLE_GZIP: Final[tuple[type[Exception], ...]] = (EOFError, OSError, *_NOT_GZIP)

# A foreign header can hold any number, and headers of headers.
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
# Between these a page may say anything before it begins.
_BEFORE_PAGE: Final = ((b"<!--", b"-->"), (b"<?xml", b">"))
_PAGE = re.compile(rb"<(!doctype\s{1,9}html|html[\s>])", re.IGNORECASE)
_LONGEST_TITLE: Final = 120


class DamagedError(Exception):
    """A file is not what it should be; the text says how."""


@dataclass(frozen=True, kw_only=True)
class Integrity:
    """What the source says of a file; None where it says nothing.

    ``bsd_sum`` and ``bsd_blocks`` are the two numbers of ``sum``, which Ensembl's CHECKSUMS
    holds: a 16-bit checksum and the size in blocks of 1,024 bytes.
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
        """Whether the content, not only the size, is known beforehand."""
        return not (self.md5 is None and self.sha256 is None and self.bsd_sum is None)

    @property
    def checksums(self) -> dict[str, str]:
        """The checksums that are known, by algorithm, as the manifest writes them."""
        blocks = "" if self.bsd_blocks is None else f"/{self.bsd_blocks}"
        known = {
            "md5": self.md5 and self.md5.lower(),
            "sha256": self.sha256 and self.sha256.lower(),
            "sum": None if self.bsd_sum is None else f"{self.bsd_sum}{blocks}",
        }
        return {name: value for name, value in known.items() if value is not None}

    def check(self, path: Path, *, size: int, digest: str) -> None:
        """Compare with what was received.

        Parameters
        ----------
        path
            The file, read only for a BSD sum.
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
            raise DamagedError(f"{size:,} bytes came, the source says {self.size:,}")
        wanted = self.md5 if self.algorithm == "md5" else self.sha256
        if wanted is not None and digest != wanted.lower():
            raise DamagedError(f"{self.algorithm} is {digest}, the source says {wanted.lower()}")
        if self.bsd_blocks is not None and -(-size // 1024) != self.bsd_blocks:
            raise DamagedError(
                f"{-(-size // 1024):,} blocks came, the source says {self.bsd_blocks:,}"
            )
        if self.bsd_sum is not None and (found := bsd_sum(path)) != self.bsd_sum:
            raise DamagedError(f"sum is {found}, the source says {self.bsd_sum}")


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
    """Tell whether a file begins as gzip does."""
    with path.open("rb") as stream:
        return stream.read(2) == _GZIP_MAGIC


def read_gzip_to_end(path: Path) -> None:
    """Decompress all members, checking length and CRC of each.

    Raises
    ------
    DamagedError
        The file is not gzip, ends early, or a CRC does not fit.
    """
    if not is_gzip(path):
        raise DamagedError("is not gzip, though its name says so")
    try:
        with _open_gzip(path, "rb") as stream:
            while stream.read(_CHUNK):
                pass
    except EOFError as error:
        raise DamagedError("gzip ends before its end") from error
    except _NOT_GZIP as error:
        raise DamagedError(f"gzip is damaged ({error})") from error


def unwrap_gzip(
    path: Path, target: Path, *, reserve: Callable[[int], None] = lambda _size: None
) -> None:
    """Take one layer of gzip off.

    Parameters
    ----------
    path, target
        From where to where.
    reserve
        Is told how many bytes there are to be, before they are written; raises where they are
        too many.

    Raises
    ------
    DamagedError
        As :func:`read_gzip_to_end`.
    """
    size = 0
    try:
        with _open_gzip(path, "rb") as stream, target.open("wb") as out:
            while chunk := stream.read(_CHUNK):
                size += len(chunk)
                reserve(size)
                out.write(chunk)
    except EOFError as error:
        raise DamagedError("gzip ends before its end") from error
    except _NOT_GZIP as error:
        raise DamagedError(f"gzip is damaged ({error})") from error


def read_tar_to_end(path: Path) -> None:
    """Walk through all members of a tar archive.

    Raises
    ------
    DamagedError
        The file is not a tar archive or ends within a member.
    """
    size = path.stat().st_size
    end = 0
    try:
        with tarfile.open(path, "r:") as archive:
            for member in archive:
                # tarfile goes back where a header says that its member has less than no bytes.
                if member.size < 0 or archive.offset <= end:
                    raise DamagedError(f"tar says that {member.name!r} has {member.size:,} bytes")
                if not member.issparse() and member.offset_data + member.size > size:
                    raise DamagedError(f"tar ends within its member {member.name!r}")
                end = archive.offset
            end = archive.offset
    except _UNREADABLE_TAR as error:
        raise DamagedError(f"tar is damaged ({str(error) or type(error).__name__})") from error
    # tarfile takes a header that is cut short for the end; the end is a block of zeros.
    with path.open("rb") as stream:
        stream.seek(end)
        if stream.read(tarfile.BLOCKSIZE) != tarfile.NUL * tarfile.BLOCKSIZE:
            raise DamagedError("tar ends before its end")


def error_page_title(path: Path) -> str | None:
    """Return the title of an HTML page that came instead of a file, or None where it is none."""
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
    """Tell whether HTML comes first, behind comments; step by step, since patterns backtrack."""
    rest = head.lstrip()
    moved = True
    while moved:
        moved = False
        for begin, end in _BEFORE_PAGE:
            if rest.startswith(begin):
                found = rest.find(end, len(begin))
                # A comment that is longer than what is looked at is part of a page.
                rest = rest[found + len(end) :].lstrip() if found >= 0 else b""
                moved = found >= 0
    return _PAGE.match(rest) is not None


def first_line(path: Path) -> str:
    """Return the first line with something in it, or its beginning, as a message quotes it."""
    try:
        opened = _open_gzip(path, "rb") if is_gzip(path) else path.open("rb")
        with opened as stream:
            head = bytes(stream.read(_HEAD))
    except _UNREADABLE_GZIP:
        return ""
    lines = (line.strip() for line in head.decode("utf-8", errors="replace").splitlines())
    return next((line for line in lines if line), "")[:_LONGEST_TITLE]


def is_wrapped(path: Path, name: str, encoding: str) -> bool:
    """Tell whether the server put a layer of gzip around the file.

    Either a ``.gz`` came compressed once more, or a plain file came with
    ``Content-Encoding: gzip`` although none was asked for. A ``.gz`` sent as it is with that
    header, as many servers do, is not wrapped.
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
    """Check the inside of a file by what its name promises.

    Raises
    ------
    DamagedError
        An error page came, or gzip or tar are not whole.
    """
    title = error_page_title(path)
    if title is not None and not name.lower().endswith((".html", ".htm")):
        raise DamagedError(f"a web page came instead of the file ({title!r})")
    if name.endswith(".gz"):
        read_gzip_to_end(path)
    elif name.endswith(".tar"):
        read_tar_to_end(path)
