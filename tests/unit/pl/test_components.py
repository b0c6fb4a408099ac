"""Components and tree: legible names, explained colours."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_hex

from lotwise import pl
from lotwise.pl.style import OKABE_ITO


def draw(n_samples, n_batches, **given):
    samples = [f"S{i}" for i in range(n_samples)]
    table = pd.DataFrame({"sample": samples, "n_features": 5})
    table["batch"] = [f"B{i % n_batches}" for i in range(n_samples)]
    table["pc1"], table["pc2"] = np.arange(n_samples), np.arange(n_samples) % 7
    table["variance_share_1"], table["variance_share_2"] = 0.6, 0.3
    merges = pd.DataFrame(
        {
            "left": [samples[0], *(f"#{i}" for i in range(1, n_samples - 1))],
            "right": samples[1:],
            "height": np.arange(1, n_samples) / n_samples,
        }
    )
    return pl.components(table, merges=merges, **given)


@pytest.mark.parametrize("n_batches", [7, 8])
def test_components__names_are_black_and_marks_bear_the_colours(n_batches):
    figure = draw(16, n_batches)
    tree = figure.axes[1]
    assert {to_hex(label.get_color()) for label in tree.get_yticklabels()} == {"#000000"}
    for axis in figure.axes:
        colours = [to_hex(colour, keep_alpha=False) for colour in axis.collections[0].get_fc()]
        batches = [OKABE_ITO[i % n_batches].lower() for i in range(16)]
        assert colours == batches
    (legend,) = figure.legends
    assert [text.get_text() for text in legend.get_texts()] == [f"B{i}" for i in range(n_batches)]
    assert not figure.texts


def test_components__colours_that_come_again_are_said_and_not_explained():
    figure = draw(18, 9)
    assert not figure.legends
    assert [text.get_text() for text in figure.texts] == ["9 batches share 8 colours"]


@pytest.mark.parametrize(
    ("n_samples", "points", "tree"),
    [
        (30, "", ""),
        (31, "\nnames of 31 samples not shown", ""),
        (61, "\nnames of 61 samples not shown", "\nnames of 61 samples not shown"),
    ],
)
def test_components__titles_say_which_names_are_left_out(n_samples, points, tree):
    left, right = draw(n_samples, 3, pseudocount=0.1).axes
    assert left.get_title() == f"log2(TPM + 0.1) of 5 detected features{points}"
    assert right.get_title() == f"samples clustered by R over all features{tree}"
    assert len(right.get_yticklabels()) == (0 if tree else n_samples)
