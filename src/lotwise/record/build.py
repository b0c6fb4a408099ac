"""Collection of everything that the record of a run contains."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

from lotwise.acceptance import SHIPPED, read_criteria
from lotwise.acceptance.history import read_history
from lotwise.acceptance.outdated import from_earlier_run, outdated_results
from lotwise.config import Config, figures_of, parse_config, tables_of
from lotwise.errors import InputError
from lotwise.expression.labels import read_unit
from lotwise.files.atomic import make_directory
from lotwise.keys import LEVELS, Level
from lotwise.record.calls import (
    add_later_steps,
    now,
    of_configuration,
    read_calls,
    read_steps,
    step_of,
)
from lotwise.record.configuration import absolute, resolve
from lotwise.record.environment import libraries, machine, software
from lotwise.record.inputs import Taken, mark_changes, take_criteria, take_inputs
from lotwise.record.provenance import InputFile, OutputFile, Program, Provenance, read_provenance
from lotwise.record.revisions import (
    chain_faults,
    find_amendments,
    refuse_amendments,
    write_revision,
    wrote_by,
)
from lotwise.samples import read_samples
from lotwise.tree import (
    COPY,
    CRITERIA,
    FETCHED,
    HISTORY,
    INTAKE,
    PROVENANCE,
    SAMPLES,
    STRANDEDNESS,
    TITRATION,
    VERDICT,
    VERIFICATION,
    WORKBOOK,
    YIELD,
    ResultTree,
    drawn_as,
)

# Files that a run may write at the root of its results, besides the record and its derivatives.
_AT_ROOT: Final = (
    SAMPLES,
    FETCHED,
    INTAKE,
    STRANDEDNESS,
    YIELD,
    VERIFICATION,
    CRITERIA,
    COPY,
    HISTORY,
    VERDICT,
    WORKBOOK,
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
    amend: str | None = None,
) -> Provenance:
    """Write the record of a run whose steps are done, by the workflow or by hand.

    Parameters
    ----------
    config
        The configuration of the run.
    sheet
        The sample sheet from which the expression was read.
    root
        Folder of the results.
    workflow
        Main file of the workflow that ran the steps; it is copied into ``workflow/`` with its
        ``rules``. None if the steps were run by hand.
    called_by
        The call of the workflow, listed before the steps.
    amend
        Why recorded files were changed by anything other than a step of lotwise.

    Returns
    -------
    The record. Times are those of the steps. An input that was changed after the expression had
    been read has a ``note``.

    Raises
    ------
    InputError
        An input or the results are missing, or a recorded file was changed without a reason.
    """
    config = resolve(config)
    _refuse_outdated(root)
    expression = root / SAMPLES
    if not expression.is_file():
        raise InputError(
            "the folder contains no results",
            path=root,
            remedy="run `lotwise expression` and the later steps first",
        )
    taken = take_inputs(config, sheet, root)
    steps = own_steps(config, sheet, root, inputs=taken)
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
    amended = find_amendments(root, provenance.outputs, complete=False)
    refuse_amendments(amended, root=root, reason=amend)
    return write_revision(root, provenance, amended=amended, reason=amend or "")


def refresh_outputs(root: Path, *, amend: str | None = None) -> Provenance:
    """Append a revision with everything done since the record; keep the rest.

    This includes the outputs, the later steps and, if there is a verdict, its criteria: their
    checksum, their file among the inputs and the key ``acceptance`` of the configuration.

    Raises
    ------
    InputError
        There is no record, it was edited, or a recorded file was changed without a reason. Or
        results are of other expression.
    """
    kept = read_provenance(root)
    faults = chain_faults(root)
    if faults:
        raise InputError(
            "; ".join(faults), path=root, remedy="restore the original files of the record"
        )
    _refuse_outdated(root)
    config = configuration_of(kept, root)
    since = [
        step
        for step in read_steps(root)
        # Criteria are recorded before the results, and so before their record.
        if (step.started or "") >= kept.ended
        or (step_of(step) == "verdict --register" and criteria_of(root) is not None)
    ]
    provenance = kept.model_copy(
        update={
            "outputs": tuple(
                take_outputs(
                    config, root, workflow=kept.workflow, also=wrote_by(since).keys() - {PROVENANCE}
                )
            ),
            "criteria_sha256": criteria_of(root),
            "programs": tuple(add_later_steps(kept.programs, since)),
            **_judged_by(kept, root),
        }
    )
    amended = find_amendments(root, provenance.outputs)
    refuse_amendments(amended, root=root, reason=amend)
    return write_revision(root, provenance, amended=amended, reason=amend or "")


def _refuse_outdated(root: Path) -> None:
    if outdated := outdated_results(root):
        raise InputError("; ".join(from_earlier_run(outdated)), path=root)


def _judged_by(kept: Provenance, root: Path) -> dict[str, object]:
    """Return inputs and configuration with the criteria of the verdict; empty where unknown."""
    sha256 = criteria_of(root)
    registered = read_history(root).first(sha256 or "")
    names = (
        kept.configuration.get("acceptance"),
        # If the criteria on record were used, the verdict names their copy.
        registered and registered.criteria_file,
        _of_verdict(root, "criteria_file"),
        root / COPY,
    )
    name = next((name for name in names if name and _says(name, sha256)), None)
    if name is None:
        return {}
    if name not in SHIPPED:
        name = str(absolute(Path(name)))
    file = take_criteria(name, root)
    inputs: list[InputFile] = [one for one in kept.inputs if one.role != file.role]
    return {
        "inputs": (*inputs, file),
        "configuration": kept.configuration | {"acceptance": name},
    }


def _says(name: Path | str, sha256: str | None) -> bool:
    """Return whether a criteria file has the content used for the verdict; its name may mislead."""
    try:
        return read_criteria(name).criteria.sha256 == sha256
    except InputError:
        return False


def own_steps(config: Config, sheet: Path, root: Path, *, inputs: Sequence[Taken]) -> list[Program]:
    """Return the steps below ``root`` that belong to a run with ``config``."""
    files = [item.file for item in inputs]
    prepared = set()
    if config.source != "quant" or any(map(_is_quantified_here, files)):
        prepared |= {"check", "quantify"}
    if config.source == "accession" or any(file.source for file in files):
        prepared.add("fetch")
    # Reads are quantified with another sheet than the one from which the expression is read.
    sheets = {sheet, config.samples} if config.source != "quant" else {sheet}
    samples = {one.sample for path in sheets for one in read_samples(path)}
    # Steps whose result a later run removed.
    gone = {
        name
        for name, file in (("verify", VERIFICATION), ("titrate", TITRATION))
        if not (root / file).is_file()
    }
    steps = [step for step in read_steps(root) if step_of(step) not in gone]
    return of_configuration(steps, config, samples=samples, prepared=prepared)


def _is_quantified_here(file: InputFile) -> bool:
    """Return whether a quantification is in the results, where `lotwise quantify` writes it."""
    return file.role == "quantification" and not Path(file.path).is_absolute()


def configuration_of(provenance: Provenance, root: Path) -> Config:
    """Return the configuration in a record.

    Raises
    ------
    InputError
        This version of lotwise does not accept it; the message names the key.
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
    """Return the description of a run whose results are in ``root``.

    ``since_ns`` is the time at which its inputs were read; later changes are noted.
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
        units=_units(root),
        seeds=_seeds(config),
        workflow=workflow,
        criteria_sha256=criteria_of(root),
        inputs=tuple(mark_changes(inputs, since_ns=since_ns)),
        outputs=tuple(take_outputs(config, root, workflow=workflow)),
    )


def take_outputs(
    config: Config, root: Path, *, workflow: str | None = None, also: Iterable[str] = ()
) -> list[OutputFile]:
    """Return size and checksum of the existing files that the run with ``config`` wrote.

    Later steps with other settings may have written others (``also``).
    """
    from lotwise.files.checksums import checksum

    def take(path: Path) -> OutputFile:
        return OutputFile(
            path=path.relative_to(root).as_posix(),
            bytes=path.stat().st_size,
            sha256=checksum(path),
        )

    written = {*_outputs(config, root), *(root / name for name in also if (root / name).is_file())}
    if workflow is not None:
        written |= {path for path in (root / workflow).parent.rglob("*") if path.is_file()}
    with ThreadPoolExecutor(_WRITERS) as readers:
        return list(readers.map(take, sorted(written)))


def _copy_workflow(root: Path, workflow: Path | None) -> str | None:
    """Copy a workflow's main file and its rules into the results, replacing earlier copies."""
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
    """Return the checksum of the acceptance criteria in the verdict; None without one."""
    return _of_verdict(root, "criteria_sha256")


