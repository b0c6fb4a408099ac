"""Verdicts are written, and the history keeps earlier events."""

from __future__ import annotations

import hashlib
import json
import os
from datetime import UTC, datetime

import pandas as pd
import pytest

from lotwise.acceptance import (
    CriteriaFile,
    CriterionRecord,
    parse_criteria,
    read_criteria,
    read_verdict,
    recorded_criteria,
    register_criteria,
    write_verdict,
)
from lotwise.acceptance.history import read_history
from lotwise.errors import InputError
from lotwise.files.records import columns
from lotwise.tree import HISTORY as FILE
from lotwise.tree import VERDICT

pytestmark = pytest.mark.requirement("VER-007", "VER-008")

LINE = """
- id: {id}
  rationale: because
  level: {level}
  table: pairs
  rows: {{relation: between, feature_set: all}}
  statistic: pearson
  at_least: {bound}
"""
MAY, JUNE, JULY = (datetime(2026, month, 1, 12, tzinfo=UTC) for month in (5, 6, 7))


def criteria(bound: float = 0.95, *, title: str = "ours", **lines: float) -> CriteriaFile:
    given = {"r": bound} | lines
    text = f"title: {title}\ncriteria:" + "".join(
        LINE.format(id=name, bound=value, level="gene") for name, value in given.items()
    )
    return CriteriaFile(name="c.yaml", criteria=parse_criteria(text, source="c.yaml"), text=text)


def test_write_verdict__files(tree):
    register_criteria(tree.root, criteria())
    tree.write_pairs(0.99, 0.94)
    verdict = write_verdict(tree.root, criteria())
    assert verdict.outcome == "fail"
    found = json.loads((tree.root / "verdict.json").read_text())
    assert found["outcome"] == "fail"
    assert found["title"] == "ours"
    assert found["criteria_file"] == "c.yaml"
    assert found["criteria_sha256"] == criteria().criteria.sha256
    assert found["notices"] == []
    assert found["criteria"] == [
        {
            "id": "r",
            "statement": "At gene level, pearson must be at least 0.95 in every row of the table "
            "pairs (relation between, feature set all)",
            "rationale": "because",
            "level": "gene",
            "table": "pairs",
            "statistic": "pearson",
            "value": 0.94,
            "bound": ">= 0.95",
            "required": "at least 0.95",
            "interval": None,
            "where": "A1 - B2",
            "outcome": "fail",
            "reason": "1 of 2 rows beyond the bound: A1 - B2",
        }
    ]
    table = pd.read_csv(tree.root / "verdict.tsv", sep="\t")
    assert list(table) == list(columns(CriterionRecord))
    assert table["criterion"].tolist() == ["overall", "r"]
    assert table["outcome"].tolist() == ["fail", "fail"]
    assert (tree.root / "verdict_criteria.yaml").read_text() == criteria().text
    assert recorded_criteria(tree.root).criteria == criteria().criteria


@pytest.mark.parametrize(
    ("pearsons", "lines", "outcome"),
    [
        ([0.99], {}, "pass"),
        ([0.99], {"second": 0.995}, "fail"),
        ([float("nan")], {}, "not assessable"),
        ([], {}, "not assessable"),
    ],
)
def test_write_verdict__over_all(tree, pearsons, lines, outcome):
    tree.write_pairs(*pearsons)
    assert write_verdict(tree.root, criteria(**lines)).outcome == outcome


def test_write_verdict__one_failing_outweighs_one_not_assessable(tree):
    tree.write_pairs(0.9)
    both = criteria()
    text = both.text + LINE.format(id="isoform", level="isoform", bound=0.5)
    both = CriteriaFile(name="c", criteria=parse_criteria(text, source="c"), text=text)
    verdict = write_verdict(tree.root, both)
    assert verdict.outcome == "fail"
    assert verdict.named("not assessable") == ("isoform",)
    assert verdict.assessed[1].judgement.reason == "correlation/isoform.pairs.tsv does not exist"


