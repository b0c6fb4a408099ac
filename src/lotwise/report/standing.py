"""The answer as it stands once it is compared with the record and with what is observed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from lotwise.report.summary import Verdict
from lotwise.report.words import count_words, list_words

OBSERVED = "Pass, with unresolved observations"


def stand(verdict: Verdict, *, faults: Sequence[str], n_observations: int) -> Verdict:
    """Return the verdict for the page.

    A pass on files that are not those on record is not assessable; a pass beside observations or
    notices that nobody has resolved says so.

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
        sentence = (
            f"{count_words(len(faults), 'file')} shown here differ from the record (see above). "
            "On such files there is no verdict."
        )
        return replace(verdict, outcome="not assessable", word="Not assessable", sentence=sentence)
    if not (n_observations or verdict.notices):
        return verdict
    observed = count_words(n_observations + len(verdict.notices), "observation")
    sentence = f"{verdict.sentence} {observed} below must be resolved by a person."
    return replace(verdict, word=OBSERVED, sentence=sentence)


def approval(verdict: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return what the criteria say of their protocol and approval, as name and text."""
    names = ("protocol", "version", "approved_by", "change_reason")
    return [(name.replace("_", " "), str(verdict[name])) for name in names if verdict.get(name)]


def uncovered(verdict: Mapping[str, Any]) -> str:
    """Warn of what no criterion that decides looks at; empty where each is covered.

    Examples
    --------
    >>> uncovered({"uncovered": ["identity", "depth"]})
    'No criterion covers identity and depth.'
    """
    left_out = verdict.get("uncovered")
    return f"No criterion covers {list_words(left_out)}." if left_out else ""


def registration(verdict: Mapping[str, Any]) -> str:
    """Say when the criteria came on record and what was there, from the history.

    Examples
    --------
    >>> registration({"registered": {"when": "2026-05-01 12:00:00 UTC", "n_tables": 0},
    ...               "evaluated": "2026-05-02 08:00:00 UTC"})
    'Put on record on 2026-05-01 12:00:00 UTC, when no result table was there. Applied last on
    2026-05-02 08:00:00 UTC.'
    """
    told = verdict.get("registered")
    if not isinstance(told, Mapping):
        return "When these criteria were put on record is not known."
    n = int(told["n_tables"])
    there = f"{count_words(n, 'result table')} {'was' if n == 1 else 'were'} there already"
    if n == 0:
        there = "no result table was there"
    applied = f" Applied last on {verdict['evaluated']}." if verdict.get("evaluated") else ""
    return f"Put on record on {told['when']}, when {there}.{applied}"
