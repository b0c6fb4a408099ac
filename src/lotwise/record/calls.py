"""Step files that each command writes at its end, and the calls of the quantifiers."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, Literal

from pydantic import ValidationError

from lotwise.config import Config, tables_of
from lotwise.keys import LEVELS, Level
from lotwise.record.provenance import Program, write_part
from lotwise.tree import HISTORY, ResultTree

STEPS: Final = Path("logs", "steps")
_SUFFIXES: Final = frozenset(
    {".tsv", ".json", ".yaml", ".xlsx", ".h5ad", ".gz", ".parquet", ".pdf", ".png", ".svg"}
)
# Steps that come before the quantifications are read.
PREPARING: Final = frozenset({"fetch", "check", "quantify"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Call:
    """A call of lotwise: the command line, and its meaning.

    Attributes
    ----------
    command
        The command line, one string per argument.
    step
        Name of the command, such as ``evidence``.
    level
        The level for which it was called; empty if it has none.
    samples
        Samples given by ``--sample``.
    options
        All other arguments and options that were given, by name.
    """

    command: tuple[str, ...]
    step: str
    level: Level | Literal[""] = ""
    samples: tuple[str, ...] = ()
    options: Mapping[str, Any] = field(default_factory=dict)


def now() -> str:
    """Return the time in the format of the record: ISO 8601 in UTC, to the millisecond."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def workflow_call(command: str) -> Program:
    """Return the call of Snakemake that runs the steps, given as one shell-quoted line.

    It has no exit status, because it is still running.
    """
    from importlib.metadata import version

    words = tuple(shlex.split(command))
    return Program(name="snakemake", version=version("snakemake"), command=words, exit_status=None)


def lotwise_call(call: Call, *, started: str, ended: str, exit_status: int = 0) -> Program:
    """Return a finished call of lotwise; exit status 1 means that the answer is no."""
    from importlib.metadata import version

    return Program(
        name="lotwise",
        version=version("lotwise"),
        command=call.command,
        exit_status=exit_status,
        started=started,
        ended=ended,
        step=call.step,
        level=call.level,
        samples=call.samples,
        options=dict(call.options),
    )


def write_step(root: Path, name: str, step: Program) -> None:
    """Write a step below ``root`` in ``logs/steps``; ``name`` distinguishes it from others.

    A repeated step replaces the earlier call, as it replaced its files; every verdict is kept.
    """
    file = re.sub(r"[^A-Za-z0-9._+-]+", "_", name)
    path = root / STEPS / f"{file}.json"
    if step.step == "verdict":
        number = 1
        while path.exists():
            number += 1
            path = root / STEPS / f"{file}.{number}.json"
    write_part(path, step)


def read_steps(root: Path) -> list[Program]:
    """Return the steps below ``root``, in order of their start; a broken file is skipped."""
    steps = []
    for path in (root / STEPS).glob("*.json"):
        try:
            steps.append(Program.model_validate_json(path.read_bytes()))
        except (OSError, ValidationError):
            continue
    return sorted(steps, key=lambda step: (step.started or "", step.command))


def results_among(written: Mapping[Path, str], root: Path) -> dict[str, str]:
    """Return those of the written files that are results, by their path below ``root``.

    The SHA-256 of a removed result is empty. Files that something else removed are left out.
    """
    root = root.absolute()
    folders = {root, *ResultTree(root).folders}
    return {
        path.relative_to(root).as_posix(): sha256
        for path, sha256 in sorted(written.items())
        if path.parent in folders
        and path.suffix in _SUFFIXES
        and path.name != HISTORY
        and path.is_file() == bool(sha256)
    }


def step_of(program: Program) -> str:
    """Return the step of a call of lotwise; the registration of criteria is a step of its own.

    Examples
    --------
    >>> words = ["lotwise", "-q", "evidence", "--note", "isoform", "gene"]
    >>> step_of(Program(name="lotwise", version="1", command=words, exit_status=0))
    'evidence'
    """
    return f"{program.step} --register" if program.options.get("register") else program.step


def of_configuration(
    steps: Iterable[Program], config: Config, *, samples: Collection[str], prepared: Collection[str]
) -> list[Program]:
    """Return the steps of a run with ``config``, since a folder also has those of earlier runs.

    Parameters
    ----------
    steps
        Finished calls of lotwise.
    config
        The configuration of the run.
    samples
        Samples of the run.
    prepared
        Steps before the analysis that made its input (:data:`PREPARING`).
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
        if step.level not in gone and step_of(step) not in without and _is_of_samples(step, samples)
    ]


def add_later_steps(programs: Sequence[Program], steps: Iterable[Program]) -> list[Program]:
    """Append steps to the programs on record.

    A step that was repeated is listed once, as the last; every verdict is listed.
    """
    listed = list(programs)
    for step in steps:
        if step in listed:
            continue
        if step.step != "verdict":
            listed = [one for one in listed if one.command != step.command]
        listed.append(step)
    return listed


def _is_of_samples(step: Program, samples: Collection[str]) -> bool:
    """Return whether a step that names samples names one of the run's."""
    return not step.samples or any(name in samples for name in step.samples)


def read_calls(quantifications: Iterable[Path]) -> list[Program]:
    """Return the calls of quantifiers that lotwise keeps next to the folders they wrote.

    Parameters
    ----------
    quantifications
        Files from which the expression was read, in the order of the samples.

    Returns
    -------
    The calls that built an index, once each, then one call per sample. Quantifications from
    elsewhere have none.
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
            # A file of another program, or no file: the call is unknown.
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
