"""A verdict in MultiQC is compared with its history as in lotwise itself."""

from __future__ import annotations

import json

import h5py
import pytest

from lotwise.acceptance import CriteriaFile, parse_criteria, read_verdict, write_verdict
from lotwise.evidence.pairs import PairRecord
from lotwise.files.records import columns
from lotwise.files.tables import to_frame, write_table
from lotwise.multiqc_plugin.history import against_history
from lotwise.tree import HISTORY as FILE

CRITERIA = (
    "title: t\ncriteria:\n- {id: r, rationale: b, level: gene, table: pairs, "
    "rows: {feature_set: all}, statistic: pearson, at_least: 0.9}"
)


@pytest.fixture
def judged(tmp_path):
    """A folder with one table and a verdict that passes."""
    nothing = {str: "", int: 0, float: 0.95, bool: True}
    row = {name: nothing[kind] for name, kind in columns(PairRecord).items()}
    row |= {"sample_a": "A1", "sample_b": "B1", "feature_set": "all"}
    table = tmp_path / "correlation" / "gene.pairs.tsv"
    write_table(table, to_frame([PairRecord(**row)], PairRecord))
    (tmp_path / "expression").mkdir()
    with h5py.File(tmp_path / "expression" / "gene.h5ad", "w") as stored:
        stored["obsp/pearson"] = [[1.0]]
    criteria = parse_criteria(CRITERIA, source="c")
    write_verdict(tmp_path, CriteriaFile(name="c", criteria=criteria, text=CRITERIA))
    return tmp_path


def told(root):
    return json.loads((root / "verdict.json").read_text("utf-8"))


def test_against_history__nothing_to_say_of_a_verdict_as_it_was_written(judged):
    assert against_history(judged, told(judged)) == ("pass", [])


def edit_outcome(root):
    path = root / "verdict.json"
    path.write_text(path.read_text("utf-8").replace('"outcome": "pass"', '"outcome": "fail"', 1))


def empty_notices(root):
    path = root / "verdict.json"
    path.write_text(json.dumps(told(root) | {"notices": []}))


def edit_table(root):
    path = root / "correlation" / "gene.pairs.tsv"
    path.write_text(path.read_text("utf-8").replace("0.95", "0.94"))


def remove_table(root):
    (root / "correlation" / "gene.pairs.tsv").unlink()


def change_criteria(root):
    path = root / "verdict.json"
    verdict = told(root) | {"criteria_sha256": "ab" * 32}
    path.write_text(json.dumps(verdict))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (edit_outcome, "verdict.json is not the file that was written on "),
        (empty_notices, "verdict.json is not the file that was written on "),
        (edit_table, "after this verdict: correlation/gene.pairs.tsv; run `lotwise verdict` again"),
        (
            remove_table,
            "after this verdict: correlation/gene.pairs.tsv; run `lotwise verdict` again",
        ),
        (change_criteria, f"{FILE} has no entry for this verdict"),
    ],
)
def test_against_history__says_what_lotwise_says(judged, change, words):
    change(judged)
    _, notices = against_history(judged, told(judged))
    of_lotwise = read_verdict(judged)["notices"]
    assert any(words in notice for notice in notices)
    assert {*notices} <= {*of_lotwise}


def test_against_history__an_edited_history(judged):
    path = judged / FILE
    path.write_text(path.read_text("utf-8").replace("registered", "Registered", 1))
    outcome, notices = against_history(judged, told(judged))
    assert outcome == "pass"
    (notice,) = notices
    assert notice == (
        f"{FILE} was edited: a line is damaged, or does not contain the checksum of the line "
        "before it"
    )


def test_against_history__without_a_history_it_is_not_checked(judged):
    (judged / FILE).unlink()
    assert against_history(judged, told(judged)) == (
        "",
        [f"not checked against its history: {FILE} does not exist"],
    )