def test_write_verdict__what_a_criterion_needs(tree):
    need = """
  needs:
  - because: too shallow for a verdict
    table: libraries
    statistic: share_of_median
    at_least: 0.25
"""
    text = criteria().text + need
    asked = CriteriaFile(name="c", criteria=parse_criteria(text, source="c"), text=text)
    for r in (0.99, 0.5):
        tree.write_pairs(r)
        tree.write("libraries", {"sample": "A1", "share_of_median": 0.2})
        judged = write_verdict(tree.root, asked).assessed[0].judgement
        assert judged.outcome == "not assessable"
        assert judged.reason == (
            "too shallow for a verdict; condition not met: at gene level, share of median must be "
            "at least 0.25 in every row of the table libraries; found: 0.2, 1 of 1 row beyond the "
            "bound: A1"
        )
    (tree.root / "evidence/gene.libraries.tsv").unlink()
    tree.write_pairs(0.99)
    judged = write_verdict(tree.root, asked).assessed[0].judgement
    assert judged.outcome == "not assessable"
    # Nobody knows whether it is too shallow.
    assert judged.reason == (
        "it is unknown whether this condition is met: at gene level, share of median must be at "
        "least 0.25 in every row of the table libraries; evidence/gene.libraries.tsv does not exist"
    )
    tree.write("libraries", {"sample": "A1", "share_of_median": 0.9})
    assert write_verdict(tree.root, asked).outcome == "pass"


def test_write_verdict__chosen_rows_that_are_not_there(tree):
    tree.write_pairs(0.99)
    text = criteria().text.replace("relation: between", "relation: within")
    asked = CriteriaFile(name="c", criteria=parse_criteria(text, source="c"), text=text)
    judged = write_verdict(tree.root, asked).assessed[0].judgement
    assert judged.outcome == "not assessable"
    assert judged.reason == "there are no replicates: each batch has only one sample per condition"


def test_write_verdict__a_table_that_an_earlier_run_left(tree):
    """Samples were added, but the table of the old ones still exists."""
    tree.write_pairs(0.99)
    sheet = tree.root / "samples.tsv"
    sheet.write_text("sample\tbatch\nA1\tA\nB1\tB\n")
    assert write_verdict(tree.root, criteria()).outcome == "pass"
    sheet.write_text("sample\tbatch\nA1\tA\nB1\tB\nC1\tC\n")
    judged = write_verdict(tree.root, criteria()).assessed[0].judgement
    assert judged.outcome == "not assessable"
    assert judged.reason == (
        "correlation/gene.pairs.tsv is from an earlier run: "
        "it does not contain the same samples as samples.tsv; run lotwise compare again"
    )


def test_write_verdict__a_pair_without_a_comparable_gene_is_no_pass(tree):
    """`isoform_usage` has no row of the pair, whatever statistic is requested."""
    pair = {"batch_a": "A", "batch_b": "B", "relation": "between", "sample_a": "A1"}
    over_all = pair | {"feature_set": "all", "pearson": 0.99}
    tree.write(
        "pairs", over_all | {"sample_b": "B1"}, over_all | {"sample_b": "B2"}, level="isoform"
    )
    row = {"gene_id": "g", "distance": 0.1, "reason": "no bootstraps"}
    tree.write("isoform_usage", pair | row | {"sample_b": "B1"}, level="isoform")
    (tree.root / "samples.tsv").write_text("sample\tbatch\nA1\tA\nB1\tB\nB2\tB\n")
    text = (
        "title: t\ncriteria:\n- {id: a, rationale: b, level: isoform, table: isoform_usage, "
        "statistic: distance, rows: {relation: between}, at_most: 0.5}"
    )
    asked = CriteriaFile(name="c", criteria=parse_criteria(text, source="c"), text=text)
    found = write_verdict(tree.root, asked).assessed[0].judgement
    assert found.outcome == "not assessable"
    assert found.reason == "computed for 1 of 2 pairs: in the others no row fits"


