"""Principal components of samples, and their clustering by R."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from lotwise import keys
from lotwise.evidence.components import ComponentRecord, MergeRecord
from lotwise.expression.labels import batches_of, conditions_of
from lotwise.expression.layers import log_tpm_of, tpm_of
from lotwise.files.tables import to_frame
from lotwise.metrics.components import cluster_by_r, principal_components
from lotwise.metrics.correlation import pearson_matrix
from lotwise.metrics.feature_sets import THRESHOLD
from lotwise.tl.pairs import store
from lotwise.tl.scanpy_results import store_dendrogram, store_pca

if TYPE_CHECKING:
    from anndata import AnnData


def components(
    expression: AnnData,
    *,
    threshold: float = THRESHOLD,
    pseudocount: float = 1.0,
    with_scanpy: bool = True,
) -> None:
    """Compute the first two principal components of the samples, and cluster them by 1 - R.

    Components are computed from log2(TPM + c) of features detected in any sample, centred and not
    scaled, as in ``scanpy.pp.pca``. The clustering uses R over all features.

    Parameters
    ----------
    expression
        Samples x features with the layer ``tpm``.
    threshold
        Smallest TPM of a detected feature.
    pseudocount
        c of log2(TPM + c).
    with_scanpy
        Also run scanpy, and store its results in scanpy's keys.

    Returns
    -------
    Nothing; the results are the tables ``components``
    (:class:`~lotwise.evidence.components.ComponentRecord`) and ``clustering``
    (:class:`~lotwise.evidence.components.MergeRecord`). If scanpy is run, the same results are in
    scanpy's keys: ``obsm["X_pca"]``, ``varm["PCs"]`` and ``uns["pca"]`` (``scanpy.pp.pca``), and
    ``uns["dendrogram_sample"]`` (``scanpy.tl.dendrogram``). Earlier contents of these keys are
    replaced. Afterwards, ``scanpy.pl.pca(gene, color="batch")`` and
    ``scanpy.pl.dendrogram(gene, "sample")`` can be called directly.

    Raises
    ------
    InputError
        No layer ``tpm``.

    Examples
    --------
    >>> import lotwise
    >>> gene = lotwise.datasets.three_batches().gene
    >>> lotwise.tl.components(gene)
    >>> gene.obsm["X_pca"].shape, gene.uns["pca"]["variance_ratio"].round(3).tolist()
    ((3, 2), [0.655, 0.345])
    """
    tpm = tpm_of(expression)
    log_tpm = log_tpm_of(expression, pseudocount)
    detected = np.asarray((tpm >= threshold).any(axis=0))
    found = principal_components(log_tpm[:, detected])
    expression.obsm[keys.PCA] = found.scores
    tree = cluster_by_r(pearson_matrix(log_tpm))
    if with_scanpy:
        store_pca(expression, log_tpm, detected=detected, scores=found.scores)
    if with_scanpy and not tree.reason:
        store_dendrogram(expression, log_tpm)
    batches, conditions = batches_of(expression), conditions_of(expression)
    names = expression.obs_names.to_list()
    rows = [
        ComponentRecord(
            sample=str(name),
            batch=batches[row],
            condition=conditions[row],
            pc1=float(found.scores[row, 0]),
            pc2=float(found.scores[row, 1]),
            variance_share_1=float(found.shares[0]),
            variance_share_2=float(found.shares[1]),
            n_features=found.n_features,
            reason=found.reason,
        )
        for row, name in enumerate(names)
    ]
    parameters = {"threshold": threshold, "pseudocount": pseudocount}
    store(expression, ComponentRecord.table, to_frame(rows, ComponentRecord), parameters)
    merges = [
        MergeRecord(
            left=_node(int(left), names),
            right=_node(int(right), names),
            height=float(height),
            n_samples=int(size),
            reason="",
        )
        for left, right, height, size in tree.merges
    ] or [MergeRecord(left="*", right="*", height=float("nan"), n_samples=0, reason=tree.reason)]
    store(expression, MergeRecord.table, to_frame(merges, MergeRecord), parameters)


def _node(number: int, names: list[str]) -> str:
    """Return the name of a sample, or of the merge that made a cluster (1 is the first row)."""
    return names[number] if number < len(names) else f"#{number - len(names) + 1}"
