"""What the columns of a deposited table are: TPM, FPKM, counts or lengths, by name and by sum.

The TPM of a sample sum to a million over all features, which FPKM and counts do not; counts
of most programs are whole numbers. A name that the sums contradict is not believed, and a
column that neither says is not guessed: both are refused, with the choices.
"""

from __future__ import annotations

import csv
import gzip
import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

from lotwise.errors import InputError
from lotwise.keys import Level

if TYPE_CHECKING:
    import pandas as pd

ValueKind = Literal["tpm", "fpkm", "counts"]

# Share by which a sum may miss a million: tables are often rounded to two decimals.
_TPM_TOLERANCE: Final = 0.01
_TOKEN = re.compile(
    r"(?<![a-z])(tpms?|fpkms?|rpkms?|(?:expected|raw|read|est)?[_ .-]{0,3}counts?|reads)(?![a-z])",
    re.IGNORECASE,
)
_LOGARITHM = re.compile(r"(?<![a-z])(log(2|10)?|ln|vst|rlog)(?![a-z])", re.IGNORECASE)
_LENGTH = re.compile(
    r"(effective|eff)?[_ .-]{0,3}(gene|transcript)?[_ .-]{0,3}length", re.IGNORECASE
)
_TRANSCRIPT_ID = re.compile(r"(ENS[A-Z]*T\d{6,}|[NX][MR]_\d+|uc\d{3}\w{3}\.\d)")
_OF_FEATURES = re.compile(r"gene|transcript|isoform|feature|target|symbol|\bid\b", re.IGNORECASE)
_GENE_ID = re.compile(r"ENS[A-Z]*G\d{6,}")


@dataclass(frozen=True)
class ValueColumn:
    """A column of numbers: its name, what it is, and its name without the word for that."""

    name: str
    kind: ValueKind
    stem: str


@dataclass(frozen=True)
class DepositedTable:
    """A table whose columns have been recognised; features are its index.

    ``length`` is the column of lengths in bases, None where there is none.
    """

    path: Path
    level: Level
    frame: pd.DataFrame
    columns: tuple[ValueColumn, ...]
    length: str | None


def read_table(
    path: Path, *, kind: ValueKind | None = None, level: Level | None = None
) -> DepositedTable:
    """Read a deposited table and recognise its columns.

    Parameters
    ----------
    path
        TSV or CSV, gzipped or not; the first column names the features.
    kind
        What the numbers are, where the table does not say it plainly.
    level
        Gene or isoform, where neither header nor identifiers say it.

    Raises
    ------
    InputError
        The table cannot be read; features come twice; a column is ambiguous, negative, not a
        number or a logarithm. The message lists what was found and what can be set.
    """
    table = _read(path)
    numeric = [name for name in table.columns if table[name].dtype.kind in "iuf"]
    lengths = [name for name in numeric if _LENGTH.fullmatch(str(name).strip())]
    length = next((name for name in lengths if "eff" in name.lower()), None) or (
        lengths[0] if lengths else None
    )
    names = [name for name in numeric if name not in lengths]
    if not names:
        raise InputError(
            f"has no column of numbers; its columns are {', '.join(map(str, table.columns))}",
            path=path,
        )
    columns = tuple(_recognise(table, name, path, kind) for name in names)
    return DepositedTable(path, level or _level_of(table, path), table, columns, length)


def _read(path: Path) -> pd.DataFrame:
    import pandas as pd

    if path.name.lower().removesuffix(".gz").endswith((".xlsx", ".xls")):
        raise InputError("is a workbook", path=path, remedy="save its sheet as TSV and use that")
    separator = "," if path.name.lower().removesuffix(".gz").endswith(".csv") else "\t"
    try:
        n_comments = _check_header(path, separator)
        table = pd.read_csv(path, sep=separator, index_col=0, skiprows=n_comments, low_memory=False)
    except (ValueError, OSError, EOFError, csv.Error) as error:
        raise InputError(f"cannot be read as a table ({error})", path=path) from error
    table.index = table.index.astype(str)
    twice = table.index[table.index.duplicated()].unique()
    if len(twice):
        raise InputError(
            f"{len(twice):,} features come twice, such as {', '.join(twice[:5])}",
            path=path,
            remedy="use a table with one row a feature",
        )
    return table


