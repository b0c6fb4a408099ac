"""The statistics on AnnData: tables agree with the arrays, and edge cases do not fail."""

from __future__ import annotations

import dataclasses

import anndata
import numpy as np
import pandas as pd
import pytest
from anndata import AnnData

import lotwise
from lotwise import keys
from lotwise.accepted import add_to_accepted
from lotwise.errors import InputError
from lotwise.evidence.catalogue import records
from lotwise.expression.layers import bootstraps_of
from lotwise.files.panels import Marker, Panel, read_panel
from lotwise.files.records import columns
from lotwise.metrics.ceiling import halves_reliability, thinning_reliability
from lotwise.metrics.detectable import Perturbation
from lotwise.metrics.differences import bland_altman, log_ratios
from lotwise.metrics.dispersion import sere
from lotwise.metrics.isoforms import inferential_relative_variance
from lotwise.metrics.outliers import outlier_cut

N_GENES = 800


def simulated(seed=0, *, batches=("A", "A", "B", "B", "C"), n_genes=N_GENES, isoforms=False):
    """Samples of one truth; batch C differs; with counts, lengths and optionally two isoforms."""
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
    "batch_equivalence": {"margin": 0.01},
    "variance": {},
    "equivalence": {},
    "libraries": {},
    "signal": {"grouping": keys.BATCH},
    "identity": {},
    "components": {},
    "gene_sets": {"sets": {"first": [f"g{i}" for i in range(300)], "nothing": ["x"]}},
}


def alleles_of(names):
    """Allele counts of simulated donors, under these names."""
    made = lotwise.datasets.two_donors()
    rows = [row % len(made.samples) for row in range(len(names))]
    return dataclasses.replace(
        made,
        samples=tuple(names),
        n_fragments=made.n_fragments[rows],
        n_placed=made.n_placed[rows],
        counts=made.counts[rows],
        covered=made.covered[rows],
    )


@pytest.fixture(scope="module")
def annotated(tmp_path_factory):
    expression = simulated()
    lotwise.tl.composition(expression)
    lotwise.tl.genotype(expression, alleles=alleles_of(expression.obs_names))
    lotwise.tl.process_change(expression, attributes=None)
    path = tmp_path_factory.mktemp("set") / "reference.h5ad"
    add_to_accepted(simulated(seed=1, batches=[*"WXYZ"]), path)
    lotwise.tl.accepted(expression, path=path)
    for tool, parameters in ALL_TOOLS.items():
        getattr(lotwise.tl, tool)(expression, **parameters)
    return expression


@pytest.mark.parametrize("record", records(), ids=lambda record: record.table)
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
    with pytest.raises(InputError, match="unknown table 'nonsense'"):
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
    # What scanpy computes of the counts is added under scanpy's names.
    pd.testing.assert_frame_equal(expression.obs[obs.columns], obs)
    added = set(expression.obs.columns) - set(obs.columns)
    assert added == {"total_counts", "pct_counts_in_top_50_genes"}


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
    log_ratio = np.log2(tpm[0][both] / tpm[1][both])
    factor = np.median(log_ratio)
    assert row["median_ratio"] == pytest.approx(2**factor)
    assert row["share_over_2_fold"] == np.mean(np.abs(log_ratio - factor) > 1 + 1e-9)
    x, y, _ = log_ratios(tpm[0][both], tpm[1][both])
    expected = bland_altman(x, y)
    assert expected.median == pytest.approx(0, abs=1e-12)
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
    assert own["reason"] == "the ceiling is computed from this batch's own R"
    lacking = table.loc[("replicates", "s0", "s4")]
    assert np.isnan(lacking["ceiling"])
    assert lacking["reason"] == "the reliability of a sample is unknown: fewer than two replicates"
    assert set(table["noise"]) == {"counting", "preparation"}
    assert table.loc[("thinning", "s0", "s1"), "source"] == "randomly thinned counts of each sample"
    stream = np.random.default_rng(0).spawn(5)[0]
    counts, lengths = annotated.layers[keys.COUNTS][0], annotated.layers[keys.LENGTH][0]
    expected = thinning_reliability(counts, lengths=lengths, rng=stream).reliability
    assert table.loc[("thinning", "s0", "s1"), "reliability_a"] == expected


def test_ceilings__isoforms_have_none_from_thinning(annotated):
    given = annotated.copy()
    given.uns["lotwise"]["level"] = "isoform"
    lotwise.tl.ceilings(given)
    table = lotwise.get.evidence(given, "ceilings")
    assert set(table["noise"]) == {"quantification", "preparation"}
    assert "no bootstraps" in table["reason"].iloc[0]
    lotwise.tl.ceilings(given, methods=("thinning",))
    table = lotwise.get.evidence(given, "ceilings")
    assert table["ceiling"].isna().all()
    assert table["reason"].str.contains("lack the noise of assigning reads to isoforms").all()


