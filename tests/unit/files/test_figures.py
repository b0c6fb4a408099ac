"""Figures as files."""

from __future__ import annotations

import matplotlib as mpl
import pytest
from matplotlib.figure import Figure

from lotwise.errors import InputError
from lotwise.files.figures import lotwise_style, save_figure


def test_lotwise_style__leaves_the_callers_settings():
    mpl.use("agg")
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


def test_save_figure__what_the_caller_set_holds_while_it_is_written(tmp_path):
    figure = Figure(facecolor="white")
    (opaque,) = save_figure(figure, tmp_path / "opaque", ["png"])
    (clear,) = save_figure(figure, tmp_path / "clear", ["png"], {"savefig.transparent": True})
    alpha = [mpl.image.imread(path)[0, 0, 3] for path in (opaque, clear)]
    assert alpha == [1.0, 0.0]
    assert not mpl.rcParams["savefig.transparent"]
