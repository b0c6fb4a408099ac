"""History of a results folder: what was asked and when, as a list that is only appended to.

Each line contains the SHA-256 of the line before it, so that an edited or removed line is found. A
file that was deleted, or written again from its first line, is not found. If you need more, keep
the criteria where they cannot be changed, and compare SHA-256s.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from lotwise.acceptance.criteria import Criteria
from lotwise.files.atomic import atomic_path
from lotwise.tree import HISTORY
from lotwise.wording import counted, listed


class Entry(BaseModel):
    """One line of the history.

    ``registered``: criteria were recorded, with the number of result tables at that time.
    ``evaluated``: they were applied to tables, each with its SHA-256 (empty where a table is
    missing). ``recorded``, ``reported`` and ``crated``: the record, the page and the crate were
    written. ``titrated``: a titration was written. ``deviation``: someone stated a deviation.
    ``gap``: lines that once existed were found
    to be missing. ``files`` has the SHA-256 of each file that was written.
    """

    model_config = ConfigDict(frozen=True)

    event: Literal[
        "registered",
        "evaluated",
        "recorded",
        "reported",
        "crated",
        "titrated",
        "deviation",
        "gap",
    ]
    time: str
    criteria_file: str = ""
    criteria_sha256: str = ""
    title: str = ""
    n_tables: int = 0
    tables: dict[str, str] = {}
    outcome: str = ""
    criteria: dict[str, Any] = {}
    files: dict[str, str] = {}
    revision: int = 0
    reason: str = ""
    lotwise_version: str = ""
    previous: str = ""

    @property
    def when(self) -> str:
        """The time in the format shown to readers."""
        return self.time.replace("T", " ").replace("Z", " UTC")

    @property
    def named(self) -> str:
        """The criteria by title and the first characters of their SHA-256."""
        return f"{self.title!r} (SHA-256 {self.criteria_sha256[:12]})"


@dataclass(frozen=True, slots=True)
class History:
    """The entries, oldest first, and whether each line follows from the one before it."""

    entries: tuple[Entry, ...]
    intact: bool = True

    def first(self, sha256: str) -> Entry | None:
        """Return the entry in which criteria were first recorded."""
        return next((entry for entry in self.entries if entry.criteria_sha256 == sha256), None)

    def evaluations(self) -> Iterator[Entry]:
        """Return the verdicts, oldest first."""
        return (entry for entry in self.entries if entry.event == "evaluated")

    def written(self, file: str) -> Entry | None:
        """Return the last entry in which a file was written; None where there is none."""
        return next((entry for entry in reversed(self.entries) if file in entry.files), None)


def read_history(root: Path) -> History:
    """Return the history of a results folder; without a file it is empty.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import mkdtemp
    >>> read_history(Path(mkdtemp())).entries
    ()
    """
    path = root / HISTORY
    if not path.is_file():
        return History(())
    entries: list[Entry] = []
    previous, intact = "", True
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        try:
            entry = Entry.model_validate_json(line)
        except ValidationError:
            intact = False
        else:
            intact = intact and entry.previous == previous
            entries.append(entry)
        previous = _digest(line)
    return History(tuple(entries), intact)


def append(root: Path, entry: Entry) -> None:
    """Append an entry to the history, completely or not at all."""
    path = root / HISTORY
    before = path.read_text(encoding="utf-8", errors="replace") if path.is_file() else ""
    lines = before.splitlines()
    previous = _digest(lines[-1]) if lines else ""
    chained = entry.model_copy(update={"previous": previous, "lotwise_version": version("lotwise")})
    told = chained.model_dump(exclude_defaults=True)
    # Not sorted: a criterion names its rows in the order in which they were written.
    line = json.dumps(told | {"previous": previous}, allow_nan=False)
    with atomic_path(path) as temporary:
        temporary.write_text("".join(f"{old}\n" for old in [*lines, line]), encoding="utf-8")


def notices(history: History, criteria: Criteria, tables: Mapping[str, str]) -> tuple[str, ...]:
    """Return what a reader must know about the past before trusting a verdict.

    Parameters
    ----------
    history
        All entries on record, including the registration of these criteria.
    criteria
        The criteria judged now.
    tables
        SHA-256 of each table judged now; empty where a table is missing.
    """
    return (
        *gaps(history),
        *_of_criteria(history, criteria),
        *_of_tables(history, criteria.sha256, tables),
    )


def gaps(history: History) -> Iterator[str]:
    """Yield a sentence for each sign that the history was edited or that lines are missing."""
    if not history.intact:
        yield (
            f"{HISTORY} was edited: a line is damaged, or does not contain the checksum of the "
            "line before it"
        )
    for entry in history.entries:
        if entry.event == "gap":
            yield f"on {entry.when}, lotwise found that lines of {HISTORY} were missing"


def _of_criteria(history: History, criteria: Criteria) -> Iterator[str]:
    """Yield other recorded criteria, and whether these were recorded after the results."""
    own = history.first(criteria.sha256)
    if own is None:
        return
    at = history.entries.index(own)
    there = counted(own.n_tables, "result table") if own.n_tables else "no result table"
    there = f"{there} existed"
    others = [
        entry
        for i, entry in enumerate(history.entries)
        if entry.criteria_sha256 not in {"", criteria.sha256}
        and history.first(entry.criteria_sha256) == entry
        and i < at
    ]
    for other in others:
        yield (
            f"the criteria were changed: {other.named} were recorded on {other.when}"
            f"{_outcomes(history, other.criteria_sha256)}. The present criteria "
            f"({_changes(other.criteria, criteria.content())}) were recorded on {own.when}, "
            f"when {there}. {_reason_given(criteria)}"
        )
    if own.n_tables and not others:
        yield (
            f"the criteria were first recorded on {own.when}, when {there}: there is no evidence "
            "that they were written before the results were seen"
        )
    for sha256 in dict.fromkeys(entry.criteria_sha256 for entry in history.entries[at:]):
        later = history.first(sha256)
        if later is not None and sha256 not in {"", criteria.sha256} and later not in others:
            yield (
                f"other criteria, {later.named}, were recorded on {later.when}"
                f"{_outcomes(history, sha256)}"
            )


def _of_tables(history: History, sha256: str, tables: Mapping[str, str]) -> Iterator[str]:
    """Yield a sentence on the last verdict here that was about other tables."""
    others = [
        (entry, changed)
        for entry in history.evaluations()
        if (changed := differing(entry.tables, tables))
    ]
    if others:
        entry, changed = others[-1]
        whose = "these" if entry.criteria_sha256 == sha256 else "other"
        earlier = counted(len(others) - 1, "earlier verdict")
        more = f" and from those of {earlier}" if len(others) > 1 else ""
        since = "the last of these verdicts" if more else "that verdict"
        yield (
            f"the result tables differ from those of the verdict of {entry.when} "
            f"({entry.outcome!r} under {whose} criteria){more}; since {since}, "
            f"{listed(changed)} changed"
        )


def differing(before: Mapping[str, str], now: Mapping[str, str]) -> tuple[str, ...]:
    """Return the tables that existed both times with different content."""
    return tuple(name for name, sha in before.items() if sha and now.get(name, "") not in {"", sha})


def _outcomes(history: History, sha256: str) -> str:
    found = [entry for entry in history.evaluations() if entry.criteria_sha256 == sha256]
    return f" and had the outcome {found[-1].outcome!r} on {found[-1].when}" if found else ""


def _reason_given(criteria: Criteria) -> str:
    reason = " ".join(criteria.change_reason.split())
    return f"Reason given: {reason}" if reason else "They give no change_reason"


def _changes(before: Mapping[str, Any], now: Mapping[str, Any]) -> str:
    """Return which criteria differ, by id."""
    old, new = (
        {str(one.get("id")): one for one in content.get("criteria", ())}
        for content in (before, now)
    )
    parts: Sequence[tuple[str, list[str]]] = (
        ("changed", [name for name in new if name in old and new[name] != old[name]]),
        ("added", [name for name in new if name not in old]),
        ("taken out", [name for name in old if name not in new]),
    )
    said = "; ".join(f"{what}: {listed(names)}" for what, names in parts if names)
    return said or "title, source or order differ"


def stamp(now: datetime | None = None) -> str:
    """Return a time in the format of the history; by default the present."""
    return (now or datetime.now(UTC)).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _digest(line: str) -> str:
    return hashlib.sha256(line.encode()).hexdigest()
