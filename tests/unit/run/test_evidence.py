"""All statistics at once: without its input a statistic is NaN with a reason, not an error."""

from __future__ import annotations

import anndata
import numpy as np
import pandas as pd
import pytest

from lotwise.accepted import add_to_accepted
from lotwise.config import CorrelationConfig, EvidenceConfig, figures_of, tables_of
from lotwise.errors import InputError
from lotwise.evidence.catalogue import records
from lotwise.files.records import columns
from lotwise.run.evidence import draw_evidence, gather_evidence

FIELDS = {record.table: columns(record) for record in records()}
QUICK = EvidenceConfig(n_resamples=50)


def samples(tpm, *, level="gene", counts=True, genes=True, batches=None, **uns):
    tpm = np.asarray(tpm, dtype=float)
    n_samples, n_features = tpm.shape
    names = [f"S{i}" for i in range(n_samples)]
    var = pd.DataFrame(index=pd.Index([f"f{i}" for i in range(n_features)], dtype=object))
    if level == "isoform" and genes:
        var["gene_id"] = [f"g{i // 2}" for i in range(n_features)]
    layers = {"tpm": tpm, "length": np.full(tpm.shape, 1000.0)}
    if counts:
        layers["counts"] = np.rint(tpm * 3)
    return anndata.AnnData(
        X=np.log2(tpm + 1),
        obs=pd.DataFrame(
            {"batch": pd.Categorical(batches or names)}, index=pd.Index(names, dtype=object)
        ),
        var=var,
        layers=layers,
        uns={"lotwise": {"level": level} | uns},
    )


def usual(n_samples=3, n_features=120, seed=4):
    rng = np.random.default_rng(seed)
    base = rng.lognormal(3, 2, n_features) * (rng.random(n_features) > 0.2)
    return base * rng.lognormal(0, 0.3, (n_samples, n_features))


ODD = {
    "two samples": samples(usual(2)),
    "two samples of isoforms": samples(usual(2), level="isoform"),
    "one feature": samples([[5.0], [6.0], [7.0]]),
    "one isoform": samples([[5.0], [6.0], [7.0]], level="isoform"),
    "all zeros": samples(np.zeros((3, 40))),
    "all zeros of isoforms": samples(np.zeros((3, 40)), level="isoform"),
    "a constant sample": samples(np.vstack([usual(2), np.full(120, 3.0)])),
    "ties everywhere": samples(np.tile([0.0, 1.0, 2.0], (3, 20))),
    "identical samples": samples(np.tile(usual(1), (3, 1))),
    "identical isoforms": samples(np.tile(usual(1), (3, 1)), level="isoform"),
    "no counts": samples(usual(), counts=False),
    "isoforms without genes": samples(usual(), level="isoform", genes=False),
    "one batch with replicates": samples(usual(4), batches=["A", "A", "B", "C"]),
    "one batch alone": samples(usual(), batches=["A", "A", "A"]),
    "one batch of isoforms": samples(usual(), level="isoform", batches=["A", "A", "A"]),
}


@pytest.mark.parametrize("case", ODD)
@pytest.mark.filterwarnings("ignore::lotwise.errors.UndefinedWarning")
def test_gather_evidence__what_cannot_be_computed_is_nan_with_a_reason(case):
    expression = ODD[case].copy()
    level = expression.uns["lotwise"]["level"]
    tables = gather_evidence(expression, QUICK, CorrelationConfig())
    assert tuple(tables) == tables_of(QUICK, level)
    for name, table in tables.items():
        assert len(table), name
        assert list(table.columns) == list(FIELDS[name]), name
    for name, number in (
        ("sensitivity", "pearson"),
        ("intervals", "lower"),
        ("ceilings", "ceiling"),
        ("batches", "prediction_lower"),
        ("signal", "snr_db"),
        ("components", "pc1"),
        ("clustering", "height"),
        ("unseen", "share"),
        ("libraries", "outlier_score"),
    ):
        table = tables[name]
        silent = table[number].isna() & (table["reason"] == "")
        assert not silent.any(), (name, table[silent])
    drawn = draw_evidence(expression, tables, QUICK, CorrelationConfig())
    assert tuple(name for name, _ in drawn) == figures_of(QUICK, level)


def test_gather_evidence__seed_makes_the_digits():
    def upper(seed):
        config = EvidenceConfig(statistics=("intervals", "ceilings"), n_resamples=50, seed=seed)
        tables = gather_evidence(samples(usual()), config, CorrelationConfig())
        return tables["intervals"]["upper"], tables["ceilings"]["ceiling"].dropna()

    for one, again, other in zip(upper(1), upper(1), upper(2), strict=True):
        pd.testing.assert_series_equal(one, again, check_exact=True)
        assert (one != other).any()


def in_tpm(values):
    return values * (1e6 / values.sum(axis=1, keepdims=True))


