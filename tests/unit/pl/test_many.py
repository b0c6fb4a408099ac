"""Figures of more rows than can be read show some, and say so."""

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


def test_sensitivity__of_many_pairs_is_drawn_as_pixels():
    rows = [
        {"sample_a": "A", "sample_b": f"B{i}", "relation": "between", "feature_set": name,
         "pseudocount": 1.0, "n_features": 10, "pearson": 0.9}
        for i in range(61) for name in ("all", "decile_1")
    ]  # fmt: skip
    axes = lotwise.pl.sensitivity(pd.DataFrame(rows)).axes
    assert all(line.get_rasterized() for axis in axes for line in axis.lines)
    few = lotwise.pl.sensitivity(pd.DataFrame(rows[:120])).axes
    assert not any(line.get_rasterized() for axis in few for line in axis.lines)


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
