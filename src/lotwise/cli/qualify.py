"""`lotwise qualify`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from lotwise.cli.options import PATH
from lotwise.errors import RefusedError

if TYPE_CHECKING:
    from lotwise.run.qualify import Case


@click.command("qualify")
@click.option("--out", "-o", type=PATH, required=True, help="Folder of the two files.")
@click.option(
    "--pq", "protocol", type=PATH, metavar="PROTOCOL.yaml", help="Repeat your own stored runs too."
)
def command(*, out: Path, protocol: Path | None) -> None:
    """Qualify this installation: versions, files, formulas, and simulated batches with known truth.

    Writes qualification.json and qualification.html, each case with its requirement, what was
    expected and what was found, and lines for signatures. Exit code 1 where a case fails.
    """
    from lotwise.run.qualify import qualify, write_qualification

    found = qualify(protocol=protocol, tell=_tell)
    written = write_qualification(found, out)
    click.echo(f"written to {' and '.join(map(str, written))}", err=True)
    if found.failed:
        named = ", ".join(f"{case.requirement} {case.name}" for case in found.failed)
        raise RefusedError(f"{len(found.failed)} of {len(found.cases)} cases failed: {named}")
    click.echo(f"all {len(found.cases)} cases passed")


def _tell(case: Case) -> None:
    state = "pass" if case.passed else "FAIL"
    click.echo(f"{state}  {case.requirement}  {case.name}: {case.found}")
