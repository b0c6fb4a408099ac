"""Expression on disk: one h5ad and one TPM table a level."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl
from isal import igzip_threaded

from lotwise import keys
from lotwise.errors import InputError
from lotwise.expression.declared import UNREADABLE, require_plausible
from lotwise.expression.noted import noted
from lotwise.files.atomic import atomic_path
from lotwise.keys import Level
from lotwise.samples import FEATURE_COLUMN

if TYPE_CHECKING:
    import pandas as pd
    from anndata import AnnData


def write_level(expression: AnnData, directory: Path | str) -> None:
    """Write one level as ``{level}.h5ad`` and ``{level}.tpm.tsv.gz`` (features x samples).

    Raises
    ------
    InputError
        A sample is called ``feature``, as the first column of the table is.
    """
    if FEATURE_COLUMN in expression.obs_names:
        raise InputError(
            f"a sample is called {FEATURE_COLUMN!r}, as the first column of the table of TPM is",
            remedy="give the sample another name",
        )
    level = expression.uns[keys.LOTWISE][keys.LEVEL]
    write_h5ad(expression, Path(directory) / f"{level}.h5ad")
    with atomic_path(Path(directory) / f"{level}.tpm.tsv.gz") as temporary:
        _write_tpm(expression, temporary)


def write_h5ad(expression: AnnData, path: Path) -> None:
    """Write one level as h5ad, whole or not at all."""
    with atomic_path(path) as temporary:
        temporary.write_bytes(_as_h5ad(expression))


def read_level(path: Path | str, level: Level | None = None) -> AnnData:
    """Read a level that :func:`write_level` wrote.

    Raises
    ------
    InputError
        The file is missing, is no h5ad, or was not written by lotwise.
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
            f"is not an h5ad file ({error})", path=path, remedy="write it anew with lotwise"
        ) from None
    found = noted(stored).get(keys.LEVEL)
    if found is None or keys.TPM not in stored.layers:
        raise InputError(
            "was not written by lotwise: it has no layer tpm or no level",
            path=path,
            remedy="read it as a TPM matrix, through the column quant of a sample sheet",
        )
    if level is not None and found != level:
        raise InputError(f"is of level {found!r}, needed is {level!r}", path=path)
    return stored


def _as_h5ad(expression: AnnData) -> bytes:
    """Make the file in memory: HDF5 on a disk that is full ends the process by a fault of memory.

    Unlike ``AnnData.write_h5ad`` this turns no column of ``expression`` into categories.
    """
    import anndata
    import h5py

    # In alphabetical order, as they are read: what was read and written again is the same file.
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
        anndata.io.write_elem(store, "/", expression, dataset_kwargs=compression)
        store.flush()
        image: bytes = store.id.get_file_image()
    return image


def _named_by_objects(table: pd.DataFrame) -> pd.DataFrame:
    """Return a table whose index holds objects: pandas 3 reads text as another type."""
    return table.set_axis(table.index.astype(object), axis="index")


def _in_order(held: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: _in_order(held[name]) if isinstance(held[name], Mapping) else held[name]
        # anndata 0.13 lists X among the layers, under None.
        for name in sorted(name for name in held if name is not None)
    }


def _write_tpm(expression: AnnData, path: Path) -> None:
    table = pl.DataFrame({FEATURE_COLUMN: expression.var_names.to_list()}).with_columns(
        pl.Series(name, row)
        for name, row in zip(expression.obs_names, expression.layers[keys.TPM], strict=True)
    )
    # igzip writes no time stamp and no name: equal tables are equal files.
    with igzip_threaded.open(path, "wb", compresslevel=1, threads=1) as packed:
        table.write_csv(packed, separator="\t")
