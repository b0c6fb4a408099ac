"""Falsified copies of a recorded run: every manipulation must be detected."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from lotwise.acceptance import check_verdict
from lotwise.record.checking import check_page, check_record
from lotwise.run.qualify.case import Case, run_case
from lotwise.tree import ResultTree


def falsified_cases(root: Path, folder: Path) -> Iterator[Case]:
    """Falsify copies of a recorded run, one case per manipulation."""
    for name, change in MANIPULATIONS.items():

        def look(change: Callable[[Path], None] = change, name: str = name) -> tuple[str, bool]:
            copy = folder / f"falsified {name}"
            shutil.copytree(root, copy)
            before = _faults(copy)
            change(copy)
            found = _faults(copy)
            shutil.rmtree(copy)
            return (found[0] if found else "nothing"), bool(found) and not before

        yield run_case("operation", "REC-002", f"falsified: {name}", "noticed", look)


def _faults(root: Path) -> tuple[str, ...]:
    checked = check_verdict(root)
    judged = () if checked is None else checked.faults
    return (*check_record(root), *check_page(root), *judged)


def _edit(path: Path, changed: Mapping[str, Any]) -> None:
    told = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps(told | changed), encoding="utf-8")


def _bound(root: Path) -> None:
    path = ResultTree(root).verdict
    told = json.loads(path.read_text(encoding="utf-8"))
    told["criteria"][0]["bound"] = ">= 0"
    path.write_text(json.dumps(told), encoding="utf-8")


def _append(path: Path) -> None:
    with path.open("ab") as stream:
        stream.write(b"\n")


MANIPULATIONS: Final[Mapping[str, Callable[[Path], None]]] = {
    "outcome of the verdict": lambda root: _edit(ResultTree(root).verdict, {"outcome": "pass"}),
    "bound in the verdict": _bound,
    "table of R": lambda root: _append(ResultTree(root).table("gene", "pairs")),
    "expression": lambda root: _append(ResultTree(root).h5ad("gene")),
    "page": lambda root: _append(ResultTree(root).report),
    "record": lambda root: _edit(ResultTree(root).provenance, {"started": "2020-01-01"}),
    "figure": lambda root: _append(next(ResultTree(root).figures.glob("*.png"))),
}
