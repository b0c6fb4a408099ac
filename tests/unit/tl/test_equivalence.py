"""Equivalence of batches by moderated t, Welch's t and PyDESeq2's fits."""

from __future__ import annotations

import sys
import warnings

import anndata
import numpy as np
import pandas as pd
import pytest
from threadpoolctl import threadpool_limits

import lotwise
from lotwise.errors import EnvironmentFault, InputError
from lotwise.metrics.equivalence import wald_equivalence
from lotwise.tl.deseq2 import fit_deseq2

N = 200
AT_MARGIN = slice(0, 100)
SAME = slice(100, N)


def drawn(seed=1, *, n=3):
    """Counts of two batches: true log2 ratios of +-1 (the margin) and 0; dispersions by mean."""
    rng = np.random.default_rng(seed)
    ratio = np.concatenate([np.repeat([1.0, -1.0], 50), np.zeros(100)])
    base = rng.lognormal(5, 1.3, N)
    depth = rng.uniform(0.7, 1.3, (2 * n, 1))
    mean = depth * base * 2 ** (np.repeat([0.5, -0.5], n)[:, None] * ratio)
    dispersion = 0.02 + 1 / base
    return rng.negative_binomial(1 / dispersion, 1 / (1 + mean * dispersion)).astype(float)


def in_anndata(counts, batches):
    tpm = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1) * 1e6
    names = [f"s{i}" for i in range(len(counts))]
    return anndata.AnnData(
        X=np.log2(tpm + 1),
        obs=pd.DataFrame({"batch": pd.Categorical(list(batches))}, index=pd.Index(names)),
        var=pd.DataFrame(index=pd.Index([f"g{i}" for i in range(counts.shape[1])])),
        layers={"tpm": tpm, "counts": counts},
    )


def table_of(expression, **parameters):
    lotwise.tl.equivalence(expression, **parameters)
    return lotwise.get.evidence(expression, "equivalence")


@pytest.fixture(scope="module")
def counts():
    return drawn()


@pytest.fixture(scope="module")
def fit(counts):
    found = fit_deseq2(counts, batches=[*"AAABBB"], pairs=[("A", "B")])
    return found["A", "B"]


