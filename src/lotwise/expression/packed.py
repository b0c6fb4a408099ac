"""Reading of files as bytes, decompressed by content; foreign formats are recognised.

gzip, xz, bzip2 and zip archives of one file are decompressed. The file name is not used.
"""

from __future__ import annotations

import bz2
import lzma
import re
import stat
import zipfile
from collections.abc import Callable, Iterator
from io import BufferedReader, BytesIO
from pathlib import Path
from typing import IO, Final, NamedTuple, cast

from isal import igzip
from isal.igzip_lib import IsalError

from lotwise.errors import InputError

HDF5_MAGIC: Final = b"\x89HDF\r\n"
_GZIP: Final = b"\x1f\x8b"
_XZ: Final = b"\xfd7zXZ\x00"
_BZIP2: Final = b"BZh"
_ZIP: Final = b"PK\x03\x04"
_LONGEST_MAGIC: Final = 8
_HEAD: Final = 65_536
_BLOCK: Final = 1 << 20
_DAMAGE: Final = (OSError, EOFError, IsalError, lzma.LZMAError, zipfile.BadZipFile)
_ADDRESS: Final = re.compile(r"(?:^|/)(https?|ftps?|sftp|s3|gs|gcs|az|doi|file):/", re.IGNORECASE)


class _Foreign(NamedTuple):
    """A file format that is not supported: its first bytes, its name, and what to do."""

    begins: bytes
    what: str
    remedy: str


_UNPACK: Final = "unpack it first"
_EXPORT: Final = "save the sheet as TSV or CSV and give that file"
_WRITE_TSV: Final = "write the TPM as TSV from R or Python and give that file"
_QUANTIFY: Final = "quantify the reads with kallisto, salmon or RSEM and give the output"
_FETCH: Final = "download the file itself and give its path"

_FOREIGN: Final = (
    _Foreign(b"\x28\xb5\x2f\xfd", "is compressed with zstd", "unpack it first: zstd -d FILE"),
    _Foreign(b"7z\xbc\xaf\x27\x1c", "is a 7-Zip archive", _UNPACK),
    _Foreign(b"Rar!", "is a RAR archive", _UNPACK),
    _Foreign(b"\x1f\x9d", "is compressed with compress (.Z)", "unpack it first: gunzip FILE"),
    _Foreign(b"\x04\x22\x4d\x18", "is compressed with lz4", "unpack it first: lz4 -d FILE"),
    _Foreign(b"\xd0\xcf\x11\xe0", "is an Excel workbook (.xls)", _EXPORT),
    _Foreign(b"%PDF", "is a PDF document", "give the table itself as TSV or CSV"),
    _Foreign(b"BAM\x01", "is a BAM file of alignments", _QUANTIFY),
    _Foreign(b"CRAM", "is a CRAM file of alignments", _QUANTIFY),
    _Foreign(b"@HD\t", "is a SAM file of alignments", _QUANTIFY),
    _Foreign(b"@SQ\t", "is a SAM file of alignments", _QUANTIFY),
    _Foreign(b"RDX", "is an R workspace (RData)", _WRITE_TSV),
    _Foreign(b"RDA", "is an R workspace (RData)", _WRITE_TSV),
    _Foreign(b"X\n\x00", "is an R object (RDS)", _WRITE_TSV),
    _Foreign(b"PAR1", "is a Parquet file", _WRITE_TSV),
    _Foreign(b"ARROW1", "is a Feather file", _WRITE_TSV),
    _Foreign(b"\x93NUMPY", "is a NumPy array without names", _WRITE_TSV),
    _Foreign(b"SQLite format 3", "is a database of SQLite", _WRITE_TSV),
    _Foreign(b"\x80\x04\x95", "is a Python pickle", _WRITE_TSV),
    _Foreign(b"\x89PNG", "is a picture", "give the table itself as TSV or CSV"),
    _Foreign(
        b"%%MatrixMarket",
        "is a sparse matrix (MatrixMarket) without names of features and samples",
        "write the TPM, with feature names and sample names, as TSV or h5ad",
    ),
    _Foreign(b"version https://git-lfs", "is a Git LFS pointer, not the file", "run git lfs pull"),
    _Foreign(b"<?xml", "is an XML document", _FETCH),
    _Foreign(b"{", "is a JSON document", _WRITE_TSV),
)
_PAGE: Final = re.compile(rb"<(!doctype\s+html|html|head|body)\b", re.IGNORECASE)


def read_bytes(path: Path) -> bytes:
    """Read a complete file, decompressed.

    Raises
    ------
    InputError
        The file is missing, a directory, unreadable, empty, damaged, or in an unsupported
        format.
    """
    raw = _read(path)
    for _ in range(2):  # a .tsv.gz within a .zip
        if not (packing := _packing_of(raw)):
            break
        try:
            raw = packing.unpack(path, raw)
        except _DAMAGE as error:
            early = isinstance(error, EOFError)
            came = (
                f"is a {packing.name} file that is truncated"
                if early
                else f"is a damaged {packing.name} file ({error})"
            )
            raise InputError(came, path=path, remedy="download or copy it again") from None
    refuse_foreign(path, raw)
    return raw


