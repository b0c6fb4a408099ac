"""The verdict over all criteria, and the built-in one about invalid comparisons."""

from __future__ import annotations

import json

import anndata
import numpy as np
import pandas as pd
import pytest

import lotwise
from lotwise import keys
from lotwise.acceptance import TablesInMemory, judge_tables, read_criteria
from lotwise.acceptance.verdict import judge
from lotwise.errors import InputError
from lotwise.expression import write_level
from lotwise.expression.comparability import InvalidComparison
from lotwise.files.tables import write_table
from lotwise.tree import ResultTree

CRITERIA = """
title: t
criteria:
  - id: r
    rationale: x
    level: gene
    table: pairs
    rows: {relation: between, feature_set: all}
    statistic: pearson
    at_least: 0.95
"""
COPIES = ("copies", "samples A1 and B1 hold the same numbers")


@pytest.fixture
def judged(tree, tmp_path):
    def take(*invalid, pearson=0.99, more=""):
        path = tmp_path / "criteria.yaml"
        path.write_text(CRITERIA + more)
        tree.write_pairs(pearson)
        if invalid:
            table = pd.DataFrame(invalid, columns=["code", "sentence"], dtype=object)
            made = anndata.AnnData(np.ones((2, 2)), uns={keys.LOTWISE: {keys.INVALID: table}})
            h5ad = ResultTree(tree.root).h5ad("isoform")
            h5ad.parent.mkdir(parents=True, exist_ok=True)
            made.write_h5ad(h5ad)
        return judge(read_criteria(path), tree.root)

    return take


def test_judge__an_invalid_comparison_is_no_pass(judged):
    assert judged().outcome == "pass"
    verdict = judged(COPIES, ("mixed_programs", "two programs"))
    assert verdict.outcome == "not assessable"
    assert verdict.named("not assessable") == ("valid-comparison",)
    last = verdict.as_json()["criteria"][-1]
    assert last["reason"] == "samples A1 and B1 hold the same numbers; two programs"
    assert json.loads(json.dumps(last)) == last
    assert verdict.as_records()[-1].criterion == "valid-comparison"


def test_judge__of_many_invalid_comparisons_three_are_named(judged):
    verdict = judged(*(("copies", f"samples A{n} and B{n} are copies") for n in range(5)))
    assert verdict.as_json()["criteria"][-1]["reason"] == (
        "samples A0 and B0 are copies; samples A1 and B1 are copies; samples A2 and B2 are copies; "
        "2 more"
    )


def test_judge__expression_that_is_lost_may_have_held_an_invalid_comparison(judged, tree, tmp_path):
    assert judged(COPIES).outcome == "not assessable"
    results = ResultTree(tree.root)
    for level in ("gene", "isoform"):
        results.h5ad(level).unlink(missing_ok=True)
    output = {"path": results.h5ad("isoform").relative_to(tree.root).as_posix()}
    results.provenance.write_text(json.dumps({"outputs": [output]}))
    verdict = judge(read_criteria(tmp_path / "criteria.yaml"), tree.root)
    assert verdict.outcome == "not assessable"
    assert verdict.assessed[-1].judgement.reason == (
        "expression/isoform.h5ad is missing, so it is unknown whether samples can be compared"
    )


@pytest.mark.parametrize(("batch", "outcome"), [("B", "pass"), ("A", "not assessable")])
def test_judge__a_table_of_other_batches_than_the_sheet_is_of_an_earlier_run(
    judged, tree, batch, outcome
):
    """After a change of the sheet, only some of the steps were run again."""
    samples = ResultTree(tree.root).samples
    samples.parent.mkdir(parents=True, exist_ok=True)
    samples.write_text(f"sample\tbatch\nA1\tA\nB1\t{batch}\n")
    verdict = judged()
    assert verdict.outcome == outcome
    if outcome != "pass":
        assert verdict.assessed[0].judgement.reason == (
            "correlation/gene.pairs.tsv is from an earlier run: sample 'B1' has batch 'A' "
            "in samples.tsv, but had 'B' when this was computed"
        )


@pytest.mark.parametrize(
    ("labels", "said"),
    [
        (
            "A1\tA\tx\nB1\tB\tx",
            "sample 'A1' has condition 'x' in samples.tsv, but had '' when this was computed",
        ),
        ("A1\tA\t\nB2\tB\t", "sample 'B1' is not in samples.tsv"),
    ],
)
def test_judge__a_table_of_other_conditions_or_samples_is_of_an_earlier_run(
    judged, tree, labels, said
):
    samples = ResultTree(tree.root).samples
    samples.parent.mkdir(parents=True, exist_ok=True)
    samples.write_text(f"sample\tbatch\tcondition\n{labels}\n")
    verdict = judged()
    assert verdict.outcome == "not assessable"
    assert verdict.assessed[0].judgement.reason == (
        f"correlation/gene.pairs.tsv is from an earlier run: {said}"
    )


def test_judge__averages_of_batches_are_as_old_as_the_pairs_of_their_samples(tmp_path):
    compared = lotwise.compare(lotwise.datasets.three_batches())
    for name in ("pairs", "batch_pairs"):
        path = ResultTree(tmp_path).table("gene", name)
        write_table(path, compared.tables["gene"][name])
    write_level(compared.gene, ResultTree(tmp_path).h5ad("gene").parent)
    criteria = tmp_path / "criteria.yaml"
    criteria.write_text(
        "title: t\ncriteria:\n- {id: r, rationale: b, level: gene, table: batch_pairs, "
        "statistic: pearson, at_least: 0, rows: {relation: between, feature_set: all}}\n"
    )
    sheet = tmp_path / "samples.tsv"
    sheet.write_text("sample\tbatch\nlot1\tlot1\nlot2\tlot2\nlot3\tlot3\n")
    assert judge(read_criteria(criteria), tmp_path).outcome == "pass"
    sheet.write_text("sample\tbatch\nlot1\tlot1\nlot2\tlot2\nlot3\tlot2\n")
    (assessed,) = judge(read_criteria(criteria), tmp_path).assessed
    assert assessed.judgement.reason == (
        "correlation/gene.batch_pairs.tsv is from an earlier run: sample 'lot3' has batch 'lot2' "
        "in samples.tsv, but had 'lot3' when this was computed"
    )


