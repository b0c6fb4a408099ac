"""Which changes would pass the criteria, from a titration or else from the detectable change."""

from __future__ import annotations

from typing import Any

from lotwise.acceptance import why_no_titration
from lotwise.acceptance.criteria import OVERALL
from lotwise.acceptance.titrated import TitrationRecord, blind_criteria, titration_sentence
from lotwise.files.tables import read_table
from lotwise.report.interpretation import change_remark
from lotwise.report.run_tables import Findings
from lotwise.report.words import list_words
from lotwise.tree import ResultTree


def titration_files(findings: Findings) -> list[str]:
    """Return the paths of the files of a titration; none if the page cannot use it."""
    if not findings.verdict.get("criteria") or _why_not(findings):
        return []
    files = ResultTree(findings.root).titration_files
    return [path.relative_to(findings.root).as_posix() for path in files if path.is_file()]


def let_through(findings: Findings) -> str:
    """Return what a lot could hold and still pass, in sentences; empty without criteria.

    A titration counts only for the criteria of the verdict and the samples of the run, and as
    ``lotwise titrate`` wrote it. Without one the sentence is about R alone, and about changes of
    random genes in both directions, for which alone it holds.
    """
    if not findings.verdict.get("criteria"):
        return ""
    if why := _why_not(findings):
        return f"{why} {change_remark(findings.levels[0]).text}"
    rows = _rows(findings)
    n_batches = len({str(row["batch"]) for row in rows if row["n_repeats"]})
    blind = {
        name: len(batches) == n_batches
        for name, batches in blind_criteria(rows).items()
        if name != OVERALL
    }
    parts = [titration_sentence(rows)]
    for everywhere, words in (
        (True, "Criteria that all batches met even with the largest share tried"),
        (False, "Criteria that some batches met even with the largest share tried"),
    ):
        named = [name for name, in_all in blind.items() if in_all == everywhere]
        parts += [f"{words}: {list_words(named)}."] if named else []
    return " ".join(parts)


def _why_not(findings: Findings) -> str:
    """Return why there is no titration of this verdict, as a sentence; empty if there is one."""
    path = ResultTree(findings.root).titration
    if not path.is_file():
        return "No titration was run (command lotwise titrate), so this is unknown."
    if why := why_no_titration(findings.root):
        return f"{why}; run lotwise titrate again."
    rows = _rows(findings)
    if {str(row["criteria_sha256"]) for row in rows} != {findings.verdict.get("criteria_sha256")}:
        return f"{path.name} was made with other criteria; run lotwise titrate again."
    if {str(row["batch"]) for row in rows} != {*findings.batches}:
        return f"{path.name} was made from other batches; run lotwise titrate again."
    return ""


def _rows(findings: Findings) -> list[dict[Any, Any]]:
    path = ResultTree(findings.root).titration
    return read_table(path, TitrationRecord).to_dict("records")
