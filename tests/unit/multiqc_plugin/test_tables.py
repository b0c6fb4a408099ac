"""The state of a library; one that could not be computed is not called sound."""

from __future__ import annotations

import pytest

from lotwise.multiqc_plugin.tables import library_state


@pytest.mark.parametrize(
    ("shallow", "share", "outlier", "score", "state"),
    [
        ("False", "1.1", "False", "0.3", "unremarkable"),
        ("True", "0.01", "False", "0.3", "shallow"),
        ("True", "0.01", "True", "-9", "shallow and outlier"),
        ("False", "NaN", "False", "NaN", "not known"),
        ("False", "1.1", "False", "NaN", "not known: outlier"),
        ("False", "NaN", "False", "0.3", "not known: shallow"),
        ("False", "NaN", "True", "-9", "outlier"),
    ],
)
def test_library_state__is_unremarkable_only_where_both_numbers_are_known(
    shallow, share, outlier, score, state
):
    row = {
        "shallow": shallow, "share_of_median": share, "outlier": outlier, "outlier_score": score,
    }  # fmt: skip
    assert library_state(row) == state


def test_library_state__a_table_without_the_numbers_is_not_known():
    assert library_state({"sample": "S1"}) == "not known"
