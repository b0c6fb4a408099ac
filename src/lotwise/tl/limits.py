"""What R can show at all: intervals over features, noise ceilings, changes it would not see."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Literal
from zlib import crc32

import numpy as np

from lotwise import keys
from lotwise.errors import InputError
from lotwise.evidence import CeilingRecord, DetectableRecord, IntervalRecord, UnseenRecord
from lotwise.expression.labels import batches_of
from lotwise.metrics.ceiling import (
    Reliability,
    bootstrap_reliability,
    noise_ceiling,
    replicate_reliability,
    thinning_reliability,
)
from lotwise.metrics.detectable import (
    Perturbation,
    PerturbedR,
    less_visible,
    perturbed_r,
    unseen_change,
)
from lotwise.metrics.moments import FloatArray, correlation, why_undefined
from lotwise.metrics.resampling import block_intervals
from lotwise.records import to_frame
from lotwise.tl.agreement import counts_by_sample
from lotwise.tl.blocks import ALONE, genes_of, text_of
from lotwise.tl.pairs import Pair, chosen_rows, layer_of, pairs_of, store

if TYPE_CHECKING:
    from anndata import AnnData

CeilingMethod = Literal["replicates", "bootstraps", "thinning"]
NAN = float("nan")
OWN_CEILING = "the ceiling is made of this batch's own R"


def intervals(
    expression: AnnData,
    *,
    blocks: str | None = None,
    n_resamples: int = 2000,
    level: float = 0.95,
    pseudocount: float = 1.0,
    seed: int = 0,
) -> None:
    """Give a feature-resampling interval of R for every pair.

    Parameters
    ----------
    expression
        Samples x features with the layer ``tpm``.
    blocks
        The var column that names the block of each feature (a gene set, a genomic
        neighbourhood). ``None`` takes the genes of isoforms, and single genes at gene level,
        and the table then warns that the interval is too narrow. What has no block stands alone.
    n_resamples, level
        Number of resamples and coverage.
    pseudocount
        c of log2(TPM + c).
    seed
        Of the random numbers.

    Returns
    -------
    Nothing; the table ``intervals`` (:class:`~lotwise.evidence.IntervalRecord`).

    Raises
    ------
    InputError
        No layer ``tpm``, no such column, or a number out of range.

    Examples
    --------
    >>> import lotwise
    >>> isoform = getfixture("three_batches").isoform
    >>> intervals(isoform, n_resamples=100)
    >>> isoform.uns["lotwise"]["intervals"]["n_blocks"].tolist()
    [300, 300, 300]
    """
    if blocks is not None and blocks not in expression.var:
        raise InputError(f"the AnnData has no var column {blocks!r} that names blocks")
    if blocks is None and keys.GENE_ID in expression.var:
        blocks = keys.GENE_ID
    log_tpm = log_tpm_of(expression, pseudocount)
    found = block_intervals(
        log_tpm,
        blocks=None if blocks is None else _or_alone(expression, text_of(expression.var[blocks])),
        genes=_or_alone(expression, genes_of(expression))
        if keys.GENE_ID in expression.var
        else None,
        rng=np.random.default_rng(seed),
        n_resamples=n_resamples,
        level=level,
        pairs=chosen_rows(expression),
    )
    rows = [
        IntervalRecord(
            **pair.names(),
            pearson=float(found.pearson[i]),
            lower=float(found.lower[i]),
            upper=float(found.upper[i]),
            level=level,
            n_blocks=found.n_blocks,
            label=found.label,
            warning=found.warning,
            reason=found.reasons[i],
        )
        for i, pair in enumerate(pairs_of(expression))
    ]
    store(
        expression,
        IntervalRecord.table,
        to_frame(rows, IntervalRecord),
        {
            "blocks": blocks or "",
            "n_resamples": n_resamples,
            "level": level,
            "pseudocount": pseudocount,
            "seed": seed,
        },
    )


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
        No layer ``tpm``.

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
    log_tpm = log_tpm_of(expression, pseudocount)
    rng = np.random.default_rng(seed)
    by_method = {
        method: _reliabilities(expression, log_tpm, method, pseudocount=pseudocount, rng=rng)
        for method in methods
    }
    rows = []
    for method, found in by_method.items():
        for pair in pairs_of(expression):
            rel_a, rel_b = found[pair.row_a], found[pair.row_b]
            x, y = log_tpm[pair.row_a], log_tpm[pair.row_b]
            r = NAN if why_undefined(x, y) else correlation(x, y)
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


def detectable(
    expression: AnnData,
    *,
    threshold: float | None = None,
    perturbation: Perturbation | None = None,
    seed: int = 0,
) -> None:
    """Find the largest change of expression that the R of each pair would not have shown.

    Without ``threshold`` the question is how much of a sample could differ, were the two otherwise
    identical, for R to be what it is: a sample is changed and correlated with itself. With
    one, it is changed and correlated with the other sample, and the question is what would
    still pass. Either sample is changed in turn, and the larger R counts.

    Parameters
    ----------
    expression
        Samples x features with the layer ``tpm``.
    threshold
        The R that passes; ``None`` for each pair's own R.
    perturbation
        Shares and folds to try.
    seed
        Of the random numbers.

    Returns
    -------
    Nothing; the tables ``detectable`` (:class:`~lotwise.evidence.DetectableRecord`, the grid)
    and ``unseen`` (:class:`~lotwise.evidence.UnseenRecord`, with a sentence for the report).

    Raises
    ------
    InputError
        No layer ``tpm``, or a threshold beyond [-1, 1].

    Examples
    --------
    >>> import lotwise
    >>> gene = getfixture("three_batches").gene
    >>> detectable(gene, perturbation=Perturbation(folds=(2.0,), n_repeats=2))
    >>> gene.uns["lotwise"]["unseen"]["sentence"][0]
    'R = 0... is compatible with up to ... % of expressed genes changed 2-fold'
    """
    perturbation = perturbation or Perturbation()
    tpm = np.asarray(layer_of(expression, keys.TPM), dtype=np.float64)
    log_tpm = np.log2(tpm + perturbation.pseudocount)
    level = expression.uns.get(keys.LOTWISE, {}).get(keys.LEVEL, "gene")
    grids: list[DetectableRecord] = []
    unseen: list[UnseenRecord] = []

    @cache
    def changed(row: int, other: int) -> PerturbedR:
        # Streams go by the names of samples, not by their order.
        rng = _stream(seed, *expression.obs_names[[row, other]])
        return perturbed_r(tpm[row], tpm[other], rng=rng, perturbation=perturbation)

    for pair in pairs_of(expression, what="perturbing"):
        a, b = pair.row_a, pair.row_b
        # Against itself the grid is of the sample alone: made once, whatever its pairs.
        other_of = {a: a, b: b} if threshold is None else {a: b, b: a}
        grid = less_visible(changed(a, other_of[a]), changed(b, other_of[b]))
        reason = why_undefined(log_tpm[a], log_tpm[b])
        passing = threshold
        if passing is None:
            passing = NAN if reason else correlation(log_tpm[a], log_tpm[b])
        for i, j in np.ndindex(grid.pearson.shape):
            grids.append(
                DetectableRecord(
                    **pair.names(),
                    fold=float(grid.folds[j]),
                    share=float(grid.shares[i]),
                    pearson=float(grid.pearson[i, j]),
                    sd=float(grid.sd[i, j]),
                    reason=grid.reason,
                )
            )
        if reason:
            unseen.extend(_undefined_unseen(pair, grid.folds, reason))
            continue
        found = unseen_change(grid, threshold=passing)
        for fold, share, at_least, why in zip(
            found.folds, found.shares, found.at_least, found.reasons, strict=True
        ):
            unseen.append(
                UnseenRecord(
                    **pair.names(),
                    fold=float(fold),
                    threshold=passing,
                    share=float(share),
                    at_least=at_least,
                    sentence=_sentence(
                        passing,
                        float(share),
                        float(fold),
                        at_least=at_least,
                        own=threshold is None,
                        level=level,
                    ),
                    reason=why,
                )
            )
    parameters = {
        "threshold": "each pair's own R" if threshold is None else threshold,
        "shares": list(perturbation.shares),
        "folds": list(perturbation.folds),
        "n_repeats": perturbation.n_repeats,
        "seed": seed,
    }
    store(expression, DetectableRecord.table, to_frame(grids, DetectableRecord), parameters)
    store(expression, UnseenRecord.table, to_frame(unseen, UnseenRecord), parameters)


def _or_alone(expression: AnnData, labels: list[str]) -> list[str]:
    """Give features without a label one of their own: they do not belong together."""
    features = zip(labels, expression.var_names, strict=True)
    return [label or f"{ALONE}{feature}" for label, feature in features]


def _stream(seed: int, *names: str) -> np.random.Generator:
    """Give the stream of these samples, whatever stands beside them."""
    numbers = tuple(crc32(str(name).encode()) for name in names)
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=numbers))


def log_tpm_of(expression: AnnData, pseudocount: float = 1.0) -> FloatArray:
    """Give log2(TPM + c) as a dense array of samples x features."""
    tpm = np.asarray(layer_of(expression, keys.TPM), dtype=np.float64)
    log_tpm: FloatArray = np.log2(tpm + pseudocount)
    return log_tpm


def bootstraps_of(expression: AnnData, sample: str) -> FloatArray | None:
    """Give a sample's bootstraps as TPM, bootstraps x features; ``None`` where there are none."""
    stored = expression.uns.get(keys.LOTWISE, {}).get(keys.BOOTSTRAPS, {})
    if sample not in stored or keys.LENGTH not in expression.layers:
        return None
    counts = np.asarray(stored[sample], dtype=np.float64)
    row = expression.obs_names.get_loc(sample)
    length = np.asarray(layer_of(expression, keys.LENGTH), dtype=np.float64)[row]
    rate = counts / np.where(length > 0, length, np.inf)
    # The sample's own sum: of genes it lacks the transcripts that have none.
    total = np.asarray(layer_of(expression, keys.TPM), dtype=np.float64)[row].sum()
    tpm: FloatArray = rate / rate.sum(axis=1, keepdims=True) * total
    return tpm


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
    return [
        _by_thinning(counts, of_sample, rng=stream, pseudocount=pseudocount)
        for counts, of_sample, stream in zip(
            counts_by_sample(expression), lengths, rng.spawn(expression.n_obs), strict=True
        )
    ]


