"""The top of the page: verdict, batches, R."""

from __future__ import annotations

import pytest

from lotwise.report.run_tables import read_findings
from lotwise.report.summary import batches_sentence, level_answer, verdict_of

NAN = float("nan")


def criterion(outcome, statement="R is high", **given):
    return {"id": "r", "statement": statement, "outcome": outcome, **given}


def test_verdict_of__without_criteria_decides_nothing():
    found = verdict_of({})
    assert (found.outcome, found.word) == ("none", "No verdict")
    assert found.sentence.startswith("No acceptance criteria were given.")
    found = verdict_of({}, registered="Release")
    assert (found.outcome, found.word) == ("none", "No verdict")
    assert found.sentence.startswith(
        "These results were not judged by the registered criteria “Release”. The numbers below"
    )


def test_verdict_of__pass_supports_and_does_not_prove():
    found = verdict_of({"outcome": "pass", "title": "Release", "criteria": [criterion("pass")] * 2})
    assert found.word == "Pass"
    assert found.sentence == (
        "All 2 criteria of “Release” are met. This supports lot consistency under these criteria; "
        "it does not prove that the batches are identical."
    )


def test_verdict_of__pass_of_criteria_that_compare_no_batches_supports_nothing():
    """Criteria on replicates of one batch were met, and the page spoke of lot consistency."""
    found = verdict_of(
        {
            "outcome": "pass",
            "criteria": [criterion("pass")],
            "uncovered": ["differences between batches", "identity"],
        }
    )
    assert found.sentence == (
        "The one criterion is met. No criterion compares batches, so this does not support lot "
        "consistency."
    )


def test_verdict_of__fail_names_what_is_not_met():
    criteria = [
        criterion("not assessable", "Sex agrees", reason="no panel"),
        criterion("pass"),
        criterion("fail", "R is high.", value=0.94, where="A - B", required="at least 0.95"),
    ]
    found = verdict_of({"outcome": "fail", "criteria": criteria})
    assert found.word == "Fail"
    assert found.sentence == (
        "1 of 3 criteria is not met. The evidence does not support lot consistency under these "
        "criteria. 1 could not be assessed."
    )
    assert found.missed == (
        "Not met: “R is high”. Found 0.94 (A - B), required at least 0.95.",
        "Not assessable: “Sex agrees”. Reason: no panel.",
    )
    assert found.notices == ()


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"value": 0.94996, "required": "at least 0.95"}, "0.94996, required at least 0.95"),
        ({"value": 0.123456, "required": "at most 0.1"}, "0.123, required at most 0.1"),
        ({"value": 0.100001, "required": "at most 0.1"}, "0.100001, required at most 0.1"),
        (
            {"value": 19_999_999.0, "required": "at least 20000000"},
            "19,999,999, required at least 20000000",
        ),
        (
            {"value": 19_999_999.6, "required": "at least 20000000"},
            "19,999,999.6, required at least 20000000",
        ),
        (
            {"value": 0.9499999999999998, "required": "at least 0.95"},
            "0.9499999999999998, required at least 0.95",
        ),
        (
            {
                "value": 0.951,
                "where": "L3",
                "required": "at least its prediction_lower",
                "reason": "1 of 3 rows beyond the bound: L3; there its prediction_lower is 0.96",
            },
            "0.951 (L3), required at least its prediction_lower (0.96)",
        ),
        (
            {
                "value": 0.9599,
                "where": "L3",
                "required": "between its lower and its upper",
                "reason": "1 of 3 rows beyond the bound: L3; there its lower is 0.96; "
                "there its upper is 0.97",
            },
            "0.9599 (L3), required between its lower (0.96) and its upper (0.97)",
        ),
        (
            # To six digits the bound is 0.96, which the value would seem to meet.
            {
                "value": 0.9600001,
                "where": "L3",
                "required": "at least its prediction_lower",
                "reason": "1 of 3 rows beyond the bound: L3; there its prediction_lower is 0.96",
            },
            (
                "1 of 3 rows beyond the bound: L3; there its prediction_lower is 0.96, required at "
                "least its prediction_lower"
            ),
        ),
        (
            {"value": 0.5, "required": "yes", "reason": "1 of 2 rows beyond the bound: A1"},
            "1 of 2 rows beyond the bound: A1, required yes",
        ),
        ({}, "no reason on file"),
    ],
)
def test_verdict_of__says_what_was_found_and_required(given, words):
    found = verdict_of({"outcome": "fail", "criteria": [criterion("fail", **given)]})
    assert found.missed == (f"Not met: “R is high”. Found {words}.",)


def test_verdict_of__names_eight_criteria_and_counts_the_others():
    found = verdict_of({"outcome": "fail", "criteria": [criterion("fail")] * 10})
    assert len(found.missed) == 9
    assert found.missed[-1] == "2 more criteria in the table of criteria below."


