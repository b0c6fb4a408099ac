"""What the page says of donors."""

from __future__ import annotations

import pytest

from lotwise.report.genotype import genotype_remark, genotype_section
from lotwise.report.run_tables import read_findings
from lotwise.report.words import name_words

SOUND = {"batch": "A", "donor": "D", "found": "1", "agrees": "yes", "mixed": "no"}


@pytest.fixture
def findings_of(tree):
    """Write rows of the table of donors; return the findings of the run."""

    def make(*rows):
        tree.write_all()
        if rows:
            named = (f"S{number}" for number in range(1, 4))
            tree.write(
                "gene",
                "donors",
                [{"sample": name} | row for name, row in zip(named, rows, strict=False)],
            )
        return read_findings(tree.root)

    return make


def remark_of(findings):
    [gene] = findings.levels
    return genotype_remark(gene)


def test_genotype_remark__samples_of_their_donors_are_no_concern(findings_of):
    remark = remark_of(findings_of(SOUND, SOUND, SOUND | {"donor": "E", "found": "2"}))
    assert remark.state == "computed"
    assert remark.text.startswith("3 of 3 samples agree in genotype")
    assert "2 donors were found in the samples." in remark.text


def test_genotype_remark__exchanged_samples_are_named_once(findings_of):
    swap = SOUND | {"agrees": "no", "reason": "why"}
    remark = remark_of(
        findings_of(swap | {"exchanged_with": "S2"}, swap | {"exchanged_with": "S1"}, SOUND)
    )
    assert remark.state == "concern"
    first, second = name_words("S1"), name_words("S2")
    assert remark.text.count("were exchanged") == 1
    assert f"{first} and {second} were exchanged" in remark.text
    assert "why" not in remark.text


def test_genotype_remark__a_sample_of_another_donor_has_its_reason(findings_of):
    remark = remark_of(findings_of(SOUND | {"agrees": "no", "reason": "of another"}, SOUND, SOUND))
    assert remark.state == "concern"
    assert (
        f"{name_words('S1')} (of another) does not come from the donor on its label" in remark.text
    )


def test_genotype_remark__a_mixed_sample_has_its_share(findings_of):
    mixed = SOUND | {"mixed": "yes", "share": 0.1, "second_donor": "donor 2"}
    remark = remark_of(findings_of(mixed, SOUND, SOUND))
    assert remark.state == "concern"
    assert "About 10\N{NO-BREAK SPACE}% of the cells in" in remark.text


def test_genotype_remark__what_is_not_assessable_is_counted_by_reason(findings_of):
    few = "not assessable: 12 bases at depth 15"
    remark = remark_of(findings_of(*[{"batch": "A", "agrees": few, "mixed": few}] * 3))
    assert remark.state == "unknown"
    assert f"Agreement with the label is unknown for 3 samples: {few} (3)." in remark.text
    assert f"Presence of a second donor is unknown for 3 samples: {few} (3)." in remark.text


def test_genotype_remark__a_run_without_reads_says_what_is_not_seen(findings_of):
    findings = findings_of()
    remark = remark_of(findings)
    assert remark.state == "unknown"
    assert "would not be detected" in remark.text
    assert genotype_section(findings) is None
