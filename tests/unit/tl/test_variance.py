"""Variance of expression by the factors of the sample sheet."""

from __future__ import annotations

import anndata
import numpy as np
import pandas as pd
import pytest

import lotwise

BATCHES = np.repeat([*"ABCD"], 3)


def study(seed, *, batch=0.5, donor=0.0, n_features=2000, **obs):
    rng = np.random.default_rng(seed)
    donors = np.repeat([0, 0, 1, 1], 3)
    log_tpm = (
        rng.normal(6, 1, n_features)
        + donor * rng.normal(size=(2, n_features))[donors]
        + batch * rng.normal(size=(4, n_features))[np.repeat(np.arange(4), 3)]
        + 0.3 * rng.normal(size=(12, n_features))
    )
    tpm = 2**log_tpm
    made = anndata.AnnData(
        np.log2(tpm + 1),
        obs=pd.DataFrame({"batch": BATCHES} | obs, index=[f"s{i}" for i in range(12)]),
        var=pd.DataFrame(index=[f"g{i}" for i in range(n_features)]),
    )
    made.layers["tpm"] = tpm
    made.uns["lotwise"] = {"level": "gene"}
    return made


def table_of(expression, name="variance"):
    lotwise.tl.variance(expression)
    return lotwise.get.evidence(expression, name)


def test_variance__finds_what_is_planted():
    donors = np.repeat(["x", "x", "y", "y"], 3)
    found = table_of(study(0, batch=0.4, donor=0.6))
    assert found["factor"].tolist() == ["batch", "residual"]
    made = study(1, batch=0.4, donor=0.6, n_features=4000)
    made.obs["donor"] = donors
    found = table_of(made).set_index("factor")
    assert found.index.tolist() == ["donor", "batch", "residual"]
    assert found.loc["batch", "n_levels"] == 4
    # Medians over genes of shares estimated from few levels vary around 0.36 : 0.16 : 0.09.
    assert found.loc["donor", "share"] > found.loc["batch", "share"] > 0.1


def test_variance__nothing_planted_is_residual():
    found = table_of(study(2, batch=0)).set_index("factor")
    assert found.loc["batch", "share"] < 0.02
    assert found.loc["residual", "share"] > 0.9


def test_variance__within_a_condition_leaves_the_condition_out():
    made = study(3, condition=np.tile(["rest", "rest", "stim"], 4))
    made.layers["tpm"][2::3] *= np.random.default_rng(0).lognormal(0, 2, 2000)
    found = table_of(made).set_index("factor")
    assert np.isnan(found.loc["condition", "within_condition"])
    assert found.loc["batch", "within_condition"] > found.loc["batch", "share"]


def test_variance__a_donor_with_one_batch_is_one_factor():
    made = study(4)
    made.obs["donor"] = BATCHES
    found = table_of(made).set_index("factor")
    assert found.index.tolist() == ["donor", "batch", "donor = batch", "residual"]
    assert np.isnan(found.loc["donor", "share"])
    assert found.loc["donor", "reason"] == (
        "it groups the samples in the same way as 'batch': see 'donor = batch'"
    )
    assert found.loc["donor = batch", "share"] > 0.3


def test_variance__density_sums_to_one_for_each_factor():
    density = table_of(study(5), "variance_density")
    assert density.groupby("factor")["fraction"].sum().to_numpy() == pytest.approx([1, 1])


def test_variance__figure_has_a_violin_and_a_median_for_each_known_factor():
    made = study(6)
    figure = lotwise.pl.variance(
        table_of(made), density=lotwise.get.evidence(made, "variance_density")
    )
    (axis,) = figure.axes
    assert [label.get_text() for label in axis.get_xticklabels()] == ["batch", "residual"]
    assert len(axis.collections) == 2
    medians = [line.get_ydata()[0] / 100 for line in axis.lines]
    assert medians == pytest.approx(table_of(made)["share"].tolist())