def test_write_verdict__pairs_that_were_not_computed_are_no_pass(tree):
    """With many samples only chosen pairs are listed; the others may be below the bound."""
    line = (
        "title: t\ncriteria:\n- {{id: a, rationale: b, level: gene, table: {table}, "
        "statistic: {statistic}, rows: {{relation: between, {rows}}}, {bound}}}"
    )

    def judged(table, statistic, rows, bound):
        text = line.format(table=table, statistic=statistic, rows=rows, bound=bound)
        asked = CriteriaFile(name="c", criteria=parse_criteria(text, source="c"), text=text)
        found = write_verdict(tree.root, asked).assessed[0].judgement
        return found.outcome, found.reason

    pair = {"batch_a": "A", "batch_b": "B", "relation": "between", "sample_a": "A1"}
    over_all = pair | {"feature_set": "all", "pearson": 0.99}
    tree.write(
        "pairs",
        over_all | {"sample_b": "B1"},
        over_all | {"sample_b": "B1", "feature_set": "detected_both"},
        over_all | {"sample_b": "B2", "in_detail": False},
    )
    tree.write("agreement", pair | {"sample_b": "B1", "share_over_2_fold": 0.05})
    (tree.root / "samples.tsv").write_text("sample\tbatch\nA1\tA\nB1\tB\nB2\tB\n")
    why = "computed for 1 of 2 pairs: raise most_pairs to compute all"
    r = ("pairs", "pearson")
    assert judged(*r, "feature_set: all", "at_least: 0.9")[0] == "pass"
    detected = "feature_set: detected_both"
    assert judged(*r, detected, "at_least: 0.9") == ("not assessable", why)
    assert judged(*r, detected, "at_least: 0.999")[0] == "fail"
    assert judged(*r, detected, "reduce: median, at_least: 0.999") == ("not assessable", why)
    assert judged(*r, detected, "reduce: count, at_least: 1")[0] == "pass"
    assert judged(*r, detected, "reduce: count, at_least: 2") == ("not assessable", why)
    assert judged(*r, f"{detected}, sample_b: B1", "at_least: 0.9")[0] == "pass"
    two_fold = ("agreement", "share_over_2_fold", "bin: 0")
    assert judged(*two_fold, "at_most: 0.1") == ("not assessable", why)
    assert judged(*two_fold, "at_most: 0.01")[0] == "fail"


def test_read_verdict__an_outcome_edited_by_hand_is_not_believed(tree):
    register_criteria(tree.root, criteria())
    tree.write_pairs(0.94)
    write_verdict(tree.root, criteria())
    path = tree.root / "verdict.json"
    path.write_text(path.read_text().replace('"fail"', '"pass"'))
    found = read_verdict(tree.root)
    assert found["outcome"] == "fail"
    edited, overall, criterion = found["notices"]
    assert edited.startswith("verdict.json is not the file that was written on ")
    assert (
        overall == "verdict.json, outcome: the file contains 'pass', but a new verdict gives 'fail'"
    )
    assert criterion.startswith("verdict.json, criterion 'r', outcome: the file contains 'pass'")


def test_write_verdict__features_without_a_number_can_be_left_out_and_that_is_said(tree):
    text = (
        "title: t\ncriteria:\n- {id: a, rationale: b, level: gene, table: equivalence, "
        "statistic: outcome, rows: {reason: ''}, reduce: share, share: 0.5, is: equivalent}"
    )
    asked = CriteriaFile(name="c", criteria=parse_criteria(text, source="c"), text=text)
    pair = {"batch_a": "A", "batch_b": "B"}
    silent = pair | {"feature": "g3", "outcome": "inconclusive", "reason": "does not vary"}
    tree.write("equivalence", silent)
    judged = write_verdict(tree.root, asked).assessed[0].judgement
    assert (judged.outcome, judged.reason) == (
        "not assessable",
        "no row has a number: does not vary",
    )
    tree.write(
        "equivalence",
        pair | {"feature": "g1", "outcome": "equivalent"},
        pair | {"feature": "g2", "outcome": "inconclusive"},
        silent,
    )
    judged = write_verdict(tree.root, asked).assessed[0].judgement
    assert (judged.outcome, judged.value) == ("pass", 0.5)
    assert judged.reason == "1 of 2 rows as required; not judged: 1 row without a number"


OF_FEATURES = (
    "title: t\ncriteria:\n- {{id: a, rationale: b, level: gene, table: {table}, "
    "statistic: {statistic}, rows: {{{rows}}}, {bound}}}"
)


def judge_features(tree, **line):
    text = OF_FEATURES.format(**line)
    asked = CriteriaFile(name="c", criteria=parse_criteria(text, source="c"), text=text)
    return write_verdict(tree.root, asked).assessed[0].judgement


