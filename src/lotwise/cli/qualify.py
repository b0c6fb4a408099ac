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
@click.option("--out", "-o", type=PATH, required=True, help="Output folder.")
@click.option(
    "--pq", "protocol", type=PATH, metavar="PROTOCOL.yaml", help="Also repeat your own stored runs."
)
def command(*, out: Path, protocol: Path | None) -> None:
    """Qualify this installation: versions, files, formulas and simulated batches of known truth.

    Writes qualification.json and qualification.html: for each case the requirement, the expected
    and the observed value, and lines for signatures. Exit code 1 if a case fails.
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
