"""The certificate lists what was judged, doubts about it, and deviations."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from lotwise.acceptance import CriteriaFile, parse_criteria, register_criteria, write_verdict
from lotwise.cli.report import command
from lotwise.errors import InputError
from lotwise.record.checking import check_page
from lotwise.record.digest import is_intact
from lotwise.report.certificate import add_deviations, write_certificate

pytestmark = pytest.mark.requirement("CER-001")

TEXT = """
title: release of lots
source: protocol 7.2
criteria:
- {id: r, rationale: because, level: gene, table: pairs, statistic: pearson, at_least: BOUND,
   rows: {relation: between, feature_set: all}}
"""


def judged(tree, bound):
    text = TEXT.replace("BOUND", str(bound))
    criteria = CriteriaFile(name="c.yaml", criteria=parse_criteria(text, source="c"), text=text)
    register_criteria(tree.root, criteria)
    tree.write_all()
    write_verdict(tree.root, criteria)
    return criteria


@pytest.mark.parametrize(("bound", "word"), [(0.9, "met"), (0.98, "not met")])
def test_write_certificate__has_what_a_reviewer_asks_for(tree, bound, word):
    criteria = judged(tree, bound)
    add_deviations(tree.root, ["lot 2 was thawed\na day later"])
    page = write_certificate(tree.root).read_text("utf-8")
    for words in (
        f"<strong>{word}</strong>",
        "0.97",
        "protocol 7.2",
        criteria.criteria.sha256,
        criteria.file_sha256,
        "Recorded on ",
        "before there were any result tables",
        "lot 2 was thawed a day later",
        "Approved by",
        "counter(page)",
    ):
        assert words in page
    assert is_intact(page)
    assert check_page(tree.root) == ()
    (tree.root / "certificate.html").write_text(page.replace("protocol 7.2", "protocol 8"))
    (fault,) = check_page(tree.root)
    assert fault.startswith("certificate.html is not the file that was written on ")


def test_write_certificate__needs_a_verdict(tree):
    tree.write_all()
    with pytest.raises(InputError, match="has no verdict"):
        write_certificate(tree.root)


def test_add_deviations__needs_words_and_writes_all_or_none(tree):
    tree.write_all()
    with pytest.raises(InputError, match="the text of the deviation is empty"):
        add_deviations(tree.root, ["thawed late", " \n"])
    assert not (tree.root / "verdict_history.jsonl").exists()


def test_add_deviations__a_folder_without_results_is_refused_untouched(tmp_path):
    with pytest.raises(InputError, match="run `lotwise compare` first"):
        add_deviations(tmp_path, ["thawed late"])
    assert list(tmp_path.iterdir()) == []


def test_report__a_certificate_that_cannot_be_made_records_no_deviation(tree):
    tree.write_all()
    before = sorted(tree.root.rglob("*"))
    arguments = ["--out", str(tree.root), "--certificate", "--deviation", "late"]
    asked = CliRunner().invoke(command, arguments)
    assert isinstance(asked.exception, InputError)
    assert "has no verdict" in str(asked.exception)
    assert sorted(tree.root.rglob("*")) == before
