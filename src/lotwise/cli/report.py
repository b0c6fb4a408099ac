"""`lotwise report`."""

from __future__ import annotations

from pathlib import Path

import click

from lotwise.cli.options import note_option, results_folder, warn_of_changed_inputs


@click.command("report")
@results_folder
@click.option(
    "--decimals",
    type=click.IntRange(2, 8),
    default=4,
    show_default=True,
    help="Number of decimals of R.",
)
@note_option
@click.option(
    "--certificate",
    is_flag=True,
    help="Also write certificate.html: one to three printed pages with lines for signatures.",
)
@click.option(
    "--deviation",
    "deviations",
    multiple=True,
    metavar="TEXT",
    help="Deviation or remark, written to the record and the certificate; may be repeated.",
)
def command(
    *, out: Path, decimals: int, note: str, certificate: bool, deviations: tuple[str, ...]
) -> None:
    """Write report.html from the results below --out.

    One page without external requests: the answer, what R can and cannot show, figures, tables,
    methods and provenance. Nothing is computed again; the page says what is missing from the
    results.
    """
    from lotwise.report.certificate import add_deviations, require_verdict, write_certificate
    from lotwise.report.page import write_report

    # Before anything is put on record: what is refused leaves no trace.
    if certificate:
        require_verdict(out)
    add_deviations(out, deviations)
    warn_of_changed_inputs(out)
    click.echo(f"written to {write_report(out, note=note, decimals=decimals)}", err=True)
    if certificate:
        click.echo(f"written to {write_certificate(out)}", err=True)
