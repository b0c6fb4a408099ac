"""The bootstraps of salmon, stored beside ``quant.sf`` in ``aux_info/bootstrap``."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl

from lotwise.errors import InputError
from lotwise.expression.packed import read_bytes


def read_salmon_bootstraps(quant: Path, features: pl.Series) -> npt.NDArray[np.float32] | None:
    r"""Read the bootstraps of one sample.

    salmon's manual describes ``aux_info/bootstrap``: ``names.tsv.gz`` contains the transcripts in
    one row, ``bootstraps.gz`` their estimated counts as doubles, one bootstrap after another.

    Parameters
    ----------
    quant
        The sample's ``quant.sf``.
    features
        Its transcripts.

    Returns
    -------
    Estimated counts, shape ``(n_bootstraps, n_features)``, in the order of ``features``;
    None if salmon made none.

    Raises
    ------
    InputError
        The files are damaged, or belong to other transcripts than ``quant.sf``.

    Examples
    --------
    >>> import gzip
    >>> from pathlib import Path
    >>> from tempfile import mkdtemp
    >>> folder = Path(mkdtemp()) / "aux_info" / "bootstrap"
    >>> folder.mkdir(parents=True)
    >>> names, counts = b"t1\tt2\n", np.array([[3.0, 1.0], [2.0, 2.0]])
    >>> _ = (folder / "names.tsv.gz").write_bytes(gzip.compress(names))
    >>> _ = (folder / "bootstraps.gz").write_bytes(gzip.compress(counts.tobytes()))
    >>> quant = folder.parents[1] / "quant.sf"
    >>> read_salmon_bootstraps(quant, pl.Series(["t2", "t1"])).tolist()
    [[1.0, 3.0], [2.0, 2.0]]
    """
    folder = quant.parent / "aux_info" / "bootstrap"
    counts, listed = folder / "bootstraps.gz", folder / "names.tsv.gz"
    if not counts.exists():
        return None
    raw, names = read_bytes(counts), read_bytes(listed).decode("utf-8").split()
    places = {name: place for place, name in enumerate(names)}
    if len(places) != len(features) or not all(name in places for name in features):
        raise InputError(
            f"has {len(places):,} transcripts, but {quant.name} has {len(features):,} transcripts",
            path=listed,
            remedy="use the unchanged directory that salmon wrote",
        )
    n_bytes = len(names) * np.dtype("<f8").itemsize
    if len(raw) % n_bytes:
        raise InputError(
            f"has {len(raw):,} bytes, but the size must be a multiple of {n_bytes:,}",
            path=counts,
            remedy="run salmon quant again",
        )
    drawn = np.frombuffer(raw, dtype="<f8").reshape(-1, len(names))
    return drawn[:, [places[name] for name in features]].astype(np.float32)
