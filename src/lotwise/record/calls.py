"""What each command said of itself when it was done, and what the quantifiers were called with."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Collection, Iterable, Sequence
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError

from lotwise.config import Config, tables_of
from lotwise.keys import LEVELS
from lotwise.record.provenance import Program, write_part

STEPS: Final = Path("logs", "steps")
# Commands that may stand on record.
NAMES: Final = (
    "fetch", "check", "quantify", "expression", "correlate", "evidence", "figures", "verdict",
    "verify", "workbook", "compare",
)  # fmt: skip
# Those that come before the quantifications are read.
PREPARING: Final = frozenset({"fetch", "check", "quantify"})
# Options whose value is a place or a name, which may be called as a step or a level is.
_NAMING: Final = {
    "--out", "-o", "--config", "--samples", "--sample", "--reference", "--results",
}  # fmt: skip


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


def words_of(program: Program) -> list[str]:
    """Give the words of a command line, an option and its value apart."""
    return [
        part
        for word in program.command
        for part in (word.split("=", 1) if word.startswith("--") else [word])
    ]


def step_of(program: Program) -> tuple[str, str]:
    """Name the step of a call of lotwise and its level; empty where there is none.

    They are found by name: options such as ``-q`` may stand before either.

    Examples
    --------
    >>> words = ["lotwise", "-q", "evidence", "--out", "r", "gene"]
    >>> step_of(Program(name="lotwise", version="1", command=words, exit_status=0))
    ('evidence', 'gene')
    """
    if program.name != "lotwise":
        return "", ""
    words = [word for before, word in pairwise(words_of(program)) if before not in _NAMING]
    step = next((word for word in words if word in NAMES), "")
    level = next((word for word in words if word in LEVELS), "")
    return (f"{step} --register" if step == "verdict" and "--register" in words else step), level


def of_configuration(
    steps: Iterable[Program], config: Config, *, samples: Collection[str], prepared: Collection[str]
) -> list[Program]:
    """Keep the steps of a run with ``config``: a folder holds those of earlier ones as well.

    Parameters
    ----------
    steps
        Finished calls of lotwise.
    config
        The configuration of the run.
    samples
        Samples of the run.
    prepared
        Steps before the analysis that made what it read (:data:`PREPARING`).
    """
    gone = {*LEVELS} - {*config.levels}
    without = {*PREPARING} - {*prepared}
    if config.acceptance is None:
        without |= {"verdict", "verdict --register"}
    if not any(tables_of(config.evidence, level) for level in config.levels):
        without.add("evidence")
    return [
        step
        for step in steps
        if gone.isdisjoint(step.command)
        and step_of(step)[0] not in without
        and _is_of_samples(step, samples)
    ]


def add_later_steps(programs: Sequence[Program], steps: Iterable[Program]) -> list[Program]:
    """Put steps behind the programs on record; one that was repeated stands once, as the last."""
    later = list(steps)
    repeated = {_identity(step) for step in later}
    return [*(one for one in programs if _identity(one) not in repeated), *later]


def _identity(program: Program) -> tuple[str, ...]:
    """Tell what a later call replaces: any verdict the earlier one, else the same command."""
    step, _ = step_of(program)
    return (step,) if step.startswith("verdict") else program.command


def _is_of_samples(step: Program, samples: Collection[str]) -> bool:
    """Tell whether a step that names samples names one of the run's."""
    named = [word for before, word in pairwise(words_of(step)) if before == "--sample"]
    return not named or any(name in samples for name in named)


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