@pytest.mark.parametrize("rows", ["reason: ''", "feature: g1", "feature: g1, reason: ''"])
def test_write_verdict__a_pair_of_batches_that_was_not_tested_is_never_left_out(tree, rows):
    why = "a batch has only one replicate"
    tree.write(
        "equivalence",
        *(
            {"batch_a": "L1", "batch_b": "L2", "feature": f"g{i}", "outcome": "equivalent"}
            for i in range(10)
        ),
        *(
            {
                "batch_a": a,
                "batch_b": "L3",
                "feature": "*",
                "outcome": "inconclusive",
                "reason": why,
            }
            for a in ("L1", "L2")
        ),
    )
    asked = {"table": "equivalence", "statistic": "outcome", "rows": rows}
    judged = judge_features(tree, **asked, bound="reduce: share, share: 0.9, is: equivalent")
    assert judged.outcome == "not assessable"
    assert "L1 - L3" in judged.reason
    assert why in judged.reason
    # Whatever the others are, one row beyond the bound fails a bound on every row.
    assert judge_features(tree, **asked, bound="is: different").outcome == "fail"
    chosen = f"batch_a: L1, batch_b: L2, {rows}"
    judged = judge_features(tree, **asked | {"rows": chosen}, bound="is: equivalent")
    assert judged.outcome == "pass"


def test_write_verdict__a_pair_of_samples_without_any_testable_set_is_never_left_out(tree):
    pair = {"sample_a": "A1", "batch_a": "A", "batch_b": "B", "relation": "between"}
    untested = pair | {"gene_set": "small", "reason": "no gene of the set is present"}
    tree.write(
        "gene_sets",
        pair | {"sample_b": "B1", "gene_set": "large", "mean_difference": 0.1},
        untested | {"sample_b": "B1"},
        untested | {"sample_b": "B2"},
    )
    asked = {"table": "gene_sets", "statistic": "mean_difference", "bound": "at_most: 0.5"}
    judged = judge_features(tree, **asked, rows="reason: ''")
    assert judged.outcome == "not assessable"
    assert judged.reason == (
        "there is no number for A1 - B2: no gene of the set is present; "
        "not judged: 2 rows without a number"
    )
    assert judge_features(tree, **asked, rows="reason: '', sample_b: B1").outcome == "pass"


@pytest.mark.parametrize("text", ["", "a\tb\n1\t2\n", "\x00\x01"])
def test_write_verdict__a_table_that_cannot_be_read_is_named(tree, text):
    tree.write_pairs(0.99)
    path = tree.root / "correlation/gene.pairs.tsv"
    path.write_text(text)
    with pytest.raises(InputError, match=r"gene\.pairs\.tsv"):
        write_verdict(tree.root, criteria())


def test_write_verdict__a_number_that_is_none_is_named(tree):
    tree.write_pairs(0.99)
    path = tree.root / "correlation/gene.pairs.tsv"
    path.write_text(path.read_text().replace("0.99", "high"))
    with pytest.raises(InputError, match=r"cannot be read as a result table \(could not convert"):
        write_verdict(tree.root, criteria())


def test_notices__none_where_criteria_came_first(tree):
    register_criteria(tree.root, criteria(), now=MAY)
    tree.write_pairs(0.99)
    first = write_verdict(tree.root, criteria(), now=JUNE)
    assert first.notices == ()
    assert write_verdict(tree.root, criteria(), now=JULY).notices == ()
    # Each verdict stays on record, even if it repeats the previous one.
    assert [entry.event for entry in read_history(tree.root).entries] == [
        "registered",
        "evaluated",
        "evaluated",
    ]


def test_notices__criteria_first_seen_when_results_were_there(tree):
    tree.write_pairs(0.99)
    verdict = write_verdict(tree.root, criteria(), now=MAY)
    (notice,) = verdict.notices
    assert notice == (
        "the criteria were first recorded on 2026-05-01 12:00:00 UTC, when 1 result table "
        "existed: there is no evidence that they were written before the results were seen"
    )
    # Judging again does not remove the notice.
    assert write_verdict(tree.root, criteria(), now=JUNE).notices == verdict.notices


