"""`lotwise figures`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from lotwise.cli.options import (
    figures_options,
    level_argument,
    out_option,
    pick,
    pseudocount_option,
)
from lotwise.cli.step import Step
from lotwise.config import CorrelationConfig, FiguresConfig
from lotwise.keys import Level


@click.command("figures", cls=Step)
@level_argument
@out_option
@pseudocount_option
@figures_options
def command(*, level: Level, out: Path, **options: Any) -> None:
    """Draw the figures at LEVEL (gene or isoform).

    Reads expression/LEVEL.h5ad below --out and writes figures/: the scatter matrix
    of Extended Data Fig. 1 (gene) or 2 (isoform) and two heatmaps of R.
    """
    from lotwise.run.figures import write_figures
    from lotwise.tree import ResultTree

    tree = ResultTree(out)
    write_figures(tree, level, pick(FiguresConfig, options), pick(CorrelationConfig, options))
    click.echo(f"{level} level: figures written to {tree.figures}")
