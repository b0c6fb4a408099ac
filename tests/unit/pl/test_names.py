"""Names that look like formulas are drawn as text in every figure."""

from __future__ import annotations

from xml.etree import ElementTree as ET

import numpy as np
import pandas as pd
import pytest
from matplotlib.text import Text

import lotwise
from lotwise import pl

NAMES = ["$A_{$", "a_$x$b$", "$\\frac{$"]
PAIR = {"sample_a": NAMES[0], "sample_b": NAMES[1]}


def of_batches():
    table = pd.DataFrame({"batch": NAMES, "median_to_others": [0.98, 0.9, 0.95]})
    names = ("within", *(f"{kind}_{end}" for kind in ("prediction", "tolerance")
                         for end in ("lower", "upper")))  # fmt: skip
    return pl.batches(table.assign(**dict.fromkeys(names, np.nan), reason=NAMES[0]))


def of_components():
    table = pd.DataFrame(
        {
            "sample": NAMES,
            "batch": NAMES,
            "pc1": [0.0, 1.0, 2.0],
            "pc2": [1.0, 0.0, 2.0],
            "variance_share_1": 0.6,
            "variance_share_2": 0.4,
            "n_features": 5,
        }
    )
    merges = pd.DataFrame(
        {"left": [NAMES[0], "#1"], "right": [NAMES[1], NAMES[2]], "height": [0.1, 0.2]}
    )
    return pl.components(table, merges=merges)


def of_difference():
    row = {
        "bin": 0, "n_features": 3, "bias": 0.0, "lower": -1.0, "upper": 1.0,
        "robust_lower": -1.0, "robust_upper": 1.0, "mean_from": 0.0, "mean_to": 1.0,
        "share_over_2_fold": 0.1,
    }  # fmt: skip
    table = pd.DataFrame([PAIR | row])
    with pytest.warns(FutureWarning, match="vectors are accepted"):
        return pl.mean_difference(np.arange(3.0), np.ones(3), table=table, named={NAMES[2]: 1})


def of_detectable():
    grid = pd.DataFrame(
        {"share": [0.1, 0.1, 0.2, 0.2], "fold": [2.0, 4.0] * 2, "pearson": [0.99, 0.98, 0.95, 0.9]}
    )
    return pl.detectable(grid, r=0.97, title=f"{NAMES[0]} and {NAMES[1]}")


def of_usage():
    table = pd.DataFrame({"gene_id": NAMES[:1], "distance": [0.5], "p_adjusted": [0.01]})
    usage = pd.DataFrame(
        {"gene_id": NAMES[0], "isoform": NAMES * 2, "batch": np.repeat(NAMES[:2], 3), "share": 0.3}
    )
    return pl.isoform_switches(table, usage=usage)


def of_markers():
    table = pd.DataFrame({"panel": NAMES[0], "sample": NAMES, "marker": NAMES[1], "tpm": 3.0})
    return pl.identity(table.assign(expected=NAMES[2], holds="yes"))


@pytest.mark.parametrize(
    "draw",
    [
        of_batches,
        of_components,
        of_difference,
        of_detectable,
        of_usage,
        of_markers,
        lambda: pl.nothing(NAMES[0]),
    ],
)
def test_figures__names_that_look_like_formulas_are_text(draw, tmp_path):
    figure = draw()
    (path,) = pl.save_figure(figure, tmp_path / "f", ["svg"])
    written = "".join(ET.parse(path).getroot().itertext())  # noqa: S314, a file that this test made
    named = [name for name in NAMES if name in written]
    assert named
    assert not any(text.get_parse_math() for text in figure.findobj(Text) if "$" in text.get_text())


def test_scatter_matrix__colour_scale_is_in_numbers(simulate, tmp_path):
    figure = pl.scatter_matrix(simulate(3, 20_000), style="density")
    pl.save_figure(figure, tmp_path / "f", ["png"])
    labels = [label.get_text() for label in figure.axes[1].get_yticklabels(which="both")]
    assert {"1", "10"} < set(labels)
    assert not [text for text in labels if "$" in text]


LONG = [f"lot_2026-11-30_bioreactor_50L_passage_12_cryopreserved_vial_{i}" for i in range(3)]


def heatmap_of_long_names():
    gene = lotwise.datasets.three_batches().gene
    gene.obs_names = LONG
    gene.obs["batch"] = LONG
    lotwise.tl.correlate(gene)
    return pl.heatmap(gene, order="clustered")


def batches_of_long_names():
    table = pd.DataFrame({"batch": LONG, "median_to_others": [0.98, 0.9, 0.95]})
    names = ("within", *(f"{kind}_{end}" for kind in ("prediction", "tolerance")
                         for end in ("lower", "upper")))  # fmt: skip
    return pl.batches(table.assign(**dict.fromkeys(names, np.nan), reason="too few"))


def usage_of_long_names():
    table = pd.DataFrame({"gene_id": ["g"], "distance": [0.5], "p_adjusted": [0.01]})
    usage = pd.DataFrame({"gene_id": "g", "isoform": "t", "batch": LONG, "share": 1.0})
    return pl.isoform_switches(table, usage=usage)


def scatter_of_long_names():
    gene = lotwise.datasets.three_batches().gene
    gene.obs_names = LONG
    return pl.scatter(gene, LONG[0], LONG[1])


@pytest.mark.parametrize(
    ("draw", "least"),
    [
        (heatmap_of_long_names, 2.5),
        (scatter_of_long_names, 2),
        (batches_of_long_names, 3),
        (usage_of_long_names, 1),
    ],
)
def test_figures__long_names_leave_room_for_the_axes_and_are_not_clipped(draw, least):
    figure = draw()
    figure.draw_without_rendering()
    box = max((axis.get_window_extent() for axis in figure.axes), key=lambda box: box.width)
    assert box.width / figure.dpi >= least
    edge, texts = figure.bbox, [text for axis in figure.axes for text in axis.findobj(Text)]
    named = [text.get_window_extent() for text in texts if "lot_" in text.get_text()]
    assert named
    for of_text in named:
        assert edge.x0 - 1 <= of_text.x0 <= of_text.x1 <= edge.x1 + 1
        assert edge.y0 - 1 <= of_text.y0 <= of_text.y1 <= edge.y1 + 1
