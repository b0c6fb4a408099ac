"""`lotwise record`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from lotwise.cli.options import PATH, out_option, warn_of_changed_inputs

if TYPE_CHECKING:
    from lotwise.config import Config


@click.command("record")
@click.argument("samples", type=PATH, required=False)
@out_option
@click.option("--config", type=PATH, help="Configuration of the run.")
@click.option(
    "--configuration", metavar="JSON", help="The configuration as JSON text, with every key."
)
@click.option(
    "--workflow", type=PATH, help="Main file of the workflow that ran the steps; a copy is kept."
)
@click.option(
    "--workflow-call",
    envvar="LOTWISE_WORKFLOW_CALL",
    show_envvar=True,
    metavar="COMMAND",
    help="Command line of the workflow, shell-quoted.",
)
@click.option(
    "--amend",
    metavar="REASON",
    help="Accept files that were changed outside lotwise, and record them with REASON.",
)
def command(
    *,
    samples: Path | None,
    out: Path,
    config: Path | None,
    configuration: str | None,
    workflow: Path | None,
    workflow_call: str | None,
    amend: str | None,
) -> None:
    """Write provenance.json for results that were made step by step.

    SAMPLES is the sample sheet that `lotwise expression` read. The workflow calls this command
    last; `lotwise compare` writes its own record. Without SAMPLES, the record in --out gets a new
    revision: its outputs, the later steps and, if there is a verdict, its criteria. A recorded
    file that was changed, but by no step of lotwise, is refused without --amend.
    """
    from lotwise.acceptance import forget_verdict
    from lotwise.config import parse_config, read_config
    from lotwise.errors import InputError
    from lotwise.record.build import record_run, refresh_outputs
    from lotwise.record.calls import workflow_call as describe
    from lotwise.tree import PROVENANCE, VERIFICATION

    if samples is None:
        refresh_outputs(out, amend=amend)
        warn_of_changed_inputs(out)
        click.echo(f"written to {out / PROVENANCE}")
        return
    if (config is None) == (configuration is None):
        raise InputError("--config or --configuration is required with a sample sheet")
    chosen = (
        read_config(config)
        if config is not None
        else parse_config(_parse_json(configuration or ""), source="--configuration")
    )
    if chosen.acceptance is None:
        # A file of an earlier run: this run has no criteria.
        forget_verdict(out)
    if workflow and not _is_verified(chosen, samples):
        # Likewise; by hand, `lotwise verify` takes its own coefficients.
        (out / VERIFICATION).unlink(missing_ok=True)
    # Without a workflow, the variable is left from another run.
    called_by = describe(workflow_call) if workflow and workflow_call else None
    record_run(
        chosen.model_copy(update={"results": out}),
        samples,
        out,
        workflow=workflow,
        called_by=called_by,
        amend=amend,
    )
    click.echo(f"written to {out / PROVENANCE}")


def _is_verified(config: Config, sheet: Path) -> bool:
    """Return whether the workflow verifies: it expects coefficients of batches in the sheet."""
    from lotwise.samples import read_samples

    expected = config.acquire.expected
    if config.source == "accession":
        return bool(expected)
    batches = {sample.batch for sample in read_samples(sheet)}
    return any({one.batch_a, one.batch_b} <= batches for one in expected)


def _parse_json(text: str) -> dict[str, object]:
    import json

    from lotwise.errors import InputError

    try:
        found = json.loads(text)
    except ValueError as error:
        raise InputError(f"--configuration is not JSON ({error})") from None
    if not isinstance(found, dict):
        raise InputError("the JSON object of --configuration has no keys")
    return found
