"""Batches against each other: each against the rest."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from lotwise import keys, pp
from lotwise.evidence.batches import BatchRecord
from lotwise.files.tables import to_frame
from lotwise.metrics.batches import leave_one_out, rank_p, reference_interval
from lotwise.metrics.correlation import pearson_matrix
from lotwise.tl.layers import log_tpm_of
from lotwise.tl.pairs import store

if TYPE_CHECKING:
    from anndata import AnnData

NAN = float("nan")


def batches(expression: AnnData, *, level: float = 0.95, pseudocount: float = 1.0) -> None:
    """Hold every batch against the others, itself left out of their reference.

    Replicates are averaged within their batch on the TPM scale. For each batch the median R to
    the others, the prediction and tolerance limits that the other batches set, and the p
    of its rank among all, with the smallest p that so few batches can give. Each batch is held
    against limits of its own: of many sound batches some lie outside theirs.

    Parameters
    ----------
    expression
        Samples x features with the layer ``tpm``.
    level
        Coverage of the intervals.
    pseudocount
        c of log2(TPM + c).

    Returns
    -------
    Nothing; the table ``batches`` (:class:`~lotwise.evidence.batches.BatchRecord`). With two
    batches or three there are no limits: the others are then one, or share the R between them.

    Raises
    ------
    InputError
        No layer ``tpm``, or a level out of range.

    Examples
    --------
    >>> gene = getfixture("three_batches").gene
    >>> batches(gene)
    >>> gene.uns["lotwise"]["batches"]["smallest_p"].round(3).tolist()
    [0.333, 0.333, 0.333]
    """
    averaged = pp.average_replicates(expression)
    names = averaged.obs_names.to_list()
    r = pearson_matrix(log_tpm_of(averaged, pseudocount))
    medians = leave_one_out(r, batches=names)
    within = _within(expression, pseudocount)
    rows = []
    for i, name in enumerate(names):
        # Limits from the other batches alone; the rank is among all.
        others = np.delete(np.arange(len(names)), i)
        limits, rank = (
            reference_interval(r[np.ix_(others, others)], level=level),
            rank_p(r, batch=i),
        )
        reasons = (medians.reasons[i], limits.reason)
        rows.append(
            BatchRecord(
                batch=name,
                n_samples=int(averaged.obs[keys.N_SAMPLES].iloc[i]),
                median_to_others=float(medians.median_to_others[i]),
                within=within[name],
                prediction_lower=limits.prediction_lower,
                prediction_upper=limits.prediction_upper,
                tolerance_lower=limits.tolerance_lower,
                tolerance_upper=limits.tolerance_upper,
                rank_p=rank.p,
                smallest_p=rank.smallest_possible,
                words="; ".join(dict.fromkeys(part for part in (limits.words, rank.words) if part)),
                reason="; ".join(reason for reason in reasons if reason),
            )
        )
    store(
        expression,
        BatchRecord.table,
        to_frame(rows, BatchRecord),
        {"level": level, "pseudocount": pseudocount},
    )


def _within(expression: AnnData, pseudocount: float) -> dict[str, float]:
    log_tpm = log_tpm_of(expression, pseudocount)
    of_sample = expression.obs[keys.BATCH].astype(str).to_numpy()
    found = {}
    for name in dict.fromkeys(of_sample):
        replicates = log_tpm[of_sample == name]
        pairs = np.triu_indices(replicates.shape[0], k=1)
        found[name] = float(np.median(pearson_matrix(replicates)[pairs])) if pairs[0].size else NAN
    return found
