"""Recording of criteria, and writing and reading of verdicts, in a results folder."""

from __future__ import annotations

import json
import logging
from collections.abc import Collection, Iterable
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from lotwise.acceptance.criteria import Criteria
from lotwise.acceptance.files import CriteriaFile, read_criteria
from lotwise.acceptance.history import (
    Entry,
    append,
    changed_or_gone,
    notices,
    read_history,
    stamp,
)
from lotwise.acceptance.times import late_registration
from lotwise.acceptance.verdict import CriterionRecord, Verdict, judge
from lotwise.errors import InputError
from lotwise.files.atomic import atomic_path
from lotwise.files.checksums import checksum_if_there
from lotwise.files.tables import to_frame, write_table
from lotwise.keys import LEVELS
from lotwise.tree import COPY, CRITERIA, TITRATION, VERDICT, ResultTree
from lotwise.wording import listed

# The criteria as they were read, including comments.
_FOLDERS: Final = ("correlation", "evidence")
_log = logging.getLogger(__name__)


def register_criteria(root: Path, criteria: CriteriaFile, *, now: datetime | None = None) -> None:
    """Record criteria in a results folder, ideally before it has results.

    Writes ``verdict_criteria.yaml`` and, if these criteria are not on record yet, a line of
    ``verdict_history.jsonl`` with the number of result tables at that time.

    Parameters
    ----------
    root
        Folder of the results; created if missing.
    criteria
        The criteria, from :func:`lotwise.acceptance.read_criteria`.
    now
        Time to record; by default the present.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import mkdtemp
    >>> folder = Path(mkdtemp())
    >>> register_criteria(folder, read_criteria("example"))
    >>> register_criteria(folder, read_criteria("example"))
    >>> len(read_history(folder).entries)
    1
    """
    time = stamp(now)
    _record_gap(root, time)
    if read_history(root).first(criteria.criteria.sha256) is None:
        append(root, _entry("registered", criteria, time, n_tables=len(_tables(root))))
    copy = root / COPY
    # Not rewritten if equal: in a workflow it is the input of a later step.
    text = criteria.text.encode("utf-8")
    if not copy.is_file() or copy.read_bytes() != text:
        with atomic_path(copy) as temporary:
            temporary.write_bytes(text)


def require_tables(root: Path) -> None:
    """Refuse a folder without any result table, of which nothing can be judged.

    Raises
    ------
    InputError
        No results were computed yet.
    """
    if not _tables(root):
        raise InputError("has no results to judge", path=root, remedy="run lotwise compare first")


def _tables(root: Path) -> list[Path]:
    return [path for folder in _FOLDERS for path in (root / folder).glob("*.tsv")]


def write_verdict(root: Path, criteria: CriteriaFile, *, now: datetime | None = None) -> Verdict:
    """Judge a folder of results; write ``verdict.json`` and ``verdict.tsv``.

    The criteria are recorded first (:func:`register_criteria`), and every verdict is added to the
    history. Reasons in the history to doubt the verdict are listed in its notices.

    Raises
    ------
    InputError
        A result table cannot be read, or the folder cannot be written.
    """
    register_criteria(root, criteria, now=now)
    tables = digests(root, criteria.criteria)
    history = read_history(root)
    verdict = replace(
        judge(criteria, root),
        notices=(
            *notices(history, criteria.criteria, tables),
            *late_registration(root, history, criteria.criteria),
        ),
    )
    content = verdict.as_json() | {"history_entries": len(history.entries) + 1}
    with atomic_path(root / VERDICT) as temporary:
        temporary.write_text(json.dumps(content, indent=2, allow_nan=False) + "\n", "utf-8")
    rows = to_frame(verdict.as_records(), CriterionRecord)
    write_table(root / CriterionRecord.table, rows)
    files = {name: checksum_if_there(root / name) for name in (VERDICT, CriterionRecord.table)}
    entry = _entry(
        "evaluated", criteria, stamp(now), tables=tables, outcome=verdict.outcome, files=files
    )
    append(root, entry.model_copy(update={"criteria": {}}))
    return verdict


