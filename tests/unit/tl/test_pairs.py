"""The choice of samples for figures, and of pairs for tables."""

from __future__ import annotations

import sys

import anndata
import numpy as np
import pandas as pd
import pytest

import lotwise
from lotwise.errors import InputError, ManyPairsWarning
from lotwise.tl.pairs import pairs_of


def test_least_and_most_alike__keeps_the_ends_in_order(expression):
    lotwise.tl.correlate(expression)
    r = np.full((4, 4), 0.5)
    r[0, 2], r[1, 3], r[0, 1] = 0.1, np.nan, 0.9
    expression.obsp["pearson"] = r
    kept = lotwise.tl.least_and_most_alike(expression, n_pairs=1)
    assert kept.obs_names.to_list() == ["A1", "A2", "B1"]
    assert lotwise.pl.scatter_matrix(kept).axes


@pytest.fixture
def many():
    """Twelve samples of six batches: 66 pairs, 6 of them within."""
    rng = np.random.default_rng(8)
    base = rng.lognormal(2, 2, 300)
    tpm = base * rng.lognormal(0, np.linspace(0.05, 0.6, 12)[:, None], (12, 300))
    tpm[:, :40] = 0
    return anndata.AnnData(
        obs=pd.DataFrame(
            {"batch": [f"B{i // 2}" for i in range(12)]}, index=[f"S{i}" for i in range(12)]
        ),
        var=pd.DataFrame(index=[f"g{i}" for i in range(300)]),
        layers={"tpm": tpm},
    )


def _choose(expression, most_pairs):
    with pytest.warns(ManyPairsWarning, match=f"there are 66 pairs.*list {most_pairs}"):
        lotwise.tl.choose_pairs(expression, most_pairs=most_pairs)
    return [(pair.sample_a, pair.sample_b) for pair in pairs_of(expression)]


def test_choose_pairs__takes_the_ends_within_and_between(many):
    full = many.copy()
    lotwise.tl.correlate(full, sets=("all",))
    table = lotwise.get.pairs(full)
    ends = set()
    for _, part in table.groupby("relation"):
        ranked = part.sort_values("pearson")
        ends |= {tuple(row) for row in ranked.iloc[[0, -1]][["sample_a", "sample_b"]].to_numpy()}
    chosen = _choose(many, 10)
    assert len(set(chosen)) == 10
    assert ends <= set(chosen)
    batch = many.obs["batch"]
    assert sum(batch[a] == batch[b] for a, b in chosen) == 5


def test_choose_pairs__does_not_choose_where_all_fit(many):
    lotwise.tl.choose_pairs(many, most_pairs=66)
    assert len(list(pairs_of(many))) == 66


def test_choose_pairs__is_forgotten_by_a_subset(many):
    _choose(many, 10)
    assert len(list(pairs_of(many[:4].copy()))) == 6


def test_choose_pairs__is_of_the_same_pairs_whatever_their_order_in_the_sheet(many):
    backwards = many[::-1].copy()
    chosen = {frozenset(pair) for pair in _choose(many, 10)}
    assert {frozenset(pair) for pair in _choose(backwards, 10)} == chosen


def test_correlate__lists_r_of_every_pair_and_sets_of_the_chosen(many):
    full = many.copy()
    lotwise.tl.correlate(full)
    chosen = _choose(many, 10)
    lotwise.tl.correlate(many)
    found, expected = lotwise.get.pairs(many), lotwise.get.pairs(full)
    every = found[found["feature_set"] == "all"].reset_index(drop=True)
    of_all = expected[expected["feature_set"] == "all"].reset_index(drop=True)
    assert every["in_detail"].sum() == 10
    assert of_all["in_detail"].all()
    pd.testing.assert_frame_equal(
        every.drop(columns="in_detail"), of_all.drop(columns="in_detail"), rtol=1e-12
    )
    others = found[found["feature_set"] != "all"]
    named = set(zip(others["sample_a"], others["sample_b"], strict=True))
    assert named == set(chosen)
    kept = expected.set_index(["sample_a", "sample_b"]).loc[sorted(named)]
    assert len(others) == len(kept) - 10


@pytest.mark.parametrize("tool", ["replicate_qc", "agreement", "intervals", "detectable"])
def test_tools__of_chosen_pairs_say_what_they_say_of_all(many, tool):
    settings = {"n_resamples": 50} if tool == "intervals" else {}
    full = many.copy()
    getattr(lotwise.tl, tool)(full, **settings)
    chosen = _choose(many, 10)
    getattr(lotwise.tl, tool)(many, **settings)
    found, expected = (each.uns["lotwise"][tool] for each in (many, full))
    keep = [
        pair in set(chosen) for pair in zip(expected["sample_a"], expected["sample_b"], strict=True)
    ]
    pd.testing.assert_frame_equal(found, expected[keep].reset_index(drop=True), rtol=1e-12)


def test_equivalence__keeps_its_table_within_bounds(many, monkeypatch):
    monkeypatch.setattr(sys.modules["lotwise.tl.equivalence"], "MOST_ROWS", 900)
    lotwise.tl.equivalence(many)
    table = lotwise.get.evidence(many, "equivalence")
    # Three pairs of batches with 300 genes; each of the other twelve has a row with the reason.
    assert len(table) == 912
    untested = table[table["feature"] == "*"]
    assert set(untested["outcome"]) == {"not tested"}
    assert set(untested["reason"]) == {"not tested: too many pairs of batches"}


def test_choose_pairs__refuses_a_pseudocount_of_zero(many):
    with pytest.raises(InputError, match="pseudocount must be > 0, got 0"):
        lotwise.tl.choose_pairs(many, most_pairs=10, pseudocount=0)
