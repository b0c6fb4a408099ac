"""``lotwise check``: are the reads whole, before anything is quantified."""

from __future__ import annotations

from pathlib import Path

import click

from lotwise.cli.step import Step


@click.command("check", cls=Step)
@click.argument("samples", type=click.Path(dir_okay=False, path_type=Path))
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("results"),
    show_default=True,
    help="Directory of intake.tsv.",
)
@click.option("--threads", type=click.IntRange(1), default=1, show_default=True)
def command(*, samples: Path, out: Path, threads: int) -> None:
    """Check the reads of the sample sheet SAMPLES.

    Every file is read to its end: compression, record structure, number and names of
    mates, read lengths, quality scores. A row a sample is written to intake.tsv; the
    exit code is 1 if a sample is refused.
    """
    from lotwise.quantify import Intake, check_samples
    from lotwise.samples import read_samples

    table = out / Intake.table
    rows = check_samples(read_samples(samples), table=table, threads=threads)
    click.echo(f"{len(rows)} samples passed: {table}")