def test_notices__criteria_changed_after_the_results(tree):
    register_criteria(tree.root, criteria(), now=MAY)
    tree.write_pairs(0.94)
    write_verdict(tree.root, criteria(), now=MAY)
    eased = criteria(0.9, second=0.5)
    for now in (JUNE, JULY):
        (notice,) = write_verdict(tree.root, eased, now=now).notices
        assert notice == (
            f"the criteria were changed: 'ours' (SHA-256 {criteria().criteria.sha256[:12]}) were "
            "recorded on 2026-05-01 12:00:00 UTC and had the outcome 'fail' on 2026-05-01 12:00:00 "
            "UTC. The present criteria (changed: r; added: second) were recorded on 2026-06-01 "
            "12:00:00 UTC, when 1 result table existed. They give no change_reason"
        )
    assert json.loads((tree.root / "verdict.json").read_text())["notices"] == [notice]
    table = pd.read_csv(tree.root / "verdict.tsv", sep="\t")
    assert notice in table["reason"][0]


def test_notices__deleting_the_results_does_not_hide_a_change(tree):
    register_criteria(tree.root, criteria(), now=MAY)
    tree.write_pairs(0.94)
    (tree.root / "correlation/gene.pairs.tsv").unlink()
    register_criteria(tree.root, criteria(0.9), now=JUNE)
    tree.write_pairs(0.94)
    (notice,) = write_verdict(tree.root, criteria(0.9), now=JULY).notices
    assert notice.startswith("the criteria were changed")
    assert "The present criteria (changed: r) were recorded on" in notice
    assert "when no result table existed" in notice


def test_notices__going_back_names_what_was_tried_meanwhile(tree):
    register_criteria(tree.root, criteria(), now=MAY)
    tree.write_pairs(0.94)
    write_verdict(tree.root, criteria(), now=MAY)
    write_verdict(tree.root, criteria(0.9), now=JUNE)
    (notice,) = write_verdict(tree.root, criteria(), now=JULY).notices
    assert notice.startswith("other criteria, 'ours' (SHA-256")
    assert notice.endswith("recorded on 2026-06-01 12:00:00 UTC and had the outcome 'pass' on "
                           "2026-06-01 12:00:00 UTC")  # fmt: skip


def test_notices__other_result_tables(tree):
    register_criteria(tree.root, criteria(), now=MAY)
    tree.write_pairs(0.94)
    write_verdict(tree.root, criteria(), now=MAY)
    tree.write_pairs(0.99)
    for now in (JUNE, JULY):
        (notice,) = write_verdict(tree.root, criteria(), now=now).notices
        assert notice == (
            "the result tables differ from those of the verdict of 2026-05-01 12:00:00 UTC "
            "('fail' under these criteria); since that verdict, correlation/gene.pairs.tsv changed"
        )


def test_notices__a_table_that_came_later_is_no_change(tree):
    write_verdict(tree.root, criteria(), now=MAY)
    tree.write_pairs(0.99)
    assert write_verdict(tree.root, criteria(), now=JUNE).notices == ()


@pytest.mark.parametrize("how", ["edited", "first line out", "garbage"])
def test_notices__an_edited_history(tree, how):
    register_criteria(tree.root, criteria(), now=MAY)
    tree.write_pairs(0.94)
    write_verdict(tree.root, criteria(), now=MAY)
    path = tree.root / FILE
    lines = path.read_text().splitlines()
    lines = {
        "edited": [lines[0].replace("2026-05", "2026-04"), *lines[1:]],
        "first line out": lines[1:],
        "garbage": [*lines, "{"],
    }[how]
    path.write_text("\n".join(lines) + "\n")
    for now in (JUNE, JULY):
        assert f"{FILE} was edited" in write_verdict(tree.root, criteria(), now=now).notices[0]


@pytest.mark.parametrize("kept", [0, 1])
def test_notices__a_shortened_history(tree, kept):
    register_criteria(tree.root, criteria(), now=MAY)
    tree.write_pairs(0.94)
    write_verdict(tree.root, criteria(), now=MAY)
    path = tree.root / FILE
    path.write_text("".join(path.read_text().splitlines(keepends=True)[:kept]))
    words = f"on 2026-06-01 12:00:00 UTC, lotwise found that lines of {FILE} were missing"
    for now in (JUNE, JULY):
        assert words in write_verdict(tree.root, criteria(), now=now).notices


def test_read_verdict__says_when_tables_have_changed_since(tree):
    assert read_verdict(tree.root) is None
    register_criteria(tree.root, criteria())
    tree.write_pairs(0.99)
    write_verdict(tree.root, criteria())
    found = read_verdict(tree.root)
    assert found is not None
    assert (found["outcome"], found["notices"]) == ("pass", [])
    tree.write_pairs(0.999)
    found = read_verdict(tree.root)
    # A number that was changed after the verdict does not pass, however good it is.
    assert found["outcome"] == "not assessable"
    stale, *changed = found["notices"]
    assert stale == (
        "result tables changed after this verdict: correlation/gene.pairs.tsv; "
        "run `lotwise verdict` again"
    )
    assert changed == [
        "verdict.json, criterion 'r', value: the file contains 0.99, but a new verdict gives 0.999"
    ]


