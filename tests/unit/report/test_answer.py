"""What stands on top: verdict, batches, R."""

from __future__ import annotations

import pytest

from lotwise.report.answer import batches_sentence, level_answer, verdict_of
from lotwise.report.findings import read_findings

NAN = float("nan")


def criterion(outcome, statement="R >= 0.98"):
    return {"id": "r", "statement": statement, "outcome": outcome}


def test_verdict_of__without_criteria_decides_nothing():
    found = verdict_of({})
    assert (found.outcome, found.word) == ("none", "No verdict")
    assert found.sentence.startswith("No acceptance criteria were given.")


def test_verdict_of__pass_supports_and_does_not_prove():
    found = verdict_of({"outcome": "pass", "title": "Release", "criteria": [criterion("pass")] * 2})
    assert found.word == "Pass"
    assert found.sentence == (
        "All 2 criteria of Release are met. This supports comparability under these criteria; it "
        "does not prove that the batches are identical."
    )


def test_verdict_of__fail_names_what_is_not_met():
    criteria = [criterion("pass"), criterion("fail", "R >= 0.99."), criterion("not assessable")]
    found = verdict_of({"outcome": "fail", "criteria": criteria})
    assert found.word == "Fail"
    assert found.sentence == ("1 of 3 criteria is not met: R >= 0.99. 1 could not be assessed.")


def test_verdict_of__not_assessable_never_counts_as_passed():
    found = verdict_of({"outcome": "not assessable", "criteria": [criterion("not assessable")]})
    assert found.word == "Not assessable"
    assert "1 of 1 criterion could not be assessed: R >= 0.98." in found.sentence
    assert "never counts as passed" in found.sentence


@pytest.mark.parametrize("outcome", ["PASS", None, "passed", 1, ["pass"], {}])
def test_verdict_of__unknown_outcome_is_no_pass(outcome):
    assert verdict_of({"outcome": outcome, "criteria": []}).outcome == "not assessable"


def test_verdict_of__keeps_notices():
    found = verdict_of({"outcome": "pass", "notices": ["criteria changed"], "criteria": []})
    assert found.notices == ("criteria changed",)


@pytest.mark.parametrize(
    "verdict", [{"outcome": "fail", "criteria": None}, {"outcome": "fail", "notices": 3}]
)
def test_verdict_of__bears_odd_files(verdict):
    assert verdict_of(verdict).word == "Fail"


def test_level_answer__gives_lowest_and_range(tree):
    found = level_answer(read_findings(tree.write_all()).levels[0], decimals=4)
    assert found.lowest == "0.9700"
    assert found.sentence == "Lowest between A and C; 0.9700 to 0.9900 over all 3 pairs of batches."
    assert found.details[0].startswith("Pearson's R of log2(TPM + 1) over all 6 genes; 50")


def test_level_answer__one_pair_has_no_range(tree):
    tree.names, tree.batches, tree.r = ["S1", "S2"], ["A", "B"], {("S1", "S2"): 0.99}
    found = level_answer(read_findings(tree.write_all()).levels[0], decimals=2)
    assert found.sentence == "R between A and B is 0.99."


def test_level_answer__undefined_r_is_counted_and_never_lowest(tree):
    tree.r["S2", "S3"] = NAN
    found = level_answer(read_findings(tree.write_all()).levels[0], decimals=4)
    assert found.lowest == "0.9700"
    assert "1 pair of batches has no defined R." in found.details


def test_level_answer__no_pair_defined(tree):
    tree.r = dict.fromkeys(tree.r, NAN)
    found = level_answer(read_findings(tree.write_all()).levels[0], decimals=4)
    assert (found.lowest, found.sentence) == (
        "not defined",
        "R between batches is not defined: there are no two batches.",
    )


def test_level_answer__within_stands_beside_between(tree):
    tree.batches = ["A", "A", "B"]
    details = level_answer(read_findings(tree.write_all()).levels[0], decimals=2).details
    assert details[1] == (
        "Replicates are averaged within their batch. Between single samples, R is 0.97 to 0.98 "
        "across batches and 0.99 to 0.99 within them."
    )


def test_batches_sentence__one_sample_each(tree):
    found = batches_sentence(read_findings(tree.write_all()))
    assert found == "3 batches were compared, one sample each: A, B and C."


def test_batches_sentence__unequal(tree):
    tree.batches = ["A", "A", "B"]
    found = batches_sentence(read_findings(tree.write_all()))
    assert found == "2 batches were compared, 1 to 2 samples each: A and B."
