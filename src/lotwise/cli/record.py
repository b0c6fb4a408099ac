"""`lotwise record`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from lotwise.cli.options import PATH, out_option

if TYPE_CHECKING:
    from lotwise.config import Config


@click.command("record")
@click.argument("samples", type=PATH, required=False)
@out_option
@click.option("--config", type=PATH, help="Configuration of the run.")
@click.option("--configuration", metavar="JSON", help="The same as text, every key resolved.")
@click.option(
    "--workflow", type=PATH, help="Main file of the workflow that ran the steps, to keep a copy of."
)
@click.option(
    "--workflow-call",
    envvar="LOTWISE_WORKFLOW_CALL",
    show_envvar=True,
    metavar="COMMAND",
    help="What the workflow was called with, one shell-quoted line.",
)
@click.option(
    "--amend",
    metavar="REASON",
    help="Record files again that were changed by other means than lotwise; the reason is kept.",
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
    """Write provenance.json of results that were made step by step.

    SAMPLES is the sample sheet that `lotwise expression` read. The workflow calls this last;
    `lotwise compare` writes its record itself. Without SAMPLES the record in --out gets a
    new revision: its outputs, the steps since and, where there is a verdict, its criteria. A
    recorded file that no step of lotwise changed is refused without --amend.
    """
    from lotwise.acceptance import forget_verdict
    from lotwise.config import parse_config, read_config
    from lotwise.errors import InputError
    from lotwise.record import record_run, refresh_outputs
    from lotwise.record.calls import workflow_call as describe
    from lotwise.tree import VERIFICATION

    if samples is None:
        refresh_outputs(out, amend=amend)
        return
    if (config is None) == (configuration is None):
        raise InputError("needed is --config, or --configuration, with a sample sheet")
    chosen = (
        read_config(config)
        if config is not None
        else parse_config(_parse_json(configuration or ""), source="--configuration")
    )
    if chosen.acceptance is None:
        # One that an earlier run left: this run has no criteria.
        forget_verdict(out)
    if workflow and not _is_verified(chosen, samples):
        # In the same way; by hand `lotwise verify` takes coefficients of its own.
        (out / VERIFICATION).unlink(missing_ok=True)
    # Without a workflow the variable is one that another run left.
    called_by = describe(workflow_call) if workflow and workflow_call else None
    record_run(
        chosen.model_copy(update={"results": out}),
        samples,
        out,
        workflow=workflow,
        called_by=called_by,
        amend=amend,
    )


def _is_verified(config: Config, sheet: Path) -> bool:
    """Tell whether the workflow verifies: coefficients are expected of batches that it has."""
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
        raise InputError("--configuration holds no keys")
    return found
