"""Expression on disk: one h5ad and one TPM table per level."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import polars as pl
from isal import igzip_threaded

from lotwise import keys
from lotwise.errors import InputError
from lotwise.expression.declared import UNREADABLE, require_plausible
from lotwise.expression.identity import ATTRIBUTE, identify
from lotwise.expression.noted import noted
from lotwise.files.atomic import atomic_path
from lotwise.keys import Level
from lotwise.samples import FEATURE_COLUMN

if TYPE_CHECKING:
    import pandas as pd
    from anndata import AnnData

# Numbers of a chunk, and features at least: gzip looks back over 32 kB, some rows of a chunk.
_CHUNK: Final = 8_192
_LEAST_FEATURES: Final = 64


def write_level(expression: AnnData, directory: Path | str) -> None:
    """Write one level as ``{level}.h5ad`` and ``{level}.tpm.tsv.gz`` (features x samples).

    Raises
    ------
    InputError
        A sample is named ``feature``, like the first column of the table.
    """
    if FEATURE_COLUMN in expression.obs_names:
        raise InputError(
            f"the sample name {FEATURE_COLUMN!r} is reserved for the first column of the TPM table",
            remedy="give the sample another name",
        )
    level = expression.uns[keys.LOTWISE][keys.LEVEL]
    write_h5ad(expression, Path(directory) / f"{level}.h5ad")
    with atomic_path(Path(directory) / f"{level}.tpm.tsv.gz") as temporary:
        _write_tpm(expression, temporary)


def write_h5ad(expression: AnnData, path: Path) -> None:
    """Write one level as h5ad, completely or not at all."""
    with atomic_path(path) as temporary:
        temporary.write_bytes(_as_h5ad(expression))


def read_level(path: Path | str, level: Level | None = None) -> AnnData:
    """Read a level written by :func:`write_level`.

    Raises
    ------
    InputError
        The file is missing, is not h5ad, or was not written by lotwise.
    """
    import anndata

    path = Path(path)
    if not path.is_file():
        raise InputError("no such file", path=path, remedy="`lotwise expression` writes it")
    try:
        require_plausible(path)
        stored = anndata.read_h5ad(path)
    except UNREADABLE as error:
        raise InputError(
            f"is not an h5ad file ({error})", path=path, remedy="write the file again with lotwise"
        ) from None
    found = noted(stored).get(keys.LEVEL)
    if found is None or keys.TPM not in stored.layers:
        raise InputError(
            "has no layer 'tpm' or no level, so it was not written by lotwise",
            path=path,
            remedy="use the file as a TPM matrix, in the column 'quant' of a sample sheet",
        )
    if level is not None and found != level:
        raise InputError(f"has the level {found!r}, but {level!r} is expected", path=path)
    return stored


def _as_h5ad(expression: AnnData) -> bytes:
    """Return the file's content, made in memory: HDF5 crashes the process if the disk is full.

    Unlike ``AnnData.write_h5ad``, it converts no column of ``expression`` to categories.
    """
    import anndata
    import h5py

    # In alphabetical order, in which they are read: a file that is read and written is the same.
    expression = anndata.AnnData(
        expression.X,
        obs=_named_by_objects(expression.obs),
        var=_named_by_objects(expression.var),
        **{
            name: _in_order(getattr(expression, name)) for name in ("layers", "obsm", "obsp", "uns")
        },
    )
    with h5py.File("memory", "w", driver="core", backing_store=False) as store:
        compression = {"compression": "gzip", "compression_opts": 1}
        anndata.experimental.write_dispatched(
            store, "/", expression, callback=_write_chunks, dataset_kwargs=compression
        )
        store.attrs[ATTRIBUTE] = identify(expression)
        store.flush()
        image: bytes = store.id.get_file_image()
    return image


def _write_chunks(
    write: Callable[..., None],
    store: Any,
    name: str,
    element: Any,
    *,
    dataset_kwargs: Mapping[str, Any],
    **_: Any,
) -> None:
    """Write a matrix in chunks of all samples: what is alike in a feature compresses together."""
    if isinstance(element, np.ndarray) and element.ndim == 2 and element.size:
        n_samples, n_features = element.shape
        n_together = min(n_features, max(_LEAST_FEATURES, _CHUNK // n_samples))
        dataset_kwargs = {**dataset_kwargs, "chunks": (n_samples, n_together)}
    write(store, name, element, dataset_kwargs=dataset_kwargs)


def _named_by_objects(table: pd.DataFrame) -> pd.DataFrame:
    """Return a table whose index holds objects: pandas 3 reads text as another type."""
    return table.set_axis(table.index.astype(object), axis="index")


def _in_order(held: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: _in_order(held[name]) if isinstance(held[name], Mapping) else held[name]
        # anndata 0.13 lists X among the layers, with the key None.
        for name in sorted(name for name in held if name is not None)
    }


def _write_tpm(expression: AnnData, path: Path) -> None:
    table = pl.DataFrame({FEATURE_COLUMN: expression.var_names.to_list()}).with_columns(
        pl.Series(name, row)
        for name, row in zip(expression.obs_names, expression.layers[keys.TPM], strict=True)
    )
    # igzip writes no time stamp and no file name: equal tables are equal files.
    with igzip_threaded.open(path, "wb", compresslevel=1, threads=1) as packed:
        table.write_csv(packed, separator="\t")
