"""`lotwise accepted`: a stored set of accepted batches, and new ones compared with it."""

from __future__ import annotations

from pathlib import Path

import click

from lotwise.cli.options import PATH
from lotwise.errors import RefusedError

_set_argument = click.argument("accepted", type=PATH)
_expression_argument = click.argument("expression", type=PATH)


@click.group("accepted")
@click.pass_context
def command(context: click.Context) -> None:
    """Keep a set of accepted batches and compare new batches with it."""
    if context.info_name == "reference":
        click.echo("lotwise reference is now called lotwise accepted", err=True)


@command.command("add")
@_set_argument
@_expression_argument
@click.option("--note", default="", help="Why these batches were accepted.")
def add(*, accepted: Path, expression: Path, note: str) -> None:
    """Add the batches of EXPRESSION (an expression/LEVEL.h5ad) to the file ACCEPTED (h5ad).

    ACCEPTED is created if it does not exist; its version number rises by one.
    """
    from lotwise.accepted import add_to_accepted
    from lotwise.expression import read_level

    number = add_to_accepted(read_level(expression), accepted, source=expression, note=note)
    click.echo(f"{accepted} is now version {number}")


@command.command("retire")
@_set_argument
@click.argument("batch")
@click.option("--reason", required=True, help="Why the batch is no longer used for comparison.")
def retire(*, accepted: Path, batch: str, reason: str) -> None:
    """Remove BATCH from ACCEPTED; the reason stays in the history of the set."""
    from lotwise.accepted import retire_from_accepted

    number = retire_from_accepted(accepted, batch, reason=reason)
    click.echo(f"{accepted} is now version {number}")


@command.command("show")
@_set_argument
def show(*, accepted: Path) -> None:
    """Show the batches in ACCEPTED and when each was added."""
    from lotwise.accepted import describe_accepted

    found = describe_accepted(accepted)
    click.echo(
        f"version {found['version']}: {len(found['batches'])} batches, "
        f"{found['n_features']:,} {found['level']}s"
    )
    for entry in found["history"]:
        added = ", ".join(entry.get("added", ()))
        if entry.get("retired"):
            added = f"retired: {', '.join(entry['retired'])}"
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
@click.option(
    "--least-batches",
    type=click.IntRange(3),
    default=6,
    show_default=True,
    help="Minimum number of accepted batches; with fewer, no batch is judged.",
)
def compare(
    *, accepted: Path, expression: Path, out: Path | None, level: float, least_batches: int
) -> None:
    """Compare each batch of EXPRESSION with the batches of ACCEPTED.

    Exit code 1 if a batch lies below the prediction interval, or cannot be judged (fewer accepted
    batches than --least-batches, unknown depths). A batch that lies above it passes.
    """
    from lotwise import get, tl
    from lotwise.expression import read_level
    from lotwise.files.tables import write_table

    new = read_level(expression)
    tl.accepted(new, path=accepted, level=level, least_batches=least_batches)
    table = get.evidence(new, "reference")
    if out is not None:
        write_table(out, table)
    for row in table.itertuples(index=False):
        low, high = row.prediction_lower, row.prediction_upper
        limits = str(row.reason) or f"prediction interval {low:.4f} to {high:.4f}"
        told = f"median R {row.median_to_reference:.4f}\t{limits}\tinside: {row.inside_prediction}"
        name = f"{row.batch!s} ({row.condition!s})" if row.condition else str(row.batch)
        click.echo(f"{name}\t{told}")
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
