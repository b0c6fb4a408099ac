"""Correlation of an AnnData: tables, matrices, and the same after h5ad."""

from __future__ import annotations

import anndata
import numpy as np
import pandas as pd
import pytest
from scipy import sparse, stats

import lotwise
from lotwise.errors import InputError, LotwiseWarning, UndefinedWarning
from lotwise.evidence.pairs import PairRecord
from lotwise.files.records import columns
from lotwise.metrics.feature_sets import FEATURE_SETS


def test_correlate__all_equals_matrix_pandas_and_scipy(expression):
    lotwise.tl.correlate(expression)
    table = lotwise.get.pairs(expression, feature_set="all")
    assert len(table) == 6
    assert table["n_features"].eq(400).all()
    logs = pd.DataFrame(np.log2(expression.layers["tpm"] + 1).T, columns=expression.obs_names)
    for statistic in ("pearson", "spearman"):
        matrix = lotwise.get.matrix(expression, statistic)
        assert np.array_equal(matrix.to_numpy(), matrix.to_numpy().T)
        np.testing.assert_allclose(matrix, logs.corr(statistic), atol=1e-12)
        for row in table.itertuples():
            assert getattr(row, statistic) == matrix.loc[row.sample_a, row.sample_b]


def test_correlate__each_set_equals_scipy_on_its_features(expression):
    lotwise.tl.correlate(expression)
    tpm, counts = expression.layers["tpm"], expression.layers["counts"]
    x, y = tpm[0], tpm[2]
    masks = {
        "detected_any": (x >= 1) | (y >= 1),
        "detected_both": (x >= 1) & (y >= 1),
        "counted_both": (counts[0] >= 10) & (counts[2] >= 10),
    }
    table = lotwise.get.pairs(expression)
    row_of = table[(table.sample_a == "A1") & (table.sample_b == "B1")].set_index("feature_set")
    assert row_of.index.to_list() == list(FEATURE_SETS)
    for name, mask in masks.items():
        row = row_of.loc[name]
        logs = np.log2(np.stack([x, y])[:, mask] + 1)
        assert row["n_features"] == mask.sum()
        assert row["n_double_zero"] == 0
        assert row["pearson"] == pytest.approx(stats.pearsonr(*logs).statistic, abs=1e-12)
        assert row["spearman"] == pytest.approx(stats.spearmanr(*logs).statistic, abs=1e-12)
    assert row_of.loc["all", "n_double_zero"] == ((x == 0) & (y == 0)).sum()


def test_correlate__names_within_and_between(expression):
    lotwise.tl.correlate(expression)
    table = lotwise.get.pairs(expression, feature_set="all")
    assert list(table.columns) == list(columns(PairRecord))
    relation = dict(zip(table.sample_a + table.sample_b, table.relation, strict=True))
    assert relation == {
        "A1A2": "within", "A1B1": "between", "A1C1": "between",
        "A2B1": "between", "A2C1": "between", "B1C1": "between",
    }  # fmt: skip


def test_correlate__pseudocount_and_sets_are_taken(expression):
    lotwise.tl.correlate(expression, pseudocount=0.01, sets=("all", "detected_both"))
    table = lotwise.get.evidence(expression, "pairs")
    assert set(table.feature_set) == {"all", "detected_both"}
    logs = np.log2(expression.layers["tpm"][:2] + 0.01)
    assert table.pearson[0] == pytest.approx(stats.pearsonr(*logs).statistic, abs=1e-12)
    assert set(table.pseudocount) == {0.01}


def test_correlate__sparse_tpm_gives_the_same(expression):
    lotwise.tl.correlate(expression)
    wanted = lotwise.get.pairs(expression)
    expression.layers["tpm"] = sparse.csr_matrix(expression.layers["tpm"])
    lotwise.tl.correlate(expression)
    pd.testing.assert_frame_equal(lotwise.get.pairs(expression), wanted)


def test_correlate__without_counts_the_set_has_a_reason(expression):
    expression.layers["counts"][:] = np.nan
    lotwise.tl.correlate(expression)
    counted = lotwise.get.pairs(expression, feature_set="counted_both")
    assert counted.pearson.isna().all()
    assert set(counted.reason) == {"there are no counts"}
    assert len(counted) == 6


def test_correlate__a_constant_sample_has_a_reason_and_the_rest_goes_on(expression):
    expression.layers["tpm"][3] = 2500
    with pytest.warns(UndefinedWarning, match="not defined for 3 of 6 pairs.*C1 is constant"):
        lotwise.tl.correlate(expression)
    table = lotwise.get.pairs(expression, feature_set="all").set_index(["sample_a", "sample_b"])
    assert table.loc[("A1", "C1"), "reason"] == "C1 is constant"
    assert np.isnan(table.loc[("A1", "C1"), ["pearson", "spearman", "ccc"]].astype(float)).all()
    assert table.loc[("A1", "B1"), "pearson"] > 0.8
    assert np.isnan(lotwise.get.matrix(expression).loc["C1"]).all()


def test_tables__survive_h5ad(expression, tmp_path):
    lotwise.tl.correlate(expression)
    lotwise.tl.replicate_qc(expression)
    lotwise.tl.contributions(expression, n_largest=5)
    expression.write_h5ad(tmp_path / "a.h5ad")
    stored = anndata.read_h5ad(tmp_path / "a.h5ad")
    for table in (lotwise.get.pairs, lotwise.get.replicate_qc, lotwise.get.contributions):
        before, after = table(expression), table(stored)
        assert list(after.columns) == list(before.columns)
        for name in before:
            assert after[name].astype(before[name].dtype).equals(before[name]), name
    assert np.array_equal(stored.obsp["pearson"], expression.obsp["pearson"])
    kept = stored.uns["lotwise"]
    assert kept["parameters"]["pairs"]["pseudocount"] == 1
    assert list(kept["parameters"]["pairs"]["feature_sets"]) == list(FEATURE_SETS)
    assert kept["version"] == lotwise.__version__
    # An AnnData that was read back can be used as before.
    lotwise.tl.correlate(stored)
    assert lotwise.get.pairs(stored).pearson.equals(lotwise.get.pairs(expression).pearson)
    assert lotwise.pl.scatter_matrix(stored).axes


