"""Result tables as text, from and to the records that declare them.

A table in memory is a pandas DataFrame whose columns are the fields of its
record; on disk it is tab-separated text, floats at full precision, NaN as
``NaN``. pandas is imported when a table is made, not before.
"""

from __future__ import annotations

import gzip
import io
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lotwise.errors import InputError
from lotwise.files.atomic import atomic_path
from lotwise.files.records import Record, columns

if TYPE_CHECKING:
    import numpy.typing as npt
    import pandas as pd


_DTYPES = {str: "object", int: "int64", float: "float64", bool: "bool"}


def to_frame(rows: Iterable[Record], record: type[Record]) -> pd.DataFrame:
    """Collect ``rows`` into a table with the columns and types of ``record``.

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
    """Join parts of a table, each a mapping of columns to arrays: for tables of many rows.

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
        }
    )


def write_table(path: Path | str, table: pd.DataFrame, *, index: bool = False) -> None:
    """Write ``table`` as tab-separated text, whole or not at all; ``.gz`` compresses.

    Floats are written with the fewest digits that read back to the same number.
    """
    with atomic_path(path) as temporary:
        if str(path).endswith(".gz"):
            # No time stamp and no name inside: equal tables are equal files.
            with (
                temporary.open("wb") as raw,
                gzip.GzipFile(
                    filename="", mode="wb", fileobj=raw, mtime=0, compresslevel=6
                ) as packed,
                io.TextIOWrapper(packed, encoding="utf-8", newline="") as text,
            ):
                _write_text(text, table, index=index)
        else:
            with temporary.open("w", encoding="utf-8", newline="") as text:
                _write_text(text, table, index=index)


def _write_text(text: io.TextIOBase, table: pd.DataFrame, *, index: bool) -> None:
    table.to_csv(text, sep="\t", index=index, na_rep="NaN", lineterminator="\n")


def read_table(
    path: Path | str, record: type[Record], *, only: Collection[str] | None = None
) -> pd.DataFrame:
    """Read a table that :func:`write_table` wrote; of a large one ``only`` the columns named.

    Raises
    ------
    InputError
        The file is missing or its columns are not those of ``record``.
    """
    import pandas as pd

    names = columns(record)
    try:
        table = pd.read_csv(
            path,
            sep="\t",
            dtype={
                name: _DTYPES[kind if kind is not float else str] for name, kind in names.items()
            },
            keep_default_na=False,
            usecols=None if only is None else lambda name: name not in names or name in only,
        )
    except FileNotFoundError:
        raise InputError("no such table", path=path) from None
    needed = [name for name in names if only is None or name in only]
    if list(table.columns) != needed:
        raise InputError(
            f"has the columns {', '.join(map(str, table.columns))}; needed are {', '.join(needed)}",
            path=path,
            row=1,
            remedy="write it anew with this version of lotwise",
        )
    # By Python's own reading, which gives back every digit.
    return table.astype({name: "float64" for name in needed if names[name] is float})
