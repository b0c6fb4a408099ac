"""What the tools take from an AnnData as dense arrays."""

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
    """Give log2(TPM + c) as a dense array of samples x features.

    Raises
    ------
    InputError
        No layer ``tpm``, or a pseudo-count that is not above 0: log2(0) is not a number.
    """
    if not pseudocount > 0:
        raise InputError(f"a pseudocount of {pseudocount} came, needed is one above 0")
    tpm = np.asarray(layer_of(expression, keys.TPM), dtype=np.float64)
    log_tpm: FloatArray = np.log2(tpm + pseudocount)
    return log_tpm


def bootstraps_of(expression: AnnData, sample: str) -> FloatArray | None:
    """Give a sample's bootstraps as TPM, bootstraps x features; ``None`` where there are none."""
    stored = noted(expression).get(keys.BOOTSTRAPS, {})
    if sample not in stored or keys.LENGTH not in expression.layers:
        return None
    counts = np.asarray(stored[sample], dtype=np.float64)
    row = expression.obs_names.get_loc(sample)
    length = np.asarray(layer_of(expression, keys.LENGTH), dtype=np.float64)[row]
    rate = counts / np.where(length > 0, length, np.inf)
    # The sample's own sum: of genes it lacks the transcripts that have none.
    total = np.asarray(layer_of(expression, keys.TPM), dtype=np.float64)[row].sum()
    tpm: FloatArray = rate / rate.sum(axis=1, keepdims=True) * total
    return tpm
