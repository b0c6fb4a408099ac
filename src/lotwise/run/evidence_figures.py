"""The figures of a level's evidence, from its tables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

import numpy as np
from threadpoolctl import threadpool_limits

from lotwise import keys, pl
from lotwise.config import CorrelationConfig, EvidenceConfig
from lotwise.config.evidence import name_of_panel, statistics_of
from lotwise.keys import Level
from lotwise.metrics.correlation import pearson_matrix
from lotwise.metrics.moments import FloatArray
from lotwise.panels import read_panel
from lotwise.tl.isoforms import rank_switches
from lotwise.tl.layers import log_tpm_of
from lotwise.tl.pairs import pairs_of

if TYPE_CHECKING:
    import pandas as pd
    from anndata import AnnData
    from matplotlib.figure import Figure


def draw_evidence(
    expression: AnnData,
    tables: Mapping[str, pd.DataFrame],
    config: EvidenceConfig,
    correlation: CorrelationConfig,
) -> Iterator[tuple[str, Figure]]:
    """Draw the tables that have a figure, each with its name.

    Of pairs, the one with the lowest R is drawn where a figure shows one. Where there is
    nothing to draw the figure says why, so that a run always makes the same files.

    Parameters
    ----------
    expression
        What the tables were computed from.
    tables
        As :func:`gather_evidence` gave them.
    config, correlation
        As for :func:`gather_evidence`.

    Yields
    ------
    The figures of :func:`lotwise.config.figures_of`, in its order.

    Examples
    --------
    >>> from lotwise.run.evidence import gather_evidence
    >>> gene, config = getfixture("three_batches").gene, EvidenceConfig(statistics=("batches",))
    >>> tables = gather_evidence(gene, config, CorrelationConfig())
    >>> [name for name, _ in draw_evidence(gene, tables, config, CorrelationConfig())]
    ['batches']
    """
    level: Level = expression.uns[keys.LOTWISE][keys.LEVEL]
    for name in statistics_of(config, level):
        if name == "sensitivity":
            yield name, pl.sensitivity(tables[name])
        elif name == "batches":
            yield name, pl.batches(tables[name], pseudocount=correlation.pseudocount)
        elif name == "components":
            yield (
                name,
                pl.components(
                    tables["components"],
                    merges=tables["clustering"],
                    pseudocount=correlation.pseudocount,
                ),
            )
        elif name == "agreement":
            yield "mean_difference", _difference(expression, tables[name], config, correlation)
        elif name == "detectable":
            yield name, _detectable(expression, tables, correlation)
        elif name == "isoform_usage":
            yield "isoform_switches", _switches(tables)
        elif name == "identity":
            for panel in config.panels:
                rows = tables[name][tables[name]["panel"] == read_panel(panel).name]
                yield f"identity_{name_of_panel(panel)}", pl.identity(rows)


def _difference(
    expression: AnnData, table: pd.DataFrame, config: EvidenceConfig, correlation: CorrelationConfig
) -> Figure:
    log_tpm = log_tpm_of(expression, correlation.pseudocount)
    a, b = _least_alike(expression, log_tpm)
    tpm = np.asarray(expression.layers[keys.TPM])
    both = np.flatnonzero((tpm[a] >= correlation.threshold) & (tpm[b] >= correlation.threshold))
    if not both.size:
        return pl.nothing("no feature is detected in both samples")
    x, y = log_tpm[a, both], log_tpm[b, both]
    return pl.mean_difference(
        x,
        y,
        table=_of_pair(expression, table, a, b),
        named=_deviating(expression, x, y, both, config),
        pseudocount=correlation.pseudocount,
    )


def _deviating(
    expression: AnnData,
    x: FloatArray,
    y: FloatArray,
    both: np.ndarray,
    config: EvidenceConfig,
) -> dict[str, int]:
    """Name the features that differ most, by symbol where there is one of their own."""
    most = np.argsort(-np.abs(x - y), kind="stable")[: config.n_named]
    names = expression.var_names.to_numpy()[both[most]]
    if keys.GENE_NAME in expression.var and keys.GENE_ID not in expression.var:
        symbols = expression.var[keys.GENE_NAME].astype(str).to_numpy()[both[most]]
        alone = [symbol and list(symbols).count(symbol) == 1 for symbol in symbols]
        names = np.where(alone, symbols, names)
    return {str(name): int(place) for name, place in zip(names, most, strict=True)}


def _detectable(
    expression: AnnData, tables: Mapping[str, pd.DataFrame], correlation: CorrelationConfig
) -> Figure:
    a, b = _least_alike(expression, log_tpm_of(expression, correlation.pseudocount))
    grid = _of_pair(expression, tables["detectable"], a, b)
    unseen = _of_pair(expression, tables["unseen"], a, b)
    if grid["pearson"].isna().all() or unseen["threshold"].isna().all():
        return pl.nothing(next(filter(None, [*unseen["reason"], *grid["reason"]]), "R is NaN"))
    names = expression.obs_names
    title = f"{names[a]} and {names[b]}, the least alike"
    return pl.detectable(grid, r=float(unseen["threshold"].iloc[0]), title=title)


def _switches(tables: Mapping[str, pd.DataFrame]) -> Figure:
    shares, usage = tables["isoform_shares"], tables["isoform_usage"]
    if shares["share"].isna().all():
        return pl.nothing(shares["reason"].iloc[0])
    chosen = list(dict.fromkeys(shares["gene_id"]))
    ranked = rank_switches(usage)
    return pl.isoform_switches(ranked[ranked["gene_id"].isin(chosen)], usage=shares)


def _of_pair(expression: AnnData, table: pd.DataFrame, a: int, b: int) -> pd.DataFrame:
    names = (str(expression.obs_names[a]), str(expression.obs_names[b]))
    return table[(table["sample_a"] == names[0]) & (table["sample_b"] == names[1])]


def _least_alike(expression: AnnData, log_tpm: FloatArray) -> tuple[int, int]:
    """Return the pair of different batches and one condition with the lowest R.

    The first pair where none is defined; any pair where no two batches share a condition.
    """
    with threadpool_limits(limits=1, user_api="blas"):
        r = pearson_matrix(log_tpm)
    every = list(pairs_of(expression, every=True))
    like = [pair for pair in every if pair.relation == "between"] or every
    least = min(like, key=lambda pair: np.nan_to_num(r[pair.row_a, pair.row_b], nan=2.0))
    return least.row_a, least.row_b
