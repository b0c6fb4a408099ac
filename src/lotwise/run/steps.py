"""The result tree: the files that each step writes.

The command line, the workflow and `lotwise compare` all write through these functions, so that
the same input gives the same files in each case.
"""

from __future__ import annotations

import logging
import os
import shutil
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
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
from lotwise.evidence.catalogue import tables as catalogue
from lotwise.files.atomic import atomic_path
from lotwise.keys import LEVELS, Level
from lotwise.progress import step
from lotwise.record.build import gather, own_steps
from lotwise.record.calls import PREPARING, Call, lotwise_call, now, step_of
from lotwise.record.configuration import resolve
from lotwise.record.inputs import take_inputs
from lotwise.record.revisions import write_revision
from lotwise.run.comparison import Comparison, correlate, read_expression
from lotwise.run.comparison import compare as compare_in_memory
from lotwise.run.evidence import draw_evidence, gather_evidence
from lotwise.run.figures import draw_correlation, named_figures, save_beside
from lotwise.run.processes import Beside
from lotwise.samples import Sample, read_samples, require_batches, write_samples
from lotwise.tree import (
    CERTIFICATE,
    CRATE,
    CRITERIA,
    PAGE,
    PROVENANCE,
    VERDICT,
    VERIFICATION,
    ResultTree,
)

if TYPE_CHECKING:
    import pandas as pd
    from anndata import AnnData

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

    Acceptance criteria are recorded before anything is computed and judged at the end; without
    criteria there is no verdict. ``tables.xlsx`` contains the tables, ``provenance.json`` lists
    everything that was made, and ``report.html`` shows it. ``call`` is the call of the command
    line for the record.
    """
    started, started_ns = now(), time.time_ns()
    require_batches(read_samples(samples), samples)
    criteria = None if acceptance is None else read_criteria(acceptance)
    if criteria is not None:
        register_criteria(tree.root, criteria)
    forget_run(
        tree.root,
        again=[
            PROVENANCE,
            *([PAGE] if report else []),
            *([VERDICT, CRITERIA] if criteria is not None else []),
        ],
    )
    correlation, figures = correlation or CorrelationConfig(), figures or FiguresConfig()
    expression, evidence = expression or ExpressionConfig(), evidence or EvidenceConfig()
    with write_sheet(read_samples(samples), tree, given=samples):
        compared = compare_in_memory(
            samples,
            levels=levels,
            expression=expression,
            correlation=correlation,
            evidence=evidence,
            with_scanpy=False,
        )
    written = list(compared.expression)
    from lotwise.report.workbook import write_workbook

    with step("figures, tables and workbook"), Beside() as beside:
        write_comparison(compared, tree, figures, beside)
        verdict = None if criteria is None else write_verdict(tree.root, criteria)
        beside.run(write_workbook, tree.root)
    del compared  # the report reads the files
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
    # Keep the steps that prepared the quantifications here; all other steps are done again.
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
        from lotwise.report.page import write_report

        with step("report"):
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
        Result tree to write to.
    config
        Settings for reading.
    levels
        Levels that are required; by default those of the input.

    Returns
    -------
    The levels written.

    Raises
    ------
    InputError
        The sheet or a quantification is invalid, or a required level is not available.
    """
    listed = read_samples(samples)
    with write_sheet(listed, tree, given=samples):
        found = read_expression(listed, config, levels=levels, sheet=samples)
    _write_levels(found, tree)
    return list(found)


def write_comparison(
    compared: Comparison, tree: ResultTree, figures: FiguresConfig, beside: Beside
) -> None:
    """Write expression, tables and figures of a comparison, the figures in other processes."""
    for level, expression in compared.expression.items():
        tree.forget_figures(level, figures.formats)
        save_beside(draw_correlation(tree, level, expression, figures), figures, beside)
        _forget_evidence(tree, level, compared.evidence, figures)
        drawn = draw_evidence(
            expression, compared.tables[level], compared.evidence, compared.correlation
        )
        save_beside(named_figures(tree, level, drawn, compared.evidence, figures), figures, beside)
    # Meanwhile: the largest tables first, while little memory is in use.
    for level, expression in compared.expression.items():
        tables = compared.tables[level]
        names = tables_of(compared.evidence, level)
        _write_evidence(tree, level, {name: tables[name] for name in names})
        _write_correlation(tree, level, expression, tables)
    _write_levels(compared.expression, tree)


def forget_run(root: Path, *others: str, again: Collection[str]) -> None:
    """Remove verdict, record and pages of an earlier run, which are not valid for new tables.

    This is done before the tables are written, because the run may be interrupted. For the
    parameters, see :func:`lotwise.acceptance.forget_verdict`.
    """
    forget_verdict(
        root, *(PROVENANCE, CRATE, PAGE, CERTIFICATE, VERIFICATION), *others, again=again
    )


