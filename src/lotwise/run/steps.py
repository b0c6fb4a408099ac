"""The result tree: what each step writes, and where.

The command line, the workflow and `lotwise compare` all write through these
functions, so that the same input gives the same files whichever way it came.
"""

from __future__ import annotations

import csv
import logging
import shutil
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from lotwise import keys
from lotwise.acceptance import (
    Verdict,
    forget_verdict,
    read_criteria,
    register_criteria,
    write_verdict,
)
from lotwise.config import (
    Config,
    CorrelationConfig,
    EvidenceConfig,
    ExpressionConfig,
    FiguresConfig,
    figures_of,
    tables_of,
)
from lotwise.errors import InputError
from lotwise.files.atomic import atomic_path
from lotwise.keys import LEVELS, Level
from lotwise.progress import progress
from lotwise.record import (
    CRATE,
    PREPARING,
    PROVENANCE,
    VERIFICATION,
    Call,
    gather,
    lotwise_call,
    now,
    own_steps,
    resolve,
    step_of,
    take_inputs,
    write_revision,
)
from lotwise.samples import Sample, read_samples, require_batches
from lotwise.tree import ResultTree

if TYPE_CHECKING:
    import pandas as pd
    from anndata import AnnData

    from lotwise.expression import Quantification

_log = logging.getLogger(__name__)


def compare(
    samples: Path,
    tree: ResultTree,
    *,
    levels: Sequence[Level] | None = None,
    expression: ExpressionConfig | None = None,
    correlation: CorrelationConfig | None = None,
    figures: FiguresConfig | None = None,
    evidence: EvidenceConfig | None = None,
    acceptance: Path | str | None = None,
    report: bool = True,
    call: Call | None = None,
) -> Verdict | None:
    """Run the whole comparison: expression, correlation, figures, evidence and the report.

    Acceptance criteria are put on record before anything is computed, and judged at the end;
    without any there is no verdict. ``tables.xlsx`` holds the tables; ``provenance.json``
    names all that was made, ``report.html`` shows it. ``call`` is the call of the command
    line that stands on record.
    """
    started, started_ns = now(), time.time_ns()
    require_batches(read_samples(samples), samples)
    criteria = None if acceptance is None else read_criteria(acceptance)
    if criteria is not None:
        register_criteria(tree.root, criteria)
    # What an earlier run said is not said of these tables, not even if this run is interrupted.
    forget_verdict(tree.root)
    for name in (PROVENANCE, CRATE, "report.html", VERIFICATION):
        (tree.root / name).unlink(missing_ok=True)
    correlation, figures = correlation or CorrelationConfig(), figures or FiguresConfig()
    expression, evidence = expression or ExpressionConfig(), evidence or EvidenceConfig()
    written = write_expression(samples, tree, expression, levels=levels)
    for level in written:
        write_correlation(tree, level, correlation)
        write_figures(tree, level, figures, correlation)
        write_evidence(tree, level, evidence, correlation, figures)
    verdict = None if criteria is None else write_verdict(tree.root, criteria)
    from lotwise.report.workbook import write_workbook

    write_workbook(tree.root)
    config = resolve(
        Config(
            samples=samples,
            results=tree.root,
            levels=tuple(written),
            expression=expression,
            correlation=correlation,
            evidence=evidence,
            figures=figures,
            acceptance=None if acceptance is None else str(acceptance),
            report=report,
        )
    )
    ended = now()
    inputs = take_inputs(config, samples, tree.root)
    # What prepared the quantifications here; all other steps are done over again.
    steps = [
        step
        for step in own_steps(config, samples, tree.root, inputs=inputs)
        if step_of(step) in PREPARING
    ]
    if call is not None:
        steps.append(lotwise_call(call, started=started, ended=ended))
    provenance = gather(
        config,
        tree.root,
        inputs=inputs,
        since_ns=started_ns,
        steps=steps,
        started=started,
        ended=ended,
    )
    write_revision(tree.root, provenance)
    if report:
        from lotwise.report import write_report

        write_report(tree.root, note=figures.note, decimals=figures.decimals)
    return verdict


