"""Isoform usage compared between samples; R of isoforms grouped by quantification uncertainty."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from itertools import combinations
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from lotwise import keys, pp
from lotwise.errors import InputError
from lotwise.evidence.isoform_usage import ShareRecord, StratumRecord, UsageRecord
from lotwise.expression.computed import require_samples, stored_table
from lotwise.expression.given import require_anndata
from lotwise.expression.labels import batches_of, why_not_tpm
from lotwise.expression.layers import log_tpm_of, tpm_of
from lotwise.files.records import columns, unknown_values
from lotwise.files.tables import from_columns, to_frame
from lotwise.metrics.feature_sets import THRESHOLD
from lotwise.metrics.isoforms import (
    UsageChange,
    UsageTest,
    compare_usage,
    group_isoforms,
    usage_change,
    usage_test,
)
from lotwise.metrics.isoforms import isoform_usage as usage_of_sample
from lotwise.metrics.moments import (
    FloatArray,
    correlation,
    largest,
    stable_order,
    why_undefined,
)
from lotwise.tl.blocks import genes_of
from lotwise.tl.bootstraps import Bootstraps
from lotwise.tl.pairs import Pair, in_words, pairs_of, store
from lotwise.workers import in_threads

if TYPE_CHECKING:
    import numpy.typing as npt
    import pandas as pd
    from anndata import AnnData

STRATA = ("low", "middle", "high")
# The smallest of 0, 10, 40 and 100 for which two sequencings of one truth have a gene below an
# adjusted p of 0.05 in no more than one of twenty cases, from 0.2 to 20 million fragments
# (benchmarks/usage_rates.py).
PRIOR_FRAGMENTS = 100.0
_CERTAIN: Final = 0.05
# This many genes per gene shown are compared by the means of batches.
_CANDIDATES: Final = 10


def isoform_usage(
    expression: AnnData,
    *,
    threshold: float = THRESHOLD,
    n_largest: int | None = None,
    prior_fragments: float = PRIOR_FRAGMENTS,
    pseudocount: float = 1.0,
) -> None:
    """Compare the usage of isoforms between every two samples, gene by gene.

    Parameters
    ----------
    expression
        Samples x isoforms with the layer ``tpm`` and ``gene_id`` in var. Isoforms without a gene
        are left out. Bootstraps of the quantifier are used, if available, for p-values and
        stratification.
    threshold
        Gene TPM required in both samples.
    n_largest
        Number of genes to keep for each pair: the genes with the largest distances. ``None``
        keeps all genes.
    prior_fragments
        Number of fragments, for the prior of :func:`~lotwise.metrics.isoforms.usage_test`. The
        number is converted to TPM with the depth of the shallower sample. This TPM is added to
        every isoform, for the test only.
    pseudocount
        c of log2(TPM + c), for R in ``uncertainty_strata``.

    Returns
    -------
    Nothing; the tables ``isoform_usage`` (:class:`~lotwise.evidence.isoform_usage.UsageRecord`)
    and ``uncertainty_strata`` (:class:`~lotwise.evidence.isoform_usage.StratumRecord`).
    ``isoform_usage`` contains the genes that can be compared, largest distance first. Without
    bootstraps, p and R of the strata are NaN with a reason. If the unit is not TPM, each pair has
    one row of NaN with gene ``*``.

    Raises
    ------
    InputError
        No layer ``tpm``, no column ``gene_id`` in var (as at gene level), no gene in this column,
        or a pseudo-count that is not > 0.

    Examples
    --------
    >>> import lotwise
    >>> isoform = lotwise.datasets.three_batches().isoform
    >>> lotwise.tl.isoform_usage(isoform, n_largest=2)
    >>> isoform.uns["lotwise"]["isoform_usage"]["reason"].unique().tolist()
    ['fewer than four bootstraps of a sample']
    """
    require_anndata(expression)
    if keys.GENE_ID not in expression.var:
        raise InputError(
            f"the AnnData has no var column {keys.GENE_ID!r}", remedy="use the isoform level"
        )
    of_isoform = np.array(genes_of(expression), dtype=object)
    # Isoforms of unknown genes do not belong to one gene.
    known = np.flatnonzero(of_isoform != "")
    if known.size == 0:
        raise InputError(
            f"no isoform has a gene in var column {keys.GENE_ID!r}",
            remedy="give the transcript-to-gene map (tx2gene)",
        )
    tpm = tpm_of(expression)[:, known]
    # Codes sort as the names do and are faster to group by for many pairs.
    gene_names, genes = np.unique(of_isoform[known], return_inverse=True)
    isoforms = expression.var_names.to_numpy()[known]
    grouped = group_isoforms(genes)
    usages = [usage_of_sample(sample, grouped) for sample in tpm]
    log_tpm = log_tpm_of(expression, pseudocount)
    bootstraps = Bootstraps(expression, known)
    tables: list[dict[str, npt.NDArray[Any]]] = []
    strata: list[StratumRecord] = []
    changes = in_threads(
        lambda pair: compare_usage(
            usages[pair.row_a], usages[pair.row_b], grouped, threshold=threshold
        ),
        pairs_of(expression),
    )
    not_tpm = why_not_tpm(expression, "usage of isoforms")
    for pair, change in zip(pairs_of(expression, what="isoform usage"), changes, strict=True):
        if not_tpm:
            tables.append(_untold_usage(pair, not_tpm))
            strata.extend(_strata(pair, log_tpm, bootstraps))
            continue
        test = usage_test(
            change,
            samples=(tpm[pair.row_a], tpm[pair.row_b]),
            bootstraps=(bootstraps.tpm(pair.sample_a), bootstraps.tpm(pair.sample_b)),
            genes=grouped,
            prior=prior_fragments * bootstraps.tpm_a_fragment(pair),
        )
        tables.append(_usage_table(pair, change, test, (gene_names, isoforms), n_largest))
        strata.extend(_strata(pair, log_tpm, bootstraps))
    store(
        expression,
        UsageRecord.table,
        from_columns(tables, UsageRecord),
        {
            "threshold": threshold,
            "n_largest": "all" if n_largest is None else n_largest,
            "prior_fragments": prior_fragments,
        },
    )
    store(
        expression,
        StratumRecord.table,
        to_frame(strata, StratumRecord),
        {"strata": len(STRATA), "pseudocount": pseudocount},
    )


def isoform_shares(expression: AnnData, *, n_genes: int = 6, min_tpm: float = 10.0) -> None:
    """Compute isoform usage by batch for the genes whose usage changes most between batches.

    Genes with an adjusted p below 0.05 come first, then genes that are well expressed in every
    batch. Each of these groups is sorted by distance, largest first. Without bootstraps there is no
    p. Genes with few reads then have the largest distances, because of quantification noise. The
    distance is
    between the means of batches, as shown in the figure. Two single samples can differ even if the
    means of their batches do not.

    Parameters
    ----------
    expression
        Samples x isoforms annotated by :func:`isoform_usage`.
    n_genes
        Number of genes.
    min_tpm
        TPM at or above which a gene is well expressed.

    Returns
    -------
    Nothing; the table ``isoform_shares`` (:class:`~lotwise.evidence.isoform_usage.ShareRecord`),
    which :func:`lotwise.pl.isoform_switches` draws.

    Raises
    ------
    InputError
        :func:`isoform_usage` has not been called, or features, samples or values have changed
        since.

    Examples
    --------
    >>> import lotwise
    >>> isoform = lotwise.datasets.three_batches().isoform
    >>> lotwise.tl.isoform_usage(isoform)
    >>> lotwise.tl.isoform_shares(isoform, n_genes=2)
    >>> isoform.uns["lotwise"]["isoform_shares"].groupby("gene_id")["share"].sum().round(6).tolist()
    [3.0, 3.0]
    """
    tool = "lotwise.tl.isoform_usage"
    usage = stored_table(expression, UsageRecord.table, tool=tool)
    require_samples(expression, UsageRecord.table, tool=tool)
    parameters = {"n_genes": n_genes, "min_tpm": min_tpm}
    if not_tpm := why_not_tpm(expression, "usage of isoforms"):
        rows = _untold_shares(expression, not_tpm)
        store(expression, ShareRecord.table, to_frame(rows, ShareRecord), parameters)
        return
    averaged = pp.average_replicates(expression)
    tpm = np.asarray(averaged.layers[keys.TPM], dtype=np.float64)
    genes = np.array(genes_of(expression))
    names, codes = np.unique(genes, return_inverse=True)
    least = np.min([np.bincount(codes, weights=of_batch) for of_batch in tpm], axis=0)
    well_expressed = set(names[least >= min_tpm])
    ranked = rank_switches(usage, well_expressed=well_expressed)
    candidates = list(dict.fromkeys(ranked["gene_id"]))[: _CANDIDATES * n_genes]
    distances = _distances_of_means(tpm, genes, candidates)
    certain = set(ranked.loc[ranked["p_adjusted"] < _CERTAIN, "gene_id"])
    candidates.sort(
        key=lambda gene: (gene not in certain, gene not in well_expressed, -distances[gene])
    )
    chosen = candidates[:n_genes]
    rows = []
    for gene in chosen:
        members = np.flatnonzero(genes == gene)
        for batch, of_batch in zip(averaged.obs_names, tpm[:, members], strict=True):
            total = float(of_batch.sum())
            rows.extend(
                ShareRecord(
                    gene_id=gene,
                    isoform=str(expression.var_names[member]),
                    batch=str(batch),
                    tpm=float(value),
                    share=float(value) / total if total > 0 else float("nan"),
                    distance=distances[gene],
                    reason="" if total > 0 else "the batch does not express the gene",
                )
                for member, value in zip(members, of_batch, strict=True)
            )
    store(expression, ShareRecord.table, to_frame(rows, ShareRecord), parameters)


def _distances_of_means(
    tpm: FloatArray, genes: npt.NDArray[np.str_], chosen: Sequence[str]
) -> dict[str, float]:
    """Return the largest distance of usage between two batches, for each chosen gene."""
    members = np.isin(genes, chosen)
    found = dict.fromkeys(chosen, 0.0)
    for x, y in combinations(tpm[:, members], 2):
        change = usage_change(x, y, genes=genes[members])
        for gene, distance in zip(change.gene, change.distance, strict=True):
            found[str(gene)] = max(found[str(gene)], float(np.nan_to_num(distance)))
    return found


def rank_switches(
    usage: pd.DataFrame, *, well_expressed: Collection[str] | None = None
) -> pd.DataFrame:
    """Sort changes of usage between batches: small p, well expressed, others; each by distance."""
    between = usage[usage["relation"] == "between"]
    certain = between["p_adjusted"] < _CERTAIN
    seen = True if well_expressed is None else between["gene_id"].isin(list(well_expressed))
    return (
        between.assign(certain=certain, seen=seen)
        .sort_values(
            ["certain", "seen", "distance", "gene_id"],
            ascending=[False, False, False, True],
            kind="stable",
        )
        .drop(columns=["certain", "seen"])
    )


def _usage_table(
    pair: Pair,
    change: UsageChange,
    test: UsageTest,
    names: tuple[npt.NDArray[np.object_], npt.NDArray[np.object_]],
    n_largest: int | None,
) -> dict[str, npt.NDArray[Any]]:
    """Return whole columns: one record per gene would take longer than the statistics."""
    genes, isoforms = names
    compared = np.flatnonzero(np.isfinite(change.distance))
    order = compared[largest(change.distance[compared], n_largest)]
    untested = np.isnan(test.p[order])
    untold = test.reason or "absent from a bootstrap"
    of_pair = {name: np.full(order.size, text, dtype=object) for name, text in pair.names().items()}
    return of_pair | {
        "gene_id": genes[order],
        "n_isoforms": change.n_isoforms[order],
        "distance": change.distance[order],
        "tested_distance": test.distance[order],
        "largest_change": change.largest_change[order],
        "isoform": isoforms[change.isoform[order]],
        "dominant_a": isoforms[change.dominant_x[order]],
        "dominant_b": isoforms[change.dominant_y[order]],
        "flips": change.flips[order],
        "null_distance": test.null_distance[order],
        "null_flip_share": test.flip_share[order],
        "p": test.p[order],
        "p_adjusted": test.p_adjusted[order],
        "reason": np.where(untested, untold, "").astype(object),
    }


def _untold_usage(pair: Pair, reason: str) -> dict[str, npt.NDArray[Any]]:
    """Return the one row of a pair whose usage cannot be told."""
    told = unknown_values(UsageRecord) | {"gene_id": "*", "reason": reason, **pair.names()}
    return {
        name: np.array([told[name]], dtype=object if kind is str else kind)
        for name, kind in columns(UsageRecord).items()
    }


def _untold_shares(expression: AnnData, reason: str) -> list[ShareRecord]:
    """Return one row for each batch, of no gene."""
    nan = float("nan")
    return [
        ShareRecord(
            gene_id="*", isoform="", batch=batch, tpm=nan, share=nan, distance=nan, reason=reason
        )
        for batch in dict.fromkeys(batches_of(expression))
    ]


def _strata(pair: Pair, log_tpm: FloatArray, bootstraps: Bootstraps) -> list[StratumRecord]:
    """Return R by thirds of InfRV, the mean of both samples, over isoforms with any count."""
    nan = float("nan")
    if not bootstraps.of_both(pair):
        return [
            StratumRecord(
                **pair.names(),
                stratum=name,
                n_features=0,
                infrv_to=nan,
                pearson=nan,
                reason="the quantification has no bootstraps",
            )
            for name in STRATA
        ]
    noise = [bootstraps.noise(name) for name in (pair.sample_a, pair.sample_b)]
    infrv: FloatArray = np.mean([of_sample for of_sample, _ in noise], axis=0)
    counted = np.flatnonzero(noise[0][1] | noise[1][1])
    x, y = log_tpm[pair.row_a], log_tpm[pair.row_b]
    rows = []
    order = counted[stable_order(infrv[counted])]
    for name, members in zip(STRATA, np.array_split(order, len(STRATA)), strict=True):
        reason = why_undefined(x[members], y[members])
        rows.append(
            StratumRecord(
                **pair.names(),
                stratum=name,
                n_features=int(members.size),
                infrv_to=float(infrv[members].max()) if members.size else nan,
                pearson=nan if reason else correlation(x[members], y[members]),
                reason=in_words(pair, reason),
            )
        )
    return rows