@pytest.mark.parametrize(
    ("said", "criteria", "outcome"),
    [
        ("pass", [criterion("fail")], "fail"),
        ("pass", [criterion("pass"), criterion("not assessable")], "not assessable"),
        ("pass", [], "not assessable"),
        ("fail", [criterion("pass")], "fail"),
        ("not assessable", [criterion("pass")], "not assessable"),
    ],
)
def test_verdict_of__an_outcome_that_is_not_that_of_its_criteria_never_passes(
    said, criteria, outcome
):
    found = verdict_of({"outcome": said, "criteria": criteria})
    assert found.outcome == outcome
    assert " met. This supports" not in found.sentence


def test_verdict_of__not_assessable_never_counts_as_passed():
    found = verdict_of({"outcome": "not assessable", "criteria": [criterion("not assessable")]})
    assert found.word == "Not assessable"
    assert "1 of 1 criterion could not be assessed." in found.sentence
    assert "never counts as passed" in found.sentence


@pytest.mark.parametrize("outcome", ["PASS", None, "passed", 1, ["pass"], {}])
def test_verdict_of__unknown_outcome_is_no_pass(outcome):
    assert verdict_of({"outcome": outcome, "criteria": []}).outcome == "not assessable"


def test_verdict_of__keeps_notices():
    criteria = [criterion("pass")]
    found = verdict_of({"outcome": "pass", "notices": ["criteria changed"], "criteria": criteria})
    assert found.notices == ("criteria changed",)


@pytest.mark.parametrize(
    "verdict", [{"outcome": "fail", "criteria": None}, {"outcome": "fail", "notices": 3}]
)
def test_verdict_of__bears_odd_files(verdict):
    assert verdict_of(verdict).word == "Fail"


def test_level_answer__gives_lowest_and_range(tree):
    found = level_answer(read_findings(tree.write_all()).levels[0], decimals=4)
    assert found.lowest == "0.9700"
    assert found.sentence == (
        "R is lowest between A and C. Over all 3 pairs of batches, R is 0.9700 to 0.9900."
    )
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


def test_level_answer__two_undefined_pairs_are_two(tree):
    tree.r["S2", "S3"] = tree.r["S1", "S3"] = NAN
    found = level_answer(read_findings(tree.write_all()).levels[0], decimals=4)
    assert "2 pairs of batches have no defined R." in found.details


def test_level_answer__no_pair_defined(tree):
    tree.r = dict.fromkeys(tree.r, NAN)
    found = level_answer(read_findings(tree.write_all()).levels[0], decimals=4)
    assert (found.lowest, found.sentence) == (
        "not defined",
        "R between batches is not defined: the reason is not known.",
    )


def test_batches_sentence__without_a_sheet_says_so(tree):
    tree.write_all()
    (tree.root / "samples.tsv").unlink()
    found = batches_sentence(read_findings(tree.root))
    assert found == (
        "The results do not contain the sample sheet (samples.tsv). Run `lotwise compare` again to "
        "write it."
    )


def test_level_answer__within_stands_beside_between(tree):
    tree.batches = ["A", "A", "B"]
    details = level_answer(read_findings(tree.write_all()).levels[0], decimals=2).details
    assert details[1] == (
        "The samples of a batch are averaged. R of two samples from different batches is "
        "0.97 to 0.98. R of two samples from the same batch is 0.99 to 0.99."
    )


def test_batches_sentence__one_sample_each(tree):
    found = batches_sentence(read_findings(tree.write_all()))
    assert found == "3 batches were compared, one sample each: A, B and C."


def test_batches_sentence__names_the_conditions(tree):
    tree.write_all()
    sheet = "sample\tbatch\tcondition\nS1\tA\tx\nS2\tB\tx\nS3\tC\ty\n"
    (tree.root / "samples.tsv").write_text(sheet)
    assert batches_sentence(read_findings(tree.root)) == (
        "3 batches were compared, one sample each: A, B and C. They have 2 conditions (x and y), "
        "and R is computed only between batches of one condition. There is no other batch to "
        "compare with C."
    )
    (tree.root / "samples.tsv").write_text(sheet + "S4\tB\ty\n")
    assert "There is no other batch" not in batches_sentence(read_findings(tree.root))


def test_level_answer__with_conditions_counts_pairs_of_one_condition(tree):
    level = read_findings(tree.write_all()).levels[0]
    level.batch_pairs[-1]["relation"] = "across"
    found = level_answer(level, decimals=2).sentence
    assert "Over all 2 pairs of batches of one condition, R is" in found


def test_batches_sentence__unequal(tree):
    tree.batches = ["A", "A", "B"]
    found = batches_sentence(read_findings(tree.write_all()))
    assert found == "2 batches were compared, 1 to 2 samples each: A and B."


def test_verdict_of__descriptive_criteria_are_neither_met_nor_missed():
    described = criterion("descriptive", tier=3, value=0.2)
    found = verdict_of({"outcome": "pass", "criteria": [criterion("pass"), described]})
    assert found.outcome == "pass"
    assert found.sentence.startswith("The one criterion is met.")
    assert found.sentence.endswith("1 descriptive criterion (tier 3) decided nothing.")
    assert found.missed == ()
    alone = verdict_of({"outcome": "pass", "criteria": [described]})
    assert alone.outcome == "not assessable"
