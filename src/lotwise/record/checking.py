"""Comparison of a results folder with its record: files edited, replaced, added or lost."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from typing import Final, Literal

from lotwise.acceptance.history import Entry, append, read_history, stamp
from lotwise.acceptance.outdated import AGAIN
from lotwise.acceptance.verdict import CriterionRecord
from lotwise.errors import InputError
from lotwise.files.checksums import checksum_if_there
from lotwise.record.calls import read_steps
from lotwise.record.fixity import fault_of
from lotwise.record.provenance import (
    OF_QUANTIFICATION,
    WRITTEN_HERE,
    InputFile,
    OutputFile,
    Program,
    read_provenance,
)
from lotwise.record.revisions import chain_faults, is_of_0_1, wrote_by
from lotwise.tree import CERTIFICATE, COPY, CRATE, HISTORY, PAGE, PROVENANCE, VERDICT, ResultTree
from lotwise.wording import listed

_LEVELS: Final = ("gene", "isoform", "extended_data_fig")
_READERS: Final = 4
# Inputs to compare with the record; an input of at most so many bytes is always read.
_COMPARED: Final = OF_QUANTIFICATION | {"sample sheet", "sheet of reads", "transcripts to genes"}
_SMALL: Final = 1 << 20
# Written after the record; their SHA-256 is in the history.
_LATER: Final = frozenset({VERDICT, CriterionRecord.table, COPY, HISTORY})


def check_record(root: Path) -> tuple[str, ...]:
    """Compare the files of a folder of results with its record.

    Returns
    -------
    One line for each fault: the record was edited, a recorded file has changed or is missing, or a
    file of the results is not on record. Without a record nothing can be compared, and there is no
    fault.
    """
    if not (root / PROVENANCE).is_file():
        return ()
    try:
        provenance = read_provenance(root)
    except InputError as error:
        return (str(error),)
    steps = _later_steps(root, provenance.recorded or provenance.ended)
    known = {name: sha256 for name, sha256 in wrote_by(steps).items() if name != PROVENANCE}
    items = [item for item in provenance.outputs if item.path not in known]
    with ThreadPoolExecutor(_READERS) as readers:
        faults = readers.map(lambda item: _fault(root, item), items)
        changed = [fault for fault in faults if fault]
    changed += [
        f"{name} has changed since a step of lotwise wrote it"
        for name, sha256 in known.items()
        if checksum_if_there(root / name) not in {sha256, ""}
    ]
    recorded = {item.path for item in provenance.outputs} | {*known}
    unknown = [f"{name} is not on record" for name in _present(root) if name not in recorded]
    return (*chain_faults(root), *changed, *unknown)


def changed_inputs(root: Path) -> str:
    """Return which recorded inputs have changed since the run, and what to do; empty if none has.

    Inputs of the expression are compared: sheets, quantifications, transcripts to genes. The
    results still follow from the recorded inputs, so a change is no fault of theirs. Inputs that
    do not exist here are left out, because results may be moved. A large file is read only if it
    was changed after the run.
    """
    try:
        provenance = read_provenance(root)
    except InputError:
        return ""  # check_record says what is wrong with the record
    written = {item.path for item in provenance.outputs} | WRITTEN_HERE
    changed = [
        str(root / item.path)
        for item in provenance.inputs
        if item.role in _COMPARED
        and item.path not in written
        and _differs(item, root / item.path, since=provenance.ended)
    ]
    if not changed:
        return ""
    verb = "has" if len(changed) == 1 else "have"
    return f"{listed(changed, most=3)} {verb} changed since this run; {AGAIN}"


def _differs(item: InputFile, path: Path, *, since: str) -> bool:
    """Return whether an existing file is not the recorded input."""
    try:
        status = path.stat()
        if status.st_size != item.bytes:
            return True
        later = status.st_mtime > datetime.fromisoformat(since).timestamp()
        return (later or item.bytes <= _SMALL) and bool(fault_of(item, path))
    except (OSError, ValueError):
        return False


def check_page(root: Path, *, names: Sequence[str] = (PAGE, CERTIFICATE, CRATE)) -> tuple[str, ...]:
    """Compare page, certificate and crate with their SHA-256 in the history."""
    return tuple(fault for name in names if (root / name).is_file() for fault in _made(root, name))


def log_written(root: Path, event: Literal["reported", "crated"], name: str) -> None:
    """Add a line to the history with the SHA-256 of a file made from the results."""
    append(root, Entry(event=event, time=stamp(), files={name: checksum_if_there(root / name)}))


def _made(root: Path, name: str) -> Iterator[str]:
    entry = read_history(root).written(name)
    if entry is None and is_of_0_1(root):
        return  # that version kept nothing about a page
    if entry is None:
        remedy = "lotwise crate" if name == CRATE else "lotwise report"
        yield f"{name} is in no record: write it again with `{remedy}`"
    elif entry.files[name] != checksum_if_there(root / name):
        yield f"{name} is not the file that was written on {entry.when}: it was edited"


def _later_steps(root: Path, recorded: str) -> list[Program]:
    """Return the steps since the record, in the order in which they ended."""
    steps = sorted(read_steps(root), key=lambda step: step.ended or "")
    return [step for step in steps if (step.ended or "") >= recorded]


def _fault(root: Path, item: OutputFile) -> str:
    fault = fault_of(item, root / item.path)
    if fault and item.path in _LATER:
        # A later verdict is in the history; check_verdict compares it.
        entry = read_history(root).written(item.path)
        if item.path == COPY or (
            entry and entry.files[item.path] == checksum_if_there(root / item.path)
        ):
            return ""
    return f"{item.path} {fault}" if fault else ""


def _present(root: Path) -> Iterator[str]:
    for folder in ResultTree(root).folders:
        yield from (
            path.relative_to(root).as_posix()
            for path in sorted(folder.glob("*"))
            if path.is_file() and path.name.startswith(_LEVELS)
        )
