"""The stored expression, compared with the repeated one."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from lotwise.keys import Level
from lotwise.tree import ResultTree

if TYPE_CHECKING:
    from anndata import AnnData


def find_stored_differences(root: Path, repeated: Path, levels: Iterable[Level]) -> list[str]:
    """Compare the arrays of each ``.h5ad`` with the repetition; return a line for each difference.

    Equal data may have different bytes in HDF5, so names and layers are compared by value. A
    missing file is found by its recorded checksum.
    """
    differences = []
    for level in levels:
        place = ResultTree(root).h5ad(level)
        if place.is_file():
            name = place.relative_to(root).as_posix()
            differences += [
                f"{name}: {fault}" for fault in _compare(place, ResultTree(repeated).h5ad(level))
            ]
    return differences


def _compare(present: Path, repeated: Path) -> list[str]:
    import anndata

    try:
        here = anndata.read_h5ad(present)
    except (OSError, KeyError, ValueError, TypeError) as error:
        return [f"cannot be read ({type(error).__name__})"]
    came = anndata.read_h5ad(repeated)
    for axis in ("obs_names", "var_names"):
        if list(getattr(here, axis)) != list(getattr(came, axis)):
            what = "samples" if axis == "obs_names" else "features"
            return [f"its {what} differ from the repetition"]
    return [fault for name in came.layers for fault in _compare_layer(here, came, name)] + (
        [] if np.array_equal(here.X, came.X, equal_nan=True) else ["X differs from the repetition"]
    )


def _compare_layer(here: AnnData, came: AnnData, name: str) -> list[str]:
    if name not in here.layers:
        return [f"layer {name!r} is missing"]
    one, other = np.asarray(here.layers[name]), np.asarray(came.layers[name])
    unequal = ~((one == other) | (np.isnan(one) & np.isnan(other)))
    if not unequal.any():
        return []
    sample, feature = (int(place[0]) for place in np.nonzero(unequal))
    where = f"{here.obs_names[sample]}, {here.var_names[feature]}"
    values = f"{one[sample, feature]!s} stored, {other[sample, feature]!s} repeated"
    return [f"layer {name!r}: {unequal.sum():,} values differ; {where}: {values}"]
