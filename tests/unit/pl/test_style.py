"""Appearance and saving of figures."""

from __future__ import annotations

import matplotlib as mpl
import pytest
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
    written = save_figure(Figure(), tmp_path / "f.png", ["png", "svg"])
    assert [path.name for path in written] == ["f.png", "f.svg"]
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="cannot be written"):
        save_figure(Figure(), tmp_path / "file" / "f", ["pdf"])
