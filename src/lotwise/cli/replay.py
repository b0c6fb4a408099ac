"""`lotwise replay`."""

from __future__ import annotations

from pathlib import Path

import click

from lotwise.cli.options import PATH, results_folder
from lotwise.errors import RefusedError
from lotwise.wording import counted


@click.command("replay")
@results_folder
@click.option(
    "--inputs-from",
    type=PATH,
    help="Folder in which to search, by checksum, for inputs that were moved.",
)
@click.option("--keep", type=PATH, help="Folder in which to keep the repeated results.")
def command(*, out: Path, inputs_from: Path | None, keep: Path | None) -> None:
    """Repeat the analysis of RESULTS from its record, provenance.json.

    First, every input is compared with its recorded checksum. Then expression, correlations and
    evidence are computed again, and every table must be identical, byte by byte, to the recorded
    one. Exit code 1: a table differs; it is named, with the first row and column that differ.
    If there is a verdict, the recorded criteria are applied to the repeated tables too. All other
    recorded files (figures, workbook, verdict) must have their recorded checksums, the h5ad files
    must contain the numbers of the tables, and record and page must be the files that were
    written.
    """
    from lotwise.run.replay import replay

    found = replay(out, inputs_from=inputs_from, keep=keep)
    for line in found.notes:
        click.echo(f"note: {line}")
    for line in found.software:
        click.echo(f"software: {line}")
    if not found.software:
        click.echo("software: same versions as recorded")
    click.echo(f"tables: {found.n_identical} identical, {len(found.differences)} not")
    click.echo(
        f"other files: {found.n_unchanged} with the recorded checksum, {len(found.changes)} changed"
    )
    if found.verdict:
        click.echo(f"verdict: {found.verdict}, judged again by the recorded criteria")
    for line in found.all_differences:
        click.echo(f"differs: {line}")
    if found.all_differences:
        raise RefusedError(
            f"the repeated run differs from the record in "
            f"{counted(len(found.all_differences), 'point')}, listed above",
            path=out,
            remedy="if lotwise itself changed a file, for example by a later verdict, record it by "
            f"`lotwise record --out {out}`"
            if found.changes
            else "",
        )
    if not found.n_identical:
        raise RefusedError("the record lists no table", path=out)
