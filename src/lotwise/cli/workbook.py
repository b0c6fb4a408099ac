"""`lotwise workbook`."""

from __future__ import annotations

from pathlib import Path

import click

from lotwise.cli.options import PATH
from lotwise.cli.step import Step


@click.command("workbook", cls=Step)
@click.argument("results", type=PATH)
def command(*, results: Path) -> None:
    """Write tables.xlsx: the tables of RESULTS for a spreadsheet, text as text.

    A TSV that a spreadsheet opens by double click loses gene names (SEPT2 becomes a date); this
    workbook keeps them. `lotwise compare` and the workflow write it too.
    """
    from lotwise.report.workbook import write_workbook

    click.echo(f"written to {write_workbook(results)}")