def write_expression(
    samples: Path,
    tree: ResultTree,
    config: ExpressionConfig,
    *,
    levels: Sequence[Level] | None = None,
) -> list[Level]:
    """Read the quantifications of a sample sheet; write ``samples.tsv`` and ``expression/``.

    Parameters
    ----------
    samples
        The sample sheet.
    tree
        Where to write.
    config
        How to read.
    levels
        Levels that there must be; by default those that the input has.

    Returns
    -------
    The levels written.

    Raises
    ------
    InputError
        The sheet or a quantification is wrong, or a level asked for cannot be had.
    """
    from lotwise.expression import read_quant, write_level

    listed = read_samples(samples)
    # The temporary file is made before the work, so that an unwritable place is
    # found at once, and named after it, so that a refusal leaves nothing behind.
    with atomic_path(tree.samples) as temporary:
        write_samples(temporary, listed)
        read = read_quant(
            listed,
            tx2gene=config.tx2gene,
            min_shared=config.min_shared,
            tpm_sum=config.tpm_sum,
            matrix_level=config.matrix_level,
            bootstraps=config.bootstraps,
        )
        found = _levels_of(read, samples, levels)
        if tree.samples.exists() and tree.samples.samefile(samples):
            # The sheet of the user lies in the folder of the results: it stays as it is.
            shutil.copyfile(samples, temporary)
    for level in set(LEVELS) - set(found):
        tree.forget(level)
    for level, data in found.items():
        write_level(data, tree.expression)
        _log.info("%s: %d samples x %d features", level, *data.shape)
    return list(found)


def write_correlation(tree: ResultTree, level: Level, config: CorrelationConfig) -> None:
    """Correlate the samples of one level; write ``correlation/{level}.*.tsv``."""
    from lotwise import get, pp
    from lotwise.expression import read_level
    from lotwise.files.tables import write_table

    expression = read_level(tree.h5ad(level), level)
    if expression.obs[keys.BATCH].nunique() < 2:
        raise InputError(
            f"holds samples of one batch ({expression.n_obs}), a comparison needs 2 or more",
            path=tree.h5ad(level),
            remedy="read the other batches too; a new batch alone is held against a reference set "
            "by `lotwise reference compare`",
        )
    _correlate(expression, config)
    batches = pp.average_replicates(expression)
    _correlate(batches, config, only_r=True)
    tables = {
        "pairs": get.pairs(expression),
        "replicate_qc": get.replicate_qc(expression),
        "contributions": get.contributions(expression),
        "batch_pairs": get.pairs(batches),
    }
    tree.forget_correlation(level)
    for name, table in tables.items():
        write_table(tree.table(level, name), table)
    for statistic in (keys.PEARSON, keys.SPEARMAN):
        write_table(tree.matrix(level, statistic), get.matrix(expression, statistic), index=True)


def write_figures(
    tree: ResultTree, level: Level, config: FiguresConfig, correlation: CorrelationConfig
) -> list[Path]:
    """Draw one level; write ``figures/``.

    Of more samples than a scatter matrix can show, it shows the least and the most
    alike; the heatmaps show all.
    """
    from lotwise import pl, tl
    from lotwise.expression import read_level

    tree.forget_figures(level, config.formats)
    expression = read_level(tree.h5ad(level), level)
    tl.correlate(expression, pseudocount=correlation.pseudocount, sets=("all",))
    written: list[Path] = []
    for order in ("given", "clustered"):
        drawn = pl.heatmap(expression, order=order, decimals=config.decimals, note=config.note)
        stem = tree.figure(level, f"heatmap_{order}")
        written += pl.save_figure(drawn, stem, config.formats)
    title = None
    if expression.n_obs > pl.MOST_SAMPLES:
        title = (
            f"The least and the most alike of {expression.n_obs} samples "
            f"({level} level, Pearson's R over all {expression.n_vars:,} features)"
        )
        expression = tl.least_and_most_alike(expression)
    drawn = pl.scatter_matrix(
        expression, style=config.style, decimals=config.decimals, title=title, note=config.note
    )
    written += pl.save_figure(drawn, tree.paper_figure(level), config.formats)
    return written


