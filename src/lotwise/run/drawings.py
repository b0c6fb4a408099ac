"""Figures of the evidence that need more than a table: a chosen pair, or a reason for no figure.

They are named in the catalogue.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from threadpoolctl import threadpool_limits

from lotwise import pl
from lotwise.config import CorrelationConfig
from lotwise.expression.layers import log_tpm_of
from lotwise.files.panels import read_panel
from lotwise.metrics.correlation import pearson_matrix
from lotwise.metrics.moments import FloatArray
from lotwise.tl.isoforms import rank_switches
from lotwise.tl.pairs import pairs_of

if TYPE_CHECKING:
    import pandas as pd
    from anndata import AnnData
    from matplotlib.figure import Figure


def panel(table: pd.DataFrame, *, panel: str) -> Figure:
    """Draw the markers of one panel."""
    return pl.identity(table[table["panel"] == read_panel(panel).name])


def sensitivity(tables: Mapping[str, pd.DataFrame], *, unit: str, features: str) -> Figure:
    """Draw R by feature set, and the spread of log ratios if it was computed."""
    return pl.sensitivity(
        tables["sensitivity"], agreement=tables.get("agreement"), unit=unit, features=features
    )


def mean_difference(
    expression: AnnData, *, table: pd.DataFrame, n_named: int, correlation: CorrelationConfig
) -> Figure:
    """Draw the differences of the pair of batches with the lowest R."""
    log_tpm = log_tpm_of(expression, correlation.pseudocount)
    a, b = _least_alike(expression, log_tpm)
    names = expression.obs_names
    return pl.mean_difference(
        expression,
        str(names[a]),
        str(names[b]),
        table=_of_pair(expression, table, a, b),
        label=n_named,
        threshold=correlation.threshold,
    )


def detectable(
    expression: AnnData,
    *,
    grid: pd.DataFrame,
    unseen: pd.DataFrame,
    pseudocount: float,
    features: str,
) -> Figure:
    """Draw R of the pair with the lowest R after known changes."""
    a, b = _least_alike(expression, log_tpm_of(expression, pseudocount))
    grid, unseen = (_of_pair(expression, table, a, b) for table in (grid, unseen))
    if grid["pearson"].isna().all() or unseen["threshold"].isna().all():
        return pl.nothing(next(filter(None, [*unseen["reason"], *grid["reason"]]), "R is NaN"))
    names = expression.obs_names
    title = f"{names[a]} and {names[b]}: least similar pair between batches"
    return pl.detectable(grid, r=float(unseen["threshold"].iloc[0]), title=title, features=features)


def isoform_switches(shares: pd.DataFrame, *, usage: pd.DataFrame) -> Figure:
    """Draw the genes whose usage changes most between batches."""
    if shares["share"].isna().all():
        return pl.nothing(shares["reason"].iloc[0])
    chosen = list(dict.fromkeys(shares["gene_id"]))
    ranked = rank_switches(usage)
    # The title describes the bars below it, which are means of batches.
    shown = shares.drop_duplicates("gene_id").set_index("gene_id")["distance"]
    drawn = ranked[ranked["gene_id"].isin(chosen)]
    drawn = drawn.assign(distance=drawn["gene_id"].map(shown))
    order = {gene: place for place, gene in enumerate(chosen)}
    drawn = drawn.sort_values("gene_id", key=lambda genes: genes.map(order), kind="stable")
    return pl.isoform_switches(drawn, usage=shares)


def _of_pair(expression: AnnData, table: pd.DataFrame, a: int, b: int) -> pd.DataFrame:
    names = (str(expression.obs_names[a]), str(expression.obs_names[b]))
    return table[(table["sample_a"] == names[0]) & (table["sample_b"] == names[1])]


def _least_alike(expression: AnnData, log_tpm: FloatArray) -> tuple[int, int]:
    """Return the pair of different batches and one condition with the lowest R.

    The first pair if no R is defined; any pair if no two batches share a condition.
    """
    with threadpool_limits(limits=1, user_api="blas"):
        r = pearson_matrix(log_tpm)
    every = list(pairs_of(expression, every=True))
    like = [pair for pair in every if pair.relation == "between"] or every
    least = min(like, key=lambda pair: np.nan_to_num(r[pair.row_a, pair.row_b], nan=2.0))
    return least.row_a, least.row_b
