"""`lotwise reference`: a stored set of earlier batches, and new ones held against it."""

from __future__ import annotations

from pathlib import Path

import click

from lotwise.cli.options import PATH
from lotwise.errors import RefusedError

_set_argument = click.argument("reference", type=PATH)
_expression_argument = click.argument("expression", type=PATH)


@click.group("reference")
def command() -> None:
    """Keep a reference set of batches and compare new batches with it."""


@command.command("add")
@_set_argument
@_expression_argument
@click.option("--note", default="", help="Why these batches belong to the reference.")
def add(*, reference: Path, expression: Path, note: str) -> None:
    """Add the batches of EXPRESSION (an expression/LEVEL.h5ad) to REFERENCE (an h5ad).

    REFERENCE is begun where it is not there; its version rises by one.
    """
    from lotwise.expression import read_level
    from lotwise.reference_set import add_to_reference

    number = add_to_reference(read_level(expression), reference, source=expression, note=note)
    click.echo(f"{reference} is now version {number}")


@command.command("show")
@_set_argument
def show(*, reference: Path) -> None:
    """Show what REFERENCE holds, and what was added when."""
    from lotwise.reference_set import describe_reference

    found = describe_reference(reference)
    click.echo(
        f"version {found['version']}: {len(found['batches'])} batches, "
        f"{found['n_features']:,} {found['level']}s"
    )
    for entry in found["history"]:
        added = ", ".join(entry["added"])
        note = f" ({entry['note']})" if entry["note"] else ""
        click.echo(
            f"{entry['version']}\t{entry['when']}\tlotwise {entry['lotwise']}\t{added}{note}\t"
            f"{entry['source']}\t{entry['sha256']}"
        )


@command.command("compare")
@_set_argument
@_expression_argument
@click.option("--out", "-o", type=PATH, help="Table to write.")
@click.option("--level", type=float, default=0.95, show_default=True, help="Coverage.")
def compare(*, reference: Path, expression: Path, out: Path | None, level: float) -> None:
    """Hold every batch of EXPRESSION against the batches of REFERENCE.

    Exit code 1 unless every batch is inside the prediction interval: one that lies below it, or
    cannot be judged (fewer than three reference batches), is no yes.
    """
    from lotwise.expression import read_level
    from lotwise.files.tables import write_table
    from lotwise.reference_set import compare_with_reference

    table = compare_with_reference(read_level(expression), reference, level=level)
    if out is not None:
        write_table(out, table)
    for row in table.itertuples(index=False):
        low, high = row.prediction_lower, row.prediction_upper
        limits = str(row.reason) or f"prediction interval {low:.4f} to {high:.4f}"
        told = f"median R {row.median_to_reference:.4f}\t{limits}\tinside: {row.inside_prediction}"
        click.echo(f"{row.batch!s}\t{told}")
    click.echo(table["words"].iloc[0])
    answers = {
        "below the prediction interval": table["inside_prediction"] == "no",
        "not assessable": ~table["inside_prediction"].isin(["yes", "no"]),
    }
    refused = [
        f"{words}: {', '.join(map(str, table.loc[rows, 'batch']))}"
        for words, rows in answers.items()
        if rows.any()
    ]
    if refused:
        raise RefusedError("; ".join(refused))
