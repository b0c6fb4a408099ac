"""Batches against each other: each against the rest, and gene by gene against a margin."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from lotwise import keys, pp
from lotwise.errors import InputError
from lotwise.evidence import BatchRecord, EquivalenceRecord
from lotwise.metrics.batches import (
    RankP,
    ReferenceInterval,
    leave_one_out,
    rank_p,
    reference_interval,
)
from lotwise.metrics.correlation import pearson_matrix
from lotwise.metrics.equivalence import INCONCLUSIVE, Equivalence
from lotwise.metrics.equivalence import equivalence as test_equivalence
from lotwise.metrics.moments import FloatArray
from lotwise.records import columns, to_frame
from lotwise.tl.limits import log_tpm_of
from lotwise.tl.pairs import evenly, store

if TYPE_CHECKING:
    from anndata import AnnData

NAN = float("nan")
# Rows that a table of every feature and pair of batches may have.
MOST_ROWS = 2_000_000


def batches(expression: AnnData, *, level: float = 0.95, pseudocount: float = 1.0) -> None:
    """Hold every batch against the others, itself left out of their reference.

    Replicates are averaged within their batch on the TPM scale. For each batch the median R to
    the others, the prediction and tolerance limits that the other batches set, and the p
    of its rank among them, with the smallest p that so few batches can give.

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
    Nothing; the table ``batches`` (:class:`~lotwise.evidence.BatchRecord`). With two
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
        limits, rank = _against_others(r, i, level=level)
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


def equivalence(
    expression: AnnData, *, margin: float = 1.0, alpha: float = 0.05, pseudocount: float = 1.0
) -> None:
    """Test every feature of every two batches for equivalence within a margin.

    Parameters
    ----------
    expression
        Samples x features with the layer ``tpm``; batches with two samples or more.
    margin
        Largest difference of log2(TPM + c) that does not matter.
    alpha
        Rate of false calls among those called.
    pseudocount
        c of log2(TPM + c).

    Returns
    -------
    Nothing; the table ``equivalence`` (:class:`~lotwise.evidence.EquivalenceRecord`). Batches with
    one sample are inconclusive throughout, in one row with feature ``*``. So is a pair of batches
    that was not tested because the table would pass 2 million rows: those that are tested then
    stand at even steps along the order of R between batches.

    Raises
    ------
    InputError
        No layer ``tpm``, or a number out of range.

    Examples
    --------
    >>> gene = getfixture("three_batches").gene
    >>> equivalence(gene)
    >>> gene.uns["lotwise"]["equivalence"][["outcome", "reason"]].values[0].tolist()
    ['inconclusive', 'a batch with one replicate']
    """
    if not margin > 0 or not 0 < alpha < 1:
        raise InputError(f"margin {margin} and alpha {alpha} came; needed above 0, and in (0, 1)")
    log_tpm = log_tpm_of(expression, pseudocount)
    of_sample = expression.obs[keys.BATCH].astype(str).to_numpy()
    features = [str(name) for name in expression.var_names]
    left_out = _left_out(expression, pseudocount)
    tables = [to_frame([], EquivalenceRecord)]
    for a, b in combinations(dict.fromkeys(of_sample), 2):
        x, y = log_tpm[of_sample == a], log_tpm[of_sample == b]
        if min(x.shape[0], y.shape[0]) < 2:
            tables.append(_untested(a, b, "a batch with one replicate"))
        elif (a, b) in left_out:
            tables.append(_untested(a, b, "not tested: too many pairs of batches"))
        else:
            found = test_equivalence(x, y, margin=margin, alpha=alpha)
            tables.append(_tested(a, b, features, found))
    store(
        expression,
        EquivalenceRecord.table,
        pd.concat(tables[1:] or tables, ignore_index=True),
        {"margin": margin, "alpha": alpha, "pseudocount": pseudocount},
    )


def _left_out(expression: AnnData, pseudocount: float) -> set[tuple[str, str]]:
    """Name the pairs of batches with replicates that the table has no room for."""
    averaged = pp.average_replicates(expression)
    names = averaged.obs_names.to_list()
    replicated = np.flatnonzero(averaged.obs[keys.N_SAMPLES].to_numpy() >= 2)
    pairs = list(combinations(replicated.tolist(), 2))
    room = max(2, MOST_ROWS // max(expression.n_vars, 1))
    if len(pairs) <= room:
        return set()
    r = pearson_matrix(log_tpm_of(averaged, pseudocount))
    tested = set(evenly(np.array([r[pair] for pair in pairs]), room).tolist())
    return {(names[a], names[b]) for i, (a, b) in enumerate(pairs) if i not in tested}


def _untested(batch_a: str, batch_b: str, reason: str) -> pd.DataFrame:
    row = EquivalenceRecord(
        batch_a=batch_a,
        batch_b=batch_b,
        feature="*",
        difference=NAN,
        p_equivalent=NAN,
        p_different=NAN,
        outcome=INCONCLUSIVE,
        reason=reason,
    )
    return to_frame([row], EquivalenceRecord)


def _tested(batch_a: str, batch_b: str, features: list[str], found: Equivalence) -> pd.DataFrame:
    """Columns at once: a record a feature would cost more than the tests."""
    flat = np.isnan(found.p_equivalent)
    values = {
        "batch_a": batch_a,
        "batch_b": batch_b,
        "feature": features,
        "difference": found.difference,
        "p_equivalent": found.p_equivalent_adjusted,
        "p_different": found.p_different_adjusted,
        "outcome": found.outcome.astype(object),
        "reason": np.where(flat, "does not vary", "").astype(object),
    }
    return pd.DataFrame({name: values[name] for name in columns(EquivalenceRecord)})


def _within(expression: AnnData, pseudocount: float) -> dict[str, float]:
    log_tpm = log_tpm_of(expression, pseudocount)
    of_sample = expression.obs[keys.BATCH].astype(str).to_numpy()
    found = {}
    for name in dict.fromkeys(of_sample):
        replicates = log_tpm[of_sample == name]
        pairs = np.triu_indices(replicates.shape[0], k=1)
        found[name] = float(np.median(pearson_matrix(replicates)[pairs])) if pairs[0].size else NAN
    return found


def _against_others(r: FloatArray, i: int, *, level: float) -> tuple[ReferenceInterval, RankP]:
    """Limits and rank from the other batches alone, their medians taken among themselves."""
    others = np.delete(np.arange(r.shape[0]), i)
    among = leave_one_out(r[np.ix_(others, others)], batches=others).median_to_others
    known = among[np.isfinite(among)]
    limits = reference_interval(known, level=level)
    new = r[i, others]
    if not np.isfinite(new).any() or not known.size:
        return limits, RankP(NAN, NAN, 0, int(known.size), "")
    return limits, rank_p(float(np.nanmedian(new)), reference=known)