def log_titration(root: Path, criteria: Criteria) -> None:
    """Add to the history the SHA-256 of a titration and of the files that its result depends on.

    These are the sample sheet, the expression, and the tables that the criteria judge, which also
    change with the settings.
    """
    tree = ResultTree(root)
    read = [path.relative_to(root).as_posix() for path in (tree.samples, *map(tree.tpm, LEVELS))]
    entry = Entry(
        event="titrated",
        time=stamp(),
        files={TITRATION: checksum_if_there(tree.titration)},
        tables=_checksums(root, [*read, *criteria.files()]),
    )
    append(root, entry)


def why_no_titration(root: Path) -> str:
    """Return why ``titration.tsv`` cannot be used as it is; empty if it can.

    It was edited, or samples, values or settings have changed since it was made.
    """
    entry = read_history(root).written(TITRATION)
    if entry is None or entry.files[TITRATION] != checksum_if_there(root / TITRATION):
        return f"{TITRATION} was edited"
    changed = changed_or_gone(entry.tables, _checksums(root, entry.tables))
    return f"{TITRATION} is from an earlier run: {listed(changed)} changed since" if changed else ""


def forget_verdict(root: Path, *others: str, again: Collection[str] = ()) -> None:
    """Remove verdict and titration of an earlier run; their lines in the history stay.

    Files that are removed and not written again are logged.

    Parameters
    ----------
    root
        Folder of the results.
    others
        Further files of the earlier run to remove.
    again
        Files that this run writes again.
    """
    titrated = [path.as_posix() for path in ResultTree(Path()).titration_files]
    names = (VERDICT, CRITERIA, *titrated, *others)
    there = [name for name in names if (root / name).is_file()]
    for name in there:
        (root / name).unlink()
    if removed := [name for name in there if name not in again]:
        _log.warning(
            "lotwise: note: %s: removed %s of an earlier run; repeat the commands that wrote them "
            "if you still need them",
            root,
            ", ".join(removed),
        )


def recorded_criteria(root: Path) -> CriteriaFile:
    """Return the criteria on record in a results folder.

    Raises
    ------
    InputError
        There are no criteria on record.
    """
    if not (root / COPY).is_file():
        raise InputError(
            "no acceptance criteria are on record here",
            path=root,
            remedy="choose criteria (--criteria FILE, or a built-in name such as example)",
        )
    return read_criteria(root / COPY)


def registration_of(root: Path) -> Entry | None:
    """Return the history entry in which the criteria on record were recorded; None without any."""
    try:
        sha256 = recorded_criteria(root).criteria.sha256
    except InputError:
        return None
    return read_history(root).first(sha256)


def digests(root: Path, criteria: Criteria) -> dict[str, str]:
    """Return the SHA-256 of each table that criteria judge; empty where it is missing."""
    return _checksums(root, criteria.files())


def _checksums(root: Path, names: Iterable[str]) -> dict[str, str]:
    return {name: checksum_if_there(root / name) for name in names}


def _record_gap(root: Path, time: str) -> None:
    """Record a gap if lines were removed from the end of the history, or the file was deleted."""
    n_now = len(read_history(root).entries)
    n_once = 1 if (root / COPY).is_file() else 0
    with suppress(OSError, ValueError, TypeError, AttributeError):
        found = json.loads((root / VERDICT).read_text(encoding="utf-8"))
        n_once = max(n_once, int(found.get("history_entries", 0)))
    if n_now < n_once:
        append(root, Entry(event="gap", time=time))


def _entry(event: str, criteria: CriteriaFile, time: str, **given: Any) -> Entry:
    return Entry.model_validate(
        {
            "event": event,
            "time": time,
            "criteria_file": criteria.name,
            "criteria_sha256": criteria.criteria.sha256,
            "title": criteria.criteria.title,
            "criteria": criteria.criteria.content(),
            **given,
        }
    )
