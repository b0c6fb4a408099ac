"""Preprocessing: an AnnData of samples in, another one out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from lotwise import keys
from lotwise.errors import InputError
from lotwise.expression.labels import batches_of

if TYPE_CHECKING:
    from anndata import AnnData


def average_replicates(expression: AnnData) -> AnnData:
    """Average the samples of each batch, on the TPM scale.

    Parameters
    ----------
    expression
        Samples x features with the layer ``tpm`` and the obs column ``batch``.

    Returns
    -------
    AnnData of batches x features in the order in which the batches first occur:
    TPM, FPKM and lengths are means, counts are sums, ``X`` is log2(TPM + 1) of the
    mean TPM, ``obs["n_samples"]`` says how many samples a batch has. A layer is NaN for a batch
    where it is NaN for one of its samples, and for no other.

    Raises
    ------
    InputError
        There is no obs column ``batch``, a sample has none, or there is no layer ``tpm``.

    Examples
    --------
    >>> gene = getfixture("three_batches").gene
    >>> average_replicates(gene).obs["n_samples"].tolist()
    [1, 1, 1]
    """
    from anndata import AnnData

    codes, batches = pd.factorize(np.array(batches_of(expression), dtype=object))
    if keys.TPM not in expression.layers:
        raise InputError(
            f"the AnnData has no layer {keys.TPM!r}",
            remedy="make it by lotwise.read_quant, or put TPM into layers['tpm']",
        )
    n_samples = np.bincount(codes)
    members = [np.flatnonzero(codes == code) for code in range(len(batches))]
    layers = {}
    for name in (keys.TPM, keys.COUNTS, keys.LENGTH, keys.FPKM):
        if name in expression.layers:
            layer = expression.layers[name]
            dense = layer.toarray() if hasattr(layer, "toarray") else np.asarray(layer)
            # Not a product with 0 and 1: 0 times the NaN of a sample without counts is NaN, and
            # would take those of every batch.
            sums = np.stack([dense[rows].sum(axis=0, dtype=np.float64) for rows in members])
            layers[name] = sums if name == keys.COUNTS else sums / n_samples[:, None]
    obs = pd.DataFrame(
        {
            keys.SAMPLE: list(batches),
            keys.BATCH: pd.Categorical(batches),
            keys.N_SAMPLES: n_samples,
        },
        index=pd.Index(batches, dtype=object),
    )
    uns = {keys.LOTWISE: {keys.LEVEL: expression.uns.get(keys.LOTWISE, {}).get(keys.LEVEL, "gene")}}
    return AnnData(
        X=np.log2(layers[keys.TPM] + 1.0),
        obs=obs,
        var=expression.var.copy(),
        layers=layers,
        uns=uns,
    )
