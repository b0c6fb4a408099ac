"""Noise ceilings: how high R could be."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, get_args

import numpy as np

from lotwise import keys
from lotwise.errors import InputError
from lotwise.evidence import CeilingRecord
from lotwise.expression.labels import batches_of
from lotwise.files.tables import to_frame
from lotwise.metrics.ceiling import (
    Reliability,
    bootstrap_reliability,
    noise_ceiling,
    replicate_reliability,
    thinning_reliability,
)
from lotwise.metrics.moments import (
    BoolArray,
    FloatArray,
    standardise_samples,
    standardised_correlation,
    why_undefined,
)
from lotwise.tl.agreement import counts_by_sample
from lotwise.tl.layers import bootstraps_of, log_tpm_of
from lotwise.tl.pairs import layer_of, pairs_of, store
from lotwise.workers import in_threads

if TYPE_CHECKING:
    from anndata import AnnData

CeilingMethod = Literal["replicates", "bootstraps", "thinning"]
OWN_CEILING = "the ceiling is made of this batch's own R"
NAN = float("nan")


def ceilings(
    expression: AnnData,
    *,
    methods: tuple[CeilingMethod, ...] = ("replicates", "bootstraps", "thinning"),
    pseudocount: float = 1.0,
    seed: int = 0,
) -> None:
    """Give R, its noise ceiling and their ratio for every pair, by each method that has data.

    Parameters
    ----------
    expression
        Samples x features with the layer ``tpm``; ``counts`` and ``length`` for thinning,
        bootstraps of the quantifier for bootstraps, batches with two samples for replicates.
    methods
        Which to use; a method without data gives NaN and the reason.
    pseudocount
        c of log2(TPM + c).
    seed
        Of the random numbers.

    Returns
    -------
    Nothing; the table ``ceilings`` (:class:`~lotwise.evidence.CeilingRecord`). From replicates,
    a pair of one batch has no ratio: its ceiling is made of its own R.

    Raises
    ------
    InputError
        No layer ``tpm``, a method that is none, or a pseudo-count that is not above 0.

    References
    ----------
    Spearman 1904; Saccenti et al. 2020, 10.1038/s41598-019-57247-4.

    Examples
    --------
    >>> import lotwise
    >>> gene = getfixture("three_batches").gene
    >>> ceilings(gene)
    >>> table = gene.uns["lotwise"]["ceilings"]
    >>> table.loc[table["method"] == "replicates", "reason"].unique().tolist()
    ['a reliability is not known (fewer than two replicates)']
    """
    known = get_args(CeilingMethod)
    for method in methods:
        if method not in known:
            raise InputError(f"{method!r} is no method", remedy=f"take of {', '.join(known)}")
    log_tpm = log_tpm_of(expression, pseudocount)
    rng = np.random.default_rng(seed)
    by_method = {
        method: _reliabilities(expression, log_tpm, method, pseudocount=pseudocount, rng=rng)
        for method in methods
    }
    standardised = standardise_samples(log_tpm)
    of_pair = {
        pair: NAN
        if why_undefined(log_tpm[pair.row_a], log_tpm[pair.row_b])
        else standardised_correlation(standardised[pair.row_a], standardised[pair.row_b])
        for pair in pairs_of(expression)
    }
    rows = []
    for method, found in by_method.items():
        for pair, r in of_pair.items():
            rel_a, rel_b = found[pair.row_a], found[pair.row_b]
            top = noise_ceiling(r, reliability_x=rel_a.reliability, reliability_y=rel_b.reliability)
            why = rel_a.reason or rel_b.reason
            reason = f"{top.reason} ({why})" if why else top.reason
            if method == "replicates" and pair.relation == "within" and not reason:
                # Its R is one of those that the ceiling is the mean of.
                top, reason = top._replace(ratio=NAN), OWN_CEILING
            rows.append(
                CeilingRecord(
                    **pair.names(),
                    method=method,
                    pearson=top.pearson,
                    ceiling=top.ceiling,
                    ratio=top.ratio,
                    reliability_a=rel_a.reliability,
                    reliability_b=rel_b.reliability,
                    reason=reason,
                )
            )
    store(
        expression,
        CeilingRecord.table,
        to_frame(rows, CeilingRecord),
        {"methods": list(methods), "pseudocount": pseudocount, "seed": seed},
    )


def _reliabilities(
    expression: AnnData,
    log_tpm: FloatArray,
    method: CeilingMethod,
    *,
    pseudocount: float,
    rng: np.random.Generator,
) -> list[Reliability]:
    if method == "replicates":
        batches = np.array(batches_of(expression))
        by_batch = {name: replicate_reliability(log_tpm[batches == name]) for name in set(batches)}
        return [by_batch[name] for name in batches]
    if method == "bootstraps":
        found = []
        for row, sample in enumerate(expression.obs_names):
            draws = bootstraps_of(expression, sample)
            found.append(
                Reliability(NAN, "the quantification has no bootstraps")
                if draws is None
                else bootstrap_reliability(log_tpm[row], bootstraps=np.log2(draws + pseudocount))
            )
        return found
    lengths = (
        np.asarray(layer_of(expression, keys.LENGTH), dtype=np.float64)
        if keys.LENGTH in expression.layers
        else np.full(expression.shape, np.nan)
    )
    tpm = np.asarray(layer_of(expression, keys.TPM), dtype=np.float64)
    counts, streams = counts_by_sample(expression), rng.spawn(expression.n_obs)

    def thin(row: int) -> Reliability:
        return _by_thinning(
            counts[row],
            lengths[row],
            is_silent=tpm[row] == 0,
            rng=streams[row],
            pseudocount=pseudocount,
        )

    return list(in_threads(thin, range(expression.n_obs)))


def _by_thinning(
    counts: FloatArray | None,
    lengths: FloatArray,
    *,
    is_silent: BoolArray,
    rng: np.random.Generator,
    pseudocount: float,
) -> Reliability:
    if counts is None or np.isnan(lengths).all():
        return Reliability(NAN, "there are no counts and lengths")
    known = np.where(lengths > 0, lengths, np.nan)
    # RSEM gives transcripts shorter than the fragments a count, no length, and a TPM of 0.
    counts = np.where(is_silent & np.isnan(known), 0.0, counts)
    if ((counts >= 0.5) & np.isnan(known)).any():
        return Reliability(NAN, "features with counts and TPM have no length")
    return thinning_reliability(counts, lengths=known, rng=rng, pseudocount=pseudocount)
