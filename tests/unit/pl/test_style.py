"""Appearance and saving of figures."""

from __future__ import annotations

import re
import zlib

import matplotlib as mpl
import pytest
from fontTools.subset import Options
from matplotlib.figure import Figure

from lotwise.errors import InputError
from lotwise.pl.style import OKABE_ITO, colours_of, lotwise_style, save_figure


def test_colours_of__each_batch_has_one_and_they_come_again():
    batches = [str(i % 10) for i in range(20)]
    colours = colours_of(batches)
    assert list(colours) == [str(i) for i in range(10)]
    assert list(colours.values()) == [*OKABE_ITO, *OKABE_ITO[:2]]


def test_lotwise_style__leaves_the_callers_settings():
    mpl.get_backend()  # chosen when it is first asked for
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


def test_save_figure__fonts_of_a_pdf_hold_glyphs_and_no_layout(tmp_path):
    figure = Figure()
    figure.text(0.5, 0.5, "lotwise")
    usual = list(Options._drop_tables_default)
    [path] = save_figure(figure, tmp_path / "words", ("pdf",))
    streams = re.findall(rb"stream\r?\n(.*?)\r?\nendstream", path.read_bytes(), re.DOTALL)
    fonts = [one for one in map(inflated, streams) if b"glyf" in one[:400]]
    assert len(fonts) == 1
    assert b"GSUB" not in fonts[0][:400]
    assert list(Options._drop_tables_default) == usual


def inflated(stream):
    try:
        return zlib.decompress(stream)
    except zlib.error:
        return stream
