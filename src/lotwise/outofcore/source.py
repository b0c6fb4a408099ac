"""Expression on disk that is read a few samples at a time: zarr, or h5ad as HDF5."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, TypeAlias

import numpy as np
import numpy.typing as npt

from lotwise.errors import InputError
from lotwise.metrics.moments import BoolArray, IntArray

Names: TypeAlias = npt.NDArray[np.object_]

_ROWS_OF_SPARSE: Final = 256


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Source:
    """Samples x features on disk, and the features that are correlated; see :func:`open_store`.

    It contains names but no values, so that it can be sent to the workers of a cluster.
    """

    path: Path
    layer: str | None
    pseudocount: float | None
    samples: Names
    features: Names
    columns: IntArray | None
    itemsize: int
    chunk_rows: int

    @property
    def n_samples(self) -> int:
        """Samples in the store."""
        return len(self.samples)

    @property
    def n_features(self) -> int:
        """Features that are correlated."""
        return len(self.features)

    def absolute(self) -> Source:
        """Return the same source with an absolute path."""
        return replace(self, path=self.path.absolute())

    def identity(self) -> dict[str, Any]:
        """Return a dictionary that identifies the data.

        The dictionary contains the path, the layer, the pseudo-count and a hash of the names. For
        the files, it contains their number, total size and time of the last change.
        """
        names = hashlib.sha256()
        for text in (*self.samples, "", *self.features):
            names.update(f"{text}\n".encode())
        files = sorted(self.path.rglob("*")) if self.path.is_dir() else [self.path]
        stats = [file.stat() for file in files if file.is_file()]
        return {
            "path": str(self.path.resolve()),
            "layer": self.layer,
            "pseudocount": self.pseudocount,
            "names": names.hexdigest(),
            "n_files": len(stats),
            "bytes": sum(stat.st_size for stat in stats),
            "changed": max(stat.st_mtime_ns for stat in stats),
        }

    def blocks(self, start: int, stop: int, *, most_bytes: int) -> Iterator[npt.NDArray[Any]]:
        """Read samples ``start`` to ``stop`` as dense blocks, along the store's own chunks.

        Yields
        ------
        Arrays of the stored type and of shape ``(n, n_features)``; ``n`` samples, with all
        features of the store, take at most ``most_bytes``. If one sample takes more, ``n`` is 1.
        """
        with _opened(self.path) as root:
            array = _values_of(root, self.layer, self.path)
            n_stored = array.shape[1]
            rows = max(1, most_bytes // (n_stored * self.itemsize))
            if rows >= self.chunk_rows:
                rows -= rows % self.chunk_rows
            while start < stop:
                # Up to a border of the chunks, so that no chunk is decompressed twice.
                end = min(stop, start - start % rows + rows)
                values = array[start:end]
                values = values.toarray() if hasattr(values, "toarray") else np.asarray(values)
                yield values if self.columns is None else values[:, self.columns]
                start = end


def open_store(
    path: Path | str,
    *,
    layer: str | None = None,
    pseudocount: float | None = None,
    features: Sequence[str] | BoolArray | None = None,
) -> Source:
    """Open samples x features on disk, without reading the values.

    Parameters
    ----------
    path
        An AnnData as zarr (format 2 or 3) or h5ad, dense or sparse by rows (CSR). A bare zarr
        array of samples x features is also accepted; its samples and features are named by numbers.
    layer
        The layer to read; ``None`` for ``X`` (or the bare array).
    pseudocount
        c of log2(TPM + c), > 0, if the values are TPM; ``None`` uses the values unchanged. The
        ``X`` that lotwise writes is already log2(TPM + 1).
    features
        The features to use: names, or a boolean mask in the order of the store. ``None`` for all.

    Returns
    -------
    The input of :func:`correlate_store` and :func:`nearest_samples`.

    Raises
    ------
    InputError
        There is no such store or layer, it is not samples x features, or a feature is missing. An
        error is also raised if ``features`` are names and the store contains a feature name twice.

    Examples
    --------
    >>> import lotwise
    >>> from pathlib import Path
    >>> from tempfile import mkdtemp
    >>> folder = Path(mkdtemp())
    >>> lotwise.datasets.three_batches().gene.write_h5ad(folder / "store.h5ad")
    >>> store = open_store(folder / "store.h5ad", layer="tpm", features=["g0", "g2"])
    >>> store.n_samples, store.features.tolist()
    (3, ['g0', 'g2'])
    """
    path = Path(path)
    if pseudocount is not None and not pseudocount > 0:
        raise InputError(f"pseudocount must be > 0, got {pseudocount}")
    with _opened(path) as root:
        array = _values_of(root, layer, path)
        n_samples, n_features = array.shape
        samples = _names(root, "obs", n_samples, path)
        stored = _names(root, "var", n_features, path)
        chunks = getattr(array, "chunks", None)
        _require_numbers(array, n_samples, path)
        itemsize = int(np.dtype(array.dtype).itemsize)
    columns = None if features is None else _columns(stored, features, path)
    return Source(
        path=path,
        layer=layer,
        pseudocount=pseudocount,
        samples=samples,
        features=stored if columns is None else stored[columns],
        columns=columns,
        itemsize=itemsize,
        chunk_rows=min(n_samples, int(chunks[0]) if chunks else _ROWS_OF_SPARSE) or 1,
    )


def share_features(queries: Source, reference: Source, *, min_shared: float) -> tuple[Source, ...]:
    """Return both sources with the features they share, in the order of the reference.

    Raises
    ------
    InputError
        They share less than ``min_shared`` of the reference's features, or a feature name occurs
        twice.
    """
    places = _places(queries.features, queries.path)
    _places(reference.features, reference.path)
    shared = [place for place, name in enumerate(reference.features.tolist()) if name in places]
    if len(shared) < max(min_shared * reference.n_features, 1):
        raise InputError(
            f"contains {len(shared):,} of the {reference.n_features:,} features of "
            f"{reference.path}, but a share of {min_shared:g} is required",
            path=queries.path,
            remedy="quantify with one annotation, or allow a smaller share ('min_shared')",
        )
    names = reference.features[shared]
    return (
        _take(queries, np.array([places[name] for name in names.tolist()], dtype=np.intp)),
        _take(reference, np.array(shared, dtype=np.intp)),
    )


def _places(features: Names, path: Path) -> dict[str, int]:
    """Return the column of each name; raise if a name occurs twice."""
    places = {name: place for place, name in enumerate(features.tolist())}
    if len(places) < len(features):
        counted = Counter(features.tolist())
        twice = next(name for name, count in counted.items() if count > 1)
        raise InputError(
            f"contains the feature name {twice!r} {counted[twice]} times",
            path=path,
            remedy="keep one of these features, or make the names unique "
            "(AnnData.var_names_make_unique)",
        )
    return places


def _take(source: Source, places: IntArray) -> Source:
    if np.array_equal(places, np.arange(source.n_features)):
        return source
    columns = places if source.columns is None else source.columns[places]
    return replace(source, features=source.features[places], columns=columns)


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    """Open a zarr store or an HDF5 file for reading."""
    import h5py
    import zarr

    if not path.exists():
        raise InputError("no such store", path=path, remedy="give a zarr store or an h5ad file")
    try:
        root = zarr.open(path, mode="r") if path.is_dir() else h5py.File(path, mode="r")
    except (OSError, ValueError) as error:
        raise InputError(f"is neither a zarr store nor an h5ad file ({error})", path=path) from None
    try:
        yield root
    except (KeyError, RuntimeError) as error:
        # A broken link, or a link to itself.
        raise InputError(f"cannot be read ({error})", path=path) from error
    finally:
        if hasattr(root, "close"):
            root.close()


def _values_of(root: Any, layer: str | None, path: Path) -> Any:
    """Return the array of samples x features, which can be sliced by samples."""
    from anndata.io import sparse_dataset

    if hasattr(root, "shape"):
        if layer is not None:
            raise InputError(f"is a single array, so it has no layer {layer!r}", path=path)
        found = root
    else:
        place = "X" if layer is None else f"layers/{layer}"
        if place not in root:
            there = ", ".join(sorted(root["layers"])) if "layers" in root else ""
            raise InputError(
                f"has no {place!r}", path=path, remedy=f"its layers are: {there or 'none'}"
            )
        found = root[place]
    if not hasattr(found, "shape") or "encoding-type" in found.attrs:
        kind = found.attrs.get("encoding-type", "")
        if kind == "csr_matrix":
            return sparse_dataset(found)
        if kind != "array":
            raise InputError(
                f"contains a {kind or 'group'}, from which single samples cannot be read",
                path=path,
                remedy="save the matrix as a dense array or as a sparse matrix by rows (CSR)",
            )
    if len(found.shape) != 2:
        raise InputError(f"must be samples x features, got shape {found.shape}", path=path)
    return found


def _require_numbers(array: Any, n_samples: int, path: Path) -> None:
    kind = np.dtype(array.dtype).kind
    if kind not in "biuf":
        raise InputError(
            f"must contain numbers, got values of type {array.dtype}",
            path=path,
            remedy="write the matrix as float32, or choose a layer of numbers",
        )
    if n_samples == 0:
        raise InputError("has no samples", path=path, remedy="choose a store with samples")


def _names(root: Any, axis: str, length: int, path: Path) -> Names:
    """Return the names of samples or features, checked against the size of the array."""
    from anndata.io import read_elem

    if hasattr(root, "shape") or axis not in root:
        return np.array([str(number) for number in range(length)], dtype=object)
    table = root[axis]
    if "_index" not in table.attrs:
        raise InputError(
            f"its {axis} was written by a version of AnnData before 0.7",
            path=path,
            remedy="read the file with anndata.read_h5ad and write it again",
        )
    index = read_elem(table[table.attrs["_index"]])
    if len(index) != length:
        raise InputError(
            f"its {axis} has {len(index):,} rows, but the matrix has {length:,}",
            path=path,
            remedy="write the AnnData again",
        )
    return np.array([str(name) for name in index], dtype=object)


def _columns(stored: Names, features: Sequence[str] | BoolArray, path: Path) -> IntArray:
    chosen = np.asarray(features)
    if chosen.dtype == np.bool_:
        if chosen.shape != stored.shape:
            raise InputError(
                f"the mask has {chosen.size:,} entries, but the store has {stored.size:,} features",
                path=path,
                remedy="give one entry for each feature",
            )
        return np.flatnonzero(chosen)
    places = _places(stored, path)
    unknown = [name for name in chosen.tolist() if name not in places]
    if unknown:
        raise InputError(
            f"has no feature {unknown[0]!r}; {len(unknown):,} of the requested features are "
            "missing",
            path=path,
            remedy="use the feature names of the store",
        )
    # In the order of the store, once each, whatever the order of the names.
    return np.unique(np.array([places[name] for name in chosen.tolist()], dtype=np.intp))
