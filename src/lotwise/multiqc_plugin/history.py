"""A verdict compared with its history and tables, using only the standard library.

With lotwise's libraries, :func:`lotwise.acceptance.read_verdict` does the same.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

HISTORY: Final = "verdict_history.jsonl"
VERDICT: Final = "verdict.json"


def against_history(run: Path, told: Mapping[str, Any]) -> tuple[str, list[str]]:
    """Compare a verdict with the history of its folder.

    Parameters
    ----------
    run
        Folder of the results, with ``verdict_history.jsonl`` and the tables.
    told
        The content of ``verdict.json``.

    Returns
    -------
    The outcome on record, empty if there is none; and a line for each reason not to trust the
    verdict.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import mkdtemp
    >>> against_history(Path(mkdtemp()), {"outcome": "pass"})
    ('', ['not checked against its history: verdict_history.jsonl does not exist'])
    """
    try:
        lines = (run / HISTORY).read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return "", [f"not checked against its history: {HISTORY} does not exist"]
    entries, notices = _read(lines)
    known = [
        entry
        for entry in entries
        if entry.get("event") == "evaluated"
        and entry.get("criteria_sha256") == told.get("criteria_sha256")
    ]
    if not known:
        return "", [*notices, f"{HISTORY} has no entry of this verdict"]
    outcome = str(known[-1].get("outcome", ""))
    files = known[-1].get("files")
    written = files.get(VERDICT) if isinstance(files, dict) else None
    if written and _sha256(run / VERDICT) != written:
        when = str(known[-1].get("time", "")).replace("T", " ").replace("Z", " UTC")
        notices.append(f"{VERDICT} is not the file that was written on {when}: it was edited")
    elif outcome != told.get("outcome"):  # version 0.1 kept no checksum
        notices.append(
            f"{VERDICT} says {told.get('outcome')!r}, {HISTORY} {outcome!r}: judge again"
        )
    tables = known[-1].get("tables")
    changed = _changed(run, tables if isinstance(tables, dict) else {})
    if changed:
        notices.append(
            "this verdict is about earlier result tables; since then "
            f"{', '.join(changed)} changed: judge again"
        )
    return outcome, notices


def _read(lines: Iterable[str]) -> tuple[list[dict[str, Any]], list[str]]:
    """Read the lines, each of which contains the SHA-256 of the one before it."""
    entries: list[dict[str, Any]] = []
    previous, intact = "", True
    for line in lines:
        try:
            entry = json.loads(line)
        except ValueError:
            entry = None
        if isinstance(entry, dict):
            entries.append(entry)
        intact = intact and isinstance(entry, dict) and entry.get("previous") == previous
        previous = hashlib.sha256(line.encode()).hexdigest()
    edited = f"{HISTORY} was edited: a line does not follow the one before it"
    return entries, [] if intact else [edited]


def _changed(run: Path, tables: Mapping[str, str]) -> list[str]:
    """Return the judged tables that are now missing or changed."""
    return [name for name, sha256 in tables.items() if sha256 and _sha256(run / name) != sha256]


def _sha256(path: Path) -> str:
    try:
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError:
        return ""