def test_judge__tables_alone_do_not_say_that_samples_can_be_compared(judged, tree, tmp_path):
    """Copied to another folder, without expression and record."""
    assert judged().outcome == "pass"
    ResultTree(tree.root).h5ad("gene").unlink()
    verdict = judge(read_criteria(tmp_path / "criteria.yaml"), tree.root)
    assert verdict.outcome == "not assessable"
    assert verdict.assessed[-1].judgement.reason == (
        "expression/gene.h5ad is missing, so it is unknown whether samples can be compared"
    )


def test_judge__tables_that_are_older_than_the_expression_are_not_assessable(
    three_batches, tmp_path
):
    """`lotwise expression` ran again, with other values and the same names."""
    again = three_batches.gene.copy()
    lotwise.compare(three_batches).write(tmp_path)
    criteria = read_criteria("encode_anisogenic")
    before = judge(criteria, tmp_path)
    write_level(again, ResultTree(tmp_path).h5ad("gene").parent)
    after = judge(criteria, tmp_path)
    assert "valid-comparison" not in before.named("not assessable")
    assert "valid-comparison" in after.named("not assessable")
    assert after.assessed[-1].judgement.reason.startswith(
        "expression/gene.h5ad was written after correlation/gene.pairs.tsv"
    )


def test_judge_tables__is_the_verdict_on_the_same_tables_as_written(three_batches, tmp_path):
    compared = lotwise.compare(three_batches)
    for level, made in compared.tables.items():
        for name, table in made.items():
            write_table(ResultTree(tmp_path).table(level, name), table)
    write_level(compared.gene, ResultTree(tmp_path).h5ad("gene").parent)
    for name in ("example", "encode_isogenic"):
        read = read_criteria(name)
        written = judge(read, tmp_path).as_json()
        assert judge_tables(read, TablesInMemory(compared.tables)).as_json() == written
        assert any(one["value"] is not None for one in written["criteria"])


def test_judge_tables__an_invalid_comparison_is_no_pass(judged):
    verdict = judged()
    found = judge_tables(
        verdict.criteria, TablesInMemory({}, [InvalidComparison("copies", "S1 is S2")])
    )
    assert found.named("not assessable") == ("r", "valid-comparison")


def test_judge__a_failure_stays_one_where_the_comparison_is_invalid(judged):
    assert judged(COPIES, pearson=0.9).outcome == "fail"


def test_judge__criteria_can_accept_a_case_by_name_with_a_rationale(judged):
    allowed = "allow: {copies: one library under two names tests the pipeline}\n"
    assert judged(COPIES, more=allowed).outcome == "pass"


def test_judge__what_is_accepted_is_that_case_alone(judged):
    allowed = "allow: {mixed_versions: the same numbers in our validation}\n"
    assert judged(COPIES, more=allowed).outcome == "not assessable"


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ("allow: {copy: x}\n", "allow"),
        ('allow: {copies: ""}\n', "allow"),
        (
            CRITERIA.partition("criteria:\n")[2].replace("id: r", "id: valid-comparison"),
            "'valid-comparison' is reserved for the built-in criterion",
        ),
    ],
)
def test_read_criteria__what_is_allowed_is_checked(judged, more, message):
    with pytest.raises(InputError, match=message):
        judged(more=more)


BLUNT = """  - {id: blunt, rationale: x, tier: TIER, level: gene, table: libraries,
     statistic: share_of_median, at_least: 0.5}
"""


def test_judge__a_descriptive_criterion_decides_nothing(tree, judged):
    tree.write("libraries", {"sample": "A1", "share_of_median": 0.1})
    assert judged(more=BLUNT.replace("TIER", "2")).outcome == "fail"
    verdict = judged(more=BLUNT.replace("TIER", "3"))
    assert verdict.outcome == "pass"
    told = verdict.as_json()["criteria"][-1]
    assert (told["outcome"], told["tier"], told["value"]) == ("descriptive", 3, 0.1)
    assert "tier" not in verdict.as_json()["criteria"][0]
    assert [record.tier for record in verdict.as_records()] == [0, 0, 3]


def test_judge__a_descriptive_criterion_does_not_cover_a_failure(tree, judged):
    tree.write("libraries", {"sample": "A1", "share_of_median": 0.9})
    assert judged(pearson=0.9, more=BLUNT.replace("TIER", "3")).outcome == "fail"
    assert judged(pearson=float("nan"), more=BLUNT.replace("TIER", "3")).outcome == "not assessable"


def test_judge__the_verdict_tells_protocol_and_approval(judged):
    said = "protocol: CP-7\nversion: '2'\napproved_by: QA, 2026-05-01\n"
    told = judged(more=said).as_json()
    assert (told["protocol"], told["version"], told["approved_by"]) == (
        "CP-7",
        "2",
        "QA, 2026-05-01",
    )
    assert "change_reason" not in told


def test_verdict__is_printed_as_its_outcomes(judged):
    shown = repr(judged(COPIES, pearson=0.9))
    assert shown.splitlines()[0].startswith("Verdict: fail: ")
    assert any(line.startswith("  r: fail (") for line in shown.splitlines())
    assert "  valid-comparison: not assessable (samples A1 and B1 hold the same numbers)" in shown
    assert "rationale" not in shown
