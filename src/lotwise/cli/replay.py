"""`lotwise replay`."""

from __future__ import annotations

from pathlib import Path

import click

from lotwise.cli.options import PATH
from lotwise.errors import RefusedError


@click.command("replay")
@click.argument("results", type=PATH)
@click.option(
    "--inputs-from",
    type=PATH,
    help="Folder to search, by checksum, for inputs that are not where they were.",
)
@click.option("--keep", type=PATH, help="Folder to leave the repeated results in.")
def command(*, results: Path, inputs_from: Path | None, keep: Path | None) -> None:
    """Repeat the analysis of RESULTS from its record, provenance.json.

    Every input is held against its recorded checksum first. Then expression, correlations and
    evidence are computed again, and every table must come out byte by byte as it was recorded.
    Exit code 1 says that one did not: it is named, with the first row and column that differ.
    Where there is a verdict, the criteria on record are held against the repeated tables too.
    All other recorded files (figures, the workbook, the verdict) must have their recorded
    checksums, the h5ad files the numbers of the tables, and record and page must be those that
    were written.
    """
    from lotwise.run.replay import replay

    found = replay(results, inputs_from=inputs_from, keep=keep)
    for line in found.notes:
        click.echo(f"note: {line}")
    for line in found.software:
        click.echo(f"software: {line}")
    if not found.software:
        click.echo("software: the versions are those recorded")
    click.echo(f"tables: {found.n_identical} identical, {len(found.differences)} not")
    click.echo(
        f"other files: {found.n_unchanged} with the recorded checksum, {len(found.changes)} not"
    )
    if found.verdict:
        click.echo(f"verdict: {found.verdict}, judged again by the criteria on record")
    for line in found.all_differences:
        click.echo(f"differs: {line}")
    if found.all_differences:
        raise RefusedError(
            f"differences from the record: {len(found.all_differences)}", path=results
        )
    if not found.n_identical:
        raise RefusedError("the record names no table", path=results)
