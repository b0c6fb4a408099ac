"""The statistics on AnnData: the tables are those of the arrays, and edge cases go through."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from anndata import AnnData

import lotwise
from lotwise import evidence, keys
from lotwise.errors import InputError
from lotwise.metrics.ceiling import thinning_reliability
from lotwise.metrics.detectable import Perturbation
from lotwise.metrics.differences import bland_altman
from lotwise.metrics.dispersion import sere
from lotwise.records import columns
from lotwise.reference_set import add_to_reference

N_GENES = 800


def simulated(seed=0, *, batches=("A", "A", "B", "B", "C"), n_genes=N_GENES, isoforms=False):
    """Samples of one truth; batch C differs; counts, lengths, and two isoforms a gene if asked."""
    rng = np.random.default_rng(seed)
    truth = np.where(rng.random(n_genes) < 0.7, rng.lognormal(3, 2, n_genes), 0)
    lengths = rng.lognormal(7, 0.4, n_genes)
    counts = np.stack(
        [
            rng.poisson(truth * lengths / 500 * (rng.lognormal(0, 0.8, n_genes) if b == "C" else 1))
            for b in batches
        ]
    ).astype(float)
    rate = counts / lengths
    tpm = rate / rate.sum(axis=1, keepdims=True) * 1e6
    names = pd.Index([f"s{i}" for i in range(len(batches))], dtype=object)
    obs = pd.DataFrame({keys.BATCH: pd.Categorical(batches)}, index=names)
    var = pd.DataFrame(index=pd.Index([f"g{i}" for i in range(n_genes)], dtype=object))
    if isoforms:
        var[keys.GENE_ID] = [f"G{i // 2}" for i in range(n_genes)]
    return AnnData(
        X=np.log2(tpm + 1),
        obs=obs,
        var=var,
        layers={
            keys.TPM: tpm,
            keys.COUNTS: counts,
            keys.LENGTH: np.tile(lengths, (len(batches), 1)),
        },
    )


ALL_TOOLS = {
    "sensitivity": {},
    "agreement": {},
    "intervals": {"n_resamples": 40},
    "ceilings": {},
    "detectable": {"perturbation": Perturbation(folds=(2.0,), shares=(0, 0.2), n_repeats=1)},
    "batches": {},
    "equivalence": {},
    "libraries": {},
    "signal": {"grouping": keys.BATCH},
    "identity": {},
    "components": {},
    "gene_sets": {"sets": {"first": [f"g{i}" for i in range(300)], "nothing": ["x"]}},
}


@pytest.fixture(scope="module")
def annotated(tmp_path_factory):
    expression = simulated()
    path = tmp_path_factory.mktemp("set") / "reference.h5ad"
    add_to_reference(simulated(seed=1, batches=[*"WXYZ"]), path)
    lotwise.tl.reference(expression, path=path)
    for tool, parameters in ALL_TOOLS.items():
        getattr(lotwise.tl, tool)(expression, **parameters)
    return expression


@pytest.mark.parametrize("record", evidence.RECORDS, ids=lambda record: record.table)
def test_evidence__tables_have_the_columns_of_their_record(annotated, record):
    if record.table in {"isoform_usage", "uncertainty_strata", "isoform_shares"}:
        expression = simulated(isoforms=True)
        lotwise.tl.isoform_usage(expression)
        lotwise.tl.isoform_shares(expression)
    else:
        expression = annotated
    table = lotwise.get.evidence(expression, record.table)
    assert list(table.columns) == list(columns(record))
    assert len(table) > 0
    stored = expression.uns[keys.LOTWISE]
    assert record.table in stored[keys.PARAMETERS]
    assert stored[keys.VERSION]


def test_evidence__unknown_and_missing_tables_are_refused():
    with pytest.raises(InputError, match="'nonsense' is no table of evidence"):
        lotwise.get.evidence(simulated(), "nonsense")
    with pytest.raises(InputError, match=r"call lotwise\.tl\.detectable first"):
        lotwise.get.evidence(simulated(), "unseen")


def test_tools__change_nothing_but_what_they_add():
    expression = simulated()
    before = {name: layer.copy() for name, layer in expression.layers.items()}
    x, obs = expression.X.copy(), expression.obs.copy()
    for tool, parameters in ALL_TOOLS.items():
        getattr(lotwise.tl, tool)(expression, **parameters)
    for name, layer in before.items():
        np.testing.assert_array_equal(expression.layers[name], layer)
    np.testing.assert_array_equal(expression.X, x)
    pd.testing.assert_frame_equal(expression.obs, obs)


def test_tools__same_seed_same_tables(annotated):
    again = simulated()
    for tool in ("intervals", "ceilings", "detectable"):
        getattr(lotwise.tl, tool)(again, **ALL_TOOLS[tool])
        pd.testing.assert_frame_equal(
            lotwise.get.evidence(again, tool), lotwise.get.evidence(annotated, tool)
        )


def test_agreement__is_that_of_the_arrays(annotated):
    row = lotwise.get.evidence(annotated, "agreement").query("bin == 0").iloc[0]
    tpm, counts = annotated.layers[keys.TPM], annotated.layers[keys.COUNTS]
    both = (tpm[0] >= 1) & (tpm[1] >= 1)
    expected = bland_altman(np.log2(tpm[0][both] + 1), np.log2(tpm[1][both] + 1))
    assert row["upper"] == expected.upper
    assert row["n_features"] == both.sum()
    assert row["sere"] == sere(counts[:2]).sere


def test_ceilings__name_what_each_method_lacks(annotated):
    table = lotwise.get.evidence(annotated, "ceilings").set_index(
        ["method", "sample_a", "sample_b"]
    )
    assert table.loc[("replicates", "s0", "s2"), "ratio"] > 0.9
    own = table.loc[("replicates", "s0", "s1")]
    assert own["ceiling"] == pytest.approx(own["pearson"], abs=1e-12)
    assert np.isnan(own["ratio"])
    assert own["reason"] == "the ceiling is made of this batch's own R"
    lacking = table.loc[("replicates", "s0", "s4")]
    assert np.isnan(lacking["ceiling"])
    assert lacking["reason"] == "a reliability is not known (fewer than two replicates)"
    assert "no bootstraps" in table.loc[("bootstraps", "s0", "s1"), "reason"]
    stream = np.random.default_rng(0).spawn(5)[0]
    counts, lengths = annotated.layers[keys.COUNTS][0], annotated.layers[keys.LENGTH][0]
    expected = thinning_reliability(counts, lengths=lengths, rng=stream).reliability
    assert table.loc[("thinning", "s0", "s1"), "reliability_a"] == expected


def test_batches__the_batch_apart_is_outside_and_replicates_stand_beside(annotated):
    table = lotwise.get.evidence(annotated, "batches").set_index("batch")
    assert table["median_to_others"].idxmin() == "C"
    assert table.loc["A", "within"] > table.loc["A", "median_to_others"]
    assert np.isnan(table.loc["C", "within"])
    assert table["smallest_p"].eq(1 / 3).all()
    assert "smallest possible p is 1/3" in table.loc["A", "words"]


def test_batches__null_misses_and_ranks_as_it_says():
    k, n_sets = 3, 200
    outside, lowest = [], []
    for seed in range(n_sets):
        rng = np.random.default_rng(seed)
        noise = rng.normal(size=(k + 1, 200)) * rng.lognormal(-0.7, 0.3, (k + 1, 1))
        expression = AnnData(
            obs=pd.DataFrame({keys.BATCH: pd.Categorical([*"ABCD"])}, index=[*"abcd"]),
            var=pd.DataFrame(index=[f"g{i}" for i in range(200)]),
            layers={keys.TPM: 2 ** (rng.normal(6, 2, 200) + noise)},
            uns={keys.LOTWISE: {keys.LEVEL: "gene"}},
        )
        lotwise.tl.batches(expression)
        table = lotwise.get.evidence(expression, "batches")
        inside = table["median_to_others"].between(
            table["prediction_lower"], table["prediction_upper"]
        )
        outside.append(1 - inside.mean())
        lowest.append((table["rank_p"] == 1 / (k + 1)).mean())
    error = 3 * np.std(outside, ddof=1) / np.sqrt(n_sets)
    assert np.mean(outside) == pytest.approx(0.05, abs=error)
    assert error < 0.04
    # Of k + 1 ranked alike one is the lowest, or two that share the R.
    assert max(lowest) <= 1 / (k + 1)


def test_batches__two_batches_have_no_limits():
    expression = simulated(batches=("A", "B"))
    lotwise.tl.batches(expression)
    table = lotwise.get.evidence(expression, "batches")
    assert table["prediction_lower"].isna().all()
    assert table["reason"].str.contains("fewer than three reference batches").all()
    assert table["median_to_others"].notna().all()


def test_equivalence__one_batch_with_replicates_and_one_without(annotated):
    table = lotwise.get.evidence(annotated, "equivalence")
    single = table[table["batch_b"] == "C"]
    assert set(single["feature"]) == {"*"}
    assert set(single["reason"]) == {"a batch with one replicate"}
    assert len(table[(table["batch_a"] == "A") & (table["batch_b"] == "B")]) == N_GENES


def test_libraries__a_failed_library_is_named_by_depth():
    expression = simulated(batches=("A",) * 6)
    rng = np.random.default_rng(1)
    counts = expression.layers[keys.COUNTS]
    counts[2] = rng.binomial(counts[2].astype(int), 0.002)
    rate = counts / expression.layers[keys.LENGTH]
    expression.layers[keys.TPM] = rate / rate.sum(axis=1, keepdims=True) * 1e6
    lotwise.tl.libraries(expression)
    table = lotwise.get.evidence(expression, "libraries").set_index("sample")
    assert list(table.index[table["shallow"]]) == ["s2"]
    assert list(table.index[table["outlier"]]) == ["s2"]
    assert table.loc["s2", "tpm_sum"] == pytest.approx(1e6)


def with_sex(sexes, donors):
    expression = simulated(batches=[str(i) for i in range(len(sexes))])
    names = ["XIST", "ENSG00000129824.16", "DDX3Y"]
    expression.var_names = names + expression.var_names[3:].to_list()
    for row, sex in enumerate(sexes):
        expression.layers[keys.TPM][row, :3] = (30, 0, 0.1) if sex == "f" else (0, 40, 10)
    expression.obs[keys.DONOR] = donors
    return expression


def test_identity__a_planted_swap_is_named_and_missing_markers_are_not_zero():
    expression = with_sex("mmfm", ["d1", "d1", "d1", ""])
    lotwise.tl.identity(expression, panels=("sex", "msc_identity"))
    sex = lotwise.get.evidence(expression, "sex").set_index("sample")
    assert sex["sex"].to_list() == ["male", "male", "female", "male"]
    assert sex["agrees"].to_list() == ["yes", "yes", "no", "donor not given"]
    markers = lotwise.get.evidence(expression, "identity").set_index(["sample", "marker"])
    assert markers.loc[("s0", "RPS4Y1"), "tpm"] == 40  # by Ensembl id without version
    assert markers.loc[("s0", "UTY"), "holds"] == "not annotated"
    assert np.isnan(markers.loc[("s0", "UTY"), "tpm"])


def test_identity__sound_donors_agree_and_unannotated_sex_is_unknown():
    expression = with_sex("mmff", ["d1", "d1", "d2", "d2"])
    lotwise.tl.identity(expression)
    assert set(lotwise.get.evidence(expression, "sex")["agrees"]) == {"yes"}
    nothing = simulated()
    lotwise.tl.identity(nothing)
    sex = lotwise.get.evidence(nothing, "sex")
    assert set(sex["sex"]) == {"unknown"}
    assert set(sex["reason"]) == {"no female or male marker is annotated"}


def test_gene_sets__a_planted_set_is_named_and_one_without_overlap_is_nan():
    expression = simulated(batches=("A", "B"), n_genes=3000)
    tpm = expression.layers[keys.TPM]
    members = [f"g{i}" for i in range(60)]
    tpm[1, :60] *= 3
    lotwise.tl.gene_sets(
        expression,
        sets={"planted": members, "other": [f"g{i}" for i in range(100, 160)], "none": ["x"]},
        correlation=0.01,
    )
    table = lotwise.get.evidence(expression, "gene_sets").set_index("gene_set")
    assert table.loc["planted", "p_adjusted"] < 0.001
    assert table.loc["planted", "mean_difference"] < -1
    assert table.loc["other", "p_adjusted"] > 0.05
    assert np.isnan(table.loc["none", "p"])


def test_isoform_usage__with_bootstraps_names_the_planted_switch():
    expression = simulated(batches=("A", "B"), isoforms=True)
    rng = np.random.default_rng(2)
    counts = expression.layers[keys.COUNTS]
    high = 2 * int(np.argmax(counts[0, ::2]))
    counts[0, high], counts[0, high + 1] = 5000, 50
    counts[1, high], counts[1, high + 1] = 50, 5000
    rate = counts / expression.layers[keys.LENGTH]
    expression.layers[keys.TPM] = rate / rate.sum(axis=1, keepdims=True) * 1e6
    expression.uns[keys.LOTWISE] = {
        keys.BOOTSTRAPS: {
            name: rng.poisson(counts[i], (12, N_GENES)) for i, name in enumerate(["s0", "s1"])
        }
    }
    lotwise.tl.isoform_usage(expression)
    table = lotwise.get.evidence(expression, "isoform_usage")
    first = table.iloc[0]
    assert first["gene_id"] == f"G{high // 2}"
    assert first["flips"]
    assert first["p_adjusted"] < 0.05
    assert first["null_flip_share"] == 0
    # With 4 TPM more to every isoform usages are more alike; the null is on that scale.
    assert first["null_distance"] < first["tested_distance"] < first["distance"]
    assert expression.uns[keys.LOTWISE][keys.PARAMETERS]["isoform_usage"]["prior"] == 4
    lotwise.tl.isoform_usage(expression, prior=0)
    bare = lotwise.get.evidence(expression, "isoform_usage").set_index("gene_id")
    tested = bare["tested_distance"].dropna()
    assert tested.size > 10
    pd.testing.assert_series_equal(
        tested, bare.loc[tested.index, "distance"], check_names=False, rtol=1e-9
    )
    strata = lotwise.get.evidence(expression, "uncertainty_strata")
    assert strata["stratum"].to_list() == ["low", "middle", "high"]
    assert strata["pearson"].notna().all()


@pytest.mark.parametrize("threshold", [None, 0.9])
def test_detectable__does_not_depend_on_the_order_of_samples(threshold):
    expression = simulated(batches=("A", "B", "C"))
    # A sample of few expressed features shows a change of them less than the others would.
    expression.layers[keys.TPM][2, 40:] = 0
    changes = Perturbation(folds=(4.0,), n_repeats=2)
    shares = []
    for order in ([0, 1, 2], [2, 1, 0]):
        moved = expression[order].copy()
        lotwise.tl.detectable(moved, threshold=threshold, perturbation=changes)
        table = lotwise.get.evidence(moved, "unseen")
        pairs = [
            frozenset(names) for names in zip(table["sample_a"], table["sample_b"], strict=True)
        ]
        shares.append(pd.Series(table["share"].to_numpy(), index=pairs))
    assert shares[0].notna().sum() >= 1
    pd.testing.assert_series_equal(shares[0], shares[1].loc[shares[0].index])


@pytest.mark.parametrize("seed", range(8))
def test_detectable__identical_samples_hide_nothing(seed):
    expression = simulated(seed, batches=("A", "B"))
    expression.layers[keys.TPM][1] = expression.layers[keys.TPM][0]
    lotwise.tl.detectable(expression, perturbation=Perturbation(folds=(2.0,), n_repeats=2))
    unseen = lotwise.get.evidence(expression, "unseen")
    assert unseen["reason"].tolist() == [""]
    # R of 1 but for rounding: no share that could be told from none.
    np.testing.assert_allclose(unseen["share"], 0, atol=1e-9)


def test_detectable__a_threshold_is_asked_of_the_other_sample():
    expression = simulated()
    lotwise.tl.detectable(expression, threshold=0.5, perturbation=Perturbation(folds=(2.0,)))
    unseen = lotwise.get.evidence(expression, "unseen")
    assert set(unseen["threshold"]) == {0.5}
    assert unseen["sentence"].str.startswith("R >= 0.5000 is compatible with at least 50 %").all()
    lotwise.tl.detectable(expression, threshold=1.0, perturbation=Perturbation(folds=(2.0,)))
    unseen = lotwise.get.evidence(expression, "unseen")
    assert unseen["share"].isna().all()
    assert (unseen["reason"] == "R is below the threshold at the smallest share tried").all()


@pytest.mark.parametrize("case", ["identical", "constant", "all zero", "one gene"])
def test_tools__edge_cases_give_nan_with_a_reason_and_go_on(case):
    expression = simulated(batches=("A", "B", "C"), n_genes=1 if case == "one gene" else 60)
    if case == "identical":
        for name in (keys.TPM, keys.COUNTS):
            expression.layers[name][:] = expression.layers[name][0]
    elif case == "constant":
        expression.layers[keys.TPM][1] = 1e6 / 60
    elif case == "all zero":
        expression.layers[keys.TPM][:] = 0
        expression.layers[keys.COUNTS][:] = 0
    elif expression.layers[keys.COUNTS].sum() == 0:
        expression.layers[keys.TPM][:] = 1e6
        expression.layers[keys.COUNTS][:] = 5
    for tool, parameters in ALL_TOOLS.items():
        getattr(lotwise.tl, tool)(expression, **parameters)
    intervals = lotwise.get.evidence(expression, "intervals")
    sensitivity = lotwise.get.evidence(expression, "sensitivity").query("feature_set == 'all'")
    if case == "identical":
        assert (sensitivity["pearson"] == 1).all()
        np.testing.assert_allclose(intervals["pearson"], 1, atol=1e-12)
        agreement = lotwise.get.evidence(expression, "agreement").query("bin == 0")
        assert (agreement["bias"] == 0).all()
        assert (agreement["sere"] == 0).all()
    else:
        undefined = sensitivity["pearson"].isna()
        assert undefined.sum() >= 3
        assert (sensitivity.loc[undefined, "reason"] != "").all()
        assert (intervals.loc[intervals["pearson"].isna(), "reason"] != "").all()


def test_sensitivity__refuses_a_pseudocount_of_zero():
    with pytest.raises(InputError, match="needed are numbers above 0"):
        lotwise.tl.sensitivity(simulated(), pseudocounts=(1.0, 0.0))


@pytest.mark.parametrize("tool", ["isoform_usage", "signal"])
def test_tools__say_which_column_they_need(tool):
    with pytest.raises(InputError, match=r"no (var|obs) column"):
        getattr(lotwise.tl, tool)(simulated())