def _of_verdict(root: Path, key: str) -> str | None:
    try:
        found = json.loads((root / VERDICT).read_bytes()).get(key)
    except (OSError, ValueError, AttributeError):
        return None
    return found if isinstance(found, str) else None


def _outputs(config: Config, root: Path) -> Iterator[Path]:
    """Yield the files by level, so that files of a level left out since are not outputs."""
    tree = ResultTree(root)
    at_root = (root / name for name in _AT_ROOT)
    yield from (path for path in (*at_root, *tree.titration_files) if path.is_file())
    for level in config.levels:
        for folder in (tree.expression, tree.correlation):
            yield from folder.glob(f"{level}.*")
        stems = [
            *tree.figures_of_correlation(level),
            *(tree.figure(level, name) for name in figures_of(config.evidence, level)),
        ]
        made = [
            *(tree.table(level, name) for name in tables_of(config.evidence, level)),
            *drawn_as(stems, config.figures.formats),
        ]
        yield from (path for path in made if path.is_file())


def _units(root: Path) -> dict[Level, str]:
    tree = ResultTree(root)
    written = {level: tree.h5ad(level) for level in LEVELS}
    return {level: read_unit(path) for level, path in written.items() if path.is_file()}


def _seeds(config: Config) -> dict[str, int]:
    from lotwise.quantify import Job

    seeds = {"evidence": config.evidence.seed}
    if config.source != "quant":
        seeds["quantifier"] = Job.seed
    return seeds
