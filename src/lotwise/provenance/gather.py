"""Everything that the record of a run holds, brought together."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

from lotwise.acceptance.record import VERDICT
from lotwise.atomic import make_directory
from lotwise.config import Config, parse_config, tables_of
from lotwise.errors import InputError
from lotwise.keys import LEVELS
from lotwise.provenance.configuration import resolve
from lotwise.provenance.inputs import Taken, mark_changes, take_inputs
from lotwise.provenance.record import (
    PROVENANCE,
    OutputFile,
    Program,
    Provenance,
    read_provenance,
    write_provenance,
)
from lotwise.provenance.steps import now, read_calls, read_steps
from lotwise.provenance.surroundings import libraries, machine, software

# What a run may write at the root of its results, beside the record and what is made from it.
_AT_ROOT: Final = (
    "samples.tsv",
    "fetched.tsv",
    "intake.tsv",
    "strandedness.tsv",
    "yield.tsv",
    "verification.tsv",
    "verdict.tsv",
    "verdict_criteria.yaml",
    "verdict_history.jsonl",
    VERDICT,
    "tables.xlsx",
)
_WRITERS: Final = 4
WORKFLOW: Final = "workflow"


def record_run(
    config: Config,
    sheet: Path,
    root: Path,
    *,
    workflow: Path | None = None,
    called_by: Program | None = None,
) -> Provenance:
    """Write the record of a run whose steps are done, by the workflow or by hand.

    Parameters
    ----------
    config
        The configuration of the run.
    sheet
        The sample sheet that the expression was read from.
    root
        Folder of the results.
    workflow
        Main file of the workflow that ran the steps; it is copied into ``workflow/`` with the
        ``rules`` beside it. None where they were run by hand.
    called_by
        The call of the workflow, listed before the steps.

    Returns
    -------
    The record. Times are those of the steps. An input whose file was changed after the
    expression had been read says so in its ``note``.

    Raises
    ------
    InputError
        An input or the results are not there.
    """
    config = resolve(config)
    expression = root / "samples.tsv"
    if not expression.is_file():
        raise InputError(
            "no results are here", path=root, remedy="run `lotwise expression` and the others first"
        )
    gone = {*LEVELS} - {*config.levels}
    # What an earlier run computed at a level that this one does not have is not part of it.
    steps = [step for step in read_steps(root) if gone.isdisjoint(step.command)]
    taken = take_inputs(config, sheet, root)
    ended = now()
    copied = _copy_workflow(root, workflow)
    provenance = gather(
        config,
        root,
        inputs=taken,
        since_ns=expression.stat().st_mtime_ns,
        steps=steps if called_by is None else [called_by, *steps],
        started=min((step.started for step in steps if step.started), default=ended),
        ended=ended,
        workflow=copied,
    )
    write_provenance(root / PROVENANCE, provenance)
    return provenance


def refresh_outputs(root: Path) -> Provenance:
    """Bring the outputs and the criteria of an existing record up to date; keep all else.

    Raises
    ------
    InputError
        There is no record.
    """
    kept = read_provenance(root)
    provenance = kept.model_copy(
        update={
            "outputs": tuple(
                take_outputs(configuration_of(kept, root), root, workflow=kept.workflow)
            ),
            "criteria_sha256": criteria_of(root),
        }
    )
    write_provenance(root / PROVENANCE, provenance)
    return provenance


def configuration_of(provenance: Provenance, root: Path) -> Config:
    """Give the configuration that a record holds.

    Raises
    ------
    InputError
        This version of lotwise does not take it; the key is named.
    """
    return parse_config(provenance.configuration, source=str(root / PROVENANCE))


def gather(
    config: Config,
    root: Path,
    *,
    inputs: Sequence[Taken],
    steps: Sequence[Program],
    started: str,
    ended: str,
    since_ns: int,
    workflow: str | None = None,
) -> Provenance:
    """Describe a run whose results lie in ``root``.

    ``since_ns`` is when its inputs were read: what was changed later says so.
    """
    quantifications = [item.location for item in inputs if item.file.role == "quantification"]
    return Provenance(
        lotwise=software(),
        libraries=libraries(),
        machine=machine(),
        started=started,
        ended=ended,
        programs=(*read_calls(quantifications), *steps),
        configuration=config.model_dump(mode="json"),
        seeds=_seeds(config),
        workflow=workflow,
        criteria_sha256=criteria_of(root),
        inputs=tuple(mark_changes(inputs, since_ns=since_ns)),
        outputs=tuple(take_outputs(config, root, workflow=workflow)),
    )


def take_outputs(config: Config, root: Path, *, workflow: str | None = None) -> list[OutputFile]:
    """Take size and checksum of what the run with ``config`` wrote, as far as it is there."""
    from lotwise.quantify.cache import checksum

    def take(path: Path) -> OutputFile:
        return OutputFile(
            path=path.relative_to(root).as_posix(),
            bytes=path.stat().st_size,
            sha256=checksum(path),
        )

    written = {*_outputs(config, root)}
    if workflow is not None:
        written |= {path for path in (root / workflow).parent.rglob("*") if path.is_file()}
    with ThreadPoolExecutor(_WRITERS) as readers:
        return list(readers.map(take, sorted(written)))


def _copy_workflow(root: Path, workflow: Path | None) -> str | None:
    """Copy a workflow's main file and its rules into the results; take away what was there."""
    folder = root / WORKFLOW
    shutil.rmtree(folder, ignore_errors=True)
    if workflow is None:
        return None
    rules = sorted(workflow.parent.glob("rules/*.smk"))
    for path in (workflow, *rules):
        place = folder / path.relative_to(workflow.parent)
        make_directory(place.parent)
        shutil.copyfile(path, place)
    return f"{WORKFLOW}/{workflow.name}"


def criteria_of(root: Path) -> str | None:
    """Give the checksum of the acceptance criteria that the verdict names; None without one."""
    try:
        found = json.loads((root / VERDICT).read_bytes()).get("criteria_sha256")
    except (OSError, ValueError, AttributeError):
        return None
    return found if isinstance(found, str) else None


def _outputs(config: Config, root: Path) -> Iterator[Path]:
    """Name the files by level, so that those of a level left out since are no outputs."""
    yield from (path for name in _AT_ROOT if (path := root / name).is_file())
    for level in config.levels:
        for pattern in (f"expression/{level}.*", f"correlation/{level}.*"):
            yield from root.glob(pattern)
        tables = [f"evidence/{level}.{name}.tsv" for name in tables_of(config.evidence, level)]
        yield from (path for name in tables if (path := root / name).is_file())
        for suffix in config.figures.formats:
            yield from root.glob(f"figures/{level}_*.{suffix}")
            yield from root.glob(f"figures/extended_data_fig?_{level}.{suffix}")


def _seeds(config: Config) -> dict[str, int]:
    from lotwise.quantify import Job

    seeds = {"evidence": config.evidence.seed}
    if config.source != "quant":
        seeds["quantifier"] = Job.seed
    return seeds
