"""Formatted tables of the page."""

from __future__ import annotations

import pytest

from lotwise.evidence.libraries import LibraryRecord
from lotwise.report.columns import columns_of
from lotwise.report.tables import Column, table_of

COLUMNS = [Column("sample", "sample"), Column("reason", "reason"), Column("r", "R", "r")]
WHY = "no counts: R < -1 is not defined"


def rows(n, *, another=""):
    made = [{"sample": f"S{i}", "reason": WHY, "r": 0.5} for i in range(n)]
    made[-1]["reason"] = another or WHY
    return made


def test_table_of__a_sentence_that_all_rows_share_stands_once():
    table = table_of(rows(12), COLUMNS, name="n", caption="c")
    assert [label for label, _ in table.headings] == ["sample", "R"]
    assert {len(row) for row in table.rows} == {2}
    assert (
        table.shared
        == "All rows shown have the same reason: no counts: R < \N{MINUS SIGN}1 is not defined."
    )


@pytest.mark.parametrize("given", [rows(12, another="shallow"), rows(12, another=" "), rows(2)])
def test_table_of__sentences_of_few_rows_or_that_differ_keep_their_column(given):
    table = table_of(given, COLUMNS, name="n", caption="c")
    assert [label for label, _ in table.headings] == ["sample", "reason", "R"]
    assert table.shared == ""


def test_table_of__rows_that_are_not_shown_do_not_count():
    given = [*rows(400), *rows(1, another="shallow")]
    table = table_of(given, COLUMNS, name="n", caption="c")
    assert len(table.rows) == 300
    assert table.shared.startswith("All rows shown have the same")
    assert table.left_out == "The first 300 of 401 rows."


def test_table_of__a_switch_whose_number_is_nan_is_not_known():
    known = {"sample": "S1", "outlier": False, "outlier_score": -1.0, "n_detected": 3}
    unknown = known | {"outlier_score": float("nan"), "tpm_sum": float("nan")}
    columns = columns_of(LibraryRecord, "outlier", "n_detected")
    table = table_of([known, unknown], columns, name="n", caption="c", record=LibraryRecord)
    assert [[cell.text for cell in row] for row in table.rows] == [
        ["no", "3"],
        ["not known", "not known"],
    ]
    assert table.headings[0][1].endswith("; not known if outlier_score is NaN")
