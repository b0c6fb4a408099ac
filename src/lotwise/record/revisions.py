"""The record as a chain of numbered revisions, each with the SHA-256 of the previous one.

``provenance.json`` is the last revision; ``revisions/`` contains all of them. Each revision also
has a line in the history of the folder. A recorded file that was not changed by a step of lotwise
can be recorded again only with a reason, which stays on record.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

from lotwise.acceptance.history import Entry, append, read_history, stamp
from lotwise.acceptance.verdict import CriterionRecord
from lotwise.errors import InputError
from lotwise.expression.identity import read_identities
from lotwise.files.atomic import atomic_path, make_directory
from lotwise.files.checksums import checksum
from lotwise.record.calls import now, read_steps
from lotwise.record.provenance import (
    Amendment,
    OutputFile,
    Program,
    Provenance,
    read_provenance,
    write_provenance,
)
from lotwise.tree import COPY, HISTORY, PROVENANCE, VERDICT, ResultTree
from lotwise.wording import counted, listed

REVISIONS: Final = ResultTree(Path()).revisions.name
# Files of the verdict; the SHA-256 of each verdict is in the history.
_JUDGED: Final = frozenset({VERDICT, CriterionRecord.table, COPY, HISTORY})


def write_revision(
    root: Path,
    provenance: Provenance,
    *,
    amended: Iterable[Amendment] = (),
    reason: str = "",
) -> Provenance:
    """Write the next revision of the record below ``root``, and its line in the history.

    A record of an earlier version without revisions is kept as the first one.
    """
    kept = _keep_present(root)
    before = kept[-1] if kept else None
    revised = provenance.model_copy(
        update={
            "revision": len(kept) + 1,
            "recorded": now(),
            "previous": None if before is None else checksum(before),
            "expression": read_identities(root),
            "reason": reason,
            "amended": tuple(amended),
        }
    )
    write_provenance(root / PROVENANCE, revised)
    content = (root / PROVENANCE).read_bytes()
    _write(_path(root, revised.revision), content)
    append(
        root,
        Entry(
            event="recorded",
            time=stamp(),
            revision=revised.revision,
            reason=reason,
            files={PROVENANCE: hashlib.sha256(content).hexdigest()},
        ),
    )
    return revised


def revisions_of(root: Path) -> list[Path]:
    """Return the files of the revisions, oldest first."""
    numbered = {
        int(path.stem): path for path in (root / REVISIONS).glob("*.json") if path.stem.isdigit()
    }
    return [numbered[number] for number in sorted(numbered)]


def find_amendments(
    root: Path, outputs: Iterable[OutputFile], *, complete: bool = True
) -> list[Amendment]:
    """Return the recorded files that were changed since, but not by a step of lotwise.

    Parameters
    ----------
    root
        Folder of the results.
    outputs
        Files to be recorded now.
    complete
        Whether a recorded file that is not among them counts as removed; a run with another
        configuration removes the files it does not make.
    """
    expected = expected_outputs(root)
    present = {item.path: item.sha256 for item in outputs}
    changed = [
        Amendment(path=path, recorded=sha256, present=present.get(path, ""))
        for path, sha256 in expected.items()
        if present.get(path, "") != sha256 and (path in present or complete)
    ]
    return [one for one in changed if not _is_known(root, one)]


def expected_outputs(root: Path) -> dict[str, str]:
    """Return the SHA-256 of each output according to the last record or a later step."""
    kept = revisions_of(root)
    expected: dict[str, str] = {}
    since = ""
    if kept or (root / PROVENANCE).is_file():
        last = read_provenance(kept[-1] if kept else root / PROVENANCE)
        expected = {item.path: item.sha256 for item in last.outputs}
        since = last.recorded or last.ended
    for step in sorted(read_steps(root), key=lambda step: step.ended or ""):
        if (step.ended or "") >= since:
            expected |= step.wrote
    expected.pop(PROVENANCE, None)
    return expected


def refuse_amendments(amended: Iterable[Amendment], *, root: Path, reason: str | None) -> None:
    """Raise for changed files without a reason.

    Raises
    ------
    InputError
        Files were changed and no reason is given.
    """
    paths = [f"{one.path}{'' if one.present else ' (removed)'}" for one in amended]
    if paths and not (reason or "").strip():
        raise InputError(
            f"{counted(len(paths), 'recorded file')} changed, but not by a step of lotwise: "
            f"{listed(paths)}",
            path=root,
            remedy="restore the recorded files, or state the reason for the changes with --amend "
            "REASON",
        )


def chain_faults(root: Path) -> tuple[str, ...]:
    """Return where the record differs from what was written.

    A record of version 0.1 has no revisions and cannot be checked.
    """
    if not (root / PROVENANCE).is_file():
        return ()
    kept = revisions_of(root)
    history = read_history(root)
    logged = {
        entry.revision: entry.files.get(PROVENANCE, "")
        for entry in history.entries
        if entry.event == "recorded"
    }
    faults = []
    present = checksum(root / PROVENANCE)
    if kept and present != checksum(kept[-1]):
        number = len(kept)
        faults.append(f"{PROVENANCE} was edited: it differs from revision {number} of the record")
    if not kept and (logged or not is_of_0_1(root)):
        faults.append(f"{REVISIONS}/ is missing")
    previous = None
    for number, path in enumerate(kept, start=1):
        sha256 = checksum(path)
        name = f"{REVISIONS}/{path.name}"
        try:
            told = read_provenance(path)
        except InputError:
            faults.append(f"{name} cannot be read")
        else:
            if int(path.stem) != number or (told.previous != previous and told.revision != 1):
                faults.append(
                    f"{name} does not follow the previous revision: the number in its name "
                    "is wrong, or the recorded checksum of the previous revision is wrong"
                )
        # The first may be a record of version 0.1, which had no line in the history.
        if logged.get(number, "" if number > 1 else sha256) != sha256:
            faults.append(
                f"{name} is not the revision recorded in {HISTORY}: the checksum differs or is "
                "missing"
            )
        previous = sha256
    missing = sorted(number for number in logged if number > len(kept))
    if kept and missing:
        faults.append(f"{REVISIONS}/ lacks revision {missing[0]}, which is in {HISTORY}")
    return tuple(faults)


def is_of_0_1(root: Path) -> bool:
    """Return whether the record below ``root`` is of version 0.1, which kept no revisions."""
    try:
        told = json.loads((root / PROVENANCE).read_bytes())
        return bool(told["record_format"] == 1)
    except (OSError, ValueError, TypeError, KeyError):
        return False


def amendments_of(root: Path) -> tuple[str, ...]:
    """Return which recorded files were changed and recorded again, with the reason."""
    lines = []
    for path in revisions_of(root):
        try:
            told = read_provenance(path)
        except InputError:
            continue
        if told.amended:
            names = listed([one.path for one in told.amended])
            lines.append(
                f"the record was amended on {_words(told.recorded)}: {names} changed; "
                f"reason given: {told.reason}"
            )
    return tuple(lines)


def wrote_by(programs: Iterable[Program]) -> Mapping[str, str]:
    """Return the SHA-256 of each file from the call that wrote it last."""
    found: dict[str, str] = {}
    for program in programs:
        found |= program.wrote
    return found


def _is_known(root: Path, one: Amendment) -> bool:
    """Return whether a file of the verdict is the one in the history."""
    if one.path == HISTORY:
        return True  # it grows; the record compares its beginning
    if one.path not in _JUDGED:
        return False
    if one.path == COPY:
        return True  # the history contains all criteria that were registered
    written = read_history(root).written(one.path)
    return written is not None and written.files[one.path] == one.present


def _keep_present(root: Path) -> list[Path]:
    """Keep a record without revisions as the first one; return the revisions."""
    kept = revisions_of(root)
    present = root / PROVENANCE
    if not kept and present.is_file():
        _write(_path(root, 1), present.read_bytes())
        return revisions_of(root)
    return kept


def _path(root: Path, revision: int) -> Path:
    return root / REVISIONS / f"{revision}.json"


def _write(path: Path, content: bytes) -> None:
    make_directory(path.parent)
    with atomic_path(path) as temporary:
        temporary.write_bytes(content)


def _words(time: str) -> str:
    return f"{time[:19].replace('T', ' ')} UTC"
