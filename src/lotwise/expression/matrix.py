"""TPM matrices of many samples: TSV, CSV or h5ad, either way round."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
import polars as pl

from lotwise.errors import InputError
from lotwise.expression.abundance import Abundance, Floats
from lotwise.expression.text import (
    first_line,
    floats_of,
    header_of,
    read_bytes,
    read_text,
    separator_of,
)
from lotwise.keys import COUNTS, LENGTH, TPM, Level

if TYPE_CHECKING:
    import anndata

_HDF5_MAGIC: Final = b"\x89HDF\r\n"
_EXAMPLES: Final = 5


def read_matrix(path: Path, samples: Sequence[str]) -> dict[str, Abundance]:
    """Read the TPM of ``samples`` out of one matrix.

    Which way round it lies is found from the samples' names: along the first row
    (features x samples) or along the first column (samples x features).

    Parameters
    ----------
    path
        TSV or CSV, plain or gzipped, features or samples named in the first column;
        or an h5ad, whose layer ``tpm`` (else X) is taken.
    samples
        The samples wanted, as the matrix names them.

    Raises
    ------
    InputError
        A sample is in neither direction or in both, or the table is malformed.
    """
    raw = read_bytes(path)
    if raw.startswith(_HDF5_MAGIC):
        return _from_h5ad(path, raw, samples)
    header = _header(path, raw)
    first = read_text(path, raw, strings=header[:1])[header[0]]
    if _samples_are_columns(path, samples, header[1:], first.to_list()):
        table = read_text(path, raw, strings=header[:1], floats=list(samples))
        tpm = {name: floats_of(table, name) for name in samples}
        return _abundances(path, first, tpm, in_rows=True)
    if len(set(header)) < len(header):
        twice = next(name for name in header if header.count(name) > 1)
        raise InputError(
            f"names feature {twice!r} {header.count(twice)} times",
            path=path,
            row=1,
            remedy="keep one of them",
        )
    table = read_text(path, raw, strings=header[:1], floats=header[1:])
    values = table.drop(header[0]).to_numpy()
    row_of = {name: row for row, name in enumerate(first.to_list())}
    features = pl.Series(header[1:], dtype=pl.String)
    tpm = {name: values[row_of[name]] for name in samples}
    return _abundances(path, features, tpm, in_rows=False)


def level_of(features: pl.Series, known: pl.DataFrame | None) -> Level | None:
    """Tell whether features are genes or isoforms; None where nothing tells.

    By the table of a transcript map where there is one, else by Ensembl's and
    RefSeq's prefixes of identifiers.
    """
    votes = {"isoform": 0, "gene": 0}
    if known is not None:
        votes["isoform"] = int(features.is_in(known["transcript"].implode()).sum())
        votes["gene"] = int(features.is_in(known["gene"].implode()).sum())
    if not any(votes.values()):
        votes["isoform"] = int(features.str.contains(r"^(ENS[A-Z]*T\d|[NX][MR]_\d)").sum())
        votes["gene"] = int(features.str.contains(r"^ENS[A-Z]*G\d").sum())
    if votes["isoform"] == votes["gene"] or max(votes.values()) < len(features) / 2:
        return None
    return "isoform" if votes["isoform"] > votes["gene"] else "gene"


def _header(path: Path, raw: bytes) -> list[str]:
    header = header_of(path, raw)
    second = raw.split(b"\n", 2)[1] if raw.count(b"\n") else b""
    separator = separator_of(first_line(path, raw))
    if second and second.decode("utf-8", "replace").count(separator) == len(header):
        # R's write.table leaves the name of the first column out; the reader needs one.
        raise InputError(
            f"names {len(header)} columns and its rows have {len(header) + 1} cells",
            path=path,
            row=1,
            remedy="name the first column, for example feature "
            "(write.table(..., col.names = NA) does)",
        )
    if len(header) < 2:
        raise InputError(
            f"has one column, {header[0]!r}; a TPM matrix has features and samples, "
            "separated by tabs or commas",
            path=path,
            row=1,
            remedy="save it as TSV or CSV",
        )
    return header


def _samples_are_columns(
    path: Path, samples: Sequence[str], columns: Sequence[str], rows: Sequence[str]
) -> bool:
    # How often each name stands, counted once: there may be 60,000 features and 1,000 samples.
    in_columns, in_rows = Counter(columns), Counter(rows)
    by_column = [name for name in samples if name in in_columns]
    by_row = [name for name in samples if name in in_rows]
    if len(by_column) == len(samples) and len(by_row) == len(samples):
        raise InputError(
            "names the samples along the first row and along the first column",
            path=path,
            remedy="remove one of the two, or rename the samples",
        )
    are_columns = len(by_column) >= len(by_row)
    found = in_columns if are_columns else in_rows
    missing = [name for name in samples if name not in found]
    if missing:
        raise InputError(
            f"does not name sample {', '.join(map(repr, missing[:_EXAMPLES]))}; "
            f"its first row is {', '.join(map(repr, columns[:_EXAMPLES]))}... and "
            f"its first column {', '.join(map(repr, rows[:_EXAMPLES]))}...",
            path=path,
            remedy="name the samples in the sheet as the matrix does",
        )
    twice = next((name for name in samples if found[name] > 1), None)
    if twice is not None:
        raise InputError(f"names sample {twice!r} twice", path=path, remedy="keep one of them")
    return are_columns


def _abundances(
    path: Path, features: pl.Series, tpm: dict[str, Floats], *, in_rows: bool
) -> dict[str, Abundance]:
    unknown = np.full(len(features), np.nan)
    return {
        name: Abundance(
            quantifier="matrix",
            path=path,
            features=features,
            tpm=values,
            counts=unknown,
            length=unknown,
            tpm_column=name if in_rows else None,
            in_rows=in_rows,
        )
        for name, values in tpm.items()
    }


def _from_h5ad(path: Path, raw: bytes, samples: Sequence[str]) -> dict[str, Abundance]:
    import anndata

    try:
        # From memory, since the file itself may be gzipped.
        stored = anndata.read_h5ad(BytesIO(raw))
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise InputError(
            f"is not an h5ad file ({error})", path=path, remedy="write it by AnnData.write_h5ad"
        ) from None
    if TPM not in stored.layers and stored.X is None:
        raise InputError(
            "has neither a layer tpm nor X", path=path, remedy="put TPM into layers['tpm']"
        )
    rows, columns = stored.obs_names.tolist(), stored.var_names.tolist()
    if _samples_are_columns(path, samples, columns, rows):
        stored = stored.T
        columns = rows
    stored = stored[list(samples)]
    features = pl.Series(columns, dtype=pl.String)
    tpm, counts, length = (_layer(stored, name) for name in (TPM, COUNTS, LENGTH))
    return {
        name: Abundance(
            quantifier="matrix",
            path=path,
            features=features,
            tpm=tpm[row],
            counts=counts[row],
            length=length[row],
        )
        for row, name in enumerate(samples)
    }


def _layer(stored: anndata.AnnData, name: str) -> Floats:
    if name in stored.layers:
        layer = stored.layers[name]
    elif name == TPM:
        layer = stored.X
    else:
        return np.full(stored.shape, np.nan)
    dense = layer.toarray() if hasattr(layer, "toarray") else layer
    return np.asarray(dense, dtype=np.float64)
