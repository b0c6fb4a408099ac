"""Layers of an AnnData as dense arrays."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

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


def bootstraps_of(expression: AnnData, sample: str) -> FloatArray | None:
    """Return a sample's bootstraps as TPM, bootstraps x features; ``None`` where it has none."""
    stored = noted(expression).get(keys.BOOTSTRAPS, {})
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