def test_gather_evidence__batches_are_held_against_the_reference_set(tmp_path):
    path = tmp_path / "reference.h5ad"
    add_to_accepted(samples(in_tpm(usual(6)), batches=[*"UVWXYZ"]), path)
    config = EvidenceConfig(statistics=("reference",), reference_set=path, coverage=0.5)
    (table,) = gather_evidence(
        samples(in_tpm(usual(2, seed=5))), config, CorrelationConfig()
    ).values()
    assert table["batch"].tolist() == ["S0", "S1"]
    assert table["n_reference"].eq(6).all()
    assert set(table["inside_prediction"]) <= {"yes", "no"}
    isoforms = samples(usual(2), level="isoform")
    (table,) = gather_evidence(isoforms, config, CorrelationConfig()).values()
    assert table["reason"].tolist() == ["the accepted set contains genes"]
    assert table["median_to_reference"].isna().all()


def test_gather_evidence__settings_reach_the_statistics(tmp_path):
    (tmp_path / "sets.gmt").write_text("first\t-\t" + "\t".join(f"f{i}" for i in range(60)) + "\n")
    config = EvidenceConfig(
        statistics=("intervals", "detectable", "gene_sets", "sensitivity", "signal"),
        blocks=tmp_path / "sets.gmt",
        gene_sets=tmp_path / "sets.gmt",
        passing=0.9,
        coverage=0.5,
        n_resamples=50,
        grouping="batch",
    )
    expression = samples(usual(4), batches=["A", "A", "B", "B"])
    tables = gather_evidence(expression, config, CorrelationConfig(pseudocount=0.5))
    assert set(tables["intervals"]["n_blocks"]) == {61}
    assert set(tables["intervals"]["level"]) == {0.5}
    assert set(tables["unseen"]["threshold"]) == {0.9}
    assert set(tables["gene_sets"]["gene_set"]) == {"first"}
    assert set(tables["sensitivity"]["pseudocount"]) == {1.0, 0.5, 0.1, 0.01}
    assert np.isfinite(tables["signal"]["snr_db"]).all()
    # The same R in every table, with the requested pseudo-count.
    whole = tables["sensitivity"].query("feature_set == 'all' and pseudocount == 0.5")
    np.testing.assert_allclose(tables["intervals"]["pearson"], whole["pearson"], rtol=1e-12)


def test_gather_evidence__a_sample_of_no_group_leaves_signal_undefined():
    expression = samples(usual(4))
    expression.obs["condition"] = ["A", "A", "B", ""]
    config = EvidenceConfig(statistics=("signal",))
    table = gather_evidence(expression, config, CorrelationConfig())["signal"]
    assert table["snr_db"].isna().all()
    assert table["reason"].to_list() == ["the column 'condition' is empty for some samples"]


def test_gather_evidence__a_grouping_that_is_no_column_is_refused():
    expression = samples(usual(4))
    expression.obs["condition"] = ["A", "A", "B", "B"]
    config = EvidenceConfig(statistics=("libraries", "signal"), grouping="treatment")
    with pytest.raises(InputError, match="the samples have no column 'treatment'"):
        gather_evidence(expression, config, CorrelationConfig())


def test_gather_evidence__bootstraps_reach_ceilings_and_isoform_tests():
    rng = np.random.default_rng(8)
    expression = samples(usual(2), level="isoform")
    counts = expression.layers["counts"]
    expression.uns["lotwise"]["bootstraps"] = {
        f"S{i}": rng.poisson(counts[i], (6, counts.shape[1])).astype(float) for i in range(2)
    }
    tables = gather_evidence(expression, QUICK, CorrelationConfig())
    ceilings = tables["ceilings"].set_index("method")["ceiling"]
    assert 0 < ceilings["bootstraps"] < 1
    assert tables["isoform_usage"]["p"].notna().any()
    assert tables["uncertainty_strata"]["pearson"].notna().all()


def test_gather_evidence__a_file_that_is_not_there_is_a_fault(tmp_path):
    config = EvidenceConfig(statistics=("identity",), panels=(str(tmp_path / "mine.yaml"),))
    with pytest.raises(InputError, match="no such panel"):
        gather_evidence(samples(usual()), config, CorrelationConfig())


def test_draw_evidence__names_the_most_deviating_features_of_the_least_alike():
    tpm = np.tile(usual(1) + 5, (3, 1))
    tpm[2, 7] *= 300
    config = EvidenceConfig(statistics=("agreement",), n_named=1)
    expression = samples(tpm)
    tables = gather_evidence(expression, config, CorrelationConfig())
    ((name, figure),) = draw_evidence(expression, tables, config, CorrelationConfig())
    (axis,) = figure.axes
    assert name == "mean_difference"
    assert [text.get_text() for text in axis.texts] == ["f7"]
    assert "S2" in axis.get_ylabel()


def test_draw_evidence__shows_the_least_alike_of_different_batches():
    """Replicates that are less similar than any two batches are not a pair of batches."""
    tpm = np.tile(usual(1) + 5, (3, 1))
    tpm[1, 7] *= 300
    tpm[2, 9] *= 30
    tpm[2, 7] *= 18
    config = EvidenceConfig(statistics=("agreement",), n_named=1)
    expression = samples(tpm, batches=["A", "A", "B"])
    tables = gather_evidence(expression, config, CorrelationConfig())
    ((_, figure),) = draw_evidence(expression, tables, config, CorrelationConfig())
    assert "S2" in figure.axes[0].get_ylabel()