def test_read_verdict__each_criterion_that_changed_is_one_notice(tree):
    two = criteria(0.9, s=0.8)
    register_criteria(tree.root, two)
    tree.write_pairs(0.99)
    write_verdict(tree.root, two)
    (tree.root / "samples.tsv").write_text("sample\tbatch\nX1\tA\n")
    found = read_verdict(tree.root)
    assert found["outcome"] == "not assessable"
    assert [one.partition(": the file")[0] for one in found["notices"]] == [
        "verdict.json, outcome",
        "verdict.json, criterion 'r', outcome",
        "verdict.json, criterion 's', outcome",
    ]
    assert found["notices"][1].endswith(
        "contains 'pass', but a new verdict gives 'not assessable' (value, where, reason also "
        "differ)"
    )


COPY_CANNOT_BE_USED = "verdict_criteria.yaml cannot be used"
OTHER_LAYOUT = (
    "verdict_criteria.yaml is not the file that was judged: its comments or layout differ"
)
WITHOUT_ENTRY = f"verdict_criteria.yaml was edited: {FILE} has no entry for these criteria"


@pytest.mark.parametrize(
    ("damage", "fault"),
    [
        (lambda _: b"title: [", f"{COPY_CANNOT_BE_USED} (is not YAML (expected the node content"),
        (
            lambda _: b"",
            f"{COPY_CANNOT_BE_USED} (has no criteria; the keys 'title' and 'criteria' are",
        ),
        (lambda copy: b"\xff" + copy, f"{COPY_CANNOT_BE_USED} (cannot be read ('utf-8' codec"),
        (lambda copy: copy + b"foo: 1\n", f"{COPY_CANNOT_BE_USED} (key 'foo' is unknown"),
        (lambda _: None, "verdict_criteria.yaml is missing"),
        (lambda copy: b"# mine\n" + copy, OTHER_LAYOUT),
        (lambda copy: copy.replace(b"\n", b"\r\n"), OTHER_LAYOUT),
        (lambda copy: copy.replace(b"0.95", b"0.5"), WITHOUT_ENTRY),
    ],
)
def test_read_verdict__a_damaged_copy_of_the_criteria_is_the_only_fault(tree, damage, fault):
    register_criteria(tree.root, criteria())
    tree.write_pairs(0.99)
    write_verdict(tree.root, criteria())
    copy = tree.root / "verdict_criteria.yaml"
    damaged = damage(copy.read_bytes())
    if damaged is None:
        copy.unlink()
    else:
        copy.write_bytes(damaged)
    found = read_verdict(tree.root)
    assert found["outcome"] == "not assessable"
    # It is judged by the criteria in the history: value and bound stay.
    assert (found["criteria"][0]["value"], found["criteria"][0]["bound"]) == (0.99, ">= 0.95")
    # verdict.json is as it was written, so no line is about it.
    (notice,) = found["notices"]
    assert notice.startswith(fault)
    assert str(tree.root) not in notice


def test_write_verdict__the_copy_has_the_bytes_of_the_file(tree, tmp_path):
    path = tmp_path / "from_windows.yaml"
    path.write_bytes(criteria().text.replace("\n", "\r\n").encode())
    tree.write_pairs(0.99)
    verdict = write_verdict(tree.root, read_criteria(path))
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    assert verdict.as_json()["criteria_file_sha256"] == sha256
    assert (tree.root / "verdict_criteria.yaml").read_bytes() == path.read_bytes()
    assert not any(VERDICT in one for one in read_verdict(tree.root)["notices"])


def test_read_verdict__criteria_that_are_others_than_it_names(tree):
    register_criteria(tree.root, criteria())
    tree.write_pairs(0.99)
    write_verdict(tree.root, criteria())
    path = tree.root / "verdict.json"
    told = json.loads(path.read_text())
    path.write_text(json.dumps(told | {"criteria_sha256": "0" * 64}))
    found = read_verdict(tree.root)
    assert found["outcome"] == "not assessable"
    words = "verdict.json names other criteria than those in verdict_criteria.yaml"
    assert words in found["notices"]


