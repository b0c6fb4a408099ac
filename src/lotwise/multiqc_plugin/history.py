"""Comparison of a verdict with its history and its tables, by lotwise's own readers."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lotwise.acceptance.check import since_judged
from lotwise.acceptance.history import gaps, read_history
from lotwise.files.checksums import checksum_if_there
from lotwise.tree import HISTORY, VERDICT


def against_history(run: Path, told: Mapping[str, Any]) -> tuple[str, list[str]]:
    """Compare a verdict with the history of its folder.

    Unlike :func:`lotwise.acceptance.read_verdict` this does not judge again.

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
    >>> from tempfile import mkdtemp
    >>> against_history(Path(mkdtemp()), {"outcome": "pass"})
    ('', ['not checked against its history: verdict_history.jsonl does not exist'])
    """
    if not (run / HISTORY).is_file():
        return "", [f"not checked against its history: {HISTORY} does not exist"]
    history = read_history(run)
    known = [
        entry
        for entry in history.evaluations()
        if entry.criteria_sha256 == told.get("criteria_sha256")
    ]
    last = known[-1] if known else None
    tables = {} if last is None else {name: checksum_if_there(run / name) for name in last.tables}
    notices = [*gaps(history), *since_judged(run, last, tables)]
    if last is None:
        return "", notices
    # Version 0.1 kept no checksum of the verdict.
    if VERDICT not in last.files and last.outcome != told.get("outcome"):
        notices.append(
            f"{VERDICT} says {told.get('outcome')!r}, but {HISTORY} says {last.outcome!r}; run "
            "`lotwise verdict` again"
        )
    return last.outcome, notices
