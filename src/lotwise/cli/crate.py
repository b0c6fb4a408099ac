"""`lotwise crate`."""

from __future__ import annotations

from pathlib import Path

import click

from lotwise.cli.options import results_folder, warn_of_changed_inputs


@click.command("crate")
@results_folder
@click.option("--name", help="Title of the crate.")
@click.option("--license", "licence", metavar="URL", help="Licence of the results.")
def command(*, out: Path, name: str | None, licence: str | None) -> None:
    """Describe RESULTS as an RO-Crate, for archiving or publishing.

    Writes ro-crate-metadata.json into RESULTS from provenance.json, following the profile
    Workflow Run Crate (for a run by hand: Process Run Crate). The folder is then the crate.
    """
    from lotwise.record.crate import write_crate

    warn_of_changed_inputs(out)
    click.echo(f"written to {write_crate(out, name=name, licence=licence)}")