def test_ceilings__of_a_swap_rest_on_the_other_batches(annotated):
    """Replicates that disagree do not lower the ceiling, which would hide the fault."""
    rng = np.random.default_rng(3)
    base = rng.normal(3, 2.5, 2000)
    batches = base + rng.normal(0, 1, (3, 2000))
    carried = (0, 1, 0, 1, 2, 2)  # A2 and B1 were exchanged
    log_tpm = batches[list(carried)] + rng.normal(0, 0.2, (6, 2000))
    given = anndata.AnnData(
        np.zeros((6, 2000)),
        obs=pd.DataFrame({"batch": list("AABBCC")}, index=["A1", "A2", "B1", "B2", "C1", "C2"]),
        layers={keys.TPM: np.exp2(log_tpm)},
        uns={"lotwise": {"level": "gene"}},
    )
    lotwise.tl.ceilings(given, methods=("replicates",))
    table = lotwise.get.evidence(given, "ceilings").set_index(["sample_a", "sample_b"])
    swapped = table.loc["A1", "A2"]
    assert swapped["ratio"] < 0.95
    assert "replicates of other batches; replicates of A disagree" in swapped["source"]
    assert table.loc[("A1", "B1"), "ratio"] == pytest.approx(1, abs=0.01)


@pytest.mark.parametrize(
    ("donors", "source"),
    [
        ("DDDDDD", "replicates of the same batch and condition"),
        ("DDDDEF", "replicates of the same batch and condition"),
        ("DEDEDE", "samples of one batch and condition, from different donors"),
    ],
)
def test_ceilings__source_says_that_samples_of_a_batch_have_different_donors(donors, source):
    rng = np.random.default_rng(3)
    log_tpm = rng.normal(3, 2.5, 500) + rng.normal(0, 0.2, (6, 500))
    samples = ["A1", "A2", "B1", "B2", "C1", "C2"]
    given = anndata.AnnData(
        np.zeros((6, 500)),
        obs=pd.DataFrame({"batch": list("AABBCC"), "donor": list(donors)}, index=samples),
        layers={keys.TPM: np.exp2(log_tpm)},
        uns={"lotwise": {"level": "gene"}},
    )
    lotwise.tl.ceilings(given, methods=("replicates",))
    table = lotwise.get.evidence(given, "ceilings").set_index(["sample_a", "sample_b"])
    assert table.loc[("A1", "B1"), "source"] == source
    given.obs["donor"] = "D"
    if donors != "DDDDDD":
        with pytest.raises(InputError, match="donor"):
            lotwise.get.evidence(given, "ceilings")


def test_ceilings__of_a_swap_among_donors_says_whose_samples(annotated):
    rng = np.random.default_rng(3)
    base = rng.normal(3, 2.5, 2000)
    log_tpm = base + rng.normal(0, 0.2, (6, 2000))
    log_tpm[1] += rng.normal(0, 1.5, 2000)
    given = anndata.AnnData(
        np.zeros((6, 2000)),
        obs=pd.DataFrame(
            {"batch": list("AABBCC"), "donor": list("DEDEDD")},
            index=["A1", "A2", "B1", "B2", "C1", "C2"],
        ),
        layers={keys.TPM: np.exp2(log_tpm)},
        uns={"lotwise": {"level": "gene"}},
    )
    lotwise.tl.ceilings(given, methods=("replicates",))
    table = lotwise.get.evidence(given, "ceilings").set_index(["sample_a", "sample_b"])
    assert table.loc[("A1", "A2"), "source"].startswith(
        "samples of other batches, from different donors; samples of A disagree (R 0."
    )


def test_ceilings__features_without_length_count_as_their_tpm_says(annotated):
    """RSEM gives a transcript shorter than its fragments a count, length 0 and TPM 0."""
    given = annotated.copy()
    lengths, counts = given.layers[keys.LENGTH], given.layers[keys.COUNTS]
    high = int(np.argmax(counts[0]))
    lengths[0, high] = 0
    lotwise.tl.ceilings(given, methods=("thinning",))
    first = lotwise.get.evidence(given, "ceilings").iloc[0]
    assert "features with counts and TPM have no length" in first["reason"]
    given.layers[keys.TPM][0, high] = 0
    lotwise.tl.ceilings(given, methods=("thinning",))
    silent = lotwise.get.evidence(given, "ceilings").iloc[0]
    counts[0, high] = 0
    lotwise.tl.ceilings(given, methods=("thinning",))
    absent = lotwise.get.evidence(given, "ceilings").iloc[0]
    assert silent["reliability_a"] == absent["reliability_a"] > 0.5


