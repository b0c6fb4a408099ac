"""`lotwise power`: the power of planned lots, before there are data."""

from __future__ import annotations

from pathlib import Path

import pytest

from lotwise.metrics.process_change import planned_power

PAGE = Path(__file__).resolve().parents[3] / "docs" / "methods" / "process-change.md"


@pytest.fixture
def attributes(tmp_path):
    """The attributes that the page declares."""
    text = PAGE.read_text(encoding="utf-8").split("```yaml\n")[1].split("```")[0]
    path = tmp_path / "attributes.yaml"
    path.write_text(text)
    return path


def test_power__of_the_planned_lots_as_the_page_shows(run, attributes):
    ended = run("power", attributes)
    assert ended.code == 0
    assert ended.out in PAGE.read_text(encoding="utf-8")
    (identity,) = (row for row in ended.out.splitlines() if row.startswith("identity"))
    powers = [
        planned_power((6, 3), margin=0.5, sd=0.15, difference=difference)
        for difference in (0.0, 0.25)
    ]
    assert identity.split()[-2:] == [f"{power:.1%}" for power in powers]


def test_power__of_other_numbers_of_lots(run, attributes):
    rows = run("power", attributes, "--lots", 6, 6, "--lots", 10, 6).out.splitlines()
    told = [row.split() for row in rows if row.startswith("identity")]
    assert [row[1:3] for row in told] == [["6", "6"], ["10", "6"]]
    few, many = (float(row[-1].removesuffix("%")) for row in told)
    assert few < many


def test_power__without_an_sd_is_not_known(run, attributes):
    rows = run("power", attributes).out.splitlines()
    (gene,) = (row for row in rows if row.startswith("VEGFA"))
    assert gene.endswith("not known: the file declares no sd for this attribute")


def test_power__a_file_that_declares_no_margin_is_refused(run, attributes):
    attributes.write_text(attributes.read_text().replace("margin: 0.5, sd: 0.15, ", "", 1))
    ended = run("power", attributes)
    assert ended.code == 2
    assert "attributes.1.margin: Field required" in ended.err


def test_power__one_lot_is_refused(run, attributes):
    ended = run("power", attributes, "--lots", 1, 6)
    assert ended.code == 2
    assert "1 is not in the range x>=2" in ended.err
