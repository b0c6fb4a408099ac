"""The heatmap by its artists."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pytest

import lotwise
from lotwise.errors import InputError
from lotwise.wording import percent


def heat(figure):
    return max(figure.axes, key=lambda axes: len(axes.texts))


def test_heatmap__numbers_off_the_diagonal_and_colours_of_their_range(simulate):
    expression = simulate(4)
    figure = lotwise.pl.heatmap(expression, decimals=5)
    axes = heat(figure)
    r = expression.obsp["pearson"]
    printed = [text.get_text() for text in axes.texts if text.get_text()]
    between = r[~np.eye(4, dtype=bool)]
    assert [text for text in printed if text != "1.00000"] == [f"{value:.5f}" for value in between]
    low, high = axes.collections[0].get_clim()
    assert (low, high) == (between.min(), between.max())
    assert [tick.get_text() for tick in axes.get_yticklabels()] == ["S0", "S1", "S2", "S3"]


def test_heatmap__clustered_puts_like_beside_like(simulate):
    expression = simulate(4)
    r = np.full((4, 4), 0.5)
    r[0, 2] = r[2, 0] = r[1, 3] = r[3, 1] = 0.99
    np.fill_diagonal(r, 1)
    expression.obsp["pearson"] = r
    axes = heat(lotwise.pl.heatmap(expression, order="clustered"))
    order = [tick.get_text() for tick in axes.get_yticklabels()]
    assert {frozenset(order[:2]), frozenset(order[2:])} == {
        frozenset({"S0", "S2"}), frozenset({"S1", "S3"}),
    }  # fmt: skip


@pytest.mark.parametrize("order", ["given", "clustered"])
def test_heatmap__undefined_samples_come_last_or_stay(simulate, order):
    expression = simulate(4)
    expression.obsp["pearson"][1] = expression.obsp["pearson"][:, 1] = np.nan
    axes = heat(lotwise.pl.heatmap(expression, order=order))
    names = [tick.get_text() for tick in axes.get_yticklabels()]
    assert names.index("S1") == (1 if order == "given" else 3)


def test_heatmap__identical_samples_have_a_range(simulate):
    expression = simulate(3)
    expression.obsp["pearson"][:] = 1.0
    low, high = heat(lotwise.pl.heatmap(expression)).collections[0].get_clim()
    assert low < high == 1


def test_heatmap__hostile_names_are_text(simulate, tmp_path):
    names = ["<script>x</script>", "a_$x$ \\frac{", "n" * 200]
    figure = lotwise.pl.heatmap(simulate(3, names=names), note="$\\bad and $")
    written = lotwise.pl.save_figure(figure, tmp_path / "h", ["pdf", "svg"])
    assert "<script>" not in written[1].read_text()
    assert "a_$x$" in written[1].read_text()


def test_heatmap__leaves_nothing_with_pyplot(simulate):
    before = plt.get_fignums()
    lotwise.pl.heatmap(simulate(2))
    assert plt.get_fignums() == before


def test_heatmap__needs_the_matrix(simulate):
    expression = simulate(2)
    del expression.obsp["spearman"]
    with pytest.raises(InputError, match="no 'spearman' in obsp"):
        lotwise.pl.heatmap(expression, statistic="spearman")


def test_heatmap__title_says_what_r_is_of(simulate):
    expression = simulate(3)
    lotwise.tl.correlate(expression, pseudocount=0.1)
    (title,) = lotwise.pl.heatmap(expression).texts[:1]
    zero = expression.layers["tpm"] == 0
    share = percent((zero[0] & zero[1]).mean(), 2)
    words = f"over all 500 isoforms\n({share} of them are zero in both samples)"
    assert f"R of log2(TPM + 0.1) {words}" in title.get_text()


def test_figures__of_a_foreign_r(simulate):
    """A foreign matrix can be shown as a heatmap, but a scatter matrix would need its values."""
    expression = simulate(3)
    del expression.uns["lotwise"]
    (title,) = lotwise.pl.heatmap(expression).texts[:1]
    assert title.get_text() == "Gene level: Pearson's R, in the order given"
    with pytest.raises(InputError, match=r"does not say how R was computed; call lotwise\.tl"):
        lotwise.pl.scatter_matrix(expression)


def test_heatmap__needs_batches(simulate):
    expression = simulate(3)
    del expression.obs["batch"]
    with pytest.raises(InputError, match="no obs column 'batch'"):
        lotwise.pl.heatmap(expression)


def test_scatter_matrix__title_of_a_subset_is_of_its_samples(simulate):
    expression = simulate(3)
    expression.layers["tpm"][2, 50:] = 0
    lotwise.tl.correlate(expression)
    subset = expression[:2].copy()
    zero = (subset.layers["tpm"] == 0).all(axis=0).mean()
    title = lotwise.pl.scatter_matrix(subset).axes[0].title
    assert title.get_text().endswith(f"({percent(zero, 2)} of them are zero in both samples)")


def test_heatmap__names_of_24_samples_are_legible_on_a_page(simulate):
    figure = lotwise.pl.heatmap(simulate(24, 50))
    width, _ = figure.get_size_inches()
    (size,) = {label.get_fontsize() for label in figure.axes[0].get_yticklabels()}
    # On paper the figure is at most 7 inches wide.
    assert size * min(1, 7 / width) >= 5


@pytest.mark.parametrize(
    ("n_samples", "n_batches", "words"),
    [
        (9, 8, "in the order given"),
        (9, 9, "\n9 batches share 8 colours"),
        (81, 2, "\nnames of 81 samples not shown"),
        (81, 81, "\n81 batches share 8 colours; names of 81 samples not shown"),
    ],
)
def test_heatmap__title_says_what_cannot_be_told(simulate, n_samples, n_batches, words):
    expression = simulate(n_samples, 50, batches=[f"B{i % n_batches}" for i in range(n_samples)])
    figure = lotwise.pl.heatmap(expression)
    assert figure.texts[0].get_text().endswith(words)
    assert len(figure.legends) == (n_batches <= 8)
