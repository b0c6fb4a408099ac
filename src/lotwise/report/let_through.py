"""Which changes would pass the criteria, from a titration or else from the detectable change."""

from __future__ import annotations

from lotwise.acceptance import why_no_titration
from lotwise.acceptance.criteria import OVERALL
from lotwise.acceptance.titrated import TitrationRecord, blind_criteria, titration_sentence
from lotwise.files.tables import read_table
from lotwise.report.interpretation import change_remark
from lotwise.report.run_tables import Findings
from lotwise.report.words import list_words
from lotwise.tree import ResultTree


def let_through(findings: Findings) -> str:
    """Return what a lot could hold and still pass, in sentences; empty without criteria.

    A titration counts only for the criteria of the verdict and the samples of the run, and as
    ``lotwise titrate`` wrote it. Without one the sentence is about R alone, and about changes of
    random genes in both directions, for which alone it holds.
    """
    if not findings.verdict.get("criteria"):
        return ""
    path = ResultTree(findings.root).titration
    if not path.is_file():
        return _without(
            findings, "No titration was run (command lotwise titrate), so this is unknown."
        )
    if why := why_no_titration(findings.root):
        return _without(findings, f"{why}; run lotwise titrate again.")
    rows = read_table(path, TitrationRecord).to_dict("records")
    of_criteria = {str(row["criteria_sha256"]) for row in rows}
    if of_criteria != {findings.verdict.get("criteria_sha256")}:
        return _without(
            findings, f"{path.name} was made with other criteria; run lotwise titrate again."
        )
    if {str(row["batch"]) for row in rows} != {*findings.batches}:
        return _without(
            findings, f"{path.name} was made from other batches; run lotwise titrate again."
        )
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


def _without(findings: Findings, why: str) -> str:
    """Say what R alone would not have shown."""
    remark = change_remark(findings.levels[0])
    return f"{why} {remark.text}"
