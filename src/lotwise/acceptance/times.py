"""Check whether criteria were on record before the results that they judge were computed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from lotwise.acceptance.criteria import Criteria
from lotwise.acceptance.history import History
from lotwise.tree import ResultTree

# Steps whose results are judged by criteria.
_COMPUTING: Final = frozenset({"correlate", "evidence", "compare"})


def late_registration(root: Path, history: History, criteria: Criteria) -> tuple[str, ...]:
    """Return a notice if criteria were recorded after the results were computed.

    The time of registration is compared with the recorded end of the steps and with the last
    modification of each table. If result tables existed when the criteria were recorded, the
    history says so itself.
    """
    own = history.first(criteria.sha256)
    if own is None or own.n_tables:
        return ()
    registered = _time(own.time)
    ended = min(_ends(root), default=None)
    if registered is None:
        return ()
    if ended is not None and ended < registered:
        what = f"a step that computed results had ended ({_words(ended)})"
        return (f"the criteria were recorded on {own.when}, after {what}",)
    written = {name: _written(root / name) for name in criteria.files()}
    earlier = {name: time for name, time in written.items() if time and time < registered}
    if not earlier:
        return ()
    name, time = min(earlier.items(), key=lambda item: item[1])
    what = f"{name} had been written ({_words(time)})"
    return (f"the criteria were recorded on {own.when}, after {what}",)


def _ends(root: Path) -> Iterator[datetime]:
    """Yield the end of each computing step, from the step files and the record."""
    calls = [_read(path) for path in ResultTree(root).steps.glob("*.json")]
    recorded = _read(ResultTree(root).provenance).get("programs")
    calls += (
        [one for one in recorded if isinstance(one, dict)] if isinstance(recorded, list) else []
    )
    for call in calls:
        step = call.get("step") or next(iter(_words_of(call)[1:2]), "")
        ended = _time(call.get("ended"))
        if call.get("name") == "lotwise" and step in _COMPUTING and ended is not None:
            yield ended


def _words_of(call: dict[str, Any]) -> list[str]:
    command = call.get("command")
    return [str(word) for word in command] if isinstance(command, list) else []


def _read(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _time(text: object) -> datetime | None:
    try:
        found = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _written(path: Path) -> datetime | None:
    try:
        return datetime.fromtimestamp(path.stat().st_mtime, UTC)
    except OSError:
        return None


def _words(time: datetime) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S UTC")
