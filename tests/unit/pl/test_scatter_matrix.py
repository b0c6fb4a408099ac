"""The scatter matrix by its artists and by its files."""

from __future__ import annotations

from xml.etree import ElementTree as ET

import numpy as np
import pytest
from matplotlib.collections import LineCollection

import lotwise
from lotwise.errors import InputError
from lotwise.pl.scatter_matrix import Layout

HOSTILE = ["<script>alert(1)</script>", "a_$x$ \\frac{", "n" * 200]


def texts(figure, gid):
    return [text.get_text() for text in figure.axes[0].texts if text.get_gid() == gid]


@pytest.mark.parametrize("style", ["paper", "density"])
@pytest.mark.parametrize("n_samples", [2, 5])
def test_scatter_matrix__one_cloud_one_line_and_one_r_a_pair(simulate, n_samples, style):
    expression = simulate(n_samples)
    figure = lotwise.pl.scatter_matrix(expression, style=style, decimals=5)
    axes = figure.axes[0]
    n_pairs = n_samples * (n_samples - 1) // 2
    assert len(axes.images) == n_pairs
    lines = [item for item in axes.collections if isinstance(item, LineCollection)]
    assert len(lines[0].get_segments()) == n_pairs
    r = lotwise.get.evidence(expression, "pairs")["pearson"]
    assert texts(figure, "r") == [f"R = {value:.5f}" for value in r]
    assert texts(figure, "name") == expression.obs_names.to_list()
    assert axes.get_xlim() == axes.get_ylim() == (0, n_samples)


def test_scatter_matrix__every_feature_is_in_its_pixel(simulate):
    expression = simulate(3)
    figure = lotwise.pl.scatter_matrix(expression, style="density")
    logs = np.log2(expression.layers["tpm"] + 1)
    layout = Layout.of(3, logs)
    assert logs.max() < layout.upper
    # Points at zero stand clear of the frame.
    assert layout.share(np.zeros(1))[0] > 0
    for image, (row, column) in zip(figure.axes[0].images, [(1, 0), (2, 0), (2, 1)], strict=True):
        counted = image.get_array()
        assert counted.sum() == expression.n_vars
        n = counted.shape[0]
        x, y = ((layout.share(logs[i]) * n).astype(int) for i in (column, row))
        assert counted[y[7], x[7]] >= 1
        left, right, below, above = image.get_extent()
        assert (int(left), int(below)) == (column, 2 - row)
        assert right - left == pytest.approx(above - below)


def test_scatter_matrix__identity_lines_run_from_corner_to_corner(simulate):
    figure = lotwise.pl.scatter_matrix(simulate(3))
    lines = next(c for c in figure.axes[0].collections if isinstance(c, LineCollection))
    extents = [image.get_extent() for image in figure.axes[0].images]
    for segment, (left, right, below, above) in zip(lines.get_segments(), extents, strict=True):
        np.testing.assert_allclose(segment, [[left, below], [right, above]])


def test_scatter_matrix__words(simulate):
    expression = simulate(3, batches=["A", "A", "B"])
    figure = lotwise.pl.scatter_matrix(expression, note="simulated $x$")
    assert texts(figure, "name") == ["A\nS0", "A\nS1", "B\nS2"]
    assert "Isoform level: Pearson's R over all 500 isoforms" in figure.axes[0].get_title()
    (note,) = [text for text in figure.texts if text.get_text() == "simulated $x$"]
    assert not note.get_parse_math()
    assert figure.axes[0].get_xlabel() == "log2(TPM + 1)"


def test_scatter_matrix__pseudocount_of_the_correlation_is_drawn(simulate):
    expression = simulate(2)
    lotwise.tl.correlate(expression, pseudocount=0.1, sets=("all",))
    figure = lotwise.pl.scatter_matrix(expression)
    assert figure.axes[0].get_xlabel() == "log2(TPM/0.1 + 1)"


def test_scatter_matrix__undefined_r_is_said(simulate):
    expression = simulate(3)
    expression.obsp["pearson"][2] = expression.obsp["pearson"][:, 2] = np.nan
    shown = texts(lotwise.pl.scatter_matrix(expression), "r")
    assert shown[1:] == ["R not defined"] * 2
    assert shown[0].startswith("R = 0.9")


@pytest.mark.parametrize("suffix", ["pdf", "svg", "png"])
def test_scatter_matrix__hostile_names_are_text(simulate, tmp_path, suffix):
    expression = simulate(3, names=HOSTILE)
    figure = lotwise.pl.scatter_matrix(expression, title="$\\bad", note="50 $ and $\\x$")
    for text in figure.axes[0].texts:
        assert text.get_gid() != "name" or not text.get_parse_math()
    (path,) = lotwise.pl.save_figure(figure, tmp_path / "f", [suffix])
    if suffix == "svg":
        root = ET.parse(path).getroot()  # noqa: S314, a file that this test made
        assert not [item for item in root.iter() if item.tag.lower().endswith("script")]
        assert "a_$x$" in "".join(root.itertext())


def test_scatter_matrix__too_many_samples(simulate):
    with pytest.raises(InputError, match="a scatter matrix is legible up to 40 samples, got 41"):
        lotwise.pl.scatter_matrix(simulate(41, 20))


def test_scatter_matrix__needs_correlation(simulate):
    expression = simulate(2)
    del expression.obsp["pearson"]
    with pytest.raises(InputError, match=r"no 'pearson' in obsp; call lotwise\.tl\.correlate"):
        lotwise.pl.scatter_matrix(expression)


def test_scatter_matrix__files_stay_small_at_full_size(simulate, tmp_path):
    figure = lotwise.pl.scatter_matrix(simulate(24, 205_870))
    assert len(figure.axes[0].images) == 276
    for path in lotwise.pl.save_figure(figure, tmp_path / "f", ["png", "pdf", "svg"]):
        assert 50_000 < path.stat().st_size < 3_000_000, path


@pytest.mark.parametrize("draw", [lotwise.pl.scatter_matrix, lotwise.pl.heatmap])
def test_figures__drawn_twice_are_equal_files(simulate, tmp_path, draw):
    for stem in ("a", "b"):
        lotwise.pl.save_figure(draw(simulate(3)), tmp_path / stem, ["pdf", "svg", "png"])
    for suffix in ("pdf", "svg", "png"):
        one, two = (tmp_path / f"{stem}.{suffix}" for stem in "ab")
        assert one.read_bytes() == two.read_bytes()
