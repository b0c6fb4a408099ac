"""`lotwise workflow-path`."""

from __future__ import annotations

import click

from lotwise.files.shipped import shipped


@click.command("workflow-path")
def command() -> None:
    """Print the path of the Snakefile that comes with lotwise.

    To call snakemake directly:
    snakemake --snakefile "$(lotwise workflow-path)" --configfile config.yaml --cores all
    """
    click.echo(shipped("workflow", "Snakefile"))
