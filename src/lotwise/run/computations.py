"""Computations that need more of a run than options, with rules for missing input.

They are named in the catalogue. Missing input gives a reason in the table, not an error.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lotwise import keys, tl
from lotwise.accepted import describe_accepted
from lotwise.config import CorrelationConfig, EvidenceConfig
from lotwise.evidence.batch_equivalence import BatchEquivalenceRecord
from lotwise.evidence.columns import OfPair
from lotwise.evidence.equivalence import EquivalenceRecord
from lotwise.evidence.gene_sets import BatchGeneSetRecord, GeneSetRecord
from lotwise.evidence.identity import MarkerRecord, SexRecord
from lotwise.evidence.isoform_usage import ShareRecord, StratumRecord, UsageRecord
from lotwise.evidence.reference import ComparisonRecord
from lotwise.evidence.signal import SignalRecord
from lotwise.expression.labels import labels_of
from lotwise.files.records import Record, unknown_values
from lotwise.files.tables import to_frame
from lotwise.metrics.detectable import Perturbation
from lotwise.metrics.gene_sets import PRESET_CORRELATION
from lotwise.tl.pairs import pairs_of, store
from lotwise.tl.process_features import Settings

if TYPE_CHECKING:
    from anndata import AnnData


def libraries(
    expression: AnnData,
    *,
    evidence: EvidenceConfig,
    correlation: CorrelationConfig,
    with_scanpy: bool,
) -> None:
    """Compare depths, and R within the groups of the samples."""
    tl.libraries(
        expression,
        threshold=correlation.threshold,
        shallow_below=evidence.shallow_below,
        outlier_below=evidence.outlier_below,
        # The column condition is part of the design, together with the batches.
        grouping=None if evidence.grouping in {keys.CONDITION, keys.BATCH} else evidence.grouping,
        pseudocount=correlation.pseudocount,
        with_scanpy=with_scanpy,
    )


def identity(expression: AnnData, *, panels: tuple[str, ...]) -> None:
    """Check the panels of markers."""
    tl.identity(expression, panels=panels)
    kept = expression.uns[keys.LOTWISE]
    if SexRecord.table not in kept:
        _store_nothing(expression, SexRecord, "no panel has both female and male markers")
    if kept[MarkerRecord.table].empty:
        _store_nothing(expression, MarkerRecord, "no panel was given (panels)")


def sensitivity(expression: AnnData, *, correlation: CorrelationConfig) -> None:
    """Vary the pseudo-count around that of R."""
    tl.sensitivity(
        expression,
        pseudocounts=tuple(sorted({correlation.pseudocount, 1.0, 0.1, 0.01}, reverse=True)),
        threshold=correlation.threshold,
        min_counts=correlation.min_counts,
    )


def intervals(
    expression: AnnData, *, evidence: EvidenceConfig, correlation: CorrelationConfig
) -> None:
    """Resample features, in blocks if a file defines them."""
    if evidence.blocks is not None:
        tl.blocks(expression, source=evidence.blocks, neighbourhood=evidence.neighbourhood)
    tl.intervals(
        expression,
        blocks=None if evidence.blocks is None else keys.BLOCK,
        n_resamples=evidence.n_resamples,
        level=evidence.coverage,
        pseudocount=correlation.pseudocount,
        seed=evidence.seed,
    )


def detectable(
    expression: AnnData, *, evidence: EvidenceConfig, correlation: CorrelationConfig
) -> None:
    """Change a known share of the expressed features."""
    tl.detectable(
        expression,
        threshold=evidence.passing,
        perturbation=Perturbation(
            expressed_from=correlation.threshold, pseudocount=correlation.pseudocount
        ),
        seed=evidence.seed,
    )


def reference(expression: AnnData, *, evidence: EvidenceConfig) -> None:
    """Compare with the stored accepted batches, if there are any at this level."""
    path, level = evidence.reference_set, expression.uns[keys.LOTWISE][keys.LEVEL]
    if path is None:
        _store_nothing(expression, ComparisonRecord, "no accepted set was given (reference_set)")
        return
    held = describe_accepted(path)["level"]
    if held != level:
        _store_nothing(expression, ComparisonRecord, f"the accepted set contains {held}s")
        return
    tl.accepted(expression, path=path, level=evidence.coverage, seed=evidence.seed)


def equivalence(
    expression: AnnData, *, evidence: EvidenceConfig, correlation: CorrelationConfig
) -> None:
    """Test single features of batches with replicates."""
    tl.equivalence(
        expression,
        method=evidence.equivalence_method,
        margin=evidence.margin,
        alpha=evidence.alpha,
        threshold=correlation.threshold,
    )
    if expression.uns[keys.LOTWISE][EquivalenceRecord.table].empty:
        _store_nothing(expression, EquivalenceRecord, "there is one batch")


def batch_equivalence(
    expression: AnnData, *, evidence: EvidenceConfig, correlation: CorrelationConfig
) -> None:
    """Test whether batches are as similar as replicates, within a number or accepted batches."""
    margin, path = evidence.batch_margin, None
    if margin == "accepted":
        level, path, margin = expression.uns[keys.LOTWISE][keys.LEVEL], evidence.reference_set, None
        if path is None:
            reason = "batch_margin is 'accepted', but no accepted set was given (reference_set)"
            _store_nothing(expression, BatchEquivalenceRecord, reason, equivalent="not assessable")
            return
        if (held := describe_accepted(path)["level"]) != level:
            reason = f"the accepted set is of {held}s"
            _store_nothing(expression, BatchEquivalenceRecord, reason, equivalent="not assessable")
            return
    tl.batch_equivalence(
        expression,
        margin=margin,
        accepted=path,
        alpha=evidence.alpha,
        pseudocount=correlation.pseudocount,
        seed=evidence.seed,
    )


def process_change(
    expression: AnnData, *, evidence: EvidenceConfig, correlation: CorrelationConfig
) -> None:
    """Compare lots before and after a change of the process."""
    tl.process_change(
        expression,
        attributes=evidence.attributes,
        gene_sets=evidence.gene_sets,
        settings=Settings(
            margin=evidence.margin,
            alpha=evidence.alpha,
            threshold=correlation.threshold,
            pseudocount=correlation.pseudocount,
            seed=evidence.seed,
        ),
    )


def signal(
    expression: AnnData, *, evidence: EvidenceConfig, correlation: CorrelationConfig
) -> None:
    """Compare the groups of the samples, if all samples have one."""
    if evidence.grouping not in expression.obs:
        reason = f"the samples have no column {evidence.grouping!r} with groups"
    elif "" in labels_of(expression, evidence.grouping):
        reason = f"the column {evidence.grouping!r} is empty for some samples"
    else:
        tl.signal(
            expression,
            grouping=evidence.grouping,
            threshold=correlation.threshold,
            pseudocount=correlation.pseudocount,
        )
        return
    _store_nothing(expression, SignalRecord, reason, grouping=evidence.grouping)


def gene_sets(
    expression: AnnData, *, evidence: EvidenceConfig, correlation: CorrelationConfig
) -> None:
    """Test the gene sets of a file."""
    if evidence.gene_sets is None:
        for record in (GeneSetRecord, BatchGeneSetRecord):
            _store_nothing(expression, record, "no gene sets were given (gene_sets)")
        return
    preset = evidence.gene_set_correlation == "preset"
    tl.gene_sets(
        expression,
        sets=evidence.gene_sets,
        correlation=PRESET_CORRELATION if preset else "replicates",
        threshold=correlation.threshold,
        pseudocount=correlation.pseudocount,
    )


def isoform_usage(
    expression: AnnData, *, evidence: EvidenceConfig, correlation: CorrelationConfig
) -> None:
    """Compare the usage of isoforms, if their genes are known."""
    if keys.GENE_ID not in expression.var:
        for record in (UsageRecord, StratumRecord, ShareRecord):
            _store_nothing(expression, record, "the genes of the isoforms are unknown (tx2gene)")
        return
    tl.isoform_usage(
        expression,
        threshold=correlation.threshold,
        n_largest=evidence.n_usage,
        pseudocount=correlation.pseudocount,
    )
    tl.isoform_shares(expression)
    for record in (UsageRecord, ShareRecord):
        if expression.uns[keys.LOTWISE][record.table].empty:
            reason = (
                "no gene with at least two isoforms reaches "
                f"{correlation.threshold:g} TPM in two batches"
            )
            _store_nothing(expression, record, reason)


def _store_nothing(expression: AnnData, record: type[Record], reason: str, **known: object) -> None:
    """Store a table of NaN with the reason: one row per pair for tables of pairs, else one row."""
    values = unknown_values(record)
    known["reason" if "reason" in values else "holds"] = reason
    of_pairs = issubclass(record, OfPair)
    named = [pair.names() for pair in pairs_of(expression)] if of_pairs else [{}]
    rows = [record(**(values | known | names)) for names in named]
    store(expression, record.table, to_frame(rows, record), {"reason": reason})
