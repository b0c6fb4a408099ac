"""What the criteria would let through, in the first box of the page."""

from __future__ import annotations

import pytest

from lotwise.acceptance import CriteriaFile, parse_criteria, register_criteria, write_verdict
from lotwise.acceptance.titrated import TitrationRecord
from lotwise.files.tables import to_frame, write_table
from lotwise.record.checking import log_written
from lotwise.report.let_through import let_through
from lotwise.report.page import render
from lotwise.report.run_tables import read_findings
from lotwise.tree import ResultTree

TEXT = """
title: release
criteria:
- {id: r, rationale: because, level: gene, table: pairs, statistic: pearson, at_least: 0.9,
   rows: {relation: between, feature_set: all}}
"""


@pytest.fixture
def titrated(tree):
    """Judge results, and write a titration of them as the command does."""

    def make(*, passed=0.12, sha256="", batches=(), blind=()):
        criteria = CriteriaFile(name="c", criteria=parse_criteria(TEXT, source="c"), text=TEXT)
        register_criteria(tree.root, criteria)
        tree.write_all()
        write_verdict(tree.root, criteria)
        rows = [
            TitrationRecord(
                batch=batch,
                criterion=name,
                profile="iPSC",
                caught_from=0.15,
                earliest=0.15,
                passed=passed,
                n_repeats=3,
                criteria_sha256=sha256 or criteria.criteria.sha256,
                reason="it passes with 50 % mixed in" if name in blind else "",
            )
            for batch in batches or dict.fromkeys(tree.batches)
            for name in ("overall", "r")
        ]
        write_table(ResultTree(tree.root).titration, to_frame(rows, TitrationRecord))
        log_written(tree.root, "titrated", "titration.tsv")
        return tree.root

    return make


def test_let_through__is_the_sentence_of_the_titration(titrated):
    findings = read_findings(titrated(blind=("overall", "r")))
    said = let_through(findings)
    assert said.startswith(
        "These criteria would have passed a lot with up to 12 % of iPSC mixed in. This was"
    )
    assert said.endswith("Criteria that detected nothing: r.")
    # In the first box of the page, before any other section.
    page = render(findings)
    assert page.index("up to 12 % of iPSC mixed in") < page.index('<section id="shows"')


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({"sha256": "0" * 64}, "titration.tsv was made with other criteria"),
        ({"batches": ("X", "Y")}, "titration.tsv was made from other batches"),
    ],
)
def test_let_through__a_titration_of_something_else_does_not_count(titrated, given, why):
    said = let_through(read_findings(titrated(**given)))
    assert said.startswith(why)
    assert "12 %" not in said


def test_let_through__an_edited_titration_does_not_count(titrated):
    root = titrated()
    path = ResultTree(root).titration
    path.write_text(path.read_text().replace("0.12", "0.01"))
    assert let_through(read_findings(root)).startswith("titration.tsv was edited")


def test_let_through__without_a_titration_it_is_about_r_and_random_changes(titrated, tree):
    root = titrated()
    ResultTree(root).titration.unlink()
    unseen = {
        "sample_a": "S1",
        "sample_b": "S3",
        "relation": "between",
        "fold": 2.0,
        "share": 0.3,
        "sentence": "30 % of the genes could have changed 2-fold at random",
    }
    tree.write("gene", "unseen", [unseen])
    said = let_through(read_findings(root))
    assert said.startswith(
        "No titration was run (command lotwise titrate), so this is unknown. For S1 and S3, 30"
    )
    assert said.endswith("R would miss changes in an even larger share of features.")


def test_let_through__is_empty_without_criteria(tree):
    tree.write_all()
    assert let_through(read_findings(tree.root)) == ""
