"""Computing and drawing of the statistics of a level, as the catalogue declares them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from threadpoolctl import threadpool_limits

from lotwise import keys, tl
from lotwise.config import CorrelationConfig, EvidenceConfig
from lotwise.config.evidence import drawn_of, statistics_of, tables_of
from lotwise.errors import InputError
from lotwise.expression.labels import unit_of
from lotwise.expression.noted import noted
from lotwise.keys import Level
from lotwise.progress import progress

if TYPE_CHECKING:
    import pandas as pd
    from anndata import AnnData
    from matplotlib.figure import Figure


def gather_evidence(
    expression: AnnData,
    config: EvidenceConfig,
    correlation: CorrelationConfig,
    *,
    with_scanpy: bool = True,
) -> dict[str, pd.DataFrame]:
    """Compute the statistics that are switched on; return their tables by name.

    A statistic that lacks its input (bootstraps, replicates, groups, gene sets, genes of the
    isoforms) gives a table of NaN with the reason.

    Parameters
    ----------
    expression
        Samples x features of one level, as from :func:`lotwise.read_quant`; it is annotated.
    config
        What to compute, and how.
    correlation
        Pseudo-count and thresholds, those of R.
    with_scanpy
        Keep results of scanpy in its own keys too (:func:`lotwise.tl.components`,
        :func:`lotwise.tl.libraries`).

    Returns
    -------
    The tables of :func:`lotwise.config.tables_of`, in its order; no table is empty.

    Raises
    ------
    InputError
        A panel or a file in the configuration cannot be read.

    Examples
    --------
    >>> import lotwise
    >>> gene = lotwise.datasets.three_batches().gene
    >>> config = EvidenceConfig(statistics=("signal", "gene_sets"))
    >>> tables = gather_evidence(gene, config, CorrelationConfig())
    >>> tables["signal"]["reason"].tolist()
    ["the samples have no column 'condition' with groups"]
    >>> tables["gene_sets"]["reason"].unique().tolist()
    ['no gene sets were given (gene_sets)']
    """
    level: Level = expression.uns[keys.LOTWISE][keys.LEVEL]
    _check_grouping(expression, config)
    context = {
        "expression": expression,
        "evidence": config,
        "correlation": correlation,
        "with_scanpy": with_scanpy,
    }
    # BLAS may sum in another order with more threads; one thread gives the same digits everywhere.
    with threadpool_limits(limits=1, user_api="blas"):
        tl.choose_pairs(
            expression, most_pairs=correlation.most_pairs, pseudocount=correlation.pseudocount
        )
        for statistic in progress(
            statistics_of(config, level), f"{level} level, evidence", unit="statistic"
        ):
            if statistic.compute is not None:
                statistic.compute(context)
    # Not by get.evidence, which copies: tables with a row per feature are hundreds of MB.
    stored = noted(expression)
    return {name: stored[name] for name in tables_of(config, level)}


def _check_grouping(expression: AnnData, config: EvidenceConfig) -> None:
    """Raise if the configured grouping is not in the sample sheet."""
    asked = "grouping" in config.model_fields_set and config.grouping != keys.CONDITION
    if asked and config.grouping not in expression.obs:
        columns = ", ".join(map(str, expression.obs.columns))
        raise InputError(
            f"the samples have no column {config.grouping!r} with groups; they have {columns}",
            remedy="correct 'grouping' (--grouping), or add the column to the sample sheet",
        )


def draw_evidence(
    expression: AnnData,
    tables: Mapping[str, pd.DataFrame],
    config: EvidenceConfig,
    correlation: CorrelationConfig,
) -> Iterator[tuple[str, Figure]]:
    """Draw the tables that have a figure; yield each with its name.

    Figures of one pair show the pair with the lowest R. A figure with nothing to draw shows the
    reason, so that a run always makes the same files.

    Parameters
    ----------
    expression
        The AnnData from which the tables were computed.
    tables
        Result of :func:`gather_evidence`.
    config, correlation
        As in :func:`gather_evidence`.

    Yields
    ------
    The figures of :func:`lotwise.config.figures_of`, in its order.

    Examples
    --------
    >>> import lotwise
    >>> gene = lotwise.datasets.three_batches().gene
    >>> config = EvidenceConfig(statistics=("batches",))
    >>> tables = gather_evidence(gene, config, CorrelationConfig())
    >>> [name for name, _ in draw_evidence(gene, tables, config, CorrelationConfig())]
    ['batches']
    """
    level: Level = expression.uns[keys.LOTWISE][keys.LEVEL]
    context = {
        "expression": expression,
        "tables": tables,
        "evidence": config,
        "correlation": correlation,
        "unit": unit_of(expression),
        "features": {"gene": "genes", "isoform": "isoforms"}[level],
    }
    for name, figure, each in drawn_of(config, level):
        yield name, figure.draw({**context, "each": each})
