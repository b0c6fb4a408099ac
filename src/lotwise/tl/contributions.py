"""The features that lower the R of each pair of samples most."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from lotwise import keys
from lotwise.errors import InputError
from lotwise.evidence.contributions import ContributionRecord
from lotwise.expression.layers import tpm_of
from lotwise.files.tables import to_frame
from lotwise.metrics.contributions import standardised_contributions
from lotwise.metrics.differences import log_ratios
from lotwise.metrics.feature_sets import THRESHOLD
from lotwise.metrics.moments import standardise_samples, why_undefined
from lotwise.tl.pairs import Pair, in_words, pairs_of, store

if TYPE_CHECKING:
    from anndata import AnnData

N_CONTRIBUTIONS: Final = 50
NAN: Final = float("nan")


def contributions(
    expression: AnnData, *, n_largest: int = N_CONTRIBUTIONS, pseudocount: float = 1.0
) -> None:
    """List the features with the largest contributions to 1 - R, for every pair of samples.

    Parameters
    ----------
    expression
        Samples x features with the layer ``tpm``.
    n_largest
        Number of features per pair.
    pseudocount
        c of log2(TPM + c), > 0.

    Returns
    -------
    Nothing; ``uns["lotwise"]["contributions"]`` has one row per pair and feature
    (:class:`~lotwise.evidence.contributions.ContributionRecord`;
    :func:`lotwise.get.contributions`). A pair whose R is undefined or 1 has no contributions. It
    has one row with rank 0, feature ``*`` and the reason.

    Raises
    ------
    InputError
        No layer ``tpm``, or a parameter is out of range.

    References
    ----------
    The identity ``1 - r = mean((zx - zy)^2) / 2`` for standardised z.

    Examples
    --------
    >>> import lotwise
    >>> gene = lotwise.datasets.three_batches().gene
    >>> lotwise.tl.contributions(gene, n_largest=5)
    >>> len(lotwise.get.contributions(gene))
    15
    """
    if n_largest < 1 or not pseudocount > 0:
        raise InputError(
            f"n_largest must be >= 1 and pseudocount > 0, got {n_largest} and {pseudocount}"
        )
    tpm = tpm_of(expression)
    log_tpm = np.log2(tpm + pseudocount)
    features = expression.var_names.to_numpy()
    gene_id, gene_name = (_text(expression, name) for name in (keys.GENE_ID, keys.GENE_NAME))
    rows: list[ContributionRecord] = []
    standardised = standardise_samples(log_tpm)
    for pair in pairs_of(expression):
        a, b = pair.row_a, pair.row_b
        reason = why_undefined(log_tpm[a], log_tpm[b])
        if reason:
            rows.append(_none(pair, reason))
            continue
        found = standardised_contributions(standardised[a], standardised[b], n_largest=n_largest)
        if found.reason:
            rows.append(_none(pair, found.reason))
            continue
        both = (tpm[a] >= THRESHOLD) & (tpm[b] >= THRESHOLD)
        ratio = log_ratios(tpm[a][both], tpm[b][both]).median_ratio if both.any() else 1.0
        middle = float(np.log2(ratio))
        rows.extend(
            ContributionRecord(
                sample_a=pair.sample_a,
                sample_b=pair.sample_b,
                relation=pair.relation,
                rank=rank,
                feature=str(features[index]),
                gene_id=gene_id[index],
                gene_name=gene_name[index],
                tpm_a=float(tpm[a, index]),
                tpm_b=float(tpm[b, index]),
                log2_ratio=_log_ratio(tpm[a, index], tpm[b, index]) - middle,
                share=float(contribution / found.one_minus_r),
                cumulative_share=float(cumulative),
            )
            for rank, (index, contribution, cumulative) in enumerate(
                zip(found.feature_index, found.contribution, found.cumulative_share, strict=True),
                start=1,
            )
            if contribution > 0
        )
    store(
        expression,
        keys.CONTRIBUTIONS,
        to_frame(rows, ContributionRecord),
        {"n_largest": n_largest, "pseudocount": pseudocount},
    )


def _log_ratio(x: float, y: float) -> float:
    """Return log2 of a ratio; NaN where there is none."""
    return float(np.log2(x) - np.log2(y)) if x > 0 and y > 0 else NAN


def _none(pair: Pair, reason: str) -> ContributionRecord:
    return ContributionRecord(
        sample_a=pair.sample_a,
        sample_b=pair.sample_b,
        relation=pair.relation,
        rank=0,
        feature="*",
        gene_id="",
        gene_name="",
        tpm_a=NAN,
        tpm_b=NAN,
        log2_ratio=NAN,
        share=NAN,
        cumulative_share=NAN,
        reason=in_words(pair, reason),
    )


def _text(expression: AnnData, name: str) -> list[str]:
    if name in expression.var:
        return [str(text) for text in expression.var[name]]
    return [""] * expression.n_vars
