"""How R depends on features and pseudo-count, and what R does not show: bias and fold changes."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from typing import TYPE_CHECKING

import numpy as np

from lotwise import keys
from lotwise.errors import InputError
from lotwise.evidence.agreement import AgreementRecord
from lotwise.evidence.sensitivity import SensitivityRecord
from lotwise.expression.labels import why_not_tpm
from lotwise.expression.layers import tpm_of, values_by_sample
from lotwise.files.tables import to_frame
from lotwise.metrics.differences import (
    BlandAltman,
    LogRatios,
    bland_altman,
    fold_change_shares,
    log_ratios,
)
from lotwise.metrics.dispersion import Sere, sere
from lotwise.metrics.feature_sets import DETECTED, MIN_COUNTS, THRESHOLD, feature_sets
from lotwise.metrics.moments import (
    FloatArray,
    correlation,
    stable_order,
    standardise_samples,
    standardised_correlation,
    why_undefined,
)
from lotwise.tl.pairs import Pair, in_words, pairs_of, store
from lotwise.tl.reuse import kept_results
from lotwise.workers import in_threads

if TYPE_CHECKING:
    from anndata import AnnData

PSEUDOCOUNTS = (1.0, 0.1, 0.01)
FOLDS = (1.5, 2.0, 4.0)
N_BINS = 10
NO_COUNTS = "there are no counts"


def sensitivity(
    expression: AnnData,
    *,
    pseudocounts: tuple[float, ...] = PSEUDOCOUNTS,
    threshold: float = THRESHOLD,
    min_counts: float = MIN_COUNTS,
) -> None:
    """Compute R for every pair, feature set and pseudo-count.

    Parameters
    ----------
    expression
        Samples x features with the layer ``tpm``, and ``counts`` if available.
    pseudocounts
        c of log2(TPM + c), each > 0.
    threshold, min_counts
        As in :func:`lotwise.tl.correlate`.

    Returns
    -------
    Nothing; the result is the table ``sensitivity``
    (:class:`~lotwise.evidence.sensitivity.SensitivityRecord`).

    Raises
    ------
    InputError
        No layer ``tpm``, or a pseudo-count is not > 0.

    Examples
    --------
    >>> import lotwise
    >>> gene = lotwise.datasets.three_batches().gene
    >>> lotwise.tl.sensitivity(gene)
    >>> found = gene.uns["lotwise"]["sensitivity"]
    >>> sorted(set(found["pseudocount"].tolist()))
    [0.01, 0.1, 1.0]
    """
    if not pseudocounts or any(not c > 0 for c in pseudocounts):
        raise InputError(f"every pseudocount must be > 0, got {pseudocounts}")
    tpm = tpm_of(expression)
    counts = counts_by_sample(expression)
    logs = {c: np.log2(tpm + c) for c in pseudocounts}
    # Over all features each sample is standardised once for all its pairs.
    whole = {c: standardise_samples(log_tpm) for c, log_tpm in logs.items()}
    undetected = why_not_tpm(expression, "detection")

    def rows_of(pair: Pair) -> list[SensitivityRecord]:
        a, b = pair.row_a, pair.row_b
        both_zero = (tpm[a] == 0) & (tpm[b] == 0)
        without = why_no_counts(pair, counts)
        sets = feature_sets(
            tpm[a],
            tpm[b],
            counts_x=counts[a],
            counts_y=counts[b],
            threshold=threshold,
            min_counts=min_counts,
        )
        if without:
            sets = chain(sets, [("counted_both", np.empty(0, dtype=np.intp))])
        rows = []
        for name, found in sets:
            lacks = undetected if name in DETECTED else ""
            lacks = without if name == "counted_both" else lacks
            places = found[:0] if lacks else found
            share = float(both_zero.take(places).mean()) if places.size else float("nan")
            for c, log_tpm in logs.items():
                if name == "all":
                    r, why = _r_of_all(log_tpm, whole[c], a, b)
                else:
                    r, why = _r_of(log_tpm[a].take(places), log_tpm[b].take(places))
                rows.append(
                    SensitivityRecord(
                        **pair.names(),
                        feature_set=name,
                        pseudocount=c,
                        n_features=places.size,
                        double_zero_share=share,
                        pearson=r,
                        reason=lacks or in_words(pair, why),
                    )
                )
        return rows

    rows = chain.from_iterable(in_threads(rows_of, pairs_of(expression)))
    store(
        expression,
        SensitivityRecord.table,
        to_frame(rows, SensitivityRecord),
        {
            "pseudocounts": list(pseudocounts),
            "threshold": threshold,
            "min_counts": min_counts,
        },
    )


def agreement(expression: AnnData, *, threshold: float = THRESHOLD) -> None:
    """Compute bias, limits of agreement, fold-change shares and SERE for every pair.

    They are computed over all features detected in both samples, and also for tenths of these
    features by mean expression. No pseudo-count is added to TPM, because it would move the ratios
    towards 1. The ratios are divided by their median.

    Parameters
    ----------
    expression
        Samples x features with the layer ``tpm``, and ``counts`` for SERE.
    threshold
        Smallest TPM of a detected feature, > 0.

    Returns
    -------
    Nothing; the result is the table ``agreement``
    (:class:`~lotwise.evidence.agreement.AgreementRecord`).

    Raises
    ------
    InputError
        No layer ``tpm``, or a threshold that is not > 0.

    References
    ----------
    Bland and Altman 1986; Anders and Huber 2010 (median ratio); Schulze et al. 2012 (SERE).

    Examples
    --------
    >>> import lotwise
    >>> gene = lotwise.datasets.three_batches().gene
    >>> lotwise.tl.agreement(gene)
    >>> found = gene.uns["lotwise"]["agreement"]
    >>> len(found[found["bin"] == 0]), len(found)
    (3, 33)
    """
    if not threshold > 0:
        raise InputError(f"threshold must be > 0, got {threshold}")
    tpm = tpm_of(expression)
    counts, kept = counts_by_sample(expression), kept_results()
    samples = [kept.fingerprint(*of_sample) for of_sample in zip(tpm, counts, strict=True)]

    def rows_of(pair: Pair) -> list[AgreementRecord]:
        a, b = pair.row_a, pair.row_b
        both = (tpm[a] >= threshold) & (tpm[b] >= threshold)
        x, y = counts[a], counts[b]
        ratio = (
            Sere(float("nan"), 0, why_no_counts(pair, counts))
            if x is None or y is None
            else sere(np.stack([x, y]))
        )
        return _rows_of_pair(pair, log_ratios(tpm[a][both], tpm[b][both]), ratio)

    def kept_rows_of(pair: Pair) -> list[AgreementRecord]:
        of_samples = samples[pair.row_a], samples[pair.row_b], why_no_counts(pair, counts)
        return kept.get(("agreement", threshold, pair, *of_samples), lambda: rows_of(pair))

    rows = chain.from_iterable(in_threads(kept_rows_of, pairs_of(expression)))
    store(
        expression,
        AgreementRecord.table,
        to_frame(rows, AgreementRecord),
        {"threshold": threshold},
    )


def _r_of(x: FloatArray, y: FloatArray) -> tuple[float, str]:
    reason = why_undefined(x, y)
    return (float("nan") if reason else correlation(x, y)), reason


def _r_of_all(log_tpm: FloatArray, standardised: FloatArray, a: int, b: int) -> tuple[float, str]:
    reason = why_undefined(log_tpm[a], log_tpm[b])
    r = float("nan") if reason else standardised_correlation(standardised[a], standardised[b])
    return r, reason


def counts_by_sample(expression: AnnData) -> list[FloatArray | None]:
    """Return the counts of each sample; ``None`` for a sample with unknown counts."""
    return values_by_sample(expression, keys.COUNTS)


def why_no_counts(pair: Pair, counts: Sequence[FloatArray | None]) -> str:
    """Return why a statistic of counts cannot be computed for a pair; empty where it can."""
    if all(sample is None for sample in counts):
        return NO_COUNTS
    named = ((pair.row_a, pair.sample_a), (pair.row_b, pair.sample_b))
    without = [name for row, name in named if counts[row] is None]
    return f"there are no counts of {' and '.join(without)}" if without else ""


def _rows_of_pair(pair: Pair, logs: LogRatios, ratio: Sere) -> list[AgreementRecord]:
    x, y, factor = logs
    shares = fold_change_shares(x, y, folds=FOLDS).shares
    rows = [_row(pair, 0, bland_altman(x, y), shares, ratio, factor)]
    order = stable_order((x + y) / 2)
    in_bin = Sere(float("nan"), 0, "")
    for number, members in enumerate(np.array_split(order, N_BINS), start=1):
        u, v = x[members], y[members]
        shares = fold_change_shares(u, v, folds=FOLDS).shares
        rows.append(_row(pair, number, bland_altman(u, v), shares, in_bin, factor))
    return rows


def _row(  # noqa: PLR0917
    pair: Pair,
    number: int,
    found: BlandAltman,
    shares: tuple[float, ...],
    ratio: Sere,
    median_ratio: float,
) -> AgreementRecord:
    return AgreementRecord(
        **pair.names(),
        bin=number,
        mean_from=found.mean_from,
        mean_to=found.mean_to,
        n_features=found.n_features,
        median_ratio=median_ratio,
        bias=found.bias,
        lower=found.lower,
        upper=found.upper,
        median=found.median,
        robust_lower=found.robust_lower,
        robust_upper=found.robust_upper,
        share_over_1_5_fold=shares[0],
        share_over_2_fold=shares[1],
        share_over_4_fold=shares[2],
        sere=ratio.sere,
        reason="; ".join(reason for reason in (found.reason, ratio.reason) if reason),
    )
