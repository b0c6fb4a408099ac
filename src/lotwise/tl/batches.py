"""Comparison of each batch with the other batches of its condition."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from lotwise.evidence.batches import BatchRecord
from lotwise.expression.labels import replicate_groups
from lotwise.files.tables import to_frame
from lotwise.metrics.batches import (
    fewer_replicates_variance,
    leave_one_out,
    medians_of_samples,
    rank_p,
    reference_interval,
)
from lotwise.metrics.correlation import pearson_matrix
from lotwise.tl.copies import reason_of_copies
from lotwise.tl.depth import LikeDepth, at_like_depth
from lotwise.tl.pairs import store

if TYPE_CHECKING:
    from anndata import AnnData

NAN = float("nan")
# The median of few samples varies more than that of many, and is lowest too often.
UNEQUAL = "no p-value of the rank: the batches have {} to {} samples, and those of few vary more"
ALL_SHALLOW = "every library of the batch is shallow"


def batches(
    expression: AnnData, *, level: float = 0.95, pseudocount: float = 1.0, seed: int = 0
) -> None:
    """Compare each batch with the other batches of its condition (leave-one-out).

    R between batches and R within a batch are medians over single samples, thinned to
    the depth of the smallest library that is not shallow. For each batch, the table has the
    median R to the others, and prediction and tolerance limits from the other batches. It also has
    the p-value of the batch's rank among all batches, and the smallest p possible with this number
    of batches. Each batch has its own limits, so some of many sound batches lie outside their
    limits.

    Parameters
    ----------
    expression
        Samples x features with the layer ``tpm``, and ``counts`` for limits.
    level
        Coverage of the intervals.
    pseudocount
        c of log2(TPM + c).
    seed
        Random seed of the thinning.

    Returns
    -------
    Nothing; the result is the table ``batches`` (:class:`~lotwise.evidence.batches.BatchRecord`).
    With two or three batches there are no limits, because one other batch gives no R and two give a
    single R.
    There are also no limits if libraries cannot be thinned to one depth; ``reason`` gives the
    cause. If two samples of a condition have the same values, one is a copy, and the batches of
    this condition are not assessable.

    Raises
    ------
    InputError
        No layer ``tpm``, or a level out of range.

    Examples
    --------
    >>> import lotwise
    >>> gene = lotwise.datasets.three_batches().gene
    >>> lotwise.tl.batches(gene)
    >>> gene.uns["lotwise"]["batches"]["smallest_p"].round(3).tolist()
    [0.333, 0.333, 0.333]
    """
    found = compare_batches(expression, level=level, pseudocount=pseudocount, seed=seed)
    store(
        expression,
        BatchRecord.table,
        to_frame(found, BatchRecord),
        {"level": level, "pseudocount": pseudocount, "seed": seed},
    )


def compare_batches(
    expression: AnnData, *, level: float, pseudocount: float, seed: int
) -> list[BatchRecord]:
    """Return the row of every batch and condition, as :func:`batches` stores them."""
    groups = replicate_groups(expression)
    like = at_like_depth(expression, pseudocount=pseudocount, seed=seed)
    rows: dict[tuple[str, str], BatchRecord] = {}
    for condition in dict.fromkeys(condition for _, condition in groups):
        of_condition = {batch: rows for (batch, of), rows in groups.items() if of == condition}
        # Compared before thinning, which makes two copies differ.
        of_any = [row for sample_rows in of_condition.values() for row in sample_rows]
        copied = reason_of_copies(expression[of_any])
        compared = _of_condition(of_condition, like, condition=condition, level=level)
        for row in [_not_assessable(row, copied) for row in compared] if copied else compared:
            rows[row.batch, condition] = row
    return [rows[group] for group in groups]


def _not_assessable(row: BatchRecord, reason: str) -> BatchRecord:
    """Set every R of a row to NaN and put the reason before other reasons."""
    return replace(
        row,
        median_to_others=NAN,
        within=NAN,
        prediction_lower=NAN,
        prediction_upper=NAN,
        tolerance_lower=NAN,
        tolerance_upper=NAN,
        rank_p=NAN,
        words=reason,
        reason="; ".join(filter(None, (reason, row.reason))),
    )


def _of_condition(
    groups: dict[str, list[int]], like: LikeDepth, *, condition: str, level: float
) -> list[BatchRecord]:
    """Compare the batches of one condition."""
    used = [row for rows in groups.values() for row in rows if like.used[row]]
    of_row = {row: batch for batch, rows in groups.items() for row in rows}
    r, of_used = pearson_matrix(like.log_tpm[used]), np.array([of_row[row] for row in used])
    found = medians_of_samples(r, batches=of_used)
    names = [str(name) for name in found.batch]
    medians = leave_one_out(found.between, batches=names)
    made = []
    for name, rows in groups.items():
        if name not in names:
            limits, rank = reference_interval(np.empty((0, 0))), rank_p([[1.0]], batch=0)
            median, within, reasons = NAN, NAN, [ALL_SHALLOW]
        else:
            i = names.index(name)
            # Limits come from the other batches only; the rank is among all.
            others = np.delete(np.arange(len(names)), i)
            rest = np.flatnonzero(of_used != name)
            limits = reference_interval(
                found.between[np.ix_(others, others)],
                level=level,
                extra_variance=fewer_replicates_variance(
                    r[np.ix_(rest, rest)],
                    batches=of_used[rest],
                    n_replicates=int(np.count_nonzero(of_used == name)),
                ),
            )
            rank = rank_p(found.between, batch=i)
            sizes = [int(np.count_nonzero(of_used == one)) for one in names]
            if len(set(sizes)) > 1:
                unequal = UNEQUAL.format(min(sizes), max(sizes))
                rank = rank._replace(p=NAN, words=f"{rank.words}; {unequal}")
            median, within = float(medians.median_to_others[i]), float(found.within[i])
            reasons = [medians.reasons[i], like.reason or limits.reason]
        known = not like.reason
        words = (limits.words if known else "", rank.words, like.words)
        made.append(
            BatchRecord(
                batch=name,
                condition=condition,
                n_samples=len(rows),
                depth=like.depth,
                median_to_others=median,
                within=within,
                prediction_lower=limits.prediction_lower if known else NAN,
                prediction_upper=limits.prediction_upper if known else NAN,
                tolerance_lower=limits.tolerance_lower if known else NAN,
                tolerance_upper=limits.tolerance_upper if known else NAN,
                rank_p=rank.p,
                smallest_p=rank.smallest_possible,
                words="; ".join(dict.fromkeys(part for part in words if part)),
                reason="; ".join(filter(None, reasons)),
            )
        )
    return made