def test_read_verdict__a_history_that_is_gone(tree):
    register_criteria(tree.root, criteria())
    tree.write_pairs(0.99)
    write_verdict(tree.root, criteria())
    (tree.root / FILE).unlink()
    found = read_verdict(tree.root)
    assert found["outcome"] == "not assessable"
    assert found["notices"] == [
        f"{FILE} has no entry for these criteria: the history is missing or was edited",
        f"{FILE} has no entry for this verdict",
    ]


@pytest.mark.parametrize("key", ["value", "bound", "statement", "rationale", "reason", "required"])
def test_read_verdict__no_key_of_the_file_is_believed(tree, key):
    register_criteria(tree.root, criteria())
    tree.write_pairs(0.99)
    write_verdict(tree.root, criteria())
    path = tree.root / "verdict.json"
    told = json.loads(path.read_text())
    was, told["criteria"][0][key] = told["criteria"][0][key], "as I like it"
    path.write_text(json.dumps(told))
    found = read_verdict(tree.root)
    assert found["criteria"][0][key] == was
    assert found["outcome"] == "not assessable"
    assert any(f"criterion 'r', {key}: the file contains 'as I like it'" in one for one in
               found["notices"])  # fmt: skip


def test_read_verdict__notices_come_from_the_history(tree):
    """Criteria are exchanged, and the notice is removed from the file."""
    register_criteria(tree.root, criteria(), now=MAY)
    tree.write_pairs(0.94)
    write_verdict(tree.root, criteria(), now=MAY)
    write_verdict(tree.root, criteria(0.9), now=JUNE)
    path = tree.root / "verdict.json"
    told = json.loads(path.read_text())
    path.write_text(json.dumps(told | {"notices": []}))
    edited, changed = read_verdict(tree.root)["notices"]
    assert edited.startswith("verdict.json is not the file")
    assert changed.startswith("the criteria were changed: 'ours'")


def test_read_verdict__criteria_edited_beside_the_history(tree):
    register_criteria(tree.root, criteria(), now=MAY)
    tree.write_pairs(0.94)
    write_verdict(tree.root, criteria(), now=MAY)
    (tree.root / "verdict_criteria.yaml").write_text(criteria(0.5).text)
    found = read_verdict(tree.root)
    # Judged by the criteria in the history.
    assert (found["outcome"], found["criteria"][0]["bound"]) == ("fail", ">= 0.95")
    assert any("verdict_criteria.yaml was edited" in one for one in found["notices"])


@pytest.mark.parametrize("by", ["step", "record", "file"])
def test_notices__results_moved_away_while_criteria_were_recorded(tree, by):
    """There is no table when the criteria are recorded, but the results are older."""
    register_criteria(tree.root, criteria(), now=JUNE)
    tree.write_pairs(0.99)
    call = {"name": "lotwise", "command": ["lotwise", "correlate", "gene"], "step": "correlate",
            "ended": "2026-05-01T12:00:00.000+00:00"}  # fmt: skip
    if by == "step":
        steps = tree.root / "logs" / "steps"
        steps.mkdir(parents=True)
        (steps / "correlate.gene.json").write_text(json.dumps(call))
    elif by == "record":
        (tree.root / "provenance.json").write_text(json.dumps({"programs": [call]}))
    else:
        time = MAY.timestamp()
        os.utime(tree.root / "correlation" / "gene.pairs.tsv", (time, time))
    (notice,) = write_verdict(tree.root, criteria(), now=JULY).notices
    assert notice.startswith("the criteria were recorded on 2026-06-01 12:00:00 UTC, after ")
    assert "2026-05-01 12:00:00 UTC" in notice
    assert read_verdict(tree.root)["notices"] == [notice]


def test_read_verdict__refuses_what_is_none(tree):
    tree.root.mkdir()
    for text in ("", "[]", "{}", "{"):
        (tree.root / "verdict.json").write_text(text)
        with pytest.raises(InputError, match="is not a verdict of lotwise"):
            read_verdict(tree.root)


def test_recorded_criteria__none(tree):
    with pytest.raises(
        InputError, match="no acceptance criteria are on record here; choose criteria"
    ):
        recorded_criteria(tree.root)