@pytest.mark.parametrize(
    ("change", "options", "words"),
    [
        (lambda a: a, {"pseudocount": 0}, "pseudocount must be > 0, got 0"),
        (lambda a: a, {"sets": ("all", "some")}, "unknown feature set 'some'; choose from all"),
        (lambda a: a[:1].copy(), {}, "at least 2 samples, got 1"),
        (lambda a: a.obs.pop("batch") is None or a, {}, "no obs column 'batch'"),
        (lambda a: a.layers.pop("tpm") is None or a, {}, "no layer 'tpm'; it has counts, fpkm"),
    ],
)
def test_correlate__refuses(expression, change, options, words):
    with pytest.raises(InputError, match=words):
        lotwise.tl.correlate(change(expression), **options)


def test_get__says_what_to_call_first(expression):
    for name, tool in (("pairs", "correlate"), ("replicate_qc", ""), ("contributions", "")):
        with pytest.raises(InputError, match=f"call lotwise.tl.{tool or name} first"):
            getattr(lotwise.get, name)(expression)
    with pytest.raises(InputError, match="no 'spearman' in obsp; call lotwise"):
        lotwise.get.matrix(expression, "spearman")
    lotwise.tl.correlate(expression, sets=("all",))
    with pytest.raises(InputError, match="feature set 'decile_1'; choose from all"):
        lotwise.get.pairs(expression, feature_set="decile_1")


def test_get__gives_a_copy(expression):
    lotwise.tl.correlate(expression)
    table = lotwise.get.pairs(expression)
    table["pearson"] = 0.0
    assert (lotwise.get.pairs(expression)["pearson"] != 0).all()


def test_correlate__own_sets_by_name_symbol_or_mask():
    gene = lotwise.datasets.three_batches().gene
    mask = gene.var_names.str.startswith("g1")
    own = {"by name": ["ACTB", "GAPDH", "VIM", "IL6", "g20"], "mask": mask}
    lotwise.tl.correlate(gene, sets=own)
    table = lotwise.get.pairs(gene)
    assert list(dict.fromkeys(table["feature_set"])) == ["all", "by name", "mask"]
    log_tpm = np.log2(gene.layers["tpm"] + 1)[:, mask]
    row = lotwise.get.pairs(gene, feature_set="mask").set_index(["sample_a", "sample_b"])
    assert row.loc[("lot1", "lot3"), "pearson"] == pytest.approx(
        np.corrcoef(log_tpm)[0, 2], abs=1e-12
    )
    assert set(row["n_features"]) == {mask.sum()}


@pytest.mark.parametrize(
    ("own", "words"),
    [
        ({"x": ["ACTBB"]}, "unknown gene 'ACTBB'; did you mean 'ACTB'"),
        ({"x": np.ones(3, dtype=bool)}, "mask of 'x' has 3 values, but the AnnData has 300"),
        ({"all": ["ACTB"]}, "'all' is the name of a built-in feature set; choose"),
    ],
)
def test_correlate__own_sets_that_cannot_be_are_refused(own, words):
    with pytest.raises(InputError, match=words):
        lotwise.tl.correlate(lotwise.datasets.three_batches().gene, sets=own)


def test_correlate__another_layer_is_computed_and_drawn():
    gene = lotwise.datasets.three_batches().gene
    gene.layers["cpm"] = gene.layers["counts"] / 2
    lotwise.tl.correlate(gene, layer="cpm")
    expected = np.corrcoef(np.log2(gene.layers["cpm"] + 1))
    np.testing.assert_allclose(gene.obsp["pearson"], expected)
    assert lotwise.pl.scatter_matrix(gene).axes[0].get_xlabel() == "log2(cpm + 1)"
    gene.layers["logged"] = -gene.layers["cpm"]
    with pytest.raises(
        InputError, match=r"sample 'lot1': 'logged' of .* each value must be a number >= 0"
    ):
        lotwise.tl.correlate(gene, layer="logged")


def test_correlate__logarithms_in_the_layer_of_tpm_are_named():
    gene = lotwise.datasets.three_batches().gene
    gene.layers["tpm"] = np.log2(gene.layers["tpm"] + 1)
    with pytest.warns(LotwiseWarning, match=r"sample 'lot1': the largest TPM is .* probably log"):
        lotwise.tl.correlate(gene)


def test_correlate__features_of_low_expression_are_no_logarithms():
    gene = lotwise.datasets.three_batches().gene
    gene.layers["tpm"] *= 0.01  # a subset of the features, as its X says
    gene.X = np.log2(gene.layers["tpm"] + 1)
    low = gene[:, gene.layers["tpm"].max(axis=0) < 20].copy()
    lotwise.tl.correlate(low)
    assert lotwise.get.pairs(low)["n_features"].max() == low.n_vars


def test_correlate__two_samples_of_one_name_are_refused():
    gene = lotwise.datasets.three_batches().gene
    gene.obs_names = ["lot1", "lot2", "lot1"]
    with pytest.raises(InputError, match="'lot1' is the name of two samples; give each sample"):
        lotwise.tl.correlate(gene)
