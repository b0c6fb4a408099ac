"""`lotwise seal`."""

from __future__ import annotations

from pathlib import Path
from typing import Final, get_args

import click

from lotwise.cli.options import PATH
from lotwise.record.seal import Meaning

_EXAMPLE: Final = """\b
Example:
  lotwise seal results --key ~/.ssh/id_ed25519 --name "J. Doe" --meaning performed
  lotwise check-seal results --signers allowed_signers
"""


@click.command("seal", epilog=_EXAMPLE)
@click.argument("results", type=PATH)
@click.option("--key", type=PATH, required=True, help="Private key of the signer (ssh-keygen).")
@click.option("--name", required=True, help="Name of the signer, printed with the signature.")
@click.option(
    "--meaning",
    type=click.Choice(get_args(Meaning)),
    required=True,
    help="What the signature means.",
)
@click.option(
    "--identity",
    default="",
    help="Principal of the key in the file of allowed signers.  [default: the name]",
)
@click.option(
    "--criteria", is_flag=True, help="Seal only the registered criteria, before there are results."
)
@click.option(
    "--timestamp",
    is_flag=True,
    help="Also write a request for a time-stamping authority (RFC 3161).",
)
def command(
    *,
    results: Path,
    key: Path,
    name: str,
    meaning: Meaning,
    identity: str,
    criteria: bool,
    timestamp: bool,
) -> None:
    """Sign RESULTS: a manifest of all files and a statement with name, meaning and time.

    Writes seal/results (with --criteria seal/criteria) below RESULTS. Later signatures are added
    to the same manifest; a folder that has changed since is refused. This supports electronic
    signatures; it is a part of a quality system and does not replace one.
    """
    from lotwise.record.seal import write_seal

    statement = write_seal(
        results,
        key=key,
        name=name,
        meaning=meaning,
        identity=identity,
        scope="criteria" if criteria else "results",
        timestamp=timestamp,
    )
    click.echo(f"signed: {statement}")
    if timestamp:
        query = statement.with_suffix(".tsq")
        click.echo(
            f"send {query} to a time-stamping authority and save the answer as "
            f"{query.with_suffix('.tsr')}"
        )