def test_batches__the_batch_apart_is_outside_and_replicates_stand_beside(annotated):
    table = lotwise.get.evidence(annotated, "batches").set_index("batch")
    assert table["median_to_others"].idxmin() == "C"
    assert table.loc["A", "within"] > table.loc["A", "median_to_others"]
    assert np.isnan(table.loc["C", "within"])
    assert table["smallest_p"].eq(1 / 3).all()
    assert "smallest possible p is 1/3" in table.loc["A", "words"]
    # The rank of medians of one and of two samples is no rank of like with like.
    assert table["rank_p"].isna().all()
    assert "the batches have 1 to 2 samples" in table.loc["A", "words"]


def test_batches__null_misses_and_ranks_as_it_says():
    k, n_sets = 3, 200
    outside, lowest = [], []
    for seed in range(n_sets):
        rng = np.random.default_rng(seed)
        noise = rng.normal(size=(k + 1, 200)) * rng.lognormal(-0.7, 0.3, (k + 1, 1))
        tpm = 2 ** (rng.normal(6, 2, 200) + noise)
        expression = AnnData(
            obs=pd.DataFrame({keys.BATCH: pd.Categorical([*"ABCD"])}, index=[*"abcd"]),
            var=pd.DataFrame(index=[f"g{i}" for i in range(200)]),
            layers={keys.TPM: tpm, keys.COUNTS: tpm * 1e4},
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
    # Of k + 1 batches ranked in the same way one is the lowest, or two that share an R.
    assert max(lowest) <= 1 / (k + 1)


def test_batches__two_batches_have_no_limits():
    expression = simulated(batches=("A", "B"))
    lotwise.tl.batches(expression)
    table = lotwise.get.evidence(expression, "batches")
    assert table["prediction_lower"].isna().all()
    assert table["reason"].str.contains("at least three reference batches").all()
    assert table["median_to_others"].notna().all()


def test_equivalence__one_batch_with_replicates_and_one_without(annotated):
    table = lotwise.get.evidence(annotated, "equivalence")
    single = table[table["batch_b"] == "C"]
    assert set(single["feature"]) == {"*"}
    assert set(single["reason"]) == {"a batch has only one replicate"}
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


def test_libraries__a_condition_apart_makes_no_outliers_and_hides_none():
    expression = simulated(batches=("A",) * 9)
    rng = np.random.default_rng(3)
    tpm = expression.layers[keys.TPM]
    # Samples of a second condition, similar to each other, and an unusual one of the first.
    tpm[6:] *= rng.lognormal(0, 1.5, N_GENES)
    tpm[2] *= rng.lognormal(0, 0.8, N_GENES)
    lotwise.tl.libraries(expression)
    together = lotwise.get.evidence(expression, "libraries")
    expression.obs[keys.CONDITION] = ["X"] * 6 + ["Y"] * 3
    lotwise.tl.libraries(expression)
    apart = lotwise.get.evidence(expression, "libraries").set_index("sample")
    assert not together["outlier"][2]
    assert list(apart.index[apart["outlier"]]) == ["s2"]


def test_libraries__samples_are_scored_in_their_condition_and_in_their_batch_of_three_or_more():
    expression = simulated(batches=("A", "A", "A", "B", "B", "C", "D", "A", "A"))
    expression.obs[keys.CONDITION] = ["X"] * 7 + ["Y"] * 2
    lotwise.tl.libraries(expression)
    table = lotwise.get.evidence(expression, "libraries")
    assert table["group"].to_list() == ["X, A"] * 3 + ["X"] * 4 + ["Y"] * 2
    # Two groups of three or more, at two levels.
    cuts = [outlier_cut(3, n_groups=4)] * 3 + [outlier_cut(4, n_groups=4)] * 4
    assert table["outlier_cut"].to_list()[:7] == cuts
    assert table["outlier_cut"].isna().to_list() == [False] * 7 + [True] * 2
    lotwise.tl.libraries(expression, outlier_below=-4.5)
    assert set(lotwise.get.evidence(expression, "libraries")["outlier_cut"].dropna()) == {-4.5}


def test_libraries__a_group_of_two_has_no_scores_and_says_so():
    expression = simulated()
    expression.obs["site"] = ["N", "N", "N", "S", None]
    lotwise.tl.libraries(expression, grouping="site")
    table = lotwise.get.evidence(expression, "libraries")
    assert table["outlier_score"].notna().to_list() == [True] * 3 + [False] * 2
    assert table["reason"].to_list()[3:] == [
        "fewer than three samples in group S",
        "fewer than three samples",
    ]
    with pytest.raises(InputError, match="no obs column 'town'"):
        lotwise.tl.libraries(expression, grouping="town")


def test_counts__one_sample_without_them_is_named_and_leaves_the_others_theirs():
    expression = simulated()
    expression.layers[keys.COUNTS][1] = np.nan
    for tool in ("libraries", "agreement", "sensitivity", "correlate"):
        getattr(lotwise.tl, tool)(expression)
    lotwise.tl.equivalence(expression, method="deseq2")
    tables = expression.uns[keys.LOTWISE]
    of_sample = tables["libraries"].set_index("sample")
    assert of_sample["share_of_median"].notna().to_list() == [True, False, True, True, True]
    assert of_sample.loc["s1", "reason"] == "there are no counts"
    expected = expression.layers[keys.COUNTS].sum(axis=1)
    np.testing.assert_array_equal(of_sample["total_counts"], expected)
    counted = tables["pairs"].query("feature_set == 'counted_both'")
    sensitivity = tables["sensitivity"].query("feature_set == 'counted_both' and pseudocount == 1")
    for table, number in (
        (tables["agreement"].query("bin == 0"), "sere"),
        (counted, "pearson"),
        (sensitivity, "pearson"),
    ):
        assert len(table) == 10
        with_s1 = (table["sample_a"] == "s1") | (table["sample_b"] == "s1")
        assert (table[number].isna() == with_s1).all()
        assert set(table.loc[with_s1, "reason"]) == {"there are no counts of s1"}
    equivalence = tables["equivalence"].query("batch_a == 'A' and batch_b == 'B'")
    assert equivalence["reason"].to_list() == [
        "there are no counts of s1, so a batch has fewer than two samples with counts"
    ]


def test_sensitivity__without_counts_the_counted_features_are_an_undefined_row():
    expression = simulated()
    del expression.layers[keys.COUNTS]
    lotwise.tl.sensitivity(expression)
    counted = lotwise.get.evidence(expression, "sensitivity").query("feature_set == 'counted_both'")
    assert len(counted) == 30
    assert counted["pearson"].isna().all()
    assert set(counted["reason"]) == {"there are no counts"}


def with_sex(sexes, donors):
    expression = simulated(batches=[str(i) for i in range(len(sexes))])
    names = ["XIST", "ENSG00000129824.16", "DDX3Y"]
    expression.var_names = names + expression.var_names[3:].to_list()
    for row, sex in enumerate(sexes):
        expression.layers[keys.TPM][row, :3] = (30, 0, 0.1) if sex == "f" else (0, 40, 10)
        expression.layers[keys.COUNTS][row, :3] = (30, 0, 0) if sex == "f" else (0, 40, 10)
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


def test_identity__takes_one_panel_by_itself(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text(
        "name: mine\nfeatures:\n- {symbol: Xist, ensembl: ENSMUSG00000086503.5, expected: female}\n"
    )
    for panel in ("sex", path, str(path), read_panel(path)):
        expression = with_sex("mm", ["d1", "d1"])
        lotwise.tl.identity(expression, panels=panel)
        table = lotwise.get.evidence(expression, "identity")
        assert set(table["panel"]) == {"sex" if panel == "sex" else "mine"}


@pytest.mark.parametrize("ensembl", ["ENSMUSG00000086503", "ENSMUSG00000086503.5"])
def test_identity__versions_of_either_side_and_any_species_are_no_part_of_an_id(ensembl):
    expression = simulated(batches=("A", "B"))
    expression.var_names = ["ENSMUSG00000086503.3", *expression.var_names[1:]]
    # A gene without a symbol gets its id as name, and is counted once.
    expression.var[keys.GENE_NAME] = ["ENSMUSG00000086503", *expression.var_names[1:]]
    expression.layers[keys.TPM][:, 0] = 7
    marker = Marker(symbol="Xist", ensembl=ensembl, expected="present")
    panel = Panel(name="mouse", title="", source="", markers=(marker,))
    lotwise.tl.identity(expression, panels=panel)
    assert lotwise.get.evidence(expression, "identity")["tpm"].to_list() == [7, 7]


def test_identity__copies_named_by_id_alone_are_counted_once_each():
    expression = simulated(batches=("A", "B"))
    copies = ["ENSG00000182378.14", "ENSG00000182378.14_PAR_Y"]
    expression.var_names = [*copies, *expression.var_names[2:]]
    expression.var[keys.GENE_NAME] = ["ENSG00000182378"] * 2 + expression.var_names[2:].to_list()
    expression.layers[keys.TPM][:, :2] = [3, 4]
    marker = Marker(symbol="PLCXD1", ensembl="ENSG00000182378", expected="present")
    lotwise.tl.identity(
        expression, panels=Panel(name="par", title="", source="", markers=(marker,))
    )
    assert lotwise.get.evidence(expression, "identity")["tpm"].to_list() == [7, 7]


def test_identity__genes_without_a_symbol_are_no_marker_without_an_id():
    expression = simulated(batches=("A", "B"))
    expression.var[keys.GENE_NAME] = ["", np.nan, *expression.var_names[2:]]
    panel = Panel(
        name="p", title="", source="", markers=(Marker(symbol="ABSENT", expected="absent"),)
    )
    lotwise.tl.identity(expression, panels=panel)
    table = lotwise.get.evidence(expression, "identity")
    assert table["holds"].to_list() == ["not annotated"] * 2
    assert table["tpm"].isna().all()


def test_identity__a_later_call_without_sex_leaves_no_table_of_it():
    expression = with_sex("mf", ["d1", "d2"])
    lotwise.tl.identity(expression)
    lotwise.tl.identity(expression, panels="msc_identity")
    with pytest.raises(InputError, match=r"no table 'sex'; call lotwise\.tl\.identity first"):
        lotwise.get.evidence(expression, "sex")


def test_identity__alternatives_hold_where_one_does_and_ranks_are_among_expressed_genes():
    expression = simulated(batches=("A", "B", "C", "D"))
    expression.var_names = ["P", "N", "E", *expression.var_names[3:]]
    tpm = expression.layers[keys.TPM]
    tpm[:, 3:] = np.linspace(0.5, 50, tpm.shape[1] - 3)
    tpm[:, :3] = [[30, 0, 200], [30, 30, 9], [0, 30, 1e-3], [0, 0, 26]]
    alternatives = [
        Marker(symbol=name, expected="absent", group="P or N", note="x") for name in "PN"
    ]
    markers = (*alternatives, Marker(symbol="E", expected="present"))
    panel = Panel(name="p", title="", source="", markers=markers, notes="of the panel")
    lotwise.tl.identity(expression, panels=panel)
    table = lotwise.get.evidence(expression, "identity").set_index(["marker", "sample"])
    for name in "PN":
        assert table.loc[name, "holds"].to_list() == ["yes", "no", "yes", "yes"]
    assert table.loc["E", "holds"].to_list() == ["yes", "no", "no", "yes"]
    expected = [np.mean(row[row >= 1] < row[2]) for row in tpm]
    np.testing.assert_allclose(table.loc["E", "rank"], expected)
    assert (expected[0], expected[2]) == (1 - 1 / np.sum(tpm[0] >= 1), 0)
    assert set(table.loc["P", "note"]) == {"x"}
    assert set(table.loc["E", "note"]) == {"of the panel"}


def test_identity__alternatives_of_which_one_is_not_annotated_hold_or_cannot_be_told():
    expression = simulated(batches=("A", "B"))
    expression.var_names = ["P", *expression.var_names[1:]]
    expression.layers[keys.TPM][:, 0] = [30, 0]
    markers = tuple(Marker(symbol=name, expected="absent", group="P or Q") for name in "PQ")
    lotwise.tl.identity(expression, panels=Panel(name="p", title="", source="", markers=markers))
    table = lotwise.get.evidence(expression, "identity")
    assert table["holds"].to_list() == ["not annotated", "yes"] * 2


def test_identity__female_lines_that_lost_xist_are_still_compared_by_y():
    expression = with_sex("mmmf", ["d1"] * 4)
    expression.layers[keys.TPM][3, :3] = (0, 0, 0.1)
    lotwise.tl.identity(expression)
    sex = lotwise.get.evidence(expression, "sex")
    assert sex["sex"].to_list() == ["male", "male", "male", "no Y expression"]
    assert sex["agrees"].to_list() == ["yes", "yes", "yes", "no"]


def test_identity__without_xist_in_the_annotation_y_still_tells_a_swap():
    expression = with_sex("mmmf", ["d1"] * 4)
    expression.var_names = ["other", *expression.var_names[1:]]
    lotwise.tl.identity(expression)
    sex = lotwise.get.evidence(expression, "sex")
    assert sex["sex"].to_list() == ["male", "male", "male", "unknown"]
    assert sex["agrees"].to_list() == ["yes", "yes", "yes", "no"]
    assert sex["female_tpm"].isna().all()


def test_components__replace_those_that_were_there_as_scanpy_does():
    expression = simulated()
    expression.obsm["X_pca"] = np.zeros((5, 30))
    lotwise.tl.components(expression)
    np.testing.assert_allclose(expression.obsm["X_pca"][:, :2], expression.obsm["X_lotwise_pca"])


def test_identity__sound_donors_agree_and_unannotated_sex_is_unknown():
    expression = with_sex("mmff", ["d1", "d1", "d2", "d2"])
    lotwise.tl.identity(expression)
    assert set(lotwise.get.evidence(expression, "sex")["agrees"]) == {"yes"}
    nothing = simulated()
    lotwise.tl.identity(nothing)
    sex = lotwise.get.evidence(nothing, "sex")
    assert set(sex["sex"]) == {"unknown"}
    assert set(sex["reason"]) == {"XIST and the genes of Y are not annotated"}


def test_identity__samples_without_a_donor_are_no_donor_called_nan():
    expression = with_sex("mf", [np.nan, None])
    lotwise.tl.identity(expression)
    sex = lotwise.get.evidence(expression, "sex")
    assert sex["agrees"].to_list() == ["donor not given"] * 2
    assert sex["donor"].to_list() == ["", ""]


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
    # With TPM added to every isoform usages are more similar; so is the null.
    assert first["null_distance"] < first["tested_distance"] < first["distance"]
    assert expression.uns[keys.LOTWISE][keys.PARAMETERS]["isoform_usage"]["prior_fragments"] == 100
    lotwise.tl.isoform_usage(expression, prior_fragments=0)
    bare = lotwise.get.evidence(expression, "isoform_usage").set_index("gene_id")
    tested = bare["tested_distance"].dropna()
    assert tested.size > 10
    pd.testing.assert_series_equal(
        tested, bare.loc[tested.index, "distance"], check_names=False, rtol=1e-9
    )
    strata = lotwise.get.evidence(expression, "uncertainty_strata")
    assert strata["stratum"].to_list() == ["low", "middle", "high"]
    assert strata["pearson"].notna().all()


def sequenced_in_parts(seed: int, *, n_switched: int) -> AnnData:
    """Two libraries of 2,000 genes with three isoforms, of which some genes switch theirs."""
    rng = np.random.default_rng(seed)
    truth = rng.dirichlet([1, 0.6, 0.4], 2_000)
    truth *= (rng.lognormal(2, 2, 2_000) * (rng.random(2_000) < 0.6))[:, None]
    other = truth.copy()
    switched = rng.choice(np.flatnonzero(truth.any(axis=1)), n_switched, replace=False)
    other[switched] = other[switched, ::-1]
    tpm, parts = [], {}
    for name, library in (("A", truth.ravel()), ("B", other.ravel())):
        quarters = rng.poisson(100_000 * library / library.sum(), (4, library.size))
        counts = [quarters[list(numbers)].sum(axis=0) for numbers in keys.PARTS.values()]
        parts[name] = np.stack([1e6 * count / count.sum() for count in counts])
        tpm.append(1e6 * quarters.sum(axis=0) / quarters.sum())
    return AnnData(
        np.log2(np.array(tpm) + 1),
        obs=pd.DataFrame({keys.BATCH: ["A", "B"]}, index=["A", "B"]),
        layers={keys.TPM: np.array(tpm)},
        uns={keys.LOTWISE: {"level": "isoform", keys.HALVES: parts}},
    )


def test_ceilings__switched_isoforms_lower_the_ratio_and_sound_lots_are_at_one():
    ratios = {}
    for n_switched in (0, 40):
        expressions = [sequenced_in_parts(seed, n_switched=n_switched) for seed in range(6)]
        for expression in expressions:
            lotwise.tl.correlate(expression, sets=("all",))
            lotwise.tl.ceilings(expression, methods=("halves",))
        tables = [lotwise.get.evidence(one, "ceilings") for one in expressions]
        ratios[n_switched] = np.array([table["ratio"].item() for table in tables])
    assert np.allclose(ratios[0], 1, atol=0.005)
    # In 2 % of the genes, two isoforms change places.
    assert ratios[40].max() < ratios[0].min() - 0.002


def test_ceilings__isoforms_take_halves_where_every_sample_has_them():
    expression = with_bootstraps(("A", "B"))
    expression.uns[keys.LOTWISE]["level"] = "isoform"
    tpm = expression.layers[keys.TPM]
    rng = np.random.default_rng(5)
    sds = [0.1 * np.sqrt(4 / len(quarters)) for quarters in keys.PARTS.values()]
    parts = {
        name: np.stack([tpm[row] * np.exp(rng.normal(0, sd, tpm.shape[1])) for sd in sds])
        for row, name in enumerate(expression.obs_names)
    }
    expression.uns[keys.LOTWISE][keys.HALVES] = parts
    lotwise.tl.ceilings(expression)
    table = lotwise.get.evidence(expression, "ceilings").set_index("method")
    logs = np.log2(parts[expression.obs_names[0]] + 1)
    expected = halves_reliability(logs[:2], quarters=logs[2:]).reliability
    assert set(table.index) == {"halves", "replicates"}
    assert table.loc["halves", "noise"] == "quantification"
    assert table.loc["halves", "reliability_a"] == expected
    assert 0.9 < expected < 1
    some = expression[:, :50].copy()
    lotwise.tl.ceilings(some)
    table = lotwise.get.evidence(some, "ceilings").set_index("method")
    assert np.isnan(table.loc["halves", "ceiling"])
    assert "the halves have other features than the sample" in table.loc["halves", "reason"]
    del parts[expression.obs_names[1]]
    lotwise.tl.ceilings(expression)
    assert set(lotwise.get.evidence(expression, "ceilings")["method"]) == {
        "bootstraps",
        "replicates",
    }
    lotwise.tl.ceilings(expression, methods=("halves",))
    reason = lotwise.get.evidence(expression, "ceilings")["reason"].iloc[0]
    assert "the reads were not quantified in halves" in reason


def with_bootstraps(batches):
    expression = simulated(batches=batches, isoforms=True)
    rng = np.random.default_rng(3)
    counts = expression.layers[keys.COUNTS]
    draws = {
        name: rng.poisson(counts[i], (6, N_GENES)) for i, name in enumerate(expression.obs_names)
    }
    expression.uns[keys.LOTWISE] = {keys.BOOTSTRAPS: draws}
    return expression


@pytest.mark.parametrize(
    "tool",
    [lotwise.tl.isoform_usage, lambda part: lotwise.tl.ceilings(part, methods=("bootstraps",))],
)
def test_bootstraps__of_other_features_are_refused(tool):
    expression = with_bootstraps(("A", "B"))
    with pytest.raises(InputError, match=rf"cover {N_GENES:,} features, but the AnnData has 50"):
        tool(expression[:, :50].copy())


@pytest.mark.parametrize("pseudocount", [1.0, 0.01])
def test_isoform_usage__strata_are_of_the_pseudocount(pseudocount):
    expression = with_bootstraps(("A", "B"))
    draws = expression.uns[keys.LOTWISE][keys.BOOTSTRAPS].values()
    lotwise.tl.isoform_usage(expression, pseudocount=pseudocount)
    strata = lotwise.get.evidence(expression, "uncertainty_strata")
    infrv = np.mean([inferential_relative_variance(part) for part in draws], axis=0)
    counted = np.flatnonzero(sum(part.sum(axis=0) for part in draws))
    order = counted[np.argsort(infrv[counted], kind="stable")]
    logs = np.log2(expression.layers[keys.TPM] + pseudocount)
    expected = [np.corrcoef(logs[:, part])[0, 1] for part in np.array_split(order, 3)]
    np.testing.assert_allclose(strata["pearson"], expected, rtol=1e-9)
    parameters = expression.uns[keys.LOTWISE][keys.PARAMETERS]["uncertainty_strata"]
    assert parameters["pseudocount"] == pseudocount


def test_isoform_usage__rescales_the_bootstraps_of_a_sample_once(monkeypatch):
    expression = with_bootstraps(("A", "B", "C", "D"))
    asked = []

    def counted(expression, sample):
        asked.append(sample)
        return bootstraps_of(expression, sample)

    monkeypatch.setattr("lotwise.tl.bootstraps.bootstraps_of", counted)
    lotwise.tl.isoform_usage(expression)
    assert sorted(asked) == ["s0", "s1", "s2", "s3"]
    held = lotwise.get.evidence(expression, "isoform_usage")
    monkeypatch.setattr("lotwise.tl.bootstraps._HELD_BYTES", 0)
    lotwise.tl.isoform_usage(expression)
    pd.testing.assert_frame_equal(held, lotwise.get.evidence(expression, "isoform_usage"))


@pytest.mark.parametrize("threshold", [None, 0.9])
def test_detectable__does_not_depend_on_the_order_of_samples(threshold):
    expression = simulated(batches=("A", "B", "C"))
    # With few expressed features, a sample shows a change less than the others would.
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
    # R of 1 up to rounding: no share can be distinguished from none.
    np.testing.assert_allclose(unseen["share"], 0, atol=1e-9)


def test_detectable__a_threshold_is_asked_of_the_other_sample():
    expression = simulated()
    lotwise.tl.detectable(expression, threshold=0.5, perturbation=Perturbation(folds=(2.0,)))
    unseen = lotwise.get.evidence(expression, "unseen")
    assert set(unseen["threshold"]) == {0.5}
    words = "R would still be at least 0.5000 if 50 % (the largest share tried)"
    assert unseen["sentence"].str.startswith(words).all()
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


@pytest.mark.parametrize(
    "tool", ["intervals", "ceilings", "components", "libraries", "isoform_usage"]
)
@pytest.mark.parametrize("pseudocount", [0.0, -1.0, np.nan])
def test_tools__refuse_a_pseudocount_that_is_not_above_0(tool, pseudocount):
    expression = simulated(isoforms=True)
    with pytest.raises(InputError, match=f"pseudocount must be > 0, got {pseudocount}"):
        getattr(lotwise.tl, tool)(expression, pseudocount=pseudocount)


@pytest.mark.filterwarnings("ignore::lotwise.errors.UndefinedWarning")
@pytest.mark.parametrize("threshold", [None, 0.9])
def test_tools__name_the_sample_that_is_constant(threshold):
    # Its name is a word that metrics use for the other sample.
    expression = with_bootstraps(("A", "B", "C"))
    draws = expression.uns[keys.LOTWISE][keys.BOOTSTRAPS]
    expression.obs_names = ["S1", "y", "x"]
    expression.uns[keys.LOTWISE][keys.BOOTSTRAPS] = dict(
        zip(expression.obs_names, draws.values(), strict=True)
    )
    expression.layers[keys.TPM][1] = 2.0
    lotwise.tl.sensitivity(expression)
    lotwise.tl.intervals(expression, n_resamples=10)
    lotwise.tl.isoform_usage(expression)
    lotwise.tl.replicate_qc(expression)
    perturbation = Perturbation(folds=(2.0,), shares=(0, 0.2), n_repeats=1, expressed_from=3)
    lotwise.tl.detectable(expression, threshold=threshold, perturbation=perturbation)
    tables = {
        name: lotwise.get.evidence(expression, name)
        for name in ("sensitivity", "intervals", "uncertainty_strata", "unseen")
    } | {"replicate_qc": lotwise.get.replicate_qc(expression)}
    tables["sensitivity"] = tables["sensitivity"].query("feature_set == 'all'")
    if threshold:
        tables["detectable"] = lotwise.get.evidence(expression, "detectable")
    for name, table in tables.items():
        of_constant = table[(table["sample_a"] == "y") | (table["sample_b"] == "y")]
        assert set(of_constant["reason"]) == {"y is constant"}, name
        assert set(table.drop(of_constant.index)["reason"]) == {""}, name


def test_tools__refuse_a_choice_that_there_is_not():
    expression = simulated()
    words = "unknown method 'bootstrap'; choose from thinning, halves, bootstraps, replicates"
    with pytest.raises(InputError, match=words):
        lotwise.tl.ceilings(expression, methods=("bootstrap",))
    with pytest.raises(
        InputError, match="correlation must be 'replicates' or a number, got 'replicate'"
    ):
        lotwise.tl.gene_sets(expression, sets={"s": ["g1"]}, correlation="replicate")


def test_sensitivity__refuses_a_pseudocount_of_zero():
    with pytest.raises(InputError, match="every pseudocount must be > 0"):
        lotwise.tl.sensitivity(simulated(), pseudocounts=(1.0, 0.0))


@pytest.mark.parametrize(
    "tool", ["batches", "components", "equivalence", "gene_sets", "identity", "libraries"]
)
def test_tools__say_that_batches_are_missing(tool):
    expression = simulated()
    expression.obs[keys.BATCH] = ["A", "A", None, "B", "B"]
    with pytest.raises(InputError, match="sample s2 has no batch in obs"):
        getattr(lotwise.tl, tool)(expression, **ALL_TOOLS[tool])
    del expression.obs[keys.BATCH]
    with pytest.raises(InputError, match="no obs column 'batch'"):
        getattr(lotwise.tl, tool)(expression, **ALL_TOOLS[tool])


def test_signal__refuses_a_sample_of_no_group():
    expression = simulated()
    expression.obs[keys.CONDITION] = ["A", "A", None, "B", "B"]
    with pytest.raises(InputError, match="sample s2 has no condition in obs"):
        lotwise.tl.signal(expression)


@pytest.mark.parametrize("tool", ["isoform_usage", "signal"])
def test_tools__say_which_column_they_need(tool):
    with pytest.raises(InputError, match=r"no (var|obs) column"):
        getattr(lotwise.tl, tool)(simulated())
