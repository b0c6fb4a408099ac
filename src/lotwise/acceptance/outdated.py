"""Results that were computed from other expression than the folder of results has now."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from lotwise.files.checksums import checksum_if_there
from lotwise.keys import LEVELS
from lotwise.tree import ResultTree
from lotwise.wording import listed

AGAIN: Final = "run lotwise compare again"
"""What to do about results of an earlier run; the workflow has the same effect."""
EARLIER: Final = "from an earlier run"
"""How a reason names results that were computed from other samples, labels or values."""


def from_earlier_run(reasons: Mapping[str, str]) -> Iterator[str]:
    """Yield a sentence for each reason why results are from an earlier run.

    Parameters
    ----------
    reasons
        The reason by path of a result.

    Examples
    --------
    >>> list(from_earlier_run(dict.fromkeys(["a.tsv", "b.tsv"], "samples.tsv was changed since")))
    ['a.tsv, b.tsv are from an earlier run: samples.tsv was changed since; run lotwise compare
    again']
    """
    for reason in dict.fromkeys(reasons.values()):
        names = [name for name, one in reasons.items() if one == reason]
        verb = "is" if len(names) == 1 else "are"
        yield f"{listed(names, most=3)} {verb} {EARLIER}: {reason}; {AGAIN}"


def outdated_results(root: Path) -> dict[str, str]:
    """Return the results of other expression, by path below ``root``, each with the reason.

    The record and each step (``logs/steps``) note the id of the expression that was used, and the
    SHA-256 of the results. A result without such a note is left out: its expression is unknown.

    Examples
    --------
    >>> from tempfile import mkdtemp
    >>> outdated_results(Path(mkdtemp()))
    {}
    """
    from lotwise.expression.identity import read_identities

    tree = ResultTree(root)
    # A step replaces what earlier ones wrote.
    written = {
        name: (sha256, step["expression"])
        for step in _notes(tree)
        for name, sha256 in step["wrote"].items()
        if root / Path(name).parent in (tree.correlation, tree.evidence, tree.figures)
    }
    if not written:
        return {}
    now = read_identities(root)
    found: dict[str, str] = {}
    for name, (sha256, used) in sorted(written.items()):
        changed = [
            tree.h5ad(level).relative_to(root).as_posix()
            for level in _levels_of(name, used)
            if level in now and now[level] != used[level]
        ]
        if changed and sha256 and checksum_if_there(root / name) == sha256:
            found[name] = f"{changed[0]} was changed since"
    return found


def _levels_of(name: str, used: Mapping[str, str]) -> Sequence[str]:
    """Return the level in the name of a result, or else all that its step used."""
    named = [part for part in re.split(r"[._]", Path(name).name) if part in LEVELS]
    return [level for level in used if level in named[:1]] if named else [*used]


def _notes(tree: ResultTree) -> list[dict[str, Any]]:
    """Return the record, as if it were a step, and the notes of steps, in order of their end.

    A file that cannot be read, or names no expression, is skipped.
    """
    notes = []
    for path in (tree.provenance, *tree.steps.glob("*.json")):
        try:
            note = json.loads(path.read_bytes())
            if path == tree.provenance:
                note["wrote"] = {one["path"]: one["sha256"] for one in note["outputs"]}
                note["ended"] = note["recorded"]
            if note["expression"] and note["wrote"]:
                notes.append(note)
        except (OSError, ValueError, LookupError, TypeError):
            continue
    return sorted(notes, key=lambda note: str(note["ended"]))
