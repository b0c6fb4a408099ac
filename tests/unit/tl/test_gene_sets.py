"""Gene sets on AnnData: the correlation of their genes, and the pseudo-count."""

from __future__ import annotations

import anndata
import numpy as np
import pandas as pd
import pytest

import lotwise
from lotwise.errors import InputError

N_GENES, N_SETS, SIZE = 800, 20, 20
SETS = {f"set {i}": [f"g{j}" for j in range(SIZE * i, SIZE * (i + 1))] for i in range(N_SETS)}


def drawn(seed, *, batches="AAABBB", rho=0.2, shift=0.0):
    """Return samples of one truth in which genes of a set vary together; set 3 shifts in B."""
    rng = np.random.default_rng(seed)
    n = len(batches)
    noise = np.sqrt(1 - rho) * rng.normal(size=(n, N_GENES))
    common = rng.normal(size=(n, N_SETS))
    noise[:, : N_SETS * SIZE] += np.sqrt(rho) * np.repeat(common, SIZE, axis=1)
    log_tpm = rng.uniform(6, 12, N_GENES) + 0.3 * noise
    log_tpm[np.array([*batches]) == "B", 3 * SIZE : 4 * SIZE] += shift
    tpm = 2**log_tpm
    names = pd.Index([f"s{i}" for i in range(n)], dtype=object)
    return anndata.AnnData(
        X=log_tpm,
        obs=pd.DataFrame({"batch": pd.Categorical([*batches])}, index=names),
        var=pd.DataFrame(index=pd.Index([f"g{i}" for i in range(N_GENES)], dtype=object)),
        layers={"tpm": tpm},
    )


def table_of(expression, **parameters):
    lotwise.tl.gene_sets(expression, sets=SETS, **parameters)
    return lotwise.get.evidence(expression, "gene_sets")


def test_gene_sets__sets_that_vary_together_are_not_called_by_themselves():
    n_runs = {"replicates": 300, 0.01: 12}
    called = dict.fromkeys(n_runs, 0)
    for correlation, seeds in n_runs.items():
        for seed in range(seeds):
            expression = drawn(seed)
            between = table_of(expression, correlation=correlation).query("relation == 'between'")
            one = between[(between["sample_a"] == "s0") & (between["sample_b"] == "s3")]
            called[correlation] += (one["p_adjusted"] < 0.05).any()
    # At two standard errors of 300 runs a true 10 % would pass one time in thirteen.
    assert called["replicates"] <= 300 * 0.05 + 2 * np.sqrt(300 * 0.05 * 0.95)
    # Why it is the default: limma's preset reports something in most comparisons of equal samples.
    assert called[0.01] > 6


def test_gene_sets__a_planted_shift_is_found_with_the_estimated_correlation():
    # With a correlation of 0.2, twenty sets and six replicates no shift could be called.
    table = table_of(drawn(1, batches="AAAAAABBBBBB", rho=0.05, shift=2.0))
    planted = table[(table["gene_set"] == "set 3") & (table["relation"] == "between")]
    assert (planted["p"] < 0.05).all()
    assert planted["mean_difference"].between(-2.6, -1.4).all()
    assert planted["correlation"].between(0, 0.2).all()
    others = table[(table["gene_set"] != "set 3")]
    assert (others["p_adjusted"] < 0.05).mean() <= 0.05


def test_gene_sets__without_replicates_p_is_nan_with_the_reason_and_the_shift_is_given():
    table = table_of(drawn(1, batches="ABC"))
    assert table["p"].isna().all()
    assert set(table["reason"]) == {
        "too few replicates to estimate the correlation within gene sets"
    }
    assert table["mean_difference"].notna().all()
    assert table_of(drawn(1, batches="ABC"), correlation=0.01)["p"].notna().all()


def test_gene_sets__versions_of_either_side_and_any_species_are_no_part_of_an_id():
    expression = drawn(1)
    plain = [f"ENSMUSG{i:011}" for i in range(N_GENES)]
    expression.var_names = [f"{name}.3" for name in plain]
    sets = {"plain": plain[:20], "other version": [f"{name}.1" for name in plain[:20]]}
    lotwise.tl.gene_sets(expression, sets=sets, correlation=0.01)
    assert set(lotwise.get.evidence(expression, "gene_sets")["n_genes"]) == {20}


def test_gene_sets__takes_the_pseudocount():
    expression = drawn(1)
    expression.layers["tpm"] /= expression.layers["tpm"].max() / 50
    small, large = (table_of(expression, pseudocount=c, correlation=0.01) for c in (0.01, 10.0))
    # A large pseudo-count shrinks every difference.
    assert large["mean_other"].abs().sum() < 0.8 * small["mean_other"].abs().sum()
    with pytest.raises(InputError, match="pseudocount must be > 0, got 0"):
        table_of(expression, pseudocount=0)


def test_gene_sets__of_six_batches_each_is_tested_against_the_others():
    expression = drawn(3, batches="AABBCCDDEEFF", shift=2.0)
    pairs = table_of(expression)
    assert pairs["p"].isna().all()
    assert set(pairs["reason"]) == {"tested by batch (table gene_set_batches)"}
    table = lotwise.get.evidence(expression, "gene_set_batches")
    assert set(table["batch"]) == set("ABCDEF")
    called = table[table["p_adjusted"] < 0.05]
    assert (called["batch"] + called["gene_set"]).tolist() == ["Bset 3"]


def test_gene_sets__of_fewer_batches_pairs_are_tested_and_batches_say_why_not():
    expression = drawn(3)
    assert table_of(expression)["p"].notna().any()
    table = lotwise.get.evidence(expression, "gene_set_batches")
    assert table["p"].isna().all()
    assert set(table["reason"]) == {"fewer than 6 batches of the condition"}
    assert table["shift"].notna().all()


def test_gene_sets__a_batch_of_fewer_replicates_has_no_p():
    expression = drawn(3, batches="AABBCCDDEEFFG")
    table_of(expression)
    table = lotwise.get.evidence(expression, "gene_set_batches").set_index("batch")
    assert table.loc["G", "p"].isna().all()
    assert set(table.loc["G", "reason"]) == {"fewer replicates than the others"}
    assert table.loc["A", "p"].notna().all()
