"""How R is printed, and how figures are saved."""

from __future__ import annotations

import matplotlib as mpl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.figure import Figure

from lotwise.errors import InputError
from lotwise.pl.style import OKABE_ITO, colours_of, format_r, lotwise_style, save_figure


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


def test_colours_of__each_batch_has_one_and_they_come_again():
    batches = [str(i % 10) for i in range(20)]
    colours = colours_of(batches)
    assert list(colours) == [str(i) for i in range(10)]
    assert list(colours.values()) == [*OKABE_ITO, *OKABE_ITO[:2]]


def test_lotwise_style__leaves_the_callers_settings():
    before = mpl.rcParams.copy()
    with lotwise_style():
        assert mpl.rcParams["svg.fonttype"] == "none"
    assert mpl.rcParams == before


def test_save_figure__writes_each_format_or_none(tmp_path):
    written = save_figure(Figure(), tmp_path / "a" / "f.x", ["pdf", "png"])
    assert [path.name for path in written] == ["f.x.pdf", "f.x.png"]
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="cannot be written"):
        save_figure(Figure(), tmp_path / "file" / "f", ["pdf"])