def _by_thinning(
    counts: FloatArray | None,
    lengths: FloatArray,
    *,
    rng: np.random.Generator,
    pseudocount: float,
) -> Reliability:
    if counts is None or np.isnan(lengths).all():
        return Reliability(NAN, "there are no counts and lengths")
    if ((counts >= 0.5) & ~(lengths > 0)).any():
        return Reliability(NAN, "features with counts have no length")
    known = np.where(lengths > 0, lengths, np.nan)
    return thinning_reliability(counts, lengths=known, rng=rng, pseudocount=pseudocount)


def _sentence(
    passing: float, share: float, fold: float, *, at_least: bool, own: bool, level: str
) -> str:
    if np.isnan(share):
        return ""
    limit = "at least" if at_least else "up to"
    sign = "=" if own else ">="
    return (
        f"R {sign} {passing:.4f} is compatible with {limit} {100 * share:.2g} % of expressed "
        f"{level}s changed {fold:g}-fold"
    )


def _undefined_unseen(pair: Pair, folds: FloatArray, reason: str) -> list[UnseenRecord]:
    return [
        UnseenRecord(
            **pair.names(),
            fold=float(fold),
            threshold=NAN,
            share=NAN,
            at_least=False,
            sentence="",
            reason=reason,
        )
        for fold in folds
    ]
