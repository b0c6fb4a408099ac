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
        "there are no replicates: each batch and condition has one sample",
    ),
    (
        [{"relation": "", "reason": "one batch"}],
        {"relation": "between"},
        "no row has relation between: one batch",
    ),
    (
        [{"relation": "between", "feature_set": "detected_both", "reason": ""}],
        {"feature_set": "all"},
        "no row has feature_set all; there is detected_both",
    ),
    (
        [{"relation": "between", "feature_set": "", "reason": ""}],
        {"feature_set": ("all", "detected_any")},
        "no row has feature_set all or detected_any; there is none",
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
    assert found.lost == "no number at all for A - C: one sample"
