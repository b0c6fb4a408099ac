"""Expression on disk: one h5ad and one TPM table a level."""

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
from lotwise.expression.noted import noted
from lotwise.files.atomic import atomic_path
from lotwise.keys import Level
from lotwise.samples import FEATURE_COLUMN

if TYPE_CHECKING:
    from anndata import AnnData

# Numbers of a chunk, and features at least: gzip looks back over 32 kB, some rows of a chunk.
_CHUNK: Final = 8_192
_LEAST_FEATURES: Final = 64


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
        obs=expression.obs,
        var=expression.var,
        **{
            name: _in_order(getattr(expression, name)) for name in ("layers", "obsm", "obsp", "uns")
        },
    )
    with h5py.File("memory", "w", driver="core", backing_store=False) as store:
        compression = {"compression": "gzip", "compression_opts": 1}
        anndata.experimental.write_dispatched(
            store, "/", expression, callback=_write_chunks, dataset_kwargs=compression
        )
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
