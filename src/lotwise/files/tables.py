"""Result tables as text, converted from and to the records that declare them.

In memory, a table is a pandas DataFrame whose columns are the fields of its record. On disk, it
is tab-separated text with floats at full precision and NaN as ``NaN``. pandas is imported only
when a table is made.
"""

from __future__ import annotations

import csv
import gzip
import io
import sys
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from lotwise.errors import InputError
from lotwise.files.atomic import atomic_path
from lotwise.files.records import Record, columns

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pandas as pd
    import polars as pl


# Longer than any gene name; the default limit of csv is smaller.
csv.field_size_limit(min(sys.maxsize, 2**31 - 1))

PARQUET: Final = ".parquet"
# From this number of rows on, a table is written by polars.
_MANY: Final = 2_000
# With fewer strings than this in a column, its cells take one byte each.
_FEW: Final = 256
_DTYPES = {str: "object", int: "int64", float: "float64", bool: "bool"}


def to_frame(rows: Iterable[Record], record: type[Record]) -> pd.DataFrame:
    """Return ``rows`` as a table with the columns and types of ``record``.

    Examples
    --------
    >>> from dataclasses import dataclass
    >>> from lotwise.files.records import column
    >>> @dataclass(frozen=True, kw_only=True, slots=True)
    ... class Depth(Record):
    ...     sample: str = column("name of the sample")
    ...     reads: int = column("reads present")
    >>> to_frame([Depth(sample="S1", reads=10)], Depth).to_dict("records")
    [{'sample': 'S1', 'reads': 10}]
    """
    import pandas as pd

    names = columns(record)
    listed = list(rows)
    return pd.DataFrame(
        {
            name: pd.Series([getattr(row, name) for row in listed], dtype=_DTYPES[kind])
            for name, kind in names.items()
        }
    )


def from_columns(
    parts: Sequence[Mapping[str, npt.NDArray[Any]]], record: type[Record]
) -> pd.DataFrame:
    """Join parts of a large table, each a mapping of columns to arrays.

    Examples
    --------
    >>> import numpy as np
    >>> from dataclasses import dataclass
    >>> from lotwise.files.records import column
    >>> part = {"sample": np.array(["S1"], dtype=object), "reads": np.array([10])}
    >>> @dataclass(frozen=True, kw_only=True, slots=True)
    ... class Depth(Record):
    ...     sample: str = column("name of the sample")
    ...     reads: int = column("reads present")
    >>> from_columns([part, part], Depth)["reads"].tolist()
    [10, 10]
    """
    import numpy as np
    import pandas as pd

    if not parts:
        return to_frame([], record)
    return pd.DataFrame(
        {
            name: pd.Series(np.concatenate([part[name] for part in parts]), dtype=_DTYPES[kind])
            for name, kind in columns(record).items()
        },
        copy=False,  # in its own memory, a large table would be there twice for a while
    )


def write_table(path: Path | str, table: pd.DataFrame, *, index: bool = False) -> None:
    """Write ``table`` completely or not at all: as Parquet if ``path`` ends so, else as text.

    Text is tab-separated, and compressed if ``path`` ends in ``.gz``. Floats are written with the
    fewest digits that read back as the same number.
    """
    with atomic_path(path) as temporary:
        if str(path).endswith(PARQUET):
            _write_parquet(temporary, table)
        elif str(path).endswith(".gz"):
            # No time stamp and no name in the gzip header: equal tables are equal files.
            with (
                temporary.open("wb") as raw,
                gzip.GzipFile(
                    filename="", mode="wb", fileobj=raw, mtime=0, compresslevel=6
                ) as packed,
            ):
                packed.write(as_text(table, index=index).encode())
        else:
            temporary.write_bytes(as_text(table, index=index).encode())


def as_text(table: pd.DataFrame, *, index: bool = False) -> str:
    """Return the text of a table, as written by :func:`write_table`."""
    fast = _as_strings(table) if len(table) >= _MANY and not index else None
    if fast is not None:
        return fast.write_csv(separator="\t", quote_style="never", null_value="")
    written: str = table.to_csv(sep="\t", index=index, na_rep="NaN", lineterminator="\n")
    return written


def _as_strings(table: pd.DataFrame) -> pl.DataFrame | None:
    """Return the table as the strings that pandas would write, in a seventh of its time.

    None if a cell needs quotes, or a column has a type that result tables do not use.
    """
    import polars as pl

    made = {}
    for name, column in table.items():
        kind = column.dtype.kind
        if kind == "f":
            made[str(name)] = _float_strings(column.to_numpy())
        elif kind == "b":
            made[str(name)] = pl.Series(column.to_numpy()).replace_strict(
                {True: "True", False: "False"}, return_dtype=pl.String
            )
        elif kind in "iu":
            made[str(name)] = pl.Series(column.to_numpy()).cast(pl.String)
        else:
            cells = column.to_list()
            if not all(type(cell) is str for cell in cells):
                return None
            strings = pl.Series(cells, dtype=pl.String)
            if strings.str.contains('[\t"\r\n]').any():
                return None
            # An empty string would be written as two quotes; a missing value as nothing.
            made[str(name)] = strings.replace("", None)
    # Not for a single column: pandas quotes its empty cells.
    return pl.DataFrame(made) if len(made) > 1 else None


