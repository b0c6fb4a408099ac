"""Preprocessing: functions that take an AnnData of samples and return another one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from lotwise import keys
from lotwise.expression.labels import name_groups, replicate_groups
from lotwise.expression.layers import layer_of, tpm_of
from lotwise.expression.noted import noted

if TYPE_CHECKING:
    from anndata import AnnData


def average_replicates(expression: AnnData) -> AnnData:
    """Average the replicates of each batch and condition, on the TPM scale.

    Parameters
    ----------
    expression
        Samples x features with the layer ``tpm`` and the obs columns ``batch`` and, if there are
        several, ``condition``.

    Returns
    -------
    AnnData of batches x features. Batches are in the order in which they first occur. A row has the
    name of its batch, with the condition if a batch has several conditions. TPM, FPKM and lengths
    are means, counts are sums, and ``X`` is log2(TPM + 1) of the mean TPM. ``obs["n_samples"]`` is
    the number of samples averaged. A value of a batch is NaN only if the value of one of its
    samples is NaN.

    Raises
    ------
    InputError
        There is no obs column ``batch``, a sample has no batch, or there is no layer ``tpm``, or
        a TPM is negative, infinite or NaN.

    Examples
    --------
    >>> import lotwise
    >>> gene = lotwise.datasets.three_batches().gene
    >>> lotwise.pp.average_replicates(gene).obs["n_samples"].tolist()
    [1, 1, 1]
    """
    from anndata import AnnData

    groups = replicate_groups(expression)
    members = list(groups.values())
    n_samples = np.array([len(rows) for rows in members])
    dense_layers = {keys.TPM: tpm_of(expression)}
    dense_layers |= {
        name: layer_of(expression, name)
        for name in (keys.COUNTS, keys.LENGTH, keys.FPKM)
        if name in expression.layers
    }
    layers = {}
    for name, dense in dense_layers.items():
        # Not a product with 0 and 1, because 0 times the NaN of a sample without counts is
        # NaN and would spread to every batch.
        sums = np.stack([dense[rows].sum(axis=0, dtype=np.float64) for rows in members])
        layers[name] = sums if name == keys.COUNTS else sums / n_samples[:, None]
    names = name_groups(groups)
    obs = pd.DataFrame(
        {
            keys.SAMPLE: names,
            keys.BATCH: pd.Categorical([batch for batch, _ in groups]),
            keys.N_SAMPLES: n_samples,
        },
        index=pd.Index(names, dtype=object),
    )
    if keys.CONDITION in expression.obs:
        obs[keys.CONDITION] = [condition for _, condition in groups]
    told = noted(expression)
    uns = {keys.LOTWISE: {keys.LEVEL: told.get(keys.LEVEL, "gene")}}
    if keys.UNIT in told:
        uns[keys.LOTWISE][keys.UNIT] = told[keys.UNIT]
    return AnnData(
        X=np.log2(layers[keys.TPM] + 1.0),
        obs=obs,
        var=expression.var.copy(),
        layers=layers,
        uns=uns,
    )
