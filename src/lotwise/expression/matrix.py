"""TPM matrices of many samples: TSV, CSV or h5ad, in either orientation."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
import polars as pl

from lotwise.errors import InputError
from lotwise.expression.abundance import Abundance, Floats
from lotwise.expression.declared import UNREADABLE, require_plausible
from lotwise.expression.identifiers import level_by_names, split_appended
from lotwise.expression.layout import Layout, layout_of
from lotwise.expression.map_columns import kind_of_header
from lotwise.expression.packed import HDF5_MAGIC, read_bytes
from lotwise.expression.text import floats_of, read_columns
from lotwise.keys import COUNTS, LENGTH, TPM, Level

if TYPE_CHECKING:
    import anndata

_EXAMPLES: Final = 5


def read_matrix(path: Path, samples: Sequence[str]) -> dict[str, Abundance]:
    """Read the TPM of ``samples`` from one matrix.

    The orientation is inferred from the sample names: in the first row (features x samples) or in
    the first column (samples x features).

    Parameters
    ----------
    path
        TSV or CSV, plain or gzipped, with features or samples in the first column; or an h5ad,
        whose layer ``tpm`` (else X) is used.
    samples
        The samples to read, with their names in the matrix.

    Raises
    ------
    InputError
        A sample is in neither direction or in both, or the table is malformed.
    """
    raw = read_bytes(path)
    if raw.startswith(HDF5_MAGIC):
        return _from_h5ad(path, raw, samples)
    layout = layout_of(path, raw)
    header = layout.header
    if len(header) < 2:
        raise InputError(
            f"has only one column, {header[0]!r}. A TPM matrix has a column of features and one "
            "column per sample. The columns are separated by tabs or commas",
            path=path,
            row=layout.first_row - 1,
            remedy="save the matrix as TSV or CSV",
        )
    first = read_columns(path, layout, strings=[0])["0"]
    if _samples_are_columns(path, samples, header[1:], first.to_list()):
        table = read_columns(path, layout, strings=[0], floats=list(samples))
        told = _describe_features(path, layout, samples)
        tpm = {name: floats_of(table, name) for name in samples}
        return _abundances(path, told, tpm, first_row=layout.first_row)
    _refuse_twice(path, header, row=layout.first_row - 1)
    table = read_columns(path, layout, strings=[0], floats=range(1, len(header)))
    values = table.drop("0").to_numpy()
    row_of = {name: row for row, name in enumerate(first.to_list())}
    features = pl.Series(header[1:], dtype=pl.String)
    tpm = {name: values[row_of[name]] for name in samples}
    return _abundances(path, _Features(features), tpm)


class _Features(NamedTuple):
    """Names of features, and their genes and symbols if the table has them."""

    names: pl.Series
    genes: pl.Series | None = None
    symbols: pl.Series | None = None


def _describe_features(path: Path, layout: Layout, samples: Sequence[str]) -> _Features:
    """Return the columns with features, genes and symbols, apart from those of the samples."""
    header = layout.header
    words = [
        at
        for at in range(len(header))
        if header[at] not in samples and (at == 0 or kind_of_header(header[at]))
    ]
    table = read_columns(path, layout, strings=words)
    kinds = {at: kind_of_header(header[at]) for at in words}
    if layout.comments[:1] and layout.comments[0].startswith("#1.") and len(header) > 1:
        kinds[1] = "symbol"  # named Description in GCT
        table = table if 1 in words else read_columns(path, layout, strings=[*words, 1])
    column = {at: table[str(at)] for at in kinds if header[at] not in samples}
    names_at = 0
    stable = [
        at
        for at, values in column.items()
        if kinds[at] in {"gene", "transcript"} and level_by_names(values) is not None
    ]
    numbered = column[0].to_list() in (_numbers_from(0, column[0]), _numbers_from(1, column[0]))
    if numbered or (kinds[0] == "symbol" and level_by_names(column[0]) is None):
        named = [at for at in column if at and kinds[at] in {"gene", "transcript", "symbol"}]
        transcripts = [at for at in stable if kinds[at] == "transcript"]
        names_at = next(iter(transcripts or stable or (named if numbered else [])), 0)
    of_transcripts = (
        kinds[names_at] == "transcript" or level_by_names(column[names_at]) == "isoform"
    )
    genes = next((at for at in column if kinds[at] == "gene" and at != names_at), None)
    symbols = next((at for at in column if kinds[at] == "symbol" and at != names_at), None)
    return _Features(
        column[names_at],
        column[genes] if of_transcripts and genes is not None else None,
        None if symbols is None else column[symbols],
    )


def _numbers_from(start: int, column: pl.Series) -> list[str]:
    return [str(number) for number in range(start, start + len(column))]


def _refuse_twice(path: Path, header: Sequence[str], *, row: int) -> None:
    if len(set(header)) < len(header):
        counts = Counter(header)
        twice = next(name for name in header if counts[name] > 1)
        raise InputError(
            f"contains feature {twice!r} {counts[twice]} times",
            path=path,
            row=row,
            remedy="keep only one of them",
        )


def level_of(features: pl.Series, known: pl.DataFrame | None) -> Level | None:
    """Return whether features are genes or isoforms; None if it cannot be inferred.

    Inferred from a transcript map if there is one and it is conclusive, else from the identifier
    prefixes of Ensembl and RefSeq.
    """
    votes = {"isoform": 0, "gene": 0}
    if known is not None:
        votes["isoform"] = int(features.is_in(known["transcript"].implode()).sum())
        votes["gene"] = int(features.is_in(known["gene"].implode()).sum())
    if votes["isoform"] == votes["gene"] or max(votes.values()) < len(features) / 2:
        return level_by_names(features)
    return "isoform" if votes["isoform"] > votes["gene"] else "gene"


def _samples_are_columns(
    path: Path, samples: Sequence[str], columns: Sequence[str], rows: Sequence[str]
) -> bool:
    # Count each name once: there may be 60,000 features and 1,000 samples.
    in_columns, in_rows = Counter(columns), Counter(rows)
    by_column = [name for name in samples if name in in_columns]
    by_row = [name for name in samples if name in in_rows]
    if len(by_column) == len(samples) and len(by_row) == len(samples):
        raise InputError(
            "has the samples both in the first row and in the first column",
            path=path,
            remedy="remove one of the two, or rename the samples",
        )
    are_columns = len(by_column) >= len(by_row)
    found = in_columns if are_columns else in_rows
    missing = [name for name in samples if name not in found]
    if missing:
        raise InputError(
            f"does not contain sample {', '.join(map(repr, missing[:_EXAMPLES]))}; the first row "
            f"is {', '.join(map(repr, columns[:_EXAMPLES]))}... and the first column is "
            f"{', '.join(map(repr, rows[:_EXAMPLES]))}...",
            path=path,
            remedy="in the sample sheet, write the sample names exactly as in this file",
        )
    twice = next((name for name in samples if found[name] > 1), None)
    if twice is not None:
        raise InputError(
            f"contains sample {twice!r} twice", path=path, remedy="keep only one of them"
        )
    return are_columns


def _abundances(
    path: Path, features: _Features, tpm: dict[str, Floats], *, first_row: int | None = None
) -> dict[str, Abundance]:
    unknown = np.full(len(features.names), np.nan)
    names, symbols, genes = features.names, features.symbols, features.genes
    if appended := split_appended(names):
        names, symbols = appended.features, symbols if symbols is not None else appended.symbols
    if genes is not None and (appended := split_appended(genes)):
        genes, symbols = appended.features, symbols if symbols is not None else appended.symbols
    return {
        name: Abundance(
            quantifier="matrix",
            path=path,
            features=names,
            tpm=values,
            counts=unknown,
            length=unknown,
            genes=genes,
            symbols=symbols,
            tpm_column=None if first_row is None else name,
            first_row=first_row,
        )
        for name, values in tpm.items()
    }


def _from_h5ad(path: Path, raw: bytes, samples: Sequence[str]) -> dict[str, Abundance]:
    import anndata

    try:
        # From memory, because the file may be gzipped.
        require_plausible(path, BytesIO(raw))
        stored = anndata.read_h5ad(BytesIO(raw))
    except UNREADABLE as error:
        raise InputError(
            f"is not an h5ad file ({error})",
            path=path,
            remedy="write the file with AnnData.write_h5ad",
        ) from None
    if TPM not in stored.layers and stored.X is None:
        raise InputError(
            "has neither the layer 'tpm' nor X", path=path, remedy="put TPM into layers['tpm']"
        )
    rows, columns = stored.obs_names.tolist(), stored.var_names.tolist()
    if _samples_are_columns(path, samples, columns, rows):
        stored = stored.T
        columns = rows
    stored = stored[list(samples)]
    features = pl.Series(columns, dtype=pl.String)
    tpm, counts, length = (_layer(stored, name) for name in (TPM, COUNTS, LENGTH))
    genes = _column_of(stored, _GENE_COLUMNS) if level_by_names(features) != "gene" else None
    symbols = _column_of(stored, _SYMBOL_COLUMNS)
    return {
        name: Abundance(
            quantifier="matrix",
            path=path,
            features=features,
            tpm=tpm[row],
            counts=counts[row],
            length=length[row],
            genes=genes,
            symbols=symbols,
        )
        for row, name in enumerate(samples)
    }


_GENE_COLUMNS: Final = ("gene_id", "gene_ids", "gene")
_SYMBOL_COLUMNS: Final = ("gene_name", "gene_symbol", "gene_symbols", "symbol", "feature_name")


def _column_of(stored: anndata.AnnData, names: Sequence[str]) -> pl.Series | None:
    """Return the first of several var columns that exists, as text."""
    found = next((name for name in names if name in stored.var), None)
    if found is None:
        return None
    values = stored.var[found]
    return pl.Series(["" if no else str(v) for v, no in zip(values, values.isna(), strict=True)])


def _layer(stored: anndata.AnnData, name: str) -> Floats:
    if name in stored.layers:
        layer = stored.layers[name]
    elif name == TPM:
        layer = stored.X
    else:
        return np.full(stored.shape, np.nan)
    dense = layer.toarray() if hasattr(layer, "toarray") else layer
    return np.asarray(dense, dtype=np.float64)