def _float_strings(values: npt.NDArray[np.floating[Any]]) -> pl.Series:
    import numpy as np
    import polars as pl

    strings = pl.Series(np.asarray(values, dtype=np.float64)).cast(pl.String)
    size = np.abs(values)
    # Only within these limits does polars use exponents in the same cases as Python.
    other = np.flatnonzero(((size < 1e-4) & (size > 0)) | (np.isfinite(size) & (size >= 1e16)))
    if other.size:
        strings = strings.scatter(other, [repr(value) for value in values[other].tolist()])
    return strings


def _write_parquet(path: Path, table: pd.DataFrame) -> None:
    import pandas as pd
    import polars as pl

    def column_of(column: pd.Series[Any]) -> pl.Series:
        if column.dtype != object:
            return pl.Series(column.to_numpy())
        # Many rows have few strings: as an Enum a cell takes 1 byte, as text 16.
        places, found = pd.factorize(column, use_na_sentinel=False)
        strings: list[str] = found.to_list()
        kind = pl.Enum(strings) if len(strings) < _FEW else pl.String
        return pl.Series(strings, dtype=kind).gather(places)

    columns = {str(name): column_of(column) for name, column in table.items()}
    # One group of rows, which stores each of its strings once.
    pl.DataFrame(columns).write_parquet(
        path, compression="zstd", compression_level=5, row_group_size=max(len(table), 1)
    )


def read_table(
    path: Path | str, record: type[Record], *, only: Collection[str] | None = None
) -> pd.DataFrame:
    """Read a table written by :func:`write_table`; ``only`` selects columns of a large table.

    Raises
    ------
    InputError
        The file is missing, or its columns are not those of ``record``.
    """
    import pandas as pd

    names = columns(record)
    try:
        if str(path).endswith(PARQUET):
            table = _read_parquet(path, lambda name: only is None or name in only)
        else:
            table = pd.read_csv(
                path,
                sep="\t",
                dtype={
                    name: _DTYPES[kind if kind is not float else str]
                    for name, kind in names.items()
                },
                keep_default_na=False,
                usecols=None if only is None else lambda name: name not in names or name in only,
            )
    except FileNotFoundError:
        raise InputError("no such table", path=path) from None
    needed = [name for name in names if only is None or name in only]
    if list(table.columns) != needed:
        raise InputError(
            f"has the columns {', '.join(map(str, table.columns))}, but the required columns are "
            f"{', '.join(needed)}",
            path=path,
            row=1,
            remedy="write the table again with this version of lotwise",
        )
    # Parsed by Python, which keeps every digit.
    return table.astype({name: "float64" for name in needed if names[name] is float})


def text_of(path: Path) -> str:
    """Return a Parquet table as the text that :func:`write_table` would write."""
    return as_text(_read_parquet(path, lambda _: True))


def read_rows(path: Path) -> Iterator[list[str]]:
    """Yield the header and the rows of a result table as text, in any format."""
    if str(path).endswith(PARQUET):
        yield from csv.reader(io.StringIO(text_of(path), newline=""), delimiter="\t")
        return
    opening = gzip.open if path.suffix == ".gz" else open
    with opening(path, "rt", encoding="utf-8", newline="") as lines:
        yield from csv.reader(lines, delimiter="\t")


def size_of(path: Path) -> tuple[int, int]:
    """Return the number of rows (including the header) and columns of a result table.

    Rows of text are counted by line ends, which lotwise never writes within a cell.
    """
    if str(path).endswith(PARQUET):
        import polars as pl

        schema = pl.read_parquet_schema(path)
        return pl.scan_parquet(path).select(pl.len()).collect().item() + 1, len(schema)
    opening = gzip.open if path.suffix == ".gz" else open
    with opening(path, "rb") as raw:
        header = raw.readline()
        n_rows = 1 + sum(part.count(b"\n") for part in iter(lambda: raw.read(1 << 20), b""))
    return (n_rows, header.count(b"\t") + 1) if header else (0, 0)


def _read_parquet(path: Path | str, wanted: Callable[[str], bool]) -> pd.DataFrame:
    import numpy as np
    import pandas as pd
    import polars as pl

    def column_of(held: pl.Series) -> pd.Series[Any]:
        if held.dtype == pl.String:
            held = held.cast(pl.Enum(held.unique(maintain_order=True)))
        if not isinstance(held.dtype, pl.Enum):
            return pd.Series(held.to_numpy())
        strings, places = held.dtype.categories, held.to_physical().to_numpy()
        # Many rows have few strings, which then are in memory once.
        return pd.Series(np.array(strings.to_list(), dtype=object)[places], dtype="object")

    names = [name for name in pl.read_parquet_schema(path) if wanted(name)]
    table = pl.read_parquet(path, columns=names)
    return pd.DataFrame({name: column_of(table[name]) for name in names}, copy=False)
