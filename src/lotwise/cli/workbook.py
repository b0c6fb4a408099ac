"""`lotwise workbook`."""

from __future__ import annotations

from pathlib import Path

import click

from lotwise.cli.options import results_folder
from lotwise.cli.step import Step


@click.command("workbook", cls=Step)
@results_folder
def command(*, out: Path) -> None:
    """Write tables.xlsx: the tables of RESULTS as a workbook, with text kept as text.

    If a TSV is opened in a spreadsheet by double click, gene names are changed (SEPT2 becomes a
    date); the workbook keeps them. `lotwise compare` and the workflow also write it.
    """
    from lotwise.report.workbook import write_workbook

    click.echo(f"written to {write_workbook(out)}")
