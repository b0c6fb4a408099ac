"""A checked verdict: the tables are judged again by the criteria on record.

Nothing in ``verdict.json`` is trusted. The criteria come from the history and the outcome from the
tables. The keys of the file are compared with the new result, except those that may
differ, such as the notices.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from lotwise.acceptance.criteria import Criteria
from lotwise.acceptance.files import CriteriaFile
from lotwise.acceptance.history import Entry, History, changed_or_gone, notices, read_history
from lotwise.acceptance.record import digests, recorded_criteria
from lotwise.acceptance.times import late_registration
from lotwise.acceptance.verdict import FORMAT, Verdict, judge
from lotwise.errors import InputError
from lotwise.files.checksums import checksum_if_there
from lotwise.tree import COPY, HISTORY, VERDICT

# Keys of a verdict by an earlier version that have the same meaning in this version.
_LASTING: Final = ("outcome", "value", "level", "table", "statistic", "rationale")
# The file may have another name after a move, and notices are made again. The SHA-256 of the
# file is compared with the copy, which alone has one: the history keeps content, not text.
_NOT_COMPARED: Final = frozenset(
    {"criteria_file", "criteria_file_sha256", "notices", "history_entries", "lotwise_version"}
)
_LONGEST: Final = 80


@dataclass(frozen=True, kw_only=True, slots=True)
class CheckedVerdict:
    """A verdict judged again, and the faults found in the files that recorded it.

    Attributes
    ----------
    verdict
        The verdict as judged now, with its notices; None where no criteria are on record.
    faults
        One line for each file that was edited, is missing or is not on record.
    registered, evaluated
        The history entries of the recording and of the last application of the criteria.
    """

    verdict: Verdict | None
    faults: tuple[str, ...] = ()
    registered: Entry | None = None
    evaluated: Entry | None = None

    def as_json(self) -> dict[str, Any]:
        """Return the verdict as the page shows it: with a fault, a pass is not a pass."""
        if self.verdict is None:
            return {"outcome": "not assessable", "criteria": [], "notices": list(self.faults)}
        told = self.verdict.as_json()
        told["notices"] = [*self.faults, *self.verdict.notices]
        told["uncovered"] = list(self.verdict.criteria.criteria.uncovered)
        if self.faults and told["outcome"] == "pass":
            told["outcome"] = "not assessable"
        if self.registered is not None:
            told["registered"] = {
                "when": self.registered.when,
                "n_tables": self.registered.n_tables,
            }
        if self.evaluated is not None:
            told["evaluated"] = self.evaluated.when
        return told


def check_verdict(root: Path) -> CheckedVerdict | None:
    """Judge the tables below ``root`` by the criteria on record; compare with ``verdict.json``.

    Returns
    -------
    None if there is no verdict, neither in the file nor on record.

    Raises
    ------
    InputError
        A result table exists but cannot be read.
    """
    path = root / VERDICT
    history = read_history(root)
    if not path.is_file():
        return None
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
        said = {str(one["id"]): one for one in told["criteria"]}
        sha256 = str(told["criteria_sha256"])
    except (ValueError, TypeError, KeyError, OSError) as error:
        raise InputError(
            f"is not a verdict of lotwise ({type(error).__name__})",
            path=path,
            remedy="run `lotwise verdict` again",
        ) from None
    criteria, faults = _criteria_of(root, history, told)
    if criteria is None:
        return CheckedVerdict(verdict=None, faults=tuple(faults))
    if all(one.criteria_sha256 != sha256 for one in history.evaluations()):
        faults.append(f"{HISTORY} has no entry for this verdict")
    tables = digests(root, criteria.criteria)
    last = [one for one in history.evaluations() if one.criteria_sha256 == criteria.criteria.sha256]
    verdict = judge(criteria, root)
    told_notices = (
        *notices(history, criteria.criteria, tables if not last else last[-1].tables),
        *late_registration(root, history, criteria.criteria),
    )
    faults += since_judged(root, last[-1] if last else None, tables)
    faults += differences(told, said, verdict)
    return CheckedVerdict(
        verdict=replace(verdict, notices=told_notices),
        faults=tuple(dict.fromkeys(faults)),
        registered=history.first(criteria.criteria.sha256),
        evaluated=last[-1] if last else None,
    )


def read_verdict(root: Path) -> dict[str, Any] | None:
    """Return the verdict of a results folder, judged again; None where there is none.

    The content is that of ``verdict.json`` with ``registered`` (when the criteria were recorded,
    and how many result tables existed then) and ``evaluated``. Faults of the file come first in
    ``notices``; with such a fault a pass becomes "not assessable".

    Raises
    ------
    InputError
        ``verdict.json`` is not a verdict, or a result table cannot be read.
    """
    found = check_verdict(root)
    return None if found is None else found.as_json()


def differences(
    told: Mapping[str, Any], said: Mapping[str, Mapping[str, Any]], verdict: Verdict
) -> list[str]:
    """Return a line for each part of ``verdict.json`` that differs from the new result.

    The parts are the whole verdict and each criterion. A verdict of an earlier version is compared
    by the keys that have the same meaning.
    """
    came = json.loads(json.dumps(verdict.as_json()))
    now = {one["id"]: one for one in came.pop("criteria")}
    present = told.get("verdict_format") == FORMAT
    of_verdict = [key for key in came if key not in _NOT_COMPARED] if present else ["outcome"]
    lines = [_line(VERDICT, told, came, of_verdict)]
    for name in dict.fromkeys([*said, *now]):
        one, other = said.get(name, {}), now.get(name, {})
        keys = [*dict.fromkeys([*one, *other])] if present else _LASTING
        lines.append(_line(f"{VERDICT}, criterion {name!r}", one, other, keys))
    return [line for line in lines if line]


def _criteria_of(
    root: Path, history: History, told: Mapping[str, Any]
) -> tuple[CriteriaFile | None, list[str]]:
    """Return the criteria to judge by: those in the history take precedence."""
    if not (root / COPY).is_file():
        return _from_history(history), [f"{COPY} is missing"]
    try:
        copy = recorded_criteria(root)
    except InputError as error:
        return _from_history(history), [f"{COPY} cannot be used ({error.problem})"]
    as_judged = copy.criteria.sha256 == told["criteria_sha256"]
    if history.first(copy.criteria.sha256) is None:
        lacking = f"{HISTORY} has no entry for these criteria"
        fault = (
            f"{lacking}: the history is missing or was edited"
            if as_judged
            else (f"{COPY} was edited: {lacking}")
        )
        return _from_history(history) or copy, [fault]
    if not as_judged:
        return copy, [f"{VERDICT} names other criteria than those in {COPY}"]
    if told.get("criteria_file_sha256", copy.file_sha256) != copy.file_sha256:
        return copy, [f"{COPY} is not the file that was judged: its comments or layout differ"]
    return copy, []


def _from_history(history: History) -> CriteriaFile | None:
    """Return the criteria that were applied last, from their content in the history."""
    for entry in reversed(tuple(history.evaluations())):
        first = history.first(entry.criteria_sha256)
        if first is None or not first.criteria:
            continue
        try:
            criteria = Criteria.model_validate(first.criteria)
        except ValueError:
            continue
        if criteria.sha256 == entry.criteria_sha256:
            return CriteriaFile(name=first.criteria_file, criteria=criteria, text="")
    return None


def since_judged(root: Path, last: Entry | None, tables: Mapping[str, str]) -> Iterator[str]:
    """Say what changed since a verdict: its files, and the tables, by their present SHA-256."""
    if last is None:
        yield f"{HISTORY} has no entry for this verdict"
        return
    for name, sha256 in last.files.items():
        if checksum_if_there(root / name) != sha256:
            yield f"{name} is not the file that was written on {last.when}: it was edited"
    if changed := changed_or_gone(last.tables, tables):
        yield (
            f"result tables changed after this verdict: {', '.join(changed)}; "
            "run `lotwise verdict` again"
        )


def _line(place: str, said: Mapping[str, Any], came: Mapping[str, Any], keys: Sequence[str]) -> str:
    """Return the keys that differ, with both values of the outcome or the first; empty if none."""
    differing = [key for key in keys if said.get(key) != came.get(key)]
    if not differing:
        return ""
    shown = "outcome" if "outcome" in differing else differing[0]
    others = [key for key in differing if key != shown]
    also = f" ({', '.join(others)} also {'differs' if len(others) == 1 else 'differ'})"
    values = (
        f"the file contains {_cut(said.get(shown))}, but a new verdict gives "
        f"{_cut(came.get(shown))}"
    )
    return f"{place}, {shown}: {values}{also if others else ''}"


def _cut(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."