@pytest.fixture(scope="module")
def peer(counts):
    """PyDESeq2 without lotwise; B is the base level, so the contrast is of one coefficient."""
    from pydeseq2.dds import DeseqDataSet
    from pydeseq2.default_inference import DefaultInference

    batch = pd.Categorical([*"AAABBB"], categories=["B", "A"])
    names = [f"s{i}" for i in range(6)]
    model = DeseqDataSet(
        counts=pd.DataFrame(counts.astype(int), index=names, columns=[f"g{i}" for i in range(N)]),
        metadata=pd.DataFrame({"batch": batch}, index=names),
        design="~batch",
        inference=DefaultInference(n_cpus=1),
        quiet=True,
    )
    # PyDESeq2 uses functions that pandas 3 deprecates; lotwise hides these warnings.
    with threadpool_limits(limits=1, user_api="blas"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.deseq2()
    return model


@pytest.mark.parametrize("outcome", ["lessAbs", "greaterAbs"])
def test_fit_deseq2__gives_the_p_of_pydeseq2s_own_test(peer, fit, outcome):
    from pydeseq2.default_inference import DefaultInference
    from pydeseq2.ds import DeseqStats

    test = DeseqStats(
        peer,
        contrast=np.array([0.0, 1.0]),
        lfc_null=1.0,
        alt_hypothesis=outcome,
        independent_filter=False,
        inference=DefaultInference(n_cpus=1),
        quiet=True,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        test.summary()
    expected = test.results_df
    ours = wald_equivalence(
        expected["log2FoldChange"], standard_error=expected["lfcSE"], margin=1.0
    )
    # DESeq2 truncates its statistic at 0, so p of lessAbs is at most 0.5.
    p = np.minimum(ours.p_equivalent, 0.5) if outcome == "lessAbs" else ours.p_different
    np.testing.assert_allclose(p, expected["pvalue"], rtol=1e-9)
    # Our fit has one mean per batch and no base level, so its optimiser starts elsewhere.
    np.testing.assert_allclose(fit.difference, expected["log2FoldChange"], atol=1e-3)
    np.testing.assert_allclose(fit.standard_error, expected["lfcSE"], rtol=0.01)


def test_fit_deseq2__at_the_margin_calls_no_more_than_it_says_and_finds_the_equivalent(fit):
    found = wald_equivalence(fit.difference, standard_error=fit.standard_error, margin=1.0)
    tolerance = 3 * np.sqrt(0.05 * 0.95 / 100)
    assert np.mean(found.p_equivalent[AT_MARGIN] < 0.05) < 0.05 + tolerance
    assert np.mean(found.p_different[AT_MARGIN] < 0.05) < 0.05 + tolerance
    assert np.mean(found.outcome[SAME] == "equivalent") > 0.7
    assert not (found.outcome[SAME] == "different").any()


def test_fit_deseq2__features_without_counts_and_outlying_counts_are_nan(counts):
    odd = counts.copy()
    odd[:, 5] = [1, 2, 0, 3, 1, 1]
    odd[:, 6] = [100, 90, 110, 95, 105, 40_000]
    found = fit_deseq2(odd, batches=[*"AAABBB"], pairs=[("A", "B")])["A", "B"]
    assert list(np.flatnonzero(np.isnan(found.difference))) == [5, 6]
    assert list(np.flatnonzero(np.isnan(found.standard_error))) == [5, 6]


def test_fit_deseq2__pairs_of_three_batches_share_one_fit(counts):
    found = fit_deseq2(
        np.vstack([counts, counts[3:]]),
        batches=[*"AAABBBCCC"],
        pairs=[("A", "B"), ("A", "C"), ("B", "C")],
    )
    np.testing.assert_allclose(
        found["A", "B"].difference, found["A", "C"].difference, atol=1e-9, equal_nan=True
    )
    assert np.nanmax(np.abs(found["B", "C"].difference)) < 1e-9


def test_equivalence__by_counts_shows_more_than_welchs_t_of_three_replicates(counts):
    expression = in_anndata(counts, "AAABBB")
    by_counts, by_t = (table_of(expression, method=name) for name in ("deseq2", "welch"))
    assert set(by_counts["method"]) == {"deseq2"}
    assert set(by_t["method"]) == {"welch"}
    assert by_counts["feature"].to_list() == by_t["feature"].to_list()
    n_equivalent = [(table["outcome"] == "equivalent")[SAME].sum() for table in (by_counts, by_t)]
    assert n_equivalent[0] > 1.5 * n_equivalent[1]
    # The sign is the same: first batch over second.
    assert np.corrcoef(by_counts["difference"], by_t["difference"])[0, 1] > 0.9


def test_equivalence__a_batch_without_replicates_stands_in_one_row(counts):
    found = table_of(in_anndata(counts[:5], "AABBC"), method="deseq2")
    single = found[found["feature"] == "*"]
    assert single[["batch_a", "batch_b"]].to_numpy().tolist() == [["A", "C"], ["B", "C"]]
    assert set(single["reason"]) == {"a batch has only one replicate"}
    assert (found["batch_b"] == "B").sum() == N


def test_equivalence__by_counts_needs_counts(counts):
    expression = in_anndata(counts, "AAABBB")
    del expression.layers["counts"]
    row = table_of(expression, method="deseq2").iloc[0]
    assert row[["feature", "outcome", "reason"]].to_list() == [
        "*",
        "not tested",
        "there are no counts",
    ]
    assert np.isnan(row["p_equivalent"])


def test_equivalence__samples_without_any_count_are_not_fitted():
    found = table_of(in_anndata(np.zeros((4, 3)), "AABB"), method="deseq2")
    assert found[["outcome", "reason"]].to_numpy().tolist() == [
        ["not tested", "below 1 TPM in both batches"]
    ]


def test_equivalence__says_what_to_install(counts, monkeypatch):
    monkeypatch.setitem(sys.modules, "pydeseq2.dds", None)
    with pytest.raises(EnvironmentFault, match=r"pip install pydeseq2") as fault:
        table_of(in_anndata(counts, "AAABBB"), method="deseq2")
    assert fault.value.exit_code == 3


def test_equivalence__refuses_another_method(counts):
    with pytest.raises(InputError, match="unknown method of equivalence 'limma'; choose from"):
        lotwise.tl.equivalence(in_anndata(counts, "AAABBB"), method="limma")


def test_equivalence__pairs_without_room_are_named_and_not_tested(counts, monkeypatch):
    three = in_anndata(np.vstack([counts, counts[:3] + 1]), "aaabbbccc")
    monkeypatch.setattr(sys.modules["lotwise.tl.equivalence"], "MOST_ROWS", 2 * N)
    lotwise.tl.equivalence(three)
    table = three.uns["lotwise"]["equivalence"]
    rows = table.groupby(["batch_a", "batch_b"], sort=False).size()
    assert sorted(rows) == [1, N, N]
    alone = table[table["feature"] == "*"]
    assert alone["reason"].tolist() == ["not tested: too many pairs of batches"]
    assert alone["outcome"].tolist() == ["not tested"]


def test_equivalence__two_fold_is_two_fold_of_tpm_whatever_the_composition():
    rng = np.random.default_rng(5)
    base = rng.lognormal(4, 1.2, 2000)
    fold = np.where(np.arange(2000) < 100, 3.0, 1.0)
    noise = rng.lognormal(0, 0.05, (6, 2000))
    tpm = np.vstack([base * fold * noise[:3], base * noise[3:]])
    tpm *= 1e6 / tpm.sum(axis=1, keepdims=True)
    found = table_of(in_anndata(tpm * 20, "AAABBB"))
    assert found["difference"][100:].median() == pytest.approx(0, abs=0.02)
    assert found["difference"][:100].median() == pytest.approx(np.log2(3), abs=0.02)
    assert (found["outcome"][:100] == "different").mean() > 0.95
    assert (found["outcome"][100:] == "equivalent").mean() > 0.95


def test_equivalence__features_of_no_expression_are_never_equivalent(counts):
    low = np.hstack([counts, np.zeros((6, 50)), np.full((6, 50), 1e-6)])
    found = table_of(in_anndata(low, "AAABBB"))
    assert set(found["outcome"][N:]) == {"not expressed"}
    assert set(found["reason"][N:]) == {"below 1 TPM in both batches"}
    assert found["p_equivalent"][N:].isna().all()


def test_equivalence__compares_batches_of_one_condition(counts):
    expression = in_anndata(np.vstack([counts, counts[:2]]), "AABBAABB")
    expression.obs["condition"] = ["x"] * 4 + ["y"] * 4
    found = table_of(expression)
    keys = found[["batch_a", "batch_b", "condition"]].drop_duplicates()
    assert keys.to_numpy().tolist() == [["A", "B", "x"], ["A", "B", "y"]]


def test_equivalence__a_gene_absent_from_a_batch_is_different(counts):
    made = counts.copy()
    made[:3, 150], made[3:, 150] = 0, 800
    found = table_of(in_anndata(made, "AAABBB"))
    assert found["outcome"][150] == "different"
    assert found["difference"][150] < -5
