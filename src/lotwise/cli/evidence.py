"""`lotwise evidence`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from lotwise.cli.options import (
    evidence_options,
    feature_options,
    format_option,
    level_argument,
    note_option,
    out_option,
    pick,
)
from lotwise.cli.step import Step
from lotwise.config import CorrelationConfig, EvidenceConfig, FiguresConfig
from lotwise.keys import Level


@click.command("evidence", cls=Step)
@level_argument
@out_option
@feature_options
@evidence_options
@format_option
@note_option
@click.option(
    "--step",
    type=click.Choice(["all", "tables", "figures"]),
    default="all",
    show_default=True,
    help="'tables' computes tables only; 'figures' draws existing tables.",
)
def command(*, level: Level, out: Path, step: str, **options: Any) -> None:
    """Compute and draw the supporting evidence at LEVEL (gene or isoform).

    Reads expression/LEVEL.h5ad below --out, written by `lotwise expression`, and writes
    evidence/LEVEL.*.tsv and figures/LEVEL_*. A statistic without its input (bootstraps,
    replicates, groups, gene sets) is NaN in its table, with the reason.
    """
    from lotwise.run.figures import draw_evidence_tables
    from lotwise.run.steps import write_evidence, write_evidence_tables
    from lotwise.tree import ResultTree

    tree, figures = ResultTree(out), pick(FiguresConfig, options)
    evidence, correlation = pick(EvidenceConfig, options), pick(CorrelationConfig, options)
    written = [f"tables written to {tree.evidence}", f"figures written to {tree.figures}"]
    if step == "tables":
        write_evidence_tables(tree, level, evidence, correlation)
        written = written[:1]
    elif step == "figures":
        draw_evidence_tables(tree, level, evidence, correlation, figures)
        written = written[1:]
    else:
        write_evidence(tree, level, evidence, correlation, figures)
    click.echo(f"{level} level: {', '.join(written)}")