@contextmanager
def write_sheet(
    samples: Sequence[Sample], tree: ResultTree, *, given: Path | None
) -> Iterator[None]:
    """Write ``samples.tsv`` when the body of the context has succeeded.

    The temporary file is created before the work, so that an unwritable folder is found at once.
    It is renamed after the work, so that a failure leaves nothing behind. ``given`` is the sample
    sheet from which the samples were read, if there is one.
    """
    with atomic_path(tree.samples) as temporary:
        write_samples(temporary, [_with_absolute_path(sample) for sample in samples])
        yield
        if given is not None and tree.samples.exists() and tree.samples.samefile(given):
            # The user's own sheet is in the folder of the results and stays unchanged.
            shutil.copyfile(given, temporary)


def _with_absolute_path(sample: Sample) -> Sample:
    return sample if sample.quant is None else replace(sample, quant=sample.quant.absolute())


def _write_levels(found: Mapping[Level, AnnData], tree: ResultTree) -> None:
    from lotwise.expression import write_level

    for level in set(LEVELS) - set(found):
        tree.forget(level)
    for level, expression in found.items():
        write_level(without_evidence(expression), tree.expression)
        _log.info("%s: %d samples x %d features", level, *expression.shape)


def write_correlation(tree: ResultTree, level: Level, config: CorrelationConfig) -> None:
    """Correlate the samples of one level; write ``correlation/{level}.*.tsv``.

    R and these tables are added to the stored expression, so that users need not compute them.
    """
    from lotwise.expression import read_level, write_h5ad

    expression = read_level(tree.h5ad(level), level)
    tables = correlate(expression, config, path=tree.h5ad(level))
    path = tree.h5ad(level)
    written = path.stat()
    write_h5ad(without_evidence(expression), path)
    # The expression itself is unchanged, so the workflow need not repeat steps that read it.
    os.utime(path, ns=(written.st_atime_ns, written.st_mtime_ns))
    _write_correlation(tree, level, expression, tables)


def _write_correlation(
    tree: ResultTree, level: Level, expression: AnnData, tables: Mapping[str, pd.DataFrame]
) -> None:
    from lotwise import get
    from lotwise.files.tables import write_table

    tree.forget_correlation(level)
    for name, table in catalogue().items():
        if table.folder == "correlation":
            write_table(tree.table(level, name), tables[name])
    for statistic in (keys.PEARSON, keys.SPEARMAN):
        write_table(tree.matrix(level, statistic), get.matrix(expression, statistic), index=True)


def write_evidence(
    tree: ResultTree,
    level: Level,
    config: EvidenceConfig,
    correlation: CorrelationConfig,
    figures: FiguresConfig,
) -> None:
    """Compute and draw the evidence of one level.

    Writes ``evidence/{level}.*`` and ``figures/{level}_*``, as listed by
    :func:`lotwise.config.tables_of` and :func:`lotwise.config.figures_of`.
    """
    _forget_evidence(tree, level, config, figures)
    expression, tables = write_evidence_tables(tree, level, config, correlation)
    drawn = draw_evidence(expression, tables, config, correlation)
    with Beside() as beside:
        save_beside(named_figures(tree, level, drawn, config, figures), figures, beside)


def write_evidence_tables(
    tree: ResultTree, level: Level, config: EvidenceConfig, correlation: CorrelationConfig
) -> tuple[AnnData, dict[str, pd.DataFrame]]:
    """Compute the evidence of one level and write its tables.

    Returns
    -------
    The annotated expression, and the tables by name.
    """
    from lotwise.expression import read_level

    expression = read_level(tree.h5ad(level), level)
    tree.forget_evidence(level, tables_of(config, level))
    tables = gather_evidence(expression, config, correlation, with_scanpy=False)
    _write_evidence(tree, level, tables)
    return expression, tables


def _forget_evidence(
    tree: ResultTree, level: Level, config: EvidenceConfig, figures: FiguresConfig
) -> None:
    tree.forget_evidence(level, tables_of(config, level))
    tree.forget_figures_of_evidence(level, figures_of(config, level), figures.formats)


def _write_evidence(tree: ResultTree, level: Level, tables: Mapping[str, pd.DataFrame]) -> None:
    from lotwise.files.tables import write_table

    for name, table in tables.items():
        write_table(tree.table(level, name), table)


def without_evidence(expression: AnnData) -> AnnData:
    """Return the expression with correlations only, as stored; evidence has its own tables."""
    from anndata import AnnData as Made

    theirs = {name for name, table in catalogue().items() if table.folder == "evidence"}
    kept = {
        name: {key: one for key, one in held.items() if key not in theirs}
        if name in {keys.PARAMETERS, keys.COMPUTED_OVER}
        else held
        for name, held in expression.uns[keys.LOTWISE].items()
        if name not in theirs
    }
    # What scanpy computed for the evidence; the steps compute that from this file.
    of_scanpy = {keys.UNS_PCA, keys.DENDROGRAM}
    others = {name: held for name, held in expression.uns.items() if name not in of_scanpy}
    return Made(
        expression.X,
        obs=expression.obs.drop(columns=keys.PERCENT_TOP, errors="ignore"),
        var=expression.var.drop(columns=keys.BLOCK, errors="ignore"),
        layers=dict(expression.layers),
        obsp=dict(expression.obsp),
        uns={**others, keys.LOTWISE: kept},
    )
