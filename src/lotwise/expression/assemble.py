"""AnnData of the samples at one level."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import polars as pl
from anndata import AnnData

from lotwise import keys
from lotwise.expression.levels import LevelArrays
from lotwise.samples import Sample


def assemble(samples: Sequence[Sample], arrays: LevelArrays) -> AnnData:
    """Return the AnnData described at :func:`lotwise.read_quant`."""
    obs = _describe(samples)
    for name, values in arrays.obs.items():
        obs[name] = values
    index: pd.Index[Any] = pd.Index(_objects(arrays.features))
    assembled = AnnData(
        X=arrays.log_tpm,
        obs=obs,
        var=pd.DataFrame({name: _objects(told) for name, told in arrays.var.items()}, index=index),
        layers=arrays.layers,
        uns={keys.LOTWISE: {keys.LEVEL: arrays.level}},
    )
    if arrays.bootstraps:
        assembled.uns[keys.LOTWISE][keys.BOOTSTRAPS] = dict(arrays.bootstraps)
    if arrays.halves:
        assembled.uns[keys.LOTWISE][keys.HALVES] = dict(arrays.halves)
    if arrays.invalid:
        assembled.uns[keys.LOTWISE][keys.INVALID] = pd.DataFrame(arrays.invalid, dtype=object)
    if arrays.sums_not_checked is not None:
        assembled.uns[keys.LOTWISE][keys.SUMS_NOT_CHECKED] = arrays.sums_not_checked
    return assembled


def _describe(samples: Sequence[Sample]) -> pd.DataFrame:
    """Return the columns of the sample sheet, one row per sample."""
    columns = {
        keys.SAMPLE: [sample.sample for sample in samples],
        keys.BATCH: pd.Categorical([sample.batch for sample in samples]),
    }
    for name in (keys.REPLICATE, keys.DONOR, keys.CONDITION):
        values = [getattr(sample, name) for sample in samples]
        if any(values):
            columns[name] = values
    for name in dict.fromkeys(key for sample in samples for key in sample.annotations):
        columns[name] = [sample.annotations.get(name, "") for sample in samples]
    return pd.DataFrame(
        columns, index=pd.Index([sample.sample for sample in samples], dtype=object)
    )


def _objects(names: pl.Series) -> npt.NDArray[np.object_]:
    """Return text in pandas' form; from a list, pandas would inspect every item."""
    return np.array(names.to_list(), dtype=object)
