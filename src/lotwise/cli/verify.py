"""``lotwise verify``: compare computed with published coefficients."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from lotwise.cli.acquiring import settings_of
from lotwise.cli.step import Step
from lotwise.errors import RefusedError

if TYPE_CHECKING:
    from lotwise.acquire.published import Verification


@click.command("verify", cls=Step)
@click.option(
    "--config",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Configuration with acquire.expected.",
)
@click.option(
    "--settings", metavar="JSON", help="The section 'acquire' as JSON, instead of a file."
)
@click.option(
    "--results",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("results"),
    show_default=True,
    help="Folder of the results.",
)
def command(*, config: Path | None, settings: str | None, results: Path) -> None:
    """Compare Pearson's R with the published coefficients of the configuration.

    Writes verification.tsv. Replicates of a batch are averaged first. A coefficient agrees if
    it differs by at most half a unit of the last printed decimal; a coefficient without a
    published value in the configuration is "not on file". Exit code 1 if one differs.
    """
    from lotwise.acquire.published import Verification, summary, verify
    from lotwise.files.tables import to_frame, write_table
    from lotwise.keys import LEVELS
    from lotwise.tree import ResultTree

    expected = settings_of(config, settings).expected
    paths = {level: ResultTree(results).table(level, "batch_pairs") for level in LEVELS}
    rows = verify(expected, paths)
    write_table(results / Verification.table, to_frame(rows, Verification))
    for row in rows:
        click.echo(_line(row))
    click.echo(summary(rows))
    for line in _to_transcribe(rows, config):
        click.echo(line)
    differing = [
        f"{row.level} {row.batch_a} - {row.batch_b}" for row in rows if row.status == "differs"
    ]
    if differing:
        raise RefusedError(
            f"{len(differing)} computed coefficients differ from the published ones: "
            + ", ".join(differing),
            path=results / Verification.table,
        )


def _to_transcribe(rows: Sequence[Verification], config: Path | None) -> Iterator[str]:
    """Yield how a person enters the coefficients that are not on file."""
    missing = [row for row in rows if row.status == "not on file"]
    if not missing:
        return
    where = f"{config}, " if config else ""
    yield ""
    yield f"To enter the missing coefficients ({len(missing)}):"
    yield "1. In the publication, read Pearson's R in the panel of each pair:"
    for source, level in dict.fromkeys((row.source, row.level) for row in missing):
        pairs = ", ".join(
            f"{row.batch_a} - {row.batch_b}"
            for row in missing
            if (row.source, row.level) == (source, level)
        )
        yield f"     {source} ({level}): {pairs}"
    yield f"2. In {where}under acquire: expected:, replace `r: null, decimals: null` of each pair."
    yield "   For a printed 0.98, write `r: 0.98, decimals: 2`."
    yield f"3. Run `lotwise verify --config {config or 'config.yaml'} --results RESULTS` again."


def _line(row: Verification) -> str:
    printed = (
        "not on file"
        if row.published != row.published
        else f"{row.published:.{int(row.decimals)}f}"
    )
    computed = f"not computed ({row.reason})" if row.reason else f"{row.computed:.6f}"
    return (
        f"{row.level}  {row.batch_a} - {row.batch_b}  published {printed}  computed {computed}  "
        f"{row.status}  ({row.source})"
    )
