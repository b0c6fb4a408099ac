"""The samples themselves: libraries that failed, outliers, signal between groups."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from lotwise import keys
from lotwise.evidence import LibraryRecord, SignalRecord
from lotwise.expression.labels import batches_of, groups_of
from lotwise.metrics.correlation import pearson_matrix
from lotwise.metrics.feature_sets import THRESHOLD
from lotwise.metrics.outliers import (
    OUTLIER_BELOW,
    library_summary,
    outlier_scores,
    shallow_libraries,
)
from lotwise.metrics.signal import signal_to_noise
from lotwise.records import to_frame
from lotwise.tl.agreement import counts_of
from lotwise.tl.limits import log_tpm_of
from lotwise.tl.pairs import layer_of, store

if TYPE_CHECKING:
    from anndata import AnnData


def libraries(
    expression: AnnData,
    *,
    threshold: float = THRESHOLD,
    shallow_below: float = 0.1,
    outlier_below: float = OUTLIER_BELOW,
    pseudocount: float = 1.0,
) -> None:
    """Sum up every library and flag those far shallower, or far less correlated, than the rest.

    To be read before any correlation.

    Parameters
    ----------
    expression
        Samples x features with the layer ``tpm``, and ``counts`` where there are any.
    threshold
        TPM from which a feature is detected.
    shallow_below
        Share of the other samples' median total counts below which a library is shallow.
    outlier_below
        Outlier score below which a sample is an outlier.
    pseudocount
        c of log2(TPM + c).

    Returns
    -------
    Nothing; the table ``libraries`` (:class:`~lotwise.evidence.LibraryRecord`).

    Raises
    ------
    InputError
        No layer ``tpm``, or a limit out of range.

    Examples
    --------
    >>> gene = getfixture("three_batches").gene
    >>> libraries(gene)
    >>> gene.uns["lotwise"]["libraries"]["shallow"].tolist()
    [False, False, False]
    """
    tpm = np.asarray(layer_of(expression, keys.TPM), dtype=np.float64)
    counts = counts_of(expression)
    summary = library_summary(tpm, counts=counts, threshold=threshold)
    r = pearson_matrix(log_tpm_of(expression, pseudocount))
    scores = outlier_scores(r, below=outlier_below)
    depth_reason = "there are no counts"
    shares = np.full(expression.n_obs, np.nan)
    shallow = np.zeros(expression.n_obs, dtype=bool)
    if counts is not None:
        depth = shallow_libraries(summary.total_counts, below=shallow_below)
        shares, shallow, depth_reason = depth
    batches = batches_of(expression)
    reason = "; ".join(part for part in (depth_reason, scores.reason) if part)
    rows = [
        LibraryRecord(
            sample=str(sample),
            batch=batches[row],
            total_counts=float(summary.total_counts[row]),
            share_of_median=float(shares[row]),
            shallow=bool(shallow[row]),
            n_detected=int(summary.n_detected[row]),
            share_of_highest=float(summary.share_of_highest[row]),
            tpm_sum=float(summary.tpm_sum[row]),
            outlier_score=float(scores.score[row]),
            outlier=bool(scores.flagged[row]),
            reason=reason,
        )
        for row, sample in enumerate(expression.obs_names)
    ]
    store(
        expression,
        LibraryRecord.table,
        to_frame(rows, LibraryRecord),
        {
            "threshold": threshold,
            "shallow_below": shallow_below,
            "outlier_below": outlier_below,
            "pseudocount": pseudocount,
        },
    )


def signal(
    expression: AnnData,
    *,
    grouping: str = keys.CONDITION,
    threshold: float = THRESHOLD,
    pseudocount: float = 1.0,
) -> None:
    """Compute Quartet's signal-to-noise ratio between groups of samples.

    Parameters
    ----------
    expression
        Samples x features with the layer ``tpm``.
    grouping
        The obs column that names the groups.
    threshold
        TPM that the mean of a group must reach for a feature to count as detected.
    pseudocount
        c of log2(TPM + c).

    Returns
    -------
    Nothing; the table ``signal`` (:class:`~lotwise.evidence.SignalRecord`) and, samples x 2, the
    components it rests on in ``obsm["X_lotwise_snr"]``.

    Raises
    ------
    InputError
        No layer ``tpm``, no such column, or a sample of no group.

    References
    ----------
    Yu et al. 2023, 10.1038/s41587-023-01867-9.

    Examples
    --------
    >>> gene = getfixture("three_batches").gene
    >>> signal(gene, grouping="batch")
    >>> gene.uns["lotwise"]["signal"]["reason"].tolist()
    ['group S1 has one sample, needed two or more']
    """
    tpm = np.asarray(layer_of(expression, keys.TPM), dtype=np.float64)
    groups = np.array(groups_of(expression, grouping))
    names = list(dict.fromkeys(groups))
    detected = np.zeros(expression.n_vars, dtype=bool)
    for name in names:
        detected |= tpm[groups == name].mean(axis=0) >= threshold
    found = signal_to_noise(log_tpm_of(expression, pseudocount)[:, detected], groups=groups)
    expression.obsm["X_lotwise_snr"] = found.scores
    row = SignalRecord(
        grouping=grouping,
        n_groups=len(names),
        n_features=found.n_features,
        snr_db=found.snr_db,
        reason=found.reason,
    )
    store(
        expression,
        SignalRecord.table,
        to_frame([row], SignalRecord),
        {"grouping": grouping, "threshold": threshold, "pseudocount": pseudocount},
    )