def write_evidence(
    tree: ResultTree,
    level: Level,
    config: EvidenceConfig,
    correlation: CorrelationConfig,
    figures: FiguresConfig,
) -> None:
    """Compute and draw what stands beside R at one level.

    Writes ``evidence/{level}.*.tsv`` and ``figures/{level}_*``, as
    :func:`lotwise.config.tables_of` and :func:`lotwise.config.figures_of` name them.
    """
    from lotwise import pl
    from lotwise.run.evidence import draw_evidence

    drawn_names = figures_of(config, level)
    tree.forget_evidence(
        level, names=tables_of(config, level), figures=drawn_names, formats=figures.formats
    )
    expression, tables = write_evidence_tables(tree, level, config, correlation)
    drawn = draw_evidence(expression, tables, config, correlation)
    for name, figure in progress(drawn, "drawing", unit="figure", total=len(drawn_names)):
        pl.add_note(figure, figures.note)
        pl.save_figure(figure, tree.figure(level, name), figures.formats)


def write_evidence_tables(
    tree: ResultTree, level: Level, config: EvidenceConfig, correlation: CorrelationConfig
) -> tuple[AnnData, dict[str, pd.DataFrame]]:
    """Compute what stands beside R at one level; write ``evidence/{level}.*.tsv``.

    Returns
    -------
    The expression with what was found, and the tables by name.
    """
    from lotwise.expression import read_level
    from lotwise.files.tables import write_table
    from lotwise.run.evidence import gather_evidence

    expression = read_level(tree.h5ad(level), level)
    tables = gather_evidence(expression, config, correlation)
    for name, table in tables.items():
        write_table(tree.table(level, name), table)
    return expression, tables


def _levels_of(
    read: Quantification, samples: Path, levels: Sequence[Level] | None
) -> dict[Level, AnnData]:
    found: dict[Level, AnnData] = {
        level: data
        for level, data in zip(LEVELS, (read.gene, read.isoform), strict=True)
        if data is not None
    }
    for level in levels or ():
        if level not in found:
            raise InputError(
                f"there is no {level} level in these quantifications",
                path=samples,
                remedy=(
                    "give the genes of transcripts (tx2gene)"
                    if level == "gene"
                    else "give the transcripts' files, or ask for the gene level alone (levels)"
                ),
            )
    return {level: data for level, data in found.items() if not levels or level in levels}


def _correlate(expression: AnnData, config: CorrelationConfig, *, only_r: bool = False) -> None:
    from lotwise import tl

    tl.choose_pairs(expression, most_pairs=config.most_pairs, pseudocount=config.pseudocount)
    tl.correlate(
        expression,
        pseudocount=config.pseudocount,
        threshold=config.threshold,
        min_counts=config.min_counts,
    )
    if not only_r:
        tl.replicate_qc(expression, threshold=config.threshold)
        tl.contributions(
            expression, n_largest=config.n_contributions, pseudocount=config.pseudocount
        )


def write_samples(path: Path, samples: Sequence[Sample]) -> None:
    """Write what was compared as a sample sheet that can be used again."""
    names = [
        name
        for name in (keys.REPLICATE, keys.DONOR, keys.CONDITION)
        if any(getattr(sample, name) for sample in samples)
    ]
    annotations = list(dict.fromkeys(name for sample in samples for name in sample.annotations))
    with path.open("w", encoding="utf-8", newline="") as text:
        writer = csv.writer(text, delimiter="\t", lineterminator="\n")
        writer.writerow([keys.SAMPLE, keys.BATCH, *names, keys.QUANT, *annotations])
        for sample in samples:
            writer.writerow(
                [
                    sample.sample,
                    sample.batch,
                    *(getattr(sample, name) for name in names),
                    "" if sample.quant is None else sample.quant.absolute(),
                    *(sample.annotations.get(name, "") for name in annotations),
                ]
            )
