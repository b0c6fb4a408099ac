"""The statistics of a level, run as the configuration says."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from threadpoolctl import threadpool_limits

from lotwise import get, keys, tl
from lotwise.accepted import describe_accepted
from lotwise.config import CorrelationConfig, EvidenceConfig
from lotwise.config.evidence import Statistic, statistics_of, tables_of
from lotwise.errors import InputError
from lotwise.evidence import (
    RECORDS,
    ComparisonRecord,
    GeneSetRecord,
    SexRecord,
    ShareRecord,
    SignalRecord,
    StratumRecord,
    UsageRecord,
)
from lotwise.expression.labels import labels_of
from lotwise.files.tables import OfPair, Record, columns, to_frame
from lotwise.keys import Level
from lotwise.metrics.detectable import Perturbation
from lotwise.metrics.gene_sets import PRESET_CORRELATION
from lotwise.progress import progress
from lotwise.tl.pairs import pairs_of, store

if TYPE_CHECKING:
    import pandas as pd
    from anndata import AnnData

NAN = float("nan")
# What a column holds where its number cannot be computed.
_NOTHING: Final[dict[type, object]] = {str: "", int: 0, float: NAN, bool: False}

_Run = Callable[["AnnData", EvidenceConfig, CorrelationConfig], None]


def gather_evidence(
    expression: AnnData, config: EvidenceConfig, correlation: CorrelationConfig
) -> dict[str, pd.DataFrame]:
    """Compute the statistics that are switched on; give their tables by name.

    A statistic that lacks what it needs (bootstraps, replicates, groups, gene sets, genes of the
    isoforms) gives a table of NaN with the reason.

    Parameters
    ----------
    expression
        Samples x features of one level, as :func:`lotwise.read_quant` gives them; annotated.
    config
        What to compute, and how.
    correlation
        Pseudo-count and thresholds, those of R.

    Returns
    -------
    The tables of :func:`lotwise.config.tables_of`, in its order; none is empty.

    Raises
    ------
    InputError
        A panel or a file that the configuration names cannot be read.

    Examples
    --------
    >>> gene = getfixture("three_batches").gene
    >>> config = EvidenceConfig(statistics=("signal", "gene_sets"))
    >>> tables = gather_evidence(gene, config, CorrelationConfig())
    >>> tables["signal"]["reason"].tolist()
    ["the samples have no column 'condition' that names groups"]
    >>> tables["gene_sets"]["reason"].unique().tolist()
    ['no gene sets were given (gene_sets)']
    """
    level: Level = expression.uns[keys.LOTWISE][keys.LEVEL]
    _check_grouping(expression, config)
    # BLAS may add in another order with other threads: one makes the digits the same everywhere.
    with threadpool_limits(limits=1, user_api="blas"):
        tl.choose_pairs(
            expression, most_pairs=correlation.most_pairs, pseudocount=correlation.pseudocount
        )
        for name in progress(statistics_of(config, level), f"{level} level", unit="statistic"):
            _RUNS[name](expression, config, correlation)
    return {name: get.evidence(expression, name) for name in tables_of(config, level)}


def _check_grouping(expression: AnnData, config: EvidenceConfig) -> None:
    """Refuse a grouping that was asked for and is not in the sample sheet."""
    asked = "grouping" in config.model_fields_set and config.grouping != keys.CONDITION
    if asked and config.grouping not in expression.obs:
        columns = ", ".join(map(str, expression.obs.columns))
        raise InputError(
            f"the samples have no column {config.grouping!r} that names groups; they have "
            f"{columns}",
            remedy="correct `grouping` (--grouping), or add the column to the sample sheet",
        )


def _libraries(expression: AnnData, config: EvidenceConfig, r: CorrelationConfig) -> None:
    tl.libraries(
        expression,
        threshold=r.threshold,
        shallow_below=config.shallow_below,
        outlier_below=config.outlier_below,
        # The column condition is part of the design, with the batches.
        grouping=None if config.grouping in {keys.CONDITION, keys.BATCH} else config.grouping,
        pseudocount=r.pseudocount,
    )


def _identity(expression: AnnData, config: EvidenceConfig, _: CorrelationConfig) -> None:
    tl.identity(expression, panels=config.panels)
    kept = expression.uns[keys.LOTWISE]
    if SexRecord.table not in kept:
        _store_nothing(expression, SexRecord, "no panel expects both female and male")
    if kept["identity"].empty:
        _store_nothing(expression, _record("identity"), "no panel was given (panels)")


def _components(expression: AnnData, _: EvidenceConfig, r: CorrelationConfig) -> None:
    tl.components(expression, threshold=r.threshold, pseudocount=r.pseudocount)


def _sensitivity(expression: AnnData, _: EvidenceConfig, r: CorrelationConfig) -> None:
    pseudocounts = tuple(sorted({r.pseudocount, 1.0, 0.1, 0.01}, reverse=True))
    tl.sensitivity(
        expression, pseudocounts=pseudocounts, threshold=r.threshold, min_counts=r.min_counts
    )


def _agreement(expression: AnnData, _: EvidenceConfig, r: CorrelationConfig) -> None:
    tl.agreement(expression, pseudocount=r.pseudocount, threshold=r.threshold)


def _intervals(expression: AnnData, config: EvidenceConfig, r: CorrelationConfig) -> None:
    if config.blocks is not None:
        tl.blocks(expression, source=config.blocks, neighbourhood=config.neighbourhood)
    tl.intervals(
        expression,
        blocks=None if config.blocks is None else keys.BLOCK,
        n_resamples=config.n_resamples,
        level=config.coverage,
        pseudocount=r.pseudocount,
        seed=config.seed,
    )


def _ceilings(expression: AnnData, config: EvidenceConfig, r: CorrelationConfig) -> None:
    tl.ceilings(expression, pseudocount=r.pseudocount, seed=config.seed)


def _detectable(expression: AnnData, config: EvidenceConfig, r: CorrelationConfig) -> None:
    perturbation = Perturbation(expressed_from=r.threshold, pseudocount=r.pseudocount)
    tl.detectable(expression, threshold=config.passing, perturbation=perturbation, seed=config.seed)


def _batches(expression: AnnData, config: EvidenceConfig, r: CorrelationConfig) -> None:
    tl.batches(expression, level=config.coverage, pseudocount=r.pseudocount, seed=config.seed)


def _reference(expression: AnnData, config: EvidenceConfig, _: CorrelationConfig) -> None:
    path, level = config.reference_set, expression.uns[keys.LOTWISE][keys.LEVEL]
    if path is None:
        _store_nothing(expression, ComparisonRecord, "no accepted set was given (reference_set)")
        return
    held = describe_accepted(path)["level"]
    if held != level:
        _store_nothing(expression, ComparisonRecord, f"the accepted set is of {held}s")
        return
    tl.accepted(expression, path=path, level=config.coverage, seed=config.seed)


def _equivalence(expression: AnnData, config: EvidenceConfig, r: CorrelationConfig) -> None:
    tl.equivalence(
        expression,
        method=config.equivalence_method,
        margin=config.margin,
        alpha=config.alpha,
        pseudocount=r.pseudocount,
    )
    if expression.uns[keys.LOTWISE]["equivalence"].empty:
        _store_nothing(expression, _record("equivalence"), "there is one batch")


def _signal(expression: AnnData, config: EvidenceConfig, r: CorrelationConfig) -> None:
    if config.grouping not in expression.obs:
        reason = f"the samples have no column {config.grouping!r} that names groups"
    elif "" in labels_of(expression, config.grouping):
        reason = f"the column {config.grouping!r} is empty for some samples"
    else:
        tl.signal(
            expression,
            grouping=config.grouping,
            threshold=r.threshold,
            pseudocount=r.pseudocount,
        )
        return
    _store_nothing(expression, SignalRecord, reason, grouping=config.grouping)


def _gene_sets(expression: AnnData, config: EvidenceConfig, r: CorrelationConfig) -> None:
    if config.gene_sets is None:
        _store_nothing(expression, GeneSetRecord, "no gene sets were given (gene_sets)")
    else:
        preset = config.gene_set_correlation == "preset"
        tl.gene_sets(
            expression,
            sets=config.gene_sets,
            correlation=PRESET_CORRELATION if preset else "replicates",
            threshold=r.threshold,
            pseudocount=r.pseudocount,
        )


def _isoform_usage(expression: AnnData, config: EvidenceConfig, r: CorrelationConfig) -> None:
    if keys.GENE_ID not in expression.var:
        for record in (UsageRecord, StratumRecord, ShareRecord):
            _store_nothing(expression, record, "the genes of the isoforms are not known (tx2gene)")
        return
    tl.isoform_usage(
        expression,
        threshold=r.threshold,
        n_largest=config.n_usage,
        pseudocount=r.pseudocount,
    )
    tl.isoform_shares(expression)
    for record in (UsageRecord, ShareRecord):
        if expression.uns[keys.LOTWISE][record.table].empty:
            reason = f"no gene of two isoforms reaches {r.threshold:g} TPM in two batches"
            _store_nothing(expression, record, reason)


def _store_nothing(expression: AnnData, record: type[Record], reason: str, **known: object) -> None:
    """Keep a table of NaN with the reason: a row a pair where it is one of pairs, else one row."""
    empty = {name: _NOTHING[kind] for name, kind in columns(record).items()}
    if "reason" in empty:
        known["reason"] = reason
    else:
        known["holds"] = reason
    of_pairs = issubclass(record, OfPair)
    named = [pair.names() for pair in pairs_of(expression)] if of_pairs else [{}]
    rows = [record(**(empty | known | names)) for names in named]
    store(expression, record.table, to_frame(rows, record), {"reason": reason})


def _record(table: str) -> type[Record]:
    return next(record for record in RECORDS if record.table == table)


_RUNS: Final[dict[Statistic, _Run]] = {
    "libraries": _libraries,
    "identity": _identity,
    "components": _components,
    "sensitivity": _sensitivity,
    "agreement": _agreement,
    "intervals": _intervals,
    "ceilings": _ceilings,
    "detectable": _detectable,
    "batches": _batches,
    "reference": _reference,
    "equivalence": _equivalence,
    "signal": _signal,
    "gene_sets": _gene_sets,
    "isoform_usage": _isoform_usage,
}
