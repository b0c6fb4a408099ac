"""Assembly of a result from its blocks: a matrix on disk, or a table."""

from __future__ import annotations

import logging
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from lotwise import keys
from lotwise.files.atomic import atomic_directory
from lotwise.files.records import columns
from lotwise.metrics.moments import BoolArray
from lotwise.outofcore.neighbours import NeighbourRecord, NeighbourTable
from lotwise.outofcore.tiles import Job

if TYPE_CHECKING:
    import pandas as pd
    from anndata import AnnData

_log = logging.getLogger(__name__)

NO_SPREAD: Final = "the sample is constant or has values that are not finite"


def _undefined(job: Job, which: str) -> BoolArray:
    moments = [np.load(job.work.moments(which, panel)) for panel in range(len(job.panels(which)))]
    undefined: BoolArray = np.isnan(np.concatenate(moments, axis=1)[1])
    return undefined


def write_matrix(job: Job, target: Path) -> None:
    """Write all blocks into one AnnData on disk; each block consists of whole chunks."""
    import anndata
    import zarr

    n_samples = job.reference.n_samples
    undefined = _undefined(job, "reference")
    panels = job.panels("reference")
    with atomic_directory(target) as temporary:
        # Every reader of AnnData on zarr understands format 2.
        group = zarr.open_group(temporary, mode="w", zarr_format=2)
        anndata.io.write_elem(group, "/", _without_matrix(job, undefined))
        matrix = group.create_array(
            f"obsp/{job.method}",
            shape=(n_samples, n_samples),
            chunks=(job.plan.chunk, job.plan.chunk),
            dtype="float32",
        )
        matrix.attrs.update({"encoding-type": "array", "encoding-version": "0.2.0"})
        for first, second in job.tiles():
            r = job.work.load_tile(first, second)["r"]
            if first == second:
                start, stop = panels[first]
                np.fill_diagonal(r, np.where(undefined[start:stop], np.nan, 1.0))
            rows, columns = slice(*panels[first]), slice(*panels[second])
            matrix[rows, columns] = r
            if first != second:
                matrix[columns, rows] = r.T
    _say_undefined(undefined)


def _without_matrix(job: Job, undefined: BoolArray) -> AnnData:
    import anndata
    import pandas as pd

    source = job.reference
    obs = pd.DataFrame(
        {"reason": np.where(undefined, NO_SPREAD, "")},
        index=pd.Index(source.samples, name=keys.SAMPLE),
    )
    settings = {
        "method": job.method,
        "pseudocount": float("nan") if source.pseudocount is None else source.pseudocount,
        "layer": source.layer or "X",
        "n_features": source.n_features,
    }
    kept = {keys.VERSION: version("lotwise"), keys.PARAMETERS: {"correlate_store": settings}}
    return anndata.AnnData(obs=obs, uns={keys.LOTWISE: kept})


def nearest_table(job: Job) -> pd.DataFrame:
    """Return the neighbours found in the blocks, one row each."""
    import pandas as pd

    found = _merged(job)
    index = np.concatenate([table.index for table in found])
    r = np.concatenate([table.r for table in found])
    # A sample without neighbours keeps one row with the reason.
    kept = index >= 0
    kept[:, 0] = True
    rows, places = np.nonzero(kept)
    none = index[rows, places] < 0
    undefined = _undefined(job, job.first)
    why = np.where(undefined, NO_SPREAD, "no sample of the store has a defined R")
    values: dict[str, Any] = {
        "sample": job.sources[job.first].samples[rows],
        "rank": np.where(none, 0, places + 1),
        "nearest": np.where(none, "", job.reference.samples[index[rows, places]]),
        "correlation": np.where(none, np.nan, r[rows, places]),
        "reason": np.where(none, why[rows], ""),
    }
    _say_undefined(undefined)
    return pd.DataFrame({name: values[name] for name in columns(NeighbourRecord)})


def _merged(job: Job) -> list[NeighbourTable]:
    panels = job.panels(job.first)
    tables = [NeighbourTable(stop - start, k=job.k) for start, stop in panels]
    for first, second in job.tiles():
        found = job.work.load_tile(first, second)
        for prefix, panel in (("first", first), ("second", second)):
            if f"{prefix}_r" in found:
                tables[panel].merge(
                    *(found[f"{prefix}_{name}"] for name in ("rows", "columns", "r"))
                )
    return tables


def _say_undefined(undefined: BoolArray) -> None:
    if undefined.any():
        _log.warning("%d samples have no R: %s", np.count_nonzero(undefined), NO_SPREAD)
