"""What each command said of itself when it was done, and what the quantifiers were called with."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError

from lotwise.provenance.record import Program, write_part

STEPS: Final = Path("logs", "steps")


def now() -> str:
    """Give the time as the record writes it: ISO 8601 in UTC, to the millisecond."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def workflow_call(command: str) -> Program:
    """Describe the call of Snakemake that runs the steps, given as one shell-quoted line.

    It has no exit status: it is running still.
    """
    from importlib.metadata import version

    words = tuple(shlex.split(command))
    return Program(name="snakemake", version=version("snakemake"), command=words, exit_status=None)


def lotwise_call(
    command: Iterable[str], *, started: str, ended: str, exit_status: int = 0
) -> Program:
    """Describe a finished call of lotwise itself; exit status 1 says that the answer is no."""
    from importlib.metadata import version

    return Program(
        name="lotwise",
        version=version("lotwise"),
        command=tuple(command),
        exit_status=exit_status,
        started=started,
        ended=ended,
    )


def write_step(root: Path, name: str, step: Program) -> None:
    """Keep a step below ``root``, in ``logs/steps``; ``name`` tells it from the others."""
    file = re.sub(r"[^A-Za-z0-9._+-]+", "_", name)
    write_part(root / STEPS / f"{file}.json", step)


def read_steps(root: Path) -> list[Program]:
    """Read the steps below ``root``, in the order in which they began; a broken file is none."""
    steps = []
    for path in (root / STEPS).glob("*.json"):
        try:
            steps.append(Program.model_validate_json(path.read_bytes()))
        except (OSError, ValidationError):
            continue
    return sorted(steps, key=lambda step: (step.started or "", step.command))


def read_calls(quantifications: Iterable[Path]) -> list[Program]:
    """Read the calls of quantifiers that lotwise keeps beside the folders they wrote.

    Parameters
    ----------
    quantifications
        Files that the expression was read from, in the order of the samples.

    Returns
    -------
    The calls that built an index, once each, then a call a sample. Quantifications of other
    origin have none.
    """
    index: dict[tuple[str, ...], Program] = {}
    samples = []
    for folder in dict.fromkeys(path.parent for path in quantifications):
        try:
            told = json.loads((folder.parent / f"{folder.name}.json").read_bytes())
            for built in told.get("index", ()):
                call = _of_call(built)
                index[call.command] = call
            samples.append(_of_call(told, sample=folder.name))
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            # Another program's file, or none: then the call is not known.
            continue
    return [*index.values(), *samples]


def _of_call(told: dict[str, Any], *, sample: str | None = None) -> Program:
    return Program(
        name=told["program"],
        version=told["version"],
        command=tuple(told["command"]),
        exit_status=told["exit_status"],
        sample=sample,
    )
