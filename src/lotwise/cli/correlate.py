"""`lotwise correlate`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from lotwise.cli.options import correlation_options, level_argument, out_option, pick
from lotwise.cli.step import Step
from lotwise.config import CorrelationConfig
from lotwise.keys import Level


@click.command("correlate", cls=Step)
@level_argument
@out_option
@correlation_options
def command(*, level: Level, out: Path, **options: Any) -> None:
    """Correlate the samples at LEVEL (gene or isoform).

    Reads expression/LEVEL.h5ad below --out, written by `lotwise expression`, and
    writes correlation/LEVEL.{pairs,batch_pairs,pearson,spearman,replicate_qc,contributions}.tsv.
    """
    from lotwise.run.steps import write_correlation
    from lotwise.tree import ResultTree

    tree = ResultTree(out)
    write_correlation(tree, level, pick(CorrelationConfig, options))
    click.echo(f"{level} level: correlations written to {tree.correlation}")
