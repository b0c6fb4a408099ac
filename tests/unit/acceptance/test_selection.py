"""Rows that a measure chooses, or why there are none."""

from __future__ import annotations

import pandas as pd
import pytest

from lotwise.acceptance.measure import Measure
from lotwise.acceptance.selection import select_rows

NO_ROWS = [
    ([], {}, "the table has no rows"),
    ([{"relation": "across", "x": 1}], {}, "no two samples share a condition"),
    (
        [{"relation": "between", "x": 1}],
        {"relation": "within"},
        "there are no replicates: each batch has only one sample per condition",
    ),
    (
        [{"relation": "", "reason": "one batch"}],
        {"relation": "between"},
        "no row has relation between: one batch",
    ),
    (
        [{"relation": "between", "feature_set": "detected_both", "reason": ""}],
        {"feature_set": "all"},
        "no row has feature_set all; the values are detected_both",
    ),
    (
        [{"relation": "between", "feature_set": "", "reason": ""}],
        {"feature_set": ("all", "detected_any")},
        "no row has feature_set all or detected_any; all values are empty",
    ),
]


@pytest.mark.parametrize(("rows", "asked", "why"), NO_ROWS)
def test_select_rows__says_why_no_row_can_be_judged(rows, asked, why):
    measure = Measure.model_construct(
        table="pairs", statistic="pearson", rows=asked, reduce="every", use="value"
    )
    found = select_rows(measure, pd.DataFrame(rows))
    assert found.rows == ()
    assert found.why_none == why


def test_select_rows__pairs_that_are_lost_with_the_rows_without_a_number_are_named():
    measure = Measure.model_construct(
        table="equivalence", statistic="difference", rows={"reason": ""}, reduce="every"
    )
    table = pd.DataFrame(
        {
            "batch_a": ["A", "A", "A"],
            "batch_b": ["B", "B", "C"],
            "feature": ["g1", "g2", "*"],
            "reason": ["", "below 1 TPM", "one sample"],
        }
    )
    found = select_rows(measure, table)
    assert [row["feature"] for row in found.rows] == ["g1"]
    assert found.n_left_out == 2
    assert found.lost == "there is no number for A - C: one sample"


@pytest.mark.parametrize(
    ("asked", "lost"),
    [
        ({"batch_b": ("B", "D")}, "no row has batch_b D; the values are B, C"),
        ({"sample_b": ("b1", "b2", "c1")}, "no row has sample_b b2; the values are b1, c1"),
        ({"batch_b": ("B", "C")}, ""),
        # Of a column that does not name the row, one of the values is enough.
        ({"feature_set": ("all", "detected_any")}, ""),
    ],
)
def test_select_rows__a_batch_or_sample_asked_for_by_name_that_has_no_row(asked, lost):
    measure = Measure.model_construct(
        table="pairs", statistic="pearson", rows=asked, reduce="every", use="value"
    )
    row = {"relation": "between", "feature_set": "all", "reason": "", "batch_a": "A"}
    table = [row | {"batch_b": "B", "sample_b": "b1"}, row | {"batch_b": "C", "sample_b": "c1"}]
    found = select_rows(measure, pd.DataFrame(table))
    assert found.lost == lost
    assert len(found.rows) == 2 - ("D" in asked.get("batch_b", ()))


def test_select_rows__a_marker_that_was_not_measured():
    measure = Measure.model_construct(
        table="identity",
        statistic="agrees",
        rows={"panel": "msc_identity", "marker": ("ENG", "THY1")},
        reduce="every",
    )
    table = pd.DataFrame({"panel": ["msc_identity"], "marker": ["ENG"], "reason": [""]})
    assert select_rows(measure, table).lost == "no row has marker THY1; the values are ENG"
