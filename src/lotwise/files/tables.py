"""Result tables: a frozen dataclass is the header, the types and the documentation of one.

A table in memory is a pandas DataFrame whose columns are the fields of its
record; on disk it is tab-separated text, floats at full precision, NaN as
``NaN``. pandas is imported when a table is made, not before.
"""

from __future__ import annotations

import dataclasses
import gzip
import io
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, get_type_hints

from lotwise.errors import InputError
from lotwise.files.atomic import atomic_path

if TYPE_CHECKING:
    import numpy.typing as npt
    import pandas as pd


def column(meaning: str, *, default: Any = dataclasses.MISSING) -> Any:
    """Declare a column of a record by one sentence that says what it holds."""
    return field(metadata={"meaning": meaning}, default=default)


@dataclass(frozen=True, kw_only=True, slots=True)
class Record:
    """Base of a row of a result table; subclasses declare the columns."""

    table: ClassVar[str] = ""


def columns(record: type[Record]) -> dict[str, type]:
    """Give the columns of ``record`` in order, with their Python types."""
    hints = get_type_hints(record)
    return {item.name: hints[item.name] for item in dataclasses.fields(record)}


def meanings(record: type[Record]) -> dict[str, str]:
    """Give what each column of ``record`` holds, one sentence each."""
    return {item.name: item.metadata["meaning"] for item in dataclasses.fields(record)}


_DTYPES = {str: "object", int: "int64", float: "float64", bool: "bool"}


def to_frame(rows: Iterable[Record], record: type[Record]) -> pd.DataFrame:
    """Collect ``rows`` into a table with the columns and types of ``record``.

    Examples
    --------
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


@dataclass(frozen=True, kw_only=True, slots=True)
class OfPair(Record):
    """The columns that every table of pairs of samples begins with."""

    sample_a: str = column("first sample, in the order of the sample sheet")
    sample_b: str = column("second sample")
    batch_a: str = column("batch of the first sample")
    batch_b: str = column("batch of the second sample")
    condition_a: str = column("condition of the first sample; empty without one")
    condition_b: str = column("condition of the second sample")
    relation: str = column(
        "within (replicates: one batch, one condition), between (two batches, one condition) or "
        "across (two conditions)"
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class PairRecord(OfPair):
    """Correlation of two samples over one feature set: a row of ``{level}.pairs.tsv``."""

    feature_set: str = column("features used; see lotwise.metrics.feature_sets")
    n_features: int = column("how many features were used")
    n_double_zero: int = column("how many of them are 0 in both samples")
    pseudocount: float = column("c of log2(TPM + c)")
    pearson: float = column("Pearson's R of log2(TPM + c), in [-1, 1]")
    spearman: float = column("Spearman's rho, in [-1, 1]")
    ccc: float = column("Lin's concordance of log2(TPM + c), in [-1, 1]")
    reason: str = column("why a number is NaN; empty where none is")
    in_detail: bool = column(
        "False where pairs were too many and this one is in no other row or table of pairs",
        default=True,
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class ReplicateQcRecord(OfPair):
    """ENCODE's replicate QC and detection of two samples: ``{level}.replicate_qc.tsv``."""

    unit: str = column("TPM or FPKM")
    mad: float = column("1.4826 * median |log2 ratio|, not centred, 3 decimals")
    sd: float = column("root mean square of the log2 ratio, not centred, 3 decimals")
    pearson: float = column("Pearson's R of log2 without pseudo-count on the same features")
    spearman: float = column("Spearman's rho on the same features")
    n_features: int = column("features above 0 in both whose mean log2 is above 0")
    n_zero_in_one: int = column("features that left because one sample has 0")
    n_both: int = column("features detected in both samples")
    n_one_only: int = column("features detected in one sample only")
    n_neither: int = column("features detected in neither")
    jaccard: float = column("detected in both / detected in any, in [0, 1]")
    threshold: float = column("value of the unit from which a feature is detected")
    reason: str = column("why a number is NaN; empty where none is")


@dataclass(frozen=True, kw_only=True, slots=True)
class ContributionRecord(Record):
    """A feature that pulls the R of two samples down: a row of ``{level}.contributions.tsv``."""

    sample_a: str = column("first sample, in the order of the sample sheet")
    sample_b: str = column("second sample")
    rank: int = column("1 is the largest share")
    feature: str = column("gene or isoform")
    gene_id: str = column("gene of an isoform, where known")
    gene_name: str = column("symbol of the gene, where known")
    tpm_a: float = column("TPM in the first sample")
    tpm_b: float = column("TPM in the second sample")
    log2_ratio: float = column("M = log2(TPM_a + c) - log2(TPM_b + c)")
    share: float = column("part of 1 - R that this feature carries, in [0, 1]")
    cumulative_share: float = column("part that it and all before it carry, in [0, 1]")
    reason: str = column(
        "why a pair has no contributions, in a row of rank 0 with feature *; else empty", default=""
    )
