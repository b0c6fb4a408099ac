"""Layers of an AnnData as dense arrays."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from lotwise import keys
from lotwise.errors import InputError
from lotwise.expression.noted import noted
from lotwise.metrics.moments import FloatArray
from lotwise.tl.pairs import layer_of

if TYPE_CHECKING:
    from anndata import AnnData


def log_tpm_of(expression: AnnData, pseudocount: float = 1.0) -> FloatArray:
    """Return log2(TPM + c) as a dense array of samples x features.

    Raises
    ------
    InputError
        No layer ``tpm``, or a pseudo-count that is not > 0: log2(0) is not defined.
    """
    if not pseudocount > 0:
        raise InputError(f"pseudocount must be > 0, got {pseudocount}")
    tpm = np.asarray(layer_of(expression, keys.TPM), dtype=np.float64)
    log_tpm: FloatArray = np.log2(tpm + pseudocount)
    return log_tpm


def stored_bootstraps(expression: AnnData) -> Mapping[str, npt.NDArray[np.float32]]:
    """Return the estimated counts of each sample's bootstraps, bootstraps x features.

    Raises
    ------
    InputError
        The number of features of the bootstraps differs from that of the AnnData.
    """
    stored: Mapping[str, npt.NDArray[np.float32]] = noted(expression).get(keys.BOOTSTRAPS, {})
    for sample, counts in stored.items():
        if np.shape(counts)[1] != expression.n_vars:
            raise InputError(
                f"the bootstraps of sample {sample!r} cover {np.shape(counts)[1]:,} features, but "
                f"the AnnData has {expression.n_vars:,}",
                remedy="call this function before you select features",
            )
    return stored


def bootstraps_of(expression: AnnData, sample: str) -> FloatArray | None:
    """Return a sample's bootstraps as TPM, bootstraps x features; ``None`` where it has none."""
    stored = stored_bootstraps(expression)
    if sample not in stored or keys.LENGTH not in expression.layers:
        return None
    counts = np.asarray(stored[sample], dtype=np.float64)
    row = expression.obs_names.get_loc(sample)
    length = np.asarray(layer_of(expression, keys.LENGTH), dtype=np.float64)[row]
    rate = counts / np.where(length > 0, length, np.inf)
    # Scale to the sample's own sum, since genes it does not contain have no transcripts.
    total = np.asarray(layer_of(expression, keys.TPM), dtype=np.float64)[row].sum()
    tpm: FloatArray = rate / rate.sum(axis=1, keepdims=True) * total
    return tpm