def _read(path: Path) -> bytes:
    try:
        if stat.S_ISFIFO(path.stat().st_mode):
            raise InputError(
                "is a pipe, which can be read only once",
                path=path,
                remedy="give the path of the file; lotwise can read files compressed with gzip, "
                "xz, bzip2 or zip",
            )
        return path.read_bytes()
    except FileNotFoundError:
        raise missing_file(path) from None
    except OSError as error:
        raise InputError(f"cannot be read ({error.strerror})", path=path) from None


def missing_file(
    path: Path, problem: str = "no such file", remedy: str = "correct the path"
) -> InputError:
    """Return the error for a missing file, with hints from the path itself.

    Examples
    --------
    >>> print(missing_file(Path("s3://bucket/quant.sf")))
    s3:/bucket/quant.sf: is an address, not a file; download it first and give its path
    """
    text = str(path)
    if _ADDRESS.search(text):
        problem, remedy = "is an address, not a file", "download it first and give its path"
    elif "~" in path.parts or re.search(r"(^|/)~\w*(/|$)", text):
        problem = "no such file: ~ is not expanded here"
        remedy = "write the full path of the home folder"
    elif "$" in text:
        problem = "no such file: variables are not expanded here"
        remedy = "write the full path"
    elif "\\" in text:
        problem = "no such file: the path has backslashes"
        remedy = "write / between folders"
    return InputError(problem, path=path, remedy=remedy)


def refuse_foreign(path: Path, head: bytes) -> None:
    """Raise an error for empty files and unsupported formats, recognised by the first bytes.

    Raises
    ------
    InputError
        The message says what the file is and what to do.
    """
    if not head or head.isspace():
        raise InputError("is empty", path=path, remedy="run the program that wrote the file again")
    for kind in _FOREIGN:
        if head.startswith(kind.begins):
            raise InputError(kind.what, path=path, remedy=kind.remedy)
    if _PAGE.search(head[:1024]):
        raise InputError("is a web page (HTML), not a table", path=path, remedy=_FETCH)
    if head[257:262] == b"ustar":
        raise InputError("is a tar archive", path=path, remedy="unpack it first: tar -xf FILE")
    if head.startswith(b"@") and re.match(rb"@[^\n]*\n[^\n]*\n\+", head):
        raise InputError("contains reads (FASTQ)", path=path, remedy=_QUANTIFY)


def stream_lines(path: Path) -> Iterator[bytes]:
    """Yield the lines of a file, decompressed; it need not fit into memory.

    Raises the errors of :func:`read_bytes`, for damage when it is reached.
    """
    try:
        with path.open("rb") as raw:
            magic = raw.read(_LONGEST_MAGIC)
            raw.seek(0)
            yield from _opened(path, raw, magic)
    except FileNotFoundError:
        raise missing_file(path) from None
    except _DAMAGE as error:
        came = "is truncated" if isinstance(error, EOFError) else f"cannot be read ({error})"
        raise InputError(came, path=path, remedy="download or copy it again") from None


def _opened(path: Path, raw: IO[bytes], magic: bytes) -> IO[bytes]:
    """Return a file of lines, decompressed; the buffer yields lines at C speed."""
    if magic.startswith(_GZIP):
        return BufferedReader(igzip.open(raw, "rb"), _BLOCK)
    if magic.startswith(_XZ):
        return cast("IO[bytes]", lzma.open(raw, "rb"))
    if magic.startswith(_BZIP2):
        return cast("IO[bytes]", bz2.open(raw, "rb"))
    if magic.startswith(_ZIP):
        return BytesIO(_unzip(path, raw.read()))
    return raw


def read_head(path: Path) -> bytes:
    """Read enough of a file to recognise it: the first 64 kB, decompressed.

    Raises the errors of :func:`read_bytes`, except for damage further on.
    """
    if not path.is_file():
        return read_bytes(path)
    with path.open("rb") as raw:
        head = raw.read(_HEAD)
    if head.startswith(_GZIP):
        try:
            with igzip.open(path, "rb") as unpacked:
                head = unpacked.read(_HEAD)
        except _DAMAGE:
            return read_bytes(path)
    elif _packing_of(head):
        return read_bytes(path)
    if not head:
        return read_bytes(path)
    refuse_foreign(path, head)
    return head


def _unzip(path: Path, raw: bytes) -> bytes:
    with zipfile.ZipFile(BytesIO(raw)) as archive:
        names = [name for name in archive.namelist() if not name.endswith("/")]
        if "[Content_Types].xml" in names:
            raise InputError("is an Excel workbook (.xlsx)", path=path, remedy=_EXPORT)
        # macOS adds this to every archive.
        names = [name for name in names if not re.search(r"(^|/)(__MACOSX/|\._)", name)]
        if len(names) != 1:
            raise InputError(
                f"is a zip archive that contains {len(names)} files",
                path=path,
                remedy="unpack it first",
            )
        return archive.read(names[0])


class _Packing(NamedTuple):
    """A compression format: its first bytes, its name, and its decompression."""

    begins: bytes
    name: str
    unpack: Callable[[Path, bytes], bytes]


_PACKINGS: Final = (
    _Packing(_GZIP, "gzip", lambda _path, raw: igzip.decompress(raw)),
    _Packing(_XZ, "xz", lambda _path, raw: lzma.decompress(raw)),
    _Packing(_BZIP2, "bzip2", lambda _path, raw: bz2.decompress(raw)),
    _Packing(_ZIP, "zip", _unzip),
)


def _packing_of(raw: bytes) -> _Packing | None:
    return next((kind for kind in _PACKINGS if raw.startswith(kind.begins)), None)
