"""The section on a change of the process, and its remarks."""

from __future__ import annotations

import pytest

from lotwise.report.process import process_remarks, process_section
from lotwise.report.run_tables import read_findings


@pytest.fixture
def findings_of(tree):
    def make(*answers, feature="G1", reason=""):
        tree.write_all()
        rows = [
            {"attribute": f"a{at}", "equivalent": answer, "reason": reason}
            for at, answer in enumerate(answers)
        ] or [{"reason": "no attributes were declared (attributes)"}]
        tree.write("gene", "process_change", rows)
        tree.write("gene", "quality_range", [{"attribute": "a0", "batch": "B1", "inside": "yes"}])
        outcome = "equivalent" if feature else ""
        tree.write("gene", "process_features", [{"feature": feature, "outcome": outcome}])
        return read_findings(tree.root)

    return make


def test_process_remarks__names_what_was_not_shown(findings_of):
    (remark,) = process_remarks(findings_of("yes", "no").levels[0])
    assert remark.state == "concern"
    assert "in 1 of 2 declared attributes" in remark.text
    assert "not shown for a1. This does not prove a difference." in remark.text


def test_process_remarks__all_shown_is_no_concern_and_not_assessable_has_its_reason(findings_of):
    (remark,) = process_remarks(findings_of("yes", "yes").levels[0])
    assert remark.state == "computed"
    few = findings_of("not assessable", reason="2 post lots of 3 planned")
    (remark,) = process_remarks(few.levels[0])
    assert remark.state == "unknown"
    assert remark.text.endswith("Not assessable: a0 (2 post lots of 3 planned).")
    (remark,) = process_remarks(findings_of().levels[0])
    assert remark.text == "no attributes were declared (attributes)."


def test_process__conditions_are_named_where_there_are_several(tree):
    tree.write_all()
    rows = [
        {"attribute": "a", "condition": "naive", "equivalent": "yes"},
        {"attribute": "a", "condition": "primed", "equivalent": "no"},
        {"attribute": "b", "condition": "naive", "equivalent": "not assessable", "reason": "one"},
        {"attribute": "b", "condition": "primed", "equivalent": "not assessable", "reason": "two"},
    ]
    tree.write("gene", "process_change", rows)
    tree.write("gene", "quality_range", [{"attribute": "a", "batch": "B1", "inside": "yes"}])
    features = [
        {"feature": "G1", "condition": condition, "outcome": outcome}
        for condition, outcome in (("naive", "equivalent"), ("primed", "inconclusive"))
    ]
    tree.write("gene", "process_features", features)
    findings = read_findings(tree.root)
    (remark,) = process_remarks(findings.levels[0])
    assert "1 of 4 declared attributes, counted for each condition." in remark.text
    assert "not shown for a of primed. This does not prove a difference." in remark.text
    assert remark.text.endswith("Not assessable: b of naive and b of primed (one; two).")
    words = process_section(findings, 4).blocks[-1].text
    assert words.endswith(": naive: 1 equivalent; primed: 1 inconclusive.")


def test_process_section__is_there_only_where_lots_have_phases(findings_of):
    section = process_section(findings_of("yes"), 4)
    assert section.name == "process"
    assert "1 equivalent" in section.blocks[-1].text
    without = findings_of("yes", feature="")
    assert process_section(without, 4) is None
    assert [*process_remarks(without.levels[0])] == []
