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
def command(*, level: Level, out: Path, **options: Any) -> None:
    """Compute and draw the supporting evidence at LEVEL (gene or isoform).

    Reads expression/LEVEL.h5ad below --out, written by `lotwise expression`, and writes
    evidence/LEVEL.*.tsv and figures/LEVEL_*. A statistic without its input (bootstraps,
    replicates, groups, gene sets) is NaN in its table, with the reason.
    """
    from lotwise.run.steps import write_evidence
    from lotwise.tree import ResultTree

    write_evidence(
        ResultTree(out),
        level,
        pick(EvidenceConfig, options),
        pick(CorrelationConfig, options),
        pick(FiguresConfig, options),
    )
