"""Interactive charts of the page."""

from __future__ import annotations

import pandas as pd
import pytest
from handmade import Tree

import lotwise
from lotwise.report.charts import detectable_chart, heatmap_chart
from lotwise.report.pictures import Picture
from lotwise.report.run_tables import read_findings

PAIR = {
    "sample_a": "S1",
    "sample_b": "S3",
    "batch_a": "A",
    "batch_b": "C",
    "relation": "between",
}


@pytest.fixture
def level(tmp_path):
    tree = Tree(tmp_path)
    tree.write_all()
    grid = {(2.0, 0.1): 0.99, (2.0, 0.5): 0.98, (4.0, 0.1): 0.96, (4.0, 0.5): 0.9}
    rows = [
        PAIR | {"fold": fold, "share": share, "pearson": r} for (fold, share), r in grid.items()
    ]
    tree.write("gene", "detectable", rows)
    tree.write("gene", "unseen", [PAIR | {"fold": 2.0, "threshold": 0.97, "share": 0.5}])
    return read_findings(tree.root).levels[0]


def test_heatmap_chart__its_colour_bar_has_several_numbers(level):
    picture = Picture(caption="", alt="", missing="x")
    chart = heatmap_chart(level, decimals=4, picture=picture)
    assert chart.spec["encoding"]["color"]["legend"]["tickCount"] == 5


def test_detectable_chart__says_what_is_drawn_in_the_words_of_the_figure(level):
    picture = Picture(caption="", alt="", missing="x")
    pair = next(row for row in level.pairs if row["sample_a"] == "S1" and row["sample_b"] == "S3")
    chart = detectable_chart(level, pair, decimals=4, picture=picture)
    assert "(R = 0.9700), R cannot detect the change. The linked figure is a map" in chart.caption
    drawn = chart.spec["layer"][0]["encoding"]
    table = pd.DataFrame(level.of_pair("detectable", pair))
    figure = lotwise.pl.detectable(table, r=0.97, features="genes")
    axes, bar = figure.axes
    # The two show one table: the axes of one are the axis, the colour and the lines of the other.
    assert drawn["x"]["title"] == axes.get_ylabel()
    assert drawn["color"]["title"] == axes.get_xlabel()
    assert drawn["y"]["title"] == bar.get_ylabel()
