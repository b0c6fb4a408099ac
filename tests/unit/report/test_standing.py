"""The answer on the page, with observations and with files that are not those of the run."""

from __future__ import annotations

import pytest

from lotwise.report.standing import registration, stand
from lotwise.report.summary import Verdict

pytestmark = pytest.mark.requirement("VER-010")
PASSED = Verdict(outcome="pass", word="Pass", sentence="All 6 criteria are met.")


def test_stand__a_pass_alone_is_a_pass():
    assert stand(PASSED, faults=(), n_observations=0) == PASSED


@pytest.mark.parametrize(("n", "notices"), [(1, ()), (0, ("criteria came late",))])
def test_stand__a_pass_beside_something_open_says_so(n, notices):
    told = Verdict(outcome="pass", word="Pass", sentence="Met.", notices=notices)
    found = stand(told, faults=(), n_observations=n)
    assert (found.outcome, found.word) == ("pass", "Pass, with unresolved observations")
    assert "1 observation below must be resolved" in found.sentence


def test_stand__no_pass_on_files_that_are_not_of_the_run():
    found = stand(PASSED, faults=("a.tsv has changed",), n_observations=0)
    assert (found.outcome, found.word) == ("not assessable", "Not assessable")


@pytest.mark.parametrize("outcome", ["fail", "not assessable", "none"])
def test_stand__no_other_answer_changes(outcome):
    told = Verdict(outcome=outcome, word="x", sentence="y")
    assert stand(told, faults=("a",), n_observations=3) == told


def test_registration__where_nothing_is_on_record():
    assert registration({}) == "The time when these criteria were recorded is unknown."


def test_registration__says_how_many_tables_were_there():
    told = {"registered": {"when": "2026-05-01 12:00:00 UTC", "n_tables": 1}}
    assert "when 1 result table already existed" in registration(told)
