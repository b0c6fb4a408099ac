"""Results computed by scanpy, under scanpy's own keys, for use by its plotting functions.

scanpy takes over a second to import and is imported only here, when a function is called.
"""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from lotwise import keys
from lotwise.metrics.moments import FloatArray

if TYPE_CHECKING:
    from anndata import AnnData

_MOST_COMPONENTS: Final = 50  # as many as scanpy computes by default
_DETECTED: Final = "detected"
_TOP: Final = 50


def store_pca(
    expression: AnnData, log_tpm: FloatArray, *, detected: np.ndarray, scores: FloatArray
) -> None:
    """Run ``scanpy.pp.pca`` on the detected features and keep its results.

    Signs are chosen as in ``scores``: in each component, the score with the largest absolute value
    is positive. If there are too few samples or features for a component, the AnnData is not
    changed.
    """
    n_components = min(_MOST_COMPONENTS, min(len(log_tpm), int(detected.sum())) - 1)
    if n_components < 1 or np.isnan(scores).any():
        return
    made = _bare(expression, log_tpm)
    made.var[_DETECTED] = detected
    with warnings.catch_warnings(action="ignore"):
        import scanpy as sc

        sc.pp.pca(made, n_comps=n_components, mask_var=_DETECTED, dtype="float64")
    found = made.obsm[keys.X_PCA]
    signs = np.ones(n_components)
    # Other components than the first two have the same rule.
    largest = found[np.abs(found).argmax(axis=0), np.arange(n_components)]
    signs[largest < 0] = -1.0
    n_known = min(scores.shape[1], n_components)
    opposite = (found[:, :n_known] * scores[:, :n_known]).sum(axis=0) < 0
    signs[:n_known] = np.where(opposite, -1.0, 1.0)
    expression.obsm[keys.X_PCA] = found * signs
    expression.varm[keys.PCS] = made.varm[keys.PCS] * signs
    expression.uns[keys.UNS_PCA] = dict(made.uns[keys.UNS_PCA])


def store_dendrogram(expression: AnnData, log_tpm: FloatArray) -> None:
    """Run ``scanpy.tl.dendrogram`` on the samples: average linkage on 1 - R over all features."""
    made = _bare(expression, log_tpm)
    made.obs[keys.SAMPLE] = pd.Categorical(made.obs_names, categories=list(made.obs_names))
    with warnings.catch_warnings(action="ignore"):
        import scanpy as sc

        sc.tl.dendrogram(
            made, keys.SAMPLE, n_pcs=0, use_rep="X", linkage_method="average",
            optimal_ordering=True, key_added=keys.DENDROGRAM,
        )  # fmt: skip
    expression.uns[keys.DENDROGRAM] = dict(made.uns[keys.DENDROGRAM])


def store_qc(expression: AnnData, counts: list[FloatArray | None]) -> None:
    """Run ``scanpy.pp.calculate_qc_metrics`` on the counts; NaN for samples without counts."""
    if all(sample is None for sample in counts):
        return
    zeros = np.zeros(expression.n_vars)
    made = _bare(expression, np.array([zeros if one is None else one for one in counts]))
    top = (_TOP,) if expression.n_vars >= _TOP else None
    with warnings.catch_warnings(action="ignore"):
        import scanpy as sc

        found, _ = sc.pp.calculate_qc_metrics(made, percent_top=top, log1p=False, inplace=False)
    without = np.array([sample is None for sample in counts])
    for name in (keys.TOTAL_COUNTS, keys.PERCENT_TOP):
        # Reading counted already; another order of adding would change the last digit.
        if name in found and name not in expression.obs:
            expression.obs[name] = np.where(without, np.nan, found[name].astype(np.float64))


def _bare(expression: AnnData, values: FloatArray) -> AnnData:
    from anndata import AnnData

    return AnnData(
        values,
        obs=pd.DataFrame(index=expression.obs_names.astype(str)),
        var=pd.DataFrame(index=expression.var_names.astype(str)),
    )
