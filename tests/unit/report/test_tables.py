"""Formatted tables of the page."""

from __future__ import annotations

import pytest

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
        table.shared == "In every row shown, reason: no counts: R < \N{MINUS SIGN}1 is not defined."
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
    assert table.shared.startswith("In every row shown")
    assert table.left_out == "The first 300 of 401 rows."
