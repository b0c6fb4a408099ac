"""`lotwise expression`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from lotwise.cli.options import (
    expression_options,
    levels_option,
    out_option,
    pick,
    samples_argument,
)
from lotwise.cli.step import Step
from lotwise.config import ExpressionConfig
from lotwise.keys import Level


@click.command("expression", cls=Step)
@samples_argument
@out_option
@expression_options
@levels_option
def command(*, samples: Path, out: Path, levels: tuple[Level, ...], **options: Any) -> None:
    """Read the quantifications of the sample sheet SAMPLES.

    Writes samples.tsv and expression/{gene,isoform}.h5ad and .tpm.tsv.gz below --out.
    """
    from lotwise.run.steps import write_expression
    from lotwise.tree import ResultTree

    tree = ResultTree(out)
    written = write_expression(samples, tree, pick(ExpressionConfig, options), levels=levels)
    click.echo(f"{' and '.join(written)} level: expression written to {tree.expression}")
