"""`lotwise check-seal`."""

from __future__ import annotations

from pathlib import Path
from typing import Final, get_args

import click

from lotwise.cli.options import PATH, results_folder
from lotwise.errors import InputError, RefusedError
from lotwise.record.seal import Meaning

_EXAMPLE: Final = """\b
Example:
  lotwise check-seal results --signers allowed_signers --require approved
"""


@click.command("check-seal", epilog=_EXAMPLE)
@results_folder
@click.option("--signers", type=PATH, help="File of allowed signers, in the format of ssh-keygen.")
@click.option("--any-key", is_flag=True, help="Accept signatures by any key.")
@click.option("--authority", type=PATH, help="Certificates of the time authority (PEM).")
@click.option(
    "--criteria", is_flag=True, help="Check the seal of the criteria, not that of the record."
)
@click.option(
    "--require",
    "required",
    type=click.Choice(get_args(Meaning)),
    multiple=True,
    help="At least one signature must have this meaning; may be repeated.",
)
def command(
    *,
    out: Path,
    signers: Path | None,
    any_key: bool,
    authority: Path | None,
    criteria: bool,
    required: tuple[Meaning, ...],
) -> None:
    """Check RESULTS against its seal and verify every signature.

    Exit code 1: a file is missing, changed or new, or a signature is not valid.
    If RESULTS is a report.html, the SHA-256 in the page is compared with its content.
    """
    from lotwise.record.digest import is_intact
    from lotwise.record.seal import check_seal

    if out.is_file():
        if not is_intact(out.read_text(encoding="utf-8", errors="replace")):
            raise RefusedError(
                "was edited: the SHA-256 of the page differs from the SHA-256 that is written in "
                "it",
                path=out,
            )
        click.echo(
            "the SHA-256 of the page is equal to the SHA-256 that is written in it; this does not "
            "show who wrote the page"
        )
        return
    if signers is None and not any_key:
        raise InputError(
            "--signers or --any-key is required",
            remedy="use '--signers' with a file of the keys that you trust, or '--any-key', which "
            "does not verify who signed",
        )
    found = check_seal(
        out,
        signers=signers,
        authority=authority,
        scope="criteria" if criteria else "results",
    )
    for one in found.statements:
        told = f"{one.meaning} by {one.name} ({one.identity}) on {one.time}"
        click.echo(
            f"{'FAULT' if one.fault else 'valid'}: {told}{f': {one.fault}' if one.fault else ''}"
        )
        if one.stamped:
            click.echo(f"  {one.stamped}")
    if any_key:
        click.echo("note: any key was accepted; the signers are not verified")
    for fault in found.faults:
        click.echo(f"FAULT: {fault}")
    missing = [
        meaning for meaning in required if meaning not in {one.meaning for one in found.statements}
    ]
    if missing:
        raise RefusedError(
            f"there is no signature with the required meaning: {', '.join(missing)}",
            path=out,
            remedy=f"ask for a signature by `lotwise seal --meaning {missing[0]}`",
        )
    if not found.holds:
        raise RefusedError("the seal is not valid", path=out)
    click.echo("the seal is valid: all files are the same as when they were signed")
