"""An id of the values of a level, by which results know from which expression they are."""

from __future__ import annotations

import hashlib
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from lotwise import keys
from lotwise.expression.declared import UNREADABLE
from lotwise.expression.labels import labels_of
from lotwise.keys import LEVELS, Level
from lotwise.tree import ResultTree

if TYPE_CHECKING:
    from anndata import AnnData

ATTRIBUTE: Final = "lotwise_identity"
"""Attribute of an ``.h5ad`` file of lotwise that holds the id."""
_LABELS: Final = (keys.BATCH, keys.CONDITION, keys.DONOR, keys.PHASE)
_VALUES: Final = (keys.TPM, keys.COUNTS, keys.LENGTH)


def identify(expression: AnnData) -> str:
    """Return an id of names, labels and values; results of other expression have another id.

    Results and columns that lotwise does not use (comments) do not change it.

    Examples
    --------
    >>> import lotwise
    >>> gene = lotwise.datasets.three_batches().gene
    >>> known = identify(gene)
    >>> lotwise.tl.correlate(gene)
    >>> identify(gene) == known
    True
    >>> gene.layers["counts"][0, 0] += 1
    >>> identify(gene) == known
    False
    """
    made = hashlib.sha256()
    for names in (
        expression.obs_names,
        expression.var_names,
        *(labels_of(expression, name) for name in _LABELS if name in expression.obs),
    ):
        made.update("\n".join(map(str, names)).encode())
    for name in _VALUES:
        if name in expression.layers:
            layer = expression.layers[name]
            dense = layer if isinstance(layer, np.ndarray) else layer.toarray()
            made.update(name.encode())
            made.update(np.ascontiguousarray(dense, dtype=np.float32).data)
    return made.hexdigest()


def read_identities(root: Path) -> dict[Level, str]:
    """Return the id of each level in a folder of results, as its ``.h5ad`` file states it.

    A level without an id is left out: another program or an older version wrote the file.

    Examples
    --------
    >>> from tempfile import mkdtemp
    >>> read_identities(Path(mkdtemp()))
    {}
    """
    import h5py

    found: dict[Level, str] = {}
    for level in LEVELS:
        path = ResultTree(root).h5ad(level)
        if path.is_file():
            with suppress(*UNREADABLE), h5py.File(path) as file:
                found[level] = str(file.attrs[ATTRIBUTE])
    return found
