"""Correlations in digits."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lotwise.wording import format_r


@pytest.mark.parametrize(
    ("r", "decimals", "text"),
    [
        (0.995, 3, "0.995"),
        (0.9994, 3, "0.999"),
        (0.9996, 3, ">0.999"),
        (1.0, 3, "1.000"),
        (1 - 1e-12, 8, ">0.99999999"),
        (-0.99999, 4, "<\N{MINUS SIGN}0.9999"),
        (-1.0, 2, "\N{MINUS SIGN}1.00"),
        (-0.25, 2, "\N{MINUS SIGN}0.25"),
        (-1e-9, 4, "0.0000"),
        (0.0, 4, "0.0000"),
        (float("nan"), 4, "not defined"),
    ],
)
def test_format_r__edges(r, decimals, text):
    assert format_r(r, decimals) == text


@given(st.floats(-1, 1), st.integers(2, 8))
def test_format_r__nothing_but_one_reads_as_one(r, decimals):
    text = format_r(r, decimals).replace("\N{MINUS SIGN}", "-")
    if abs(r) < 1:
        assert abs(float(text.lstrip("<>"))) < 1
    assert abs(float(text.lstrip("<>")) - r) <= 10.0**-decimals
