"""The verdict at the top of the page, limited by the record and by open observations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from lotwise.report.summary import Verdict
from lotwise.report.words import list_words
from lotwise.wording import counted

OBSERVED = "Pass, with unresolved observations"


def stand(verdict: Verdict, *, faults: Sequence[str], n_observations: int) -> Verdict:
    """Return the verdict for the page.

    A pass from files that are not those of the run becomes not assessable. A pass with unresolved
    observations or notices says so.

    Examples
    --------
    >>> passed = Verdict(outcome="pass", word="Pass", sentence="All 6 criteria are met.")
    >>> stand(passed, faults=[], n_observations=1).word
    'Pass, with unresolved observations'
    >>> stand(passed, faults=["gene.pairs.tsv has changed"], n_observations=0).outcome
    'not assessable'
    """
    if verdict.outcome != "pass":
        return verdict
    if faults:
        sentence = "Some files are not those of this run (see above), so there is no verdict."
        return replace(verdict, outcome="not assessable", word="Not assessable", sentence=sentence)
    if not (n_observations or verdict.notices):
        return verdict
    observed = counted(n_observations + len(verdict.notices), "observation")
    sentence = f"{verdict.sentence} {observed} below must be resolved by a person."
    return replace(verdict, word=OBSERVED, sentence=sentence)


def approval(verdict: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return the criteria's entries on protocol and approval, as name and text."""
    names = ("protocol", "version", "approved_by", "change_reason")
    return [(name.replace("_", " "), str(verdict[name])) for name in names if verdict.get(name)]


def uncovered(verdict: Mapping[str, Any]) -> str:
    """Return a warning about aspects that no judged criterion covers; empty if all are covered.

    Examples
    --------
    >>> uncovered({"uncovered": ["identity", "depth"]})
    'No criterion covers identity and depth.'
    """
    left_out = verdict.get("uncovered")
    return f"No criterion covers {list_words(left_out)}." if left_out else ""


def registration(verdict: Mapping[str, Any]) -> str:
    """Return when the criteria were recorded and what existed then, from the history.

    Examples
    --------
    >>> registration({"registered": {"when": "2026-05-01 12:00:00 UTC", "n_tables": 0},
    ...               "evaluated": "2026-05-02 08:00:00 UTC"})
    'Recorded on 2026-05-01 12:00:00 UTC, before there were any result tables. Last applied on
    2026-05-02 08:00:00 UTC.'
    """
    told = verdict.get("registered")
    if not isinstance(told, Mapping):
        return "The time when these criteria were recorded is unknown."
    n = int(told["n_tables"])
    there = f"when {counted(n, 'result table')} already existed"
    if n == 0:
        there = "before there were any result tables"
    applied = f" Last applied on {verdict['evaluated']}." if verdict.get("evaluated") else ""
    return f"Recorded on {told['when']}, {there}.{applied}"
