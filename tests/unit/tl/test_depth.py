"""Expression at one depth, and reasons why it is impossible."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from anndata import AnnData

from lotwise import get, tl
from lotwise.tl.depth import at_like_depth


def made(depths, *, level="gene", n_genes=2000, sd_batch=0.0, sd=0.3, batches=None, seed=1):
    rng = np.random.default_rng(seed)
    base = rng.normal(0, 2.5, n_genes)
    batches = batches or [f"L{row}" for row in range(len(depths))]
    of_batch = {name: base + rng.normal(0, sd_batch, n_genes) for name in dict.fromkeys(batches)}
    counts = []
    for name, depth in zip(batches, depths, strict=True):
        rate = np.exp2(of_batch[name] + rng.normal(0, sd, n_genes))
        counts.append(rng.poisson(rate / rate.sum() * depth))
    counted = np.array(counts, dtype=float)
    tpm = counted / counted.sum(axis=1, keepdims=True) * 3e4
    return AnnData(
        X=np.log2(tpm + 1),
        obs=pd.DataFrame({"batch": batches}, index=[f"S{row}" for row in range(len(depths))]),
        layers={"tpm": tpm, "counts": counted},
        uns={"lotwise": {"level": level}},
    )


def test_at_like_depth__leaves_out_shallow_libraries_and_says_so():
    found = at_like_depth(made([6e5, 5e5, 2e3, 3e5]))
    assert found.used.tolist() == [True, True, False, True]
    assert found.reason == ""
    assert found.words.startswith("all libraries were thinned to 3")
    assert found.words.endswith("left out as shallow: S2")


def test_at_like_depth__without_counts_is_refused():
    expression = made([6e5, 5e5])
    expression.layers["counts"][1] = np.nan
    found = at_like_depth(expression)
    assert found.reason == "the depth of S1 is unknown (no counts)"
    np.testing.assert_array_equal(found.log_tpm, expression.X)


def test_at_like_depth__isoforms_of_unlike_depth_are_refused():
    assert "depths differ 2.00-fold" in at_like_depth(made([6e5, 3e5], level="isoform")).reason
    assert at_like_depth(made([6e5, 5e5], level="isoform")).reason == ""


def test_batches__within_and_between_agree_in_the_null_and_part_with_a_batch_effect():
    names = [f"L{batch}" for batch in range(4) for _ in range(4)]
    gaps = []
    for sd_batch in (0.0, 0.3):
        expression = made([6e5] * 16, batches=names, sd=0.5, sd_batch=sd_batch)
        tl.batches(expression)
        table = get.evidence(expression, "batches")
        gaps.append(table["within"].median() - table["median_to_others"].median())
    assert abs(gaps[0]) < 0.002
    assert gaps[1] > 0.004


def test_batches__a_batch_of_shallow_libraries_is_not_compared():
    expression = made([6e5] * 4 + [1e3], batches=[*"ABCDE"])
    tl.batches(expression)
    last = get.evidence(expression, "batches").iloc[-1]
    assert np.isnan(last["median_to_others"])
    assert last["reason"] == "every library of the batch is shallow"


def test_batches__conditions_are_compared_apart():
    expression = made([6e5] * 8, batches=[*"AABBCCDD"])
    expression.obs["condition"] = ["x", "y"] * 4
    tl.batches(expression)
    table = get.evidence(expression, "batches")
    assert table[["batch", "condition"]].to_numpy().tolist()[:3] == [
        ["A", "x"], ["A", "y"], ["B", "x"],
    ]  # fmt: skip
    assert table["within"].isna().all()
    assert table["prediction_lower"].notna().all()


NUMBERS = [
    "median_to_others", "within", "prediction_lower", "prediction_upper", "tolerance_lower",
    "tolerance_upper", "rank_p",
]  # fmt: skip


@pytest.mark.parametrize("n_replicates", [1, 2])
def test_batches__a_copy_under_another_name_is_not_assessable(n_replicates):
    # Of unequal depth, so that the copies are thinned by separate draws.
    names = [name for name in "ABCDE" for _ in range(n_replicates)]
    expression = made([6e5] * (4 * n_replicates) + [3e5] * n_replicates, batches=names)
    tl.batches(expression)
    assert get.evidence(expression, "batches")["prediction_lower"].notna().all()
    for layer in ("tpm", "counts"):
        expression.layers[layer][n_replicates] = expression.layers[layer][0]
    tl.batches(expression)
    table = get.evidence(expression, "batches")
    assert table[NUMBERS].isna().all(axis=None)
    reason = f"samples S0 and S{n_replicates} have the same values: one is a copy of the other"
    assert (table["reason"].str.split("; ").str[0] == reason).all()


def test_batches__a_copy_in_one_condition_leaves_the_other_as_it_is():
    expression = made([6e5] * 8, batches=[*"AABBCCDD"])
    expression.obs["condition"] = ["x", "y"] * 4
    for layer in ("tpm", "counts"):
        expression.layers[layer][2] = expression.layers[layer][0]
    tl.batches(expression)
    table = get.evidence(expression, "batches").set_index("condition")
    assert table.loc["x", "median_to_others"].isna().all()
    assert table.loc["y", "prediction_lower"].notna().all()
