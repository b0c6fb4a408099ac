"""Figures with more rows than are legible show a selection, and say so."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.collections import QuadMesh

import lotwise


def _batches(n):
    median = np.linspace(0.99, 0.9, n)
    return pd.DataFrame(
        {
            "batch": [f"B{i}" for i in range(n)],
            "median_to_others": median,
            "within": np.nan,
            "prediction_lower": 0.9,
            "prediction_upper": 0.99,
            "tolerance_lower": 0.8,
            "tolerance_upper": 1.0,
        }
    )


def test_batches__shows_the_lowest_of_many():
    axis = lotwise.pl.batches(_batches(250)).axes[0]
    named = [label.get_text() for label in axis.get_yticklabels()]
    assert named == [f"B{i}" for i in range(249, 189, -1)]
    assert "the 60 of 250 with the lowest median" in axis.get_title()


def test_batches__shows_all_of_sixty():
    axis = lotwise.pl.batches(_batches(60)).axes[0]
    assert len(axis.get_yticklabels()) == 60
    assert "lowest median" not in axis.get_title()


def test_identity__shows_those_that_do_not_hold():
    samples = [f"S{i}" for i in range(100)]
    table = pd.DataFrame(
        {"panel": "p", "sample": samples, "marker": "M", "expected": "present", "tpm": 5.0}
    )
    table["holds"] = ["no" if i in {3, 99} else "yes" for i in range(100)]
    axis = lotwise.pl.identity(table).axes[0]
    named = [label.get_text() for label in axis.get_yticklabels()]
    assert named[:3] == ["S3", "S99", "S0"]
    assert len(named) == 60
    assert "60 of 100 samples" in axis.get_title()


def test_sensitivity__sums_up_pairs_of_each_kind_with_a_legend():
    rows = [
        {"sample_a": "A", "sample_b": f"B{i}", "relation": relation, "feature_set": name,
         "pseudocount": 1.0, "n_features": 10, "pearson": 0.9 + 0.001 * (i % 11)}
        for i in range(276) for relation in ("between", "within") for name in ("all", "decile_1")
    ]  # fmt: skip
    figure = lotwise.pl.sensitivity(pd.DataFrame(rows))
    (axis,) = figure.axes
    assert [label.get_text() for label in axis.get_yticklabels()] == ["all\n(10 features)"]
    # A point, a thin and a thick line for each kind, whatever the number of pairs.
    assert [line.get_xdata().tolist() for line in axis.lines] == [[0.905], [0.905]]
    assert len(axis.collections) == 4
    words = [text.get_text() for text in figure.legends[0].get_texts()]
    assert words == ["between batches", "within batches"]


def test_sensitivity__draws_the_spread_of_log_ratios_by_tenth():
    row = {"sample_a": "A", "sample_b": "B", "relation": "between"}
    sets = pd.DataFrame([row | {"feature_set": "all", "pseudocount": 1.0, "n_features": 9,
                                "pearson": 0.9}])  # fmt: skip
    bins = pd.DataFrame(
        [row | {"bin": i, "n_features": 5, "mean_from": i - 0.5, "mean_to": i + 0.5,
                "robust_lower": -1.96 / i, "robust_upper": 1.96 / i} for i in range(1, 11)]
    )  # fmt: skip
    axis = lotwise.pl.sensitivity(sets, agreement=bins).axes[1]
    np.testing.assert_allclose(axis.lines[0].get_ydata(), [1 / i for i in range(1, 11)])
    np.testing.assert_allclose(axis.lines[0].get_xdata(), range(1, 11))


def test_heatmap__of_many_samples_is_drawn_as_pixels():
    import anndata

    def drawn(n):
        made = anndata.AnnData(
            obs=pd.DataFrame({"batch": "B"}, index=[f"S{i}" for i in range(n)]),
            uns={"lotwise": {"level": "gene"}},
        )
        made.obsp["pearson"] = np.clip(np.random.default_rng(1).random((n, n)), 0, 1)
        figure = lotwise.pl.heatmap(made)
        meshes = [m for axis in figure.axes for m in axis.collections if isinstance(m, QuadMesh)]
        return [
            bool(mesh.get_rasterized()) for mesh in meshes if mesh.get_array().size in {n, n * n}
        ]

    assert set(drawn(81)) == {True}
    assert set(drawn(4)) == {False}
