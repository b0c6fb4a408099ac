"""Tidy tables from an AnnData annotated by :mod:`lotwise.tl`, as in scanpy's ``get``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import pandas as pd

from lotwise import keys
from lotwise.errors import InputError
from lotwise.evidence.catalogue import tables
from lotwise.expression.computed import (
    correlations_of,
    require_labels,
    require_samples,
    stored_table,
)
from lotwise.files.records import columns

if TYPE_CHECKING:
    from anndata import AnnData


def pairs(expression: AnnData, *, feature_set: str | None = None) -> pd.DataFrame:
    """Return the correlations, one row per pair of samples and feature set, lowest R first.

    Parameters
    ----------
    expression
        Samples x features annotated by :func:`lotwise.tl.correlate`.
    feature_set
        Keep the rows of this feature set only.

    Returns
    -------
    A table with the columns of :class:`lotwise.evidence.pairs.PairRecord`. The feature sets keep
    the order in which they were computed. Within a set, pairs are sorted by Pearson's R, and pairs
    without R come last.

    Raises
    ------
    InputError
        The AnnData does not contain the table, or the table does not contain the feature set.

    Examples
    --------
    >>> import lotwise
    >>> gene = lotwise.datasets.three_batches().gene
    >>> lotwise.tl.correlate(gene)
    >>> pairs = lotwise.get.pairs(gene, feature_set="all")
    >>> pairs[["sample_a", "sample_b", "pearson"]].round(3).values.tolist()
    [['lot2', 'lot3', 0.985], ['lot1', 'lot3', 0.986], ['lot1', 'lot2', 0.991]]
    """
    table = evidence(expression, keys.PAIRS)
    order = pd.Series(pd.factorize(table["feature_set"])[0], index=table.index)
    table = (
        table.assign(order=order)
        .sort_values(["order", "pearson"], kind="stable", ignore_index=True)
        .drop(columns="order")
    )
    if feature_set is None:
        return table
    chosen = table[table["feature_set"] == feature_set]
    if chosen.empty:
        raise InputError(
            f"no correlation over the feature set {feature_set!r}; choose from "
            f"{', '.join(table['feature_set'].unique())}"
        )
    return chosen.reset_index(drop=True)


def matrix(
    expression: AnnData, statistic: Literal["pearson", "spearman"] = keys.PEARSON
) -> pd.DataFrame:
    """Return a correlation over all features as a square table, samples x samples.

    Raises
    ------
    InputError
        The AnnData does not contain the matrix, or features, samples or values have changed since
        the matrix was computed.
    """
    r = correlations_of(expression, statistic)
    names = pd.Index(expression.obs_names, name=keys.SAMPLE)
    # A copy: before pandas 3, changes of the table would be written into the AnnData.
    return pd.DataFrame(r, index=names, columns=list(names), copy=True)


def replicate_qc(expression: AnnData) -> pd.DataFrame:
    """Return ENCODE's replicate QC and the detection of features."""
    return evidence(expression, keys.REPLICATE_QC)


def contributions(expression: AnnData) -> pd.DataFrame:
    """Return the features that lower R most."""
    return evidence(expression, keys.CONTRIBUTIONS)


def evidence(expression: AnnData, table: str) -> pd.DataFrame:
    """Return a table of any statistic, by its name.

    The names and columns are those of :mod:`lotwise.evidence.catalogue`. For a subset, rows of
    samples and pairs are limited to its samples. Rows of batches or of all samples stay as they
    were computed.

    Raises
    ------
    InputError
        The name is unknown, or the AnnData does not contain the table (``batch_pairs`` is the table
        ``pairs`` of :func:`lotwise.pp.average_replicates`). The error is also raised if features
        have changed since the table was computed, or the batch, condition or values of a sample.
    """
    known = tables()
    if table not in known:
        in_anndata = [name for name, one in known.items() if not one.shown.of]
        raise InputError(f"unknown table {table!r}", remedy=f"choose from {', '.join(in_anndata)}")
    if of := known[table].shown.of:
        own = known[table].record.table
        raise InputError(
            f"the table {table!r} is the table {own!r} of {of}(expression)",
            remedy=f"call {known[table].tool} for this result and take its table {own!r}",
        )
    named, tool = columns(known[table].record), known[table].tool
    if "sample_a" in named:
        found = _table_of_pairs(expression, table, tool)
    else:
        found = stored_table(expression, table, tool=tool)
    if "sample" in named:
        # A row without a sample tells why there is none.
        found = found[found["sample"].isin([*expression.obs_names, ""])].reset_index(drop=True)
        require_labels(expression, found, name=table, tool=tool)
    require_samples(expression, table, tool=tool, design=known[table].statistic.design)
    return found


def _table_of_pairs(expression: AnnData, name: str, tool: str) -> pd.DataFrame:
    """Return the pairs of these samples: a subset inherits the table of all pairs in ``uns``."""
    table, names = stored_table(expression, name, tool=tool), expression.obs_names
    kept = table[table["sample_a"].isin(names) & table["sample_b"].isin(names)]
    if kept.empty and len(table) and expression.n_obs > 1:
        raise InputError(
            f"the table {name!r} was computed from other samples", remedy=f"call {tool} again"
        )
    require_labels(expression, kept, name=name, tool=tool)
    return kept.reset_index(drop=True)
