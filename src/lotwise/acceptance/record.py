"""Criteria recorded, verdicts written: what stands in a folder of results."""

from __future__ import annotations

import hashlib
import json
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from lotwise.acceptance.criteria import Criteria
from lotwise.acceptance.files import CriteriaFile, read_criteria
from lotwise.acceptance.history import FILE as HISTORY
from lotwise.acceptance.history import Entry, append, differing, notices, read_history
from lotwise.acceptance.verdict import CriterionRecord, Verdict, judge
from lotwise.errors import InputError
from lotwise.files.atomic import atomic_path
from lotwise.files.tables import to_frame, write_table

VERDICT: Final = "verdict.json"
# The criteria as they were read, comments included.
COPY: Final = "verdict_criteria.yaml"
_FOLDERS: Final = ("correlation", "evidence")


def register_criteria(root: Path, criteria: CriteriaFile, *, now: datetime | None = None) -> None:
    """Record criteria in a folder of results, best before there are any.

    Writes ``verdict_criteria.yaml`` and, where these criteria are not on record yet, a line of
    ``verdict_history.jsonl`` that says how many result tables were there at that time.

    Parameters
    ----------
    root
        Folder of the results; made if absent.
    criteria
        As :func:`lotwise.acceptance.read_criteria` gives them.
    now
        The time to record; by default the present.

    Examples
    --------
    >>> folder = getfixture("tmp_path")
    >>> register_criteria(folder, read_criteria("example"))
    >>> register_criteria(folder, read_criteria("example"))
    >>> len(read_history(folder).entries)
    1
    """
    time = _stamp(now)
    _record_gap(root, time)
    if read_history(root).first(criteria.criteria.sha256) is None:
        found = [path for folder in _FOLDERS for path in (root / folder).glob("*.tsv")]
        append(root, _entry("registered", criteria, time, n_tables=len(found)))
    copy = root / COPY
    # Left alone where it says the same: in a workflow it is the input of a later step.
    if not copy.is_file() or copy.read_text(encoding="utf-8") != criteria.text:
        with atomic_path(copy) as temporary:
            temporary.write_text(criteria.text, encoding="utf-8")


def write_verdict(root: Path, criteria: CriteriaFile, *, now: datetime | None = None) -> Verdict:
    """Judge a folder of results; write ``verdict.json`` and ``verdict.tsv``.

    The criteria are recorded first (:func:`register_criteria`), and the verdict is added to the
    history unless it is the last one over again. What the history says against believing the
    verdict stands in its notices.

    Raises
    ------
    InputError
        A result table cannot be read, or the folder cannot be written.
    """
    register_criteria(root, criteria, now=now)
    verdict = judge(criteria, root)
    tables = digests(root, criteria.criteria)
    history = read_history(root)
    entry = _entry(
        "evaluated", criteria, _stamp(now), tables=tables, outcome=verdict.outcome
    ).model_copy(update={"criteria": {}})
    last = next(iter(reversed(list(history.evaluations()))), None)
    if last is None or not _says_the_same(last, entry):
        append(root, entry)
    verdict = replace(verdict, notices=notices(history, criteria.criteria, tables))
    content = verdict.as_json() | {"history_entries": len(read_history(root).entries)}
    with atomic_path(root / VERDICT) as temporary:
        temporary.write_text(json.dumps(content, indent=2, allow_nan=False) + "\n", "utf-8")
    rows = to_frame(verdict.as_records(), CriterionRecord)
    write_table(root / CriterionRecord.table, rows)
    return verdict


def forget_verdict(root: Path) -> None:
    """Take away a verdict on tables that have been replaced; its line in the history stays."""
    for name in (VERDICT, CriterionRecord.table):
        (root / name).unlink(missing_ok=True)


def read_verdict(root: Path) -> dict[str, Any] | None:
    """Read ``verdict.json``; None where there is none.

    Where result tables have changed since it was written, a notice in front says so. An outcome
    that is not the one on record in the history is replaced by that, with a notice.

    Raises
    ------
    InputError
        The file is no verdict.
    """
    path = root / VERDICT
    if not path.is_file():
        return None
    try:
        found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        found["notices"] = [*_stale(root, found), *found["notices"]]
        said = found["outcome"]
        on_record = _recorded(root, found)
        if on_record is not None and on_record.outcome != said:
            told = f"{path.name} says {said!r}, {HISTORY} {on_record.outcome!r}: judge anew"
            found |= {"outcome": on_record.outcome, "notices": [told, *found["notices"]]}
    except (ValueError, TypeError, KeyError, OSError) as error:
        raise InputError(
            f"is no verdict of lotwise ({type(error).__name__})", path=path, remedy="judge anew"
        ) from None
    return found


def recorded_criteria(root: Path) -> CriteriaFile:
    """Read the criteria that are on record in a folder of results.

    Raises
    ------
    InputError
        There are none.
    """
    if not (root / COPY).is_file():
        raise InputError(
            "no acceptance criteria are on record here",
            path=root,
            remedy="name some (--criteria FILE, or a shipped name such as example)",
        )
    return read_criteria(root / COPY)


def digests(root: Path, criteria: Criteria) -> dict[str, str]:
    """Give the SHA-256 of each table that criteria judge; empty where it is not there."""
    return {name: _sha256(root / name) for name in criteria.files()}


def _record_gap(root: Path, time: str) -> None:
    """Find that lines were taken off the history's end, or the file deleted; put it on record."""
    n_now = len(read_history(root).entries)
    n_once = 1 if (root / COPY).is_file() else 0
    with suppress(OSError, ValueError, TypeError, AttributeError):
        found = json.loads((root / VERDICT).read_text(encoding="utf-8"))
        n_once = max(n_once, int(found.get("history_entries", 0)))
    if n_now < n_once:
        append(root, Entry(event="gap", time=time, lotwise_version=version("lotwise")))


def _recorded(root: Path, verdict: dict[str, Any]) -> Entry | None:
    """Give the last verdict on record under the same criteria."""
    said = verdict["criteria_sha256"]
    known = [one for one in read_history(root).evaluations() if one.criteria_sha256 == said]
    return known[-1] if known else None


def _stale(root: Path, verdict: dict[str, Any]) -> list[str]:
    known = _recorded(root, verdict)
    if known is None:
        return [f"{HISTORY} does not know this verdict"]
    now = {name: _sha256(root / name) for name in known.tables}
    changed = differing(known.tables, now)
    gone = tuple(name for name, sha in known.tables.items() if sha and not now[name])
    if not changed and not gone:
        return []
    names = ", ".join([*changed, *gone])
    return [f"this verdict is about earlier result tables; since then {names} changed: judge anew"]


def _entry(event: str, criteria: CriteriaFile, time: str, **given: Any) -> Entry:
    return Entry.model_validate(
        {
            "event": event,
            "time": time,
            "criteria_file": criteria.name,
            "criteria_sha256": criteria.criteria.sha256,
            "title": criteria.criteria.title,
            "criteria": criteria.criteria.content(),
            "lotwise_version": version("lotwise"),
            **given,
        }
    )


def _says_the_same(one: Entry, other: Entry) -> bool:
    return (one.criteria_sha256, one.tables, one.outcome) == (
        other.criteria_sha256,
        other.tables,
        other.outcome,
    )


def _stamp(now: datetime | None) -> str:
    return (now or datetime.now(UTC)).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _sha256(path: Path) -> str:
    if not path.is_file():
        return ""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