def _check_header(path: Path, separator: str) -> int:
    """Give how many lines of comment come before the header, whose width must fit.

    Sample names may hold a #, so that only whole lines before the header are comments.
    """
    opener = gzip.open if path.suffix == ".gz" else open
    with opener(path, "rt", encoding="utf-8", newline="") as stream:
        n_comments, line = 0, stream.readline()
        while line.startswith("#"):
            n_comments, line = n_comments + 1, stream.readline()
        header, *rows = csv.reader([line, *itertools.islice(stream, 1)], delimiter=separator)
    # R leaves the name of the first column out; a header that names it is short of a sample.
    unnamed = bool(rows) and len(rows[0]) == len(header) + 1 and rows[0][-1] != ""
    if rows and len(rows[0]) != len(header) and (not unnamed or _OF_FEATURES.search(header[0])):
        raise InputError(
            f"its header has {len(header)} columns, its first row has {len(rows[0])}",
            path=path,
            row=n_comments + 1,
            remedy="correct the header",
        )
    return n_comments


def _recognise(table: pd.DataFrame, name: str, path: Path, kind: ValueKind | None) -> ValueColumn:
    values = table[name]
    if values.isna().any() or (values < 0).any():
        word = "negative numbers" if (values < 0).any() else "empty cells"
        raise InputError(f"has {word}; TPM, FPKM and counts have none", path=path, column=name)
    if _LOGARITHM.search(name.replace("_", " ")):
        raise InputError("is a logarithm by its name", path=path, column=name)
    stem = _TOKEN.sub("", name.replace("_", " ")).strip(" ._-")
    if kind is not None:
        return ValueColumn(name, kind, stem)
    total = float(values.sum())
    is_million = abs(total / 1e6 - 1) <= _TPM_TOLERANCE
    is_whole = bool((values == values.round()).all())
    named = _kind_in(name) or _kind_in(path.name)
    by_sum: ValueKind | None = "tpm" if is_million and not is_whole else None
    if named is None and is_whole:
        named = "counts"
    if named is None and by_sum == "tpm":
        named = "tpm"
    fits = {"tpm": is_million, "fpkm": not is_million, "counts": by_sum != "tpm"}
    if named is None or not fits[named]:
        said = f"is called {named.upper()}" if named else "is called nothing known"
        raise InputError(
            f"{said} and sums to {total:,.6g} "
            f"({'whole' if is_whole else 'broken'} numbers; TPM sum to 1,000,000)",
            path=path,
            column=name,
            remedy="set deposited.kind to tpm, fpkm or counts",
        )
    return ValueColumn(name, named, stem)


def _kind_in(text: str) -> ValueKind | None:
    found: set[ValueKind] = set()
    for match in _TOKEN.finditer(text.replace("_", " ")):
        word = match[1].lower()
        found.add("tpm" if "tpm" in word else "fpkm" if "pkm" in word else "counts")
    return found.pop() if len(found) == 1 else None


def _level_of(table: pd.DataFrame, path: Path) -> Level:
    words = f"{table.index.name or ''} {path.name}".lower()
    ids: Sequence[str] = list(table.index[:1000])
    transcripts = sum(bool(_TRANSCRIPT_ID.match(name)) for name in ids)
    genes = sum(bool(_GENE_ID.match(name)) for name in ids)
    if transcripts > len(ids) / 2 or re.search(r"isoform|transcript_?id", words):
        return "isoform"
    if genes > len(ids) / 2 or "gene" in words or "symbol" in words:
        return "gene"
    raise InputError(
        f"neither the header nor identifiers such as {', '.join(ids[:3])} tell genes from isoforms",
        path=path,
        remedy="set deposited.level to gene or isoform",
    )
