"""``lotwise check``: check that reads are complete before they are quantified."""

from __future__ import annotations

from pathlib import Path

import click

from lotwise.cli.options import choose_samples, exclude_option, leave_samples_out
from lotwise.cli.step import Step
from lotwise.errors import InputError


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
@click.option(
    "--sample",
    "chosen",
    multiple=True,
    metavar="NAME",
    help="With --step reads: check this sample only; may be repeated.",
)
@exclude_option
@click.option(
    "--step",
    type=click.Choice(["all", "reads", "join"]),
    default="all",
    show_default=True,
    help="'reads' writes only intake/SAMPLE.tsv. 'join' combines these tables as intake.tsv; its "
    "exit code is 1 if a sample is refused.",
)
def command(
    *,
    samples: Path,
    out: Path,
    threads: int,
    chosen: tuple[str, ...],
    exclude: tuple[str, ...],
    step: str,
) -> None:
    """Check the reads of the sample sheet SAMPLES.

    Every file is read to its end. Checked are compression, record structure, number and
    names of mates, read lengths and quality scores. intake.tsv has one row per sample.
    The exit code is 1 if a sample is refused.
    """
    from lotwise.quantify import Intake, check_apart, check_samples, join_checked
    from lotwise.samples import read_samples

    sheet = leave_samples_out(read_samples(samples), exclude, path=samples)
    if chosen and step != "reads":
        raise InputError(
            "--sample requires '--step reads': the other steps judge all samples together"
        )
    if step == "reads":
        rows = check_apart(choose_samples(sheet, chosen, path=samples), out=out)
        click.echo(f"{len(rows)} samples read: {out / 'intake'}")
        return
    table = out / Intake.table
    if step == "join":
        rows = join_checked(sheet, out=out)
    else:
        rows = check_samples(sheet, table=table, threads=threads)
    click.echo(f"{len(rows)} samples passed: {table}")
