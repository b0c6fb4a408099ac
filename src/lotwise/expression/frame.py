"""TPM in memory, as a DataFrame or AnnData, with the same checks as for files."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np
import pandas as pd
import polars as pl
from pandas.api.types import is_numeric_dtype

from lotwise import keys
from lotwise.errors import InputError
from lotwise.expression.abundance import Abundance, Floats
from lotwise.expression.assemble import assemble
from lotwise.expression.checks import TpmSum, check_unit
from lotwise.expression.combine import combine_levels, read_map
from lotwise.expression.identifiers import split_appended
from lotwise.expression.labels import labels_of
from lotwise.expression.map_columns import kind_of_header
from lotwise.expression.matrix import level_of
from lotwise.expression.read import MIN_SHARED, Quantification
from lotwise.expression.transcripts import TranscriptMap
from lotwise.keys import Level
from lotwise.samples import PHASES, Sample, refuse_two_spellings
from lotwise.wording import counted, nearest

if TYPE_CHECKING:
    from anndata import AnnData

Batches = Mapping[str, str] | Sequence[str] | pd.Series
# Used in messages in place of a file name.
_IN_MEMORY: Final = Path("the table in memory")
_UNITS: Final = ("tpm", "cpm", "normalized")
# Logarithms, and the functions that undo them. log1p is the natural logarithm of the value + 1.
_LOGARITHMS: Final[Mapping[str, Callable[[Floats], Floats]]] = {
    "log2": np.exp2,
    "ln": np.exp,
    "log10": partial(np.power, 10.0),
}
_LOGARITHM: Final = re.compile(
    rf"(?:({'|'.join(_LOGARITHMS)})\(\s*({'|'.join(_UNITS)})\s*\+\s*(\d+\.?\d*|\.\d+)\s*\)"
    rf"|log1p\(\s*({'|'.join(_UNITS)})\s*\))",
    re.IGNORECASE,
)
# Columns of obs that describe the design.
_DESCRIBED: Final = (keys.REPLICATE, keys.DONOR, keys.CONDITION, keys.PHASE)


class _Unit(NamedTuple):
    """The unit of the values, and the base and constant of a logarithm that must be undone."""

    name: str
    logarithm: str = ""
    constant: float = 0.0


def from_frame(
    tpm: pd.DataFrame | AnnData,
    *,
    batches: Batches | str | None = None,
    counts: pd.DataFrame | None = None,
    lengths: pd.DataFrame | None = None,
    level: Level | None = None,
    tx2gene: Path | str | TranscriptMap | None = None,
    unit: str = "tpm",
    tpm_sum: TpmSum = "million",
) -> Quantification:
    """Return the result of :func:`lotwise.read_quant` for a table in memory.

    Parameters
    ----------
    tpm
        A DataFrame of features x samples or of samples x features; the orientation is recognised
        by ``batches`` or by the identifiers. Or an AnnData of samples x features: its layer
        ``tpm`` is read, or ``X`` if there is no such layer. The identifiers are the index, or a
        column such as ``gene_id``. A column of symbols is kept as gene names.
    batches
        Batch of each sample: a mapping from sample name to batch, a sequence in the order of the
        samples, or the name of a column of ``obs``. By default ``obs["batch"]``; without it,
        each sample is its own batch. The columns ``condition``, ``donor``, ``replicate`` and
        ``phase`` of ``obs`` are kept.
    counts, lengths
        Estimated counts and effective lengths, with the same layout as ``tpm``.
    level
        Level of the features, if it cannot be inferred from their names.
    tx2gene
        Genes of transcripts, see :func:`lotwise.read_quant`.
    unit
        Unit of the values: ``"tpm"``, ``"cpm"``, ``"normalized"``, or the logarithm of one of
        them, such as ``"log2(CPM + 1)"``; ``log2``, ``ln`` and ``log10`` are known, and ``log1p``
        (scanpy) as in ``"log1p(CPM)"``. Logarithms are converted back. A unit other than TPM is
        kept in ``uns["lotwise"]["unit"]`` for labels and the record. A statistic that requires
        TPM is then NaN with a reason, or raises an error.
    tpm_sum
        See :func:`lotwise.read_quant`.

    Returns
    -------
    AnnData of samples x genes and of samples x isoforms; a level that is not available is None.

    Raises
    ------
    InputError
        The values are not in this unit, or the samples or the level cannot be inferred.

    Examples
    --------
    >>> table = pd.DataFrame(
    ...     {"S1": [2e5, 3e5, 5e5], "S2": [1e5, 4e5, 5e5]}, index=["ENSG1", "ENSG2", "ENSG3"])
    >>> gene, isoform = from_frame(table, batches={"S1": "A", "S2": "B"})
    >>> gene.shape, gene.obs["batch"].tolist(), isoform is None
    ((2, 3), ['A', 'B'], True)
    """
    told = _unit_of(unit)
    described: dict[str, list[str]] = {}
    if not isinstance(tpm, pd.DataFrame) and not hasattr(tpm, "obs_names"):
        kind = f"{type(tpm).__module__.partition('.')[0]}.{type(tpm).__name__}"
        raise InputError(
            f"TPM must be a pandas DataFrame or an AnnData, got {kind}",
            remedy="make a DataFrame with feature identifiers and sample names as its labels",
        )
    if not isinstance(tpm, pd.DataFrame):
        described = _design_of(tpm)
        tpm, batches, counts, lengths, symbols = _tables_of(tpm, batches, counts, lengths)
    else:
        tpm, symbols = _describe_features(tpm)
        counts, lengths = (
            table if table is None else _describe_features(table)[0] for table in (counts, lengths)
        )
        if _samples_are_columns(tpm, batches):
            tpm = tpm.T
            counts, lengths = (table if table is None else table.T for table in (counts, lengths))
    _refuse_repeated(tpm)
    values = _numbers(tpm)
    if told.logarithm:
        with np.errstate(over="ignore"):
            values = _LOGARITHMS[told.logarithm](values) - told.constant
        values[np.abs(values) < _ROUNDING * told.constant] = 0.0
    samples = _samples(tpm, batches, described)
    refuse_two_spellings(samples)
    features = pl.Series([str(name) for name in tpm.columns], dtype=pl.String)
    if appended := split_appended(features):
        features, symbols = appended.features, appended.symbols
    layers = [_layer(table, tpm) for table in (counts, lengths)]
    read = {
        sample.sample: Abundance(
            quantifier="matrix",
            path=_IN_MEMORY,
            features=features,
            tpm=values[row],
            counts=layers[0][row],
            length=layers[1][row],
            symbols=symbols,
        )
        for row, sample in enumerate(samples)
    }
    if told.name != "TPM":
        check_unit(read, told.name)
    found = combine_levels(
        samples,
        _by_level(read, features, level, tx2gene),
        tx2gene=tx2gene,
        min_shared=MIN_SHARED,
        tpm_sum=tpm_sum if told.name == "TPM" else "unchecked",
    )
    made = Quantification(*(one and assemble(samples, one) for one in found))
    for expression in made:
        if expression is not None and told.name != "TPM":
            expression.uns[keys.LOTWISE][keys.UNIT] = told.name
    return made


_ROUNDING: Final = 1e-9


def _unit_of(unit: str) -> _Unit:
    """Return the unit without its logarithm."""
    unit = unit.strip()
    if unit.lower() in _UNITS:
        return _Unit(_spelled(unit))
    if match := _LOGARITHM.fullmatch(unit):
        if match[4]:
            return _Unit(_spelled(match[4]), "ln", 1.0)
        return _Unit(_spelled(match[2]), match[1].lower(), float(match[3]))
    raise InputError(
        f"unknown unit {unit!r}",
        remedy=f"choose from {', '.join(_UNITS)}, or the logarithm of one of them: "
        "'log2(CPM + 1)', 'ln(CPM + 1)', 'log10(CPM + 1)' or 'log1p(CPM)'",
    )


def _spelled(name: str) -> str:
    return name.upper() if name.lower() in {"tpm", "cpm"} else name.lower()


def _describe_features(table: pd.DataFrame) -> tuple[pd.DataFrame, pl.Series | None]:
    """Return the table by the identifiers of its features, without other text, and the symbols.

    Text of unknown meaning stays and is refused as a number: it may be a sample.
    """
    symbols, index, described = None, None, []
    for at, name in enumerate(table.columns):
        column = table.iloc[:, at]
        if is_numeric_dtype(column) or not (kind := kind_of_header(str(name))):
            continue
        described.append(at)
        if kind == "symbol":
            symbols = pl.Series([str(one) for one in column.fillna("")], dtype=pl.String)
        elif kind in {"gene", "transcript"} and index is None:
            index = column
    kept = table.iloc[:, [at for at in range(table.shape[1]) if at not in described]]
    # A running number is what pandas gives to a table that was read without an index.
    if index is not None and isinstance(table.index, pd.RangeIndex):
        kept = kept.set_axis(pd.Index(index.astype(str)), axis=0)
    return kept, symbols


def _samples_are_columns(table: pd.DataFrame, batches: Batches | str | None) -> bool:
    """Return whether a table is features x samples."""
    rows, columns = list(map(str, table.index)), list(map(str, table.columns))
    if isinstance(batches, Mapping | pd.Series):
        named = set(map(str, batches.keys()))
        in_rows, in_columns = named <= set(rows), named <= set(columns)
        if in_rows != in_columns:
            return in_columns
    elif batches is not None and not isinstance(batches, str):
        fits = len(rows) == len(batches), len(columns) == len(batches)
        if fits[0] != fits[1]:
            return fits[1]
    by_rows = level_of(pl.Series(rows, dtype=pl.String), None) is not None
    by_columns = level_of(pl.Series(columns, dtype=pl.String), None) is not None
    if by_rows != by_columns:
        return by_rows
    if batches is None and len(rows) != len(columns):
        return len(rows) > len(columns)
    raise InputError(
        f"cannot recognise whether the rows or the columns of the table ({len(rows):,} x "
        f"{len(columns):,}) are the samples",
        remedy="give 'batches' as a mapping from sample name to batch",
    )


def _refuse_repeated(table: pd.DataFrame) -> None:
    if not table.index.is_unique:
        twice = table.index[table.index.duplicated()][0]
        raise InputError(f"the table contains sample {twice!r} twice", remedy="keep one of them")


def _numbers(table: pd.DataFrame) -> Floats:
    try:
        return table.to_numpy(dtype=np.float64, copy=True)
    except (TypeError, ValueError) as error:
        raise InputError(
            f"the table contains values that are not numbers ({error})",
            remedy="keep the numeric columns only",
        ) from None


def _layer(table: pd.DataFrame | None, like: pd.DataFrame) -> Floats:
    if table is None:
        return np.full(like.shape, np.nan)
    aligned = table.reindex(index=like.index, columns=like.columns)
    # All values are NaN where a source of this lotwise had no counts.
    has_names = like.index.isin(table.index).all() and like.columns.isin(table.columns).all()
    if aligned.shape != table.shape or not has_names:
        raise InputError(
            "the samples or features of the counts or lengths differ from those of the TPM",
            remedy="give all tables with the same index and columns",
        )
    return _numbers(aligned)


def _samples(
    table: pd.DataFrame, batches: Batches | str | None, described: Mapping[str, list[str]]
) -> list[Sample]:
    names = [str(name) for name in table.index]
    if batches is None:
        of: Sequence[Any] = names
    elif isinstance(batches, Mapping | pd.Series):
        lacking = [name for name in names if name not in batches]
        if lacking:
            raise InputError(
                f"sample {lacking[0]!r} is missing in 'batches' ("
                f"{counted(len(lacking), 'sample is', 'samples are')} missing)",
                remedy="give the batch of each sample",
            )
        of = [batches[name] for name in names]
    else:
        of = list(batches)
    if unknown := [name for name, batch in zip(names, of, strict=False) if pd.isna(batch)]:
        raise InputError(
            f"sample {unknown[0]!r} has no batch "
            f"({counted(len(unknown), 'sample has', 'samples have')} none)",
            remedy="give the batch of each sample",
        )
    if len(of) != len(names):
        raise InputError(
            f"got {counted(len(of), 'batch', 'batches')} for {counted(len(names), 'sample')}",
            remedy="give the batch of each sample",
        )
    made = []
    for row, (name, batch) in enumerate(zip(names, of, strict=True)):
        label = {column: labels[row] for column, labels in described.items()}
        made.append(
            Sample(
                sample=name,
                batch=str(batch),
                replicate=label.get(keys.REPLICATE, ""),
                donor=label.get(keys.DONOR, ""),
                condition=label.get(keys.CONDITION, ""),
                annotations={keys.PHASE: label[keys.PHASE]} if keys.PHASE in label else {},
            )
        )
    return made


def _design_of(stored: AnnData) -> dict[str, list[str]]:
    """Return the columns of obs that describe the design; a phase of the cell cycle does not."""
    described = {name: labels_of(stored, name) for name in _DESCRIBED if name in stored.obs}
    if not {*described.get(keys.PHASE, [])} <= {*PHASES}:
        del described[keys.PHASE]
    return described


def _tables_of(
    stored: AnnData,
    batches: Batches | str | None,
    counts: pd.DataFrame | None,
    lengths: pd.DataFrame | None,
) -> tuple[Any, ...]:
    """Return the tables (samples x features), batches and symbols of an AnnData."""
    column = batches if isinstance(batches, str) else keys.BATCH
    if isinstance(batches, str) or (batches is None and column in stored.obs):
        if column not in stored.obs:
            raise InputError(
                f"the AnnData has no obs column {column!r}",
                remedy="give the name of the batch column, or the batch of each sample; "
                + nearest(column, map(str, stored.obs)),
            )
        batches = list(stored.obs[column])

    def table(name: str | None) -> pd.DataFrame:
        layer = stored.X if name is None else stored.layers[name]
        dense = layer.toarray() if hasattr(layer, "toarray") else np.asarray(layer)
        return pd.DataFrame(dense, index=stored.obs_names, columns=stored.var_names)

    symbols = None
    if keys.GENE_NAME in stored.var:
        symbols = pl.Series([str(name) for name in stored.var[keys.GENE_NAME]], dtype=pl.String)
    return (
        table(keys.TPM if keys.TPM in stored.layers else None),
        batches,
        table(keys.COUNTS) if counts is None and keys.COUNTS in stored.layers else counts,
        table(keys.LENGTH) if lengths is None and keys.LENGTH in stored.layers else lengths,
        symbols,
    )


def _by_level(
    read: dict[str, Abundance],
    features: pl.Series,
    level: Level | None,
    tx2gene: Path | str | TranscriptMap | None,
) -> dict[Level, dict[str, Abundance]]:
    if level is None:
        known = read_map(tx2gene, pl.Series(dtype=pl.String)) if tx2gene is not None else None
        level = level_of(features, known.table if known else None)
    if level is None:
        raise InputError(
            f"the level cannot be inferred from the features "
            f"({', '.join(features.to_list()[:3])}...)",
            remedy="give the level, for example level='gene'",
        )
    by_level: dict[Level, dict[str, Abundance]] = {"gene": {}, "isoform": {}}
    by_level[level] = read
    return by_level
