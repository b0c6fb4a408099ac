"""Two samples that the user chooses, by the artists."""

from __future__ import annotations

import re

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest

import lotwise
from lotwise.errors import InputError


@pytest.fixture(scope="module")
def gene():
    return lotwise.datasets.three_batches().gene


def names_in(figure):
    return [text.get_text() for text in figure.axes[0].texts]


def test_scatter__draws_every_feature_and_prints_r(gene):
    figure = lotwise.pl.scatter(gene, "lot1", "lot3", label=["IL6", "g20"])
    axis = figure.axes[0]
    log_tpm = np.log2(gene.layers["tpm"][[0, 2]] + 1)
    np.testing.assert_allclose(axis.collections[0].get_offsets(), log_tpm.T)
    assert axis.get_title() == f"R = {np.corrcoef(log_tpm)[0, 1]:.4f} over 300 genes"
    assert sorted(names_in(figure)) == ["IL6", "g20"]
    # The frame does not cut points at zero.
    assert axis.get_xlim()[0] < 0
    assert axis.get_ylim()[0] < 0


def test_scatter__a_batch_is_the_mean_of_its_samples(gene):
    two = gene.copy()
    two.obs["batch"] = ["old", "old", "new"]
    figure = lotwise.pl.scatter(two, "old", "lot3")
    drawn = figure.axes[0].collections[0].get_offsets()[:, 0]
    np.testing.assert_allclose(drawn, np.log2(gene.layers["tpm"][:2].mean(axis=0) + 1))


def test_scatter__draws_into_axes_and_at_a_size(gene):
    mine, (_, right) = plt.subplots(1, 2)
    assert lotwise.pl.scatter(gene, "lot1", "lot2", ax=right) is mine
    assert right.collections
    plt.close(mine)
    figure = lotwise.pl.scatter(gene, "lot1", "lot2", figsize=(2.0, 2.5))
    assert figure.get_size_inches().tolist() == [2.0, 2.5]
    with pytest.raises(InputError, match="either 'ax' or 'figsize'"):
        lotwise.pl.scatter(gene, "lot1", "lot2", ax=right, figsize=(2, 2))


@pytest.mark.parametrize(
    ("call", "words"),
    [
        ({"sample_b": "lot9"}, "unknown sample or batch 'lot9'; did you mean 'lot"),
        ({"label": ["ILL6"]}, "unknown gene 'ILL6'; did you mean 'IL6'"),
        ({"layer": "cpm"}, "no layer 'cpm'"),
        ({"pseudocount": 0}, "pseudocount must be > 0, got 0"),
    ],
)
def test_scatter__wrong_names_are_refused_with_the_nearest(gene, call, words):
    with pytest.raises(InputError, match=words):
        lotwise.pl.scatter(gene, **({"sample_a": "lot1", "sample_b": "lot2"} | call))


def test_mean_difference__names_what_was_planted(gene):
    figure = lotwise.pl.mean_difference(gene, "lot1", "lot3", label=4)
    assert sorted(names_in(figure)) == ["CXCL8", "IL6", "MKI67", "TOP2A"]
    assert "genes differ more than 2-fold" in figure.axes[0].get_title()


def test_mean_difference__names_have_an_outline_and_lie_on_no_limit(gene):
    figure = lotwise.pl.mean_difference(gene, "lot1", "lot3", label=8)
    figure.draw_without_rendering()
    axis = figure.axes[0]
    limits = [line.get_ydata()[0] for line in axis.lines if line.get_label() != "_child1"]
    for text in axis.texts:
        assert text.get_path_effects()
        box = text.get_window_extent().transformed(axis.transData.inverted())
        middle = (box.y0 + box.y1) / 2
        assert all(abs(middle - limit) > box.height / 5 for limit in limits), text.get_text()


def test_mean_difference__limits_are_those_of_the_tool(gene):
    tooled = gene.copy()
    lotwise.tl.agreement(tooled)
    table = lotwise.get.evidence(tooled, "agreement")
    one = table[(table["sample_a"] == "lot1") & (table["sample_b"] == "lot3")]
    given = lotwise.pl.mean_difference(gene, "lot1", "lot3", table=one).axes[0]
    own = lotwise.pl.mean_difference(gene, "lot1", "lot3").axes[0]
    assert [line.get_ydata()[0] for line in own.lines] == [
        line.get_ydata()[0] for line in given.lines
    ]


