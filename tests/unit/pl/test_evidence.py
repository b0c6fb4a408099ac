"""Figures of the statistics, tested on what they draw."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import lotwise
from lotwise import get, pl
from lotwise.errors import InputError


def batches_table():
    return pd.DataFrame(
        {
            "batch": ["A", "B"],
            "median_to_others": [0.98, 0.9],
            "within": [0.99, np.nan],
            "prediction_lower": [0.95, 0.96],
            "prediction_upper": [0.99, 0.99],
            "tolerance_lower": [0.2, 0.5],
            "tolerance_upper": [0.999, 0.999],
            "reason": "",
        }
    )


def grid(n_folds=2):
    return pd.DataFrame(
        {
            "share": np.repeat([0.0, 0.2, 0.5], n_folds),
            "fold": np.tile([2.0, 4.0][:n_folds], 3),
            "pearson": np.linspace(1, 0.9, 3 * n_folds),
        }
    )


def test_batches__draws_each_batch_at_its_value():
    axis = pl.batches(batches_table()).axes[0]
    points = axis.lines[0]
    np.testing.assert_array_equal(points.get_xdata(), [0.98, 0.9])
    assert [label.get_text() for label in axis.get_yticklabels()] == ["A", "B"]
    low, high = axis.get_xlim()
    assert 0.85 < low < 0.9  # the axis shows the points, not the far end of a tolerance interval
    assert high > 1


def test_batches__names_only_what_is_drawn_and_says_why_there_are_no_limits():
    words = [text.get_text() for text in pl.batches(batches_table()).axes[0].legend_.texts]
    assert words == ["tolerance", "prediction", "median R to the others", "within the batch"]
    limits = [name for name in batches_table() if name.endswith(("lower", "upper"))]
    without = batches_table().assign(**dict.fromkeys(limits, np.nan), reason="too few batches")
    figure = pl.batches(without)
    words = [text.get_text() for text in figure.axes[0].legend_.texts]
    assert words == ["median R to the others", "within the batch"]
    assert [text.get_text() for text in figure.texts] == ["no limits: too few batches"]


def test_detectable__draws_the_line_of_r_where_the_grid_reaches_it():
    reached = pl.detectable(grid(), r=0.95)
    assert "the line (R = 0.9500)" in reached.axes[0].get_title()
    beyond = pl.detectable(grid(), r=0.5)
    assert len(beyond.axes[0].collections) < len(reached.axes[0].collections)
    with pytest.raises(InputError, match="must contain one pair"):
        pl.detectable(grid(1), r=0.95)
    with pytest.raises(InputError, match="must contain one pair"):
        pl.detectable(pd.concat([grid(), grid()]), r=0.95)


@pytest.mark.parametrize(
    ("r", "words", "drawn"),
    [
        (0.95, "changes below the line (R = 0.9500) remain undetected", True),
        (1.0, "changes below the line (R = 1.0000) remain undetected", True),
        (0.9, "every change tried remains undetected", False),
        (0.5, "every change tried remains undetected", False),
        (1.1, "every change tried is detected", False),
    ],
)
@pytest.mark.filterwarnings("error")
def test_detectable__title_says_what_passes_where_there_is_no_line(r, words, drawn):
    axis = pl.detectable(grid(), r=r, title="A and B").axes[0]
    assert axis.get_title() == f"A and B:\n{words}"
    assert pl.detectable(grid(), r=r).axes[0].get_title() == words
    assert (len(axis.collections) == 2) == drawn


@pytest.mark.parametrize("r", [np.linspace(0.95, 1, 6), np.ones(6), np.linspace(-0.2, 0.6, 6)])
def test_detectable__colours_end_at_1_and_cover_the_grid(r):
    figure = pl.detectable(grid().assign(pearson=r), r=0.97)
    low, high = figure.axes[1].get_ylim()
    assert low <= r.min()
    assert r.max() <= high <= 1


@pytest.mark.parametrize(
    ("tpm", "text"), [(99.7, "100"), (9.97, "10"), (12.3, "12"), (250.4, "250"), (0.5, "0.5")]
)
def test_identity__prints_tpm_without_exponent(tpm, text):
    row = {"panel": "p", "sample": "A", "marker": "M", "expected": "present", "holds": "yes"}
    axis = pl.identity(pd.DataFrame([row | {"tpm": tpm}])).axes[0]
    assert [one.get_text() for one in axis.texts] == [text]


def test_figures__say_whether_features_are_genes_or_isoforms():
    drawn = pl.batches(batches_table(), features="isoforms").axes[0]
    assert drawn.get_xlabel() == "Pearson's R of log2(TPM + c) over all isoforms"
    row = {"sample": "A", "factor": 1.1, "global_change": np.nan, "reason": ""}
    drawn = pl.composition(pd.DataFrame([row]), unit="CPM", features="genes").axes[0]
    assert drawn.get_title() == "CPM of unchanged genes, relative to the other samples"
    row = {"lower": 0.1, "upper": 0.3, "difference": 0.2, "margin": np.nan}
    row |= {"n_batches": 6, "n_samples": 24, "equivalent": "not assessable"}
    drawn = pl.batch_equivalence(pd.DataFrame([row]), features="genes").axes[0]
    assert drawn.get_title() == "6 batches, 24 samples, no margin:\nequivalence not assessable"
    assert "R over all genes" in drawn.get_xlabel()


def test_variance__without_a_factor_gives_the_reason():
    """The residual alone is 100 % of every feature: its violin was a wedge that says nothing."""
    gene = lotwise.datasets.three_batches().gene
    lotwise.tl.variance(gene)
    tables = [get.evidence(gene, f"variance{part}") for part in ("", "_density")]
    (axis,) = pl.variance(tables[0], density=tables[1]).axes
    said = " ".join(text.get_text() for text in axis.texts)
    reason = "each batch has one sample, so the effect of batch is part of the residual"
    assert " ".join(said.split()) == f"not drawn: batch: {reason}"
    assert not axis.collections


def test_variance__a_long_reason_is_no_wider_than_the_figure():
    shares = [
        {"factor": "batch", "share": 0.5, "n_features": 3, "reason": ""},
        {"factor": "donor", "share": np.nan, "n_features": 0, "reason": "a long reason " * 12},
    ]
    density = {"factor": "batch", "share_from": 0.0, "share_to": 1.0, "fraction": [1.0]}
    figure = pl.variance(pd.DataFrame(shares), density=pd.DataFrame(density))
    figure.draw_without_rendering()
    assert figure.texts[0].get_window_extent().width <= figure.bbox.width


def test_variance__violins_end_at_0_and_100_per_cent():
    shares = [{"factor": "batch", "share": 0.5, "n_features": 3, "reason": ""}]
    edges = np.linspace(0, 1, 5)
    density = {"factor": "batch", "share_from": edges[:-1], "share_to": edges[1:], "fraction": 0.25}
    axis = pl.variance(pd.DataFrame(shares), density=pd.DataFrame(density)).axes[0]
    heights = axis.collections[0].get_paths()[0].vertices[:, 1]
    assert (heights.min(), heights.max()) == (0, 100)


@pytest.mark.parametrize(("given", "words"), [({}, "c"), ({"pseudocount": 0.1}, "0.1")])
def test_figures__axes_name_the_pseudocount_where_it_is_known(given, words):
    axis = pl.batches(batches_table(), **given).axes[0]
    assert axis.get_xlabel() == f"Pearson's R of log2(TPM + {words}) over all features"
    row = {"sample_a": "A", "sample_b": "B", "bin": 0, "n_features": 3, "bias": 0.0}
    row |= {"lower": -1.0, "upper": 1.0, "share_over_2_fold": 0.1, "mean_from": 0.0, "mean_to": 1.0}
    row |= {"robust_lower": -1.0, "robust_upper": 1.0}
    with pytest.warns(FutureWarning, match=r"are now \(expression, sample_a, sample_b\)"):
        drawn = pl.mean_difference(np.arange(3.0), np.ones(3), table=pd.DataFrame([row]), named={})
    assert drawn.axes[0].get_xlabel() == "mean log2 TPM"


def test_identity__marks_what_does_not_hold_and_leaves_the_unannotated_blank():
    table = pd.DataFrame(
        {
            "panel": "p",
            "sample": ["A", "A", "B", "B"],
            "marker": ["CD34", "CD19", "CD34", "CD19"],
            "expected": "absent",
            "tpm": [250.0, np.nan, 0.004, np.nan],
            "holds": ["no", "not annotated", "yes", "not annotated"],
        }
    )
    axis = pl.identity(table).axes[0]
    assert [text.get_text() for text in axis.texts] == ["250 \N{MULTIPLICATION SIGN}", "<0.01"]
    cross = "\N{MULTIPLICATION SIGN}: expectation not met"
    assert axis.get_title() == f"p: TPM (grey: not annotated; {cross})"
    of_one = pl.identity(table[table["marker"] == "CD34"]).axes[0]
    assert of_one.get_title() == f"p: TPM ({cross})"
    assert pl.identity(table[2:3]).axes[0].get_title() == "p: TPM", "no cell is grey or crossed"
    image = axis.images[0].get_array()
    np.testing.assert_array_equal(np.ma.getmaskarray(image), [[False, True], [False, True]])
    with pytest.raises(InputError, match="got several"):
        pl.identity(table.assign(panel=["p", "q", "p", "q"]))


def test_isoform_switches__bars_reach_one_and_the_sixth_isoform_is_grey():
    usage = pd.DataFrame(
        {
            "gene_id": "g",
            "isoform": [f"t{i}" for i in range(7)] * 2,
            "batch": np.repeat(["1", "2"], 7),
            "share": [0.4, 0.2, 0.1, 0.1, 0.1, 0.05, 0.05] * 2,
        }
    )
    table = pd.DataFrame({"gene_id": ["g"], "distance": [0.3], "p_adjusted": [np.nan]})
    figure = pl.isoform_switches(table, usage=usage)
    axis = figure.axes[0]
    tops = [bar.get_y() + bar.get_height() for bar in axis.containers[-1]]
    np.testing.assert_allclose(tops, 1)
    assert len(axis.containers) == 6
    assert axis.get_title() == "g: distance 0.30, no p-value"
    named = [text.get_text() for text in axis.get_legend().get_texts()]
    assert named == ["others", "t4", "t3", "t2", "t1", "t0"], "as in the stack, from the top"
    assert figure.texts[0].get_text().startswith("no p-value without bootstraps")
    known = pl.isoform_switches(table.assign(p_adjusted=0.01), usage=usage)
    assert not known.texts
    with pytest.raises(InputError, match="'usage' contains no isoform of gene 'h'"):
        pl.isoform_switches(table.assign(gene_id="h"), usage=usage)


@pytest.mark.parametrize("draw", [pl.sensitivity, pl.batches, pl.identity])
def test_figures__an_empty_table_is_refused(draw):
    with pytest.raises(InputError, match="is empty"):
        draw(pd.DataFrame())