def test_mean_difference__names_lie_apart_and_inside(gene):
    figure = lotwise.pl.mean_difference(gene, "lot1", "lot3", label=15)
    figure.canvas.draw()
    axis = figure.axes[0]
    boxes = [text.get_window_extent() for text in axis.texts]
    overlaps = sum(a.overlaps(b) for i, a in enumerate(boxes) for b in boxes[:i])
    assert overlaps <= 1
    frame = figure.bbox
    assert all(frame.x0 <= box.x0 and box.x1 <= frame.x1 for box in boxes)


def test_figures__follow_fonts_and_dark_styles_of_the_user(gene):
    with mpl.rc_context({**mpl.style.library["dark_background"], "font.size": 16}):
        figure = lotwise.pl.mean_difference(gene, "lot1", "lot3")
        annotated = gene.copy()
        lotwise.tl.correlate(annotated)
        matrix = lotwise.pl.scatter_matrix(annotated)
    assert figure.get_facecolor()[:3] == (0, 0, 0)
    assert {text.get_color() for text in figure.axes[0].texts} == {"white"}
    assert {text.get_fontsize() for text in figure.axes[0].texts} == {12.0}
    cloud = matrix.axes[0].images[0].get_array()
    assert (cloud[..., :3] == 255).all()


def test_figures__work_with_constrained_layout_and_autolayout(gene):
    annotated = gene.copy()
    lotwise.tl.correlate(annotated)
    for name in ("figure.constrained_layout.use", "figure.autolayout"):
        with mpl.rc_context({name: True}):
            lotwise.pl.heatmap(annotated, order="clustered").draw_without_rendering()


def test_figures__plain_savefig_cuts_no_text(gene):
    annotated = gene.copy()
    annotated.obs_names = [f"a_rather_long_name_{i}" for i in range(3)]
    lotwise.tl.correlate(annotated)
    lotwise.tl.components(annotated)
    tables = [lotwise.get.evidence(annotated, name) for name in ("components", "clustering")]
    for figure in (
        lotwise.pl.heatmap(annotated, note="a note"),
        lotwise.pl.scatter_matrix(annotated, note="a note"),
        lotwise.pl.components(tables[0], merges=tables[1]),
    ):
        lotwise.pl.add_note(figure, "another note")
        figure.draw_without_rendering()
        width, height = figure.get_size_inches()
        box = figure.get_tightbbox()
        assert box.x0 >= -0.02
        assert box.y0 >= -0.02
        assert box.x1 <= width + 0.02
        assert box.y1 <= height + 0.02


def test_add_note__covers_neither_legend_nor_line(gene):
    annotated = gene.copy()
    lotwise.tl.components(annotated)
    tables = [lotwise.get.evidence(annotated, name) for name in ("components", "clustering")]
    figure = lotwise.pl.components(tables[0], merges=tables[1])
    for words in ("one note", "another note"):
        lotwise.pl.add_note(figure, words)
    figure.canvas.draw()
    first, second = (text.get_window_extent() for text in figure.texts)
    assert not first.overlaps(second)
    for other in (*figure.legends, *(axis.xaxis.label for axis in figure.axes)):
        assert not other.get_window_extent().overlaps(first)


@pytest.mark.parametrize(
    "palette", ["Set2", "husl", ["red", "blue"], {"lot1": "r", "lot2": "g", "lot3": "b"}]
)
def test_figures__take_a_palette(gene, palette):
    annotated = gene.copy()
    lotwise.tl.correlate(annotated)
    figure = lotwise.pl.scatter_matrix(annotated, palette=palette, diagonal="density")
    assert len(figure.axes[0].patches) == 6
    assert lotwise.pl.heatmap(annotated, palette=palette).legends
    with pytest.raises(InputError, match="no colour for 'lot1'"):
        lotwise.pl.heatmap(annotated, palette={})
    with pytest.raises(InputError, match="unknown palette 'nonsense'"):
        lotwise.pl.heatmap(annotated, palette="nonsense")


def test_add_note__is_below_the_axes_in_the_file_too(gene, tmp_path):
    figure = lotwise.pl.scatter(gene, "lot1", "lot3")
    lotwise.pl.add_note(figure, "simulated data")
    (written,) = lotwise.pl.save_figure(figure, tmp_path / "scatter", ["svg"])
    found = re.findall(r'<text [^>]*?y="([\d.]+)"[^>]*>([^<]+)</text>', written.read_text())
    at = {words: float(y) for y, words in found}
    assert at["simulated data"] > at["lot1, log2(TPM + 1)"] + 8
