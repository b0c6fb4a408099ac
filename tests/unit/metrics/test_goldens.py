"""Parity with R (epiR, limma, stats) on the goldens of tests/golden/make_goldens.R."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

from lotwise.metrics.agreement import concordance, encode_qc
from lotwise.metrics.correlation import pearson, spearman
from lotwise.metrics.differences import bland_altman
from lotwise.metrics.equivalence import equivalence
from lotwise.metrics.gene_sets import gene_set_shift, inter_gene_correlation
from lotwise.metrics.rates import benjamini_hochberg

GOLDEN = Path(__file__).resolve().parents[2] / "golden"


def columns(name):
    with (GOLDEN / name).open() as handle:
        rows = list(csv.DictReader(handle, delimiter="\t"))
    return {
        key: np.array([np.nan if row[key] == "NA" else float(row[key]) for row in rows])
        for key in rows[0]
    }


@pytest.fixture(scope="module")
def values():
    with (GOLDEN / "values.tsv").open() as handle:
        return {row["name"]: float(row["value"]) for row in csv.DictReader(handle, delimiter="\t")}


@pytest.fixture(scope="module")
def tpm():
    pair = columns("pair.tsv")
    return pair["tpm_x"], pair["tpm_y"]


@pytest.fixture(scope="module")
def log_tpm(tpm):
    return np.log2(tpm[0] + 1), np.log2(tpm[1] + 1)


def test_concordance__equals_epir(values, log_tpm):
    found = concordance(*log_tpm)
    assert found.ccc == pytest.approx(values["ccc"], abs=1e-12)
    assert found.pearson == pytest.approx(values["pearson"], abs=1e-12)
    assert found.accuracy == pytest.approx(values["accuracy"], abs=1e-12)
    # epiR gives sd(y)/sd(x) and y - x; Lin's paper and lotwise put x first.
    assert 1 / found.scale_shift == pytest.approx(values["scale_shift"], abs=1e-12)
    assert -found.location_shift == pytest.approx(values["location_shift"], abs=1e-12)


def test_correlation__equals_rs_cor(values, tpm, log_tpm):
    assert pearson(*log_tpm) == pytest.approx(values["pearson"], abs=1e-12)
    assert spearman(*tpm) == pytest.approx(values["spearman"], abs=1e-12)


def test_bland_altman__equals_epir_and_r(values, log_tpm):
    found = bland_altman(*log_tpm)
    assert found.bias == pytest.approx(values["bias"], abs=1e-12)
    assert found.sd == pytest.approx(values["sd_difference"], abs=1e-12)
    assert found.robust_sd == pytest.approx(values["robust_sd"], abs=1e-12)


def test_encode_qc__equals_the_r_script(values, tpm):
    found = encode_qc(*tpm)
    assert found.mad == values["encode_mad"]
    assert found.sd == values["encode_sd"]
    assert found.pearson == pytest.approx(values["encode_pearson"], abs=1e-12)
    assert found.spearman == pytest.approx(values["encode_spearman"], abs=1e-12)


@pytest.mark.parametrize("rho", ["0", "0.01", "0.2"])
def test_gene_set_shift__equals_limma(values, log_tpm, rho):
    m = log_tpm[0] - log_tpm[1]
    names = [str(i) for i in range(m.size)]
    for difference, name in (
        (m, "rank_sum_"),
        (m + np.arange(1, m.size + 1) * 1e-7, "rank_sum_untied_"),
    ):
        found = gene_set_shift(
            difference, genes=names, sets={"first": names[:40]}, correlation=float(rho)
        )
        assert found.p[0] == pytest.approx(values[name + rho], abs=1e-12)


def test_inter_gene_correlation__equals_limma(values):
    genes = np.column_stack(list(columns("correlated_genes.tsv").values()))
    assert inter_gene_correlation(genes) == pytest.approx(
        values["inter_gene_correlation"], abs=1e-9
    )


@pytest.mark.parametrize("rho", ["0", "0.01", "0.2"])
def test_gene_set_shift__with_an_estimated_correlation_equals_limmas_t(values, log_tpm, rho):
    m = log_tpm[0] - log_tpm[1]
    names = [str(i) for i in range(m.size)]
    found = gene_set_shift(
        m,
        genes=names,
        sets={"first": names[:40]},
        correlation=float(rho),
        degrees_of_freedom=4,
    )
    assert found.p[0] == pytest.approx(values[f"rank_sum_t4_{rho}"], abs=1e-9)


def test_inter_gene_correlation__within_groups_equals_limma(values):
    genes = np.column_stack(list(columns("correlated_genes.tsv").values()))
    assert inter_gene_correlation(genes, groups=[*"aaabbbcc"]) == pytest.approx(
        values["inter_gene_correlation_within"], abs=1e-9
    )


def test_benjamini_hochberg__equals_r():
    golden = columns("benjamini_hochberg.tsv")
    np.testing.assert_allclose(benjamini_hochberg(golden["p"]), golden["adjusted"], atol=1e-15)


def test_equivalence__equals_welchs_one_sided_tests_in_r():
    a, b = (
        np.column_stack(list(columns(f"replicates_{name}.tsv").values())) for name in ("a", "b")
    )
    golden = columns("welch.tsv")
    found = equivalence(a, b, margin=1.0)
    expected = np.maximum(golden["lower"], golden["upper"])
    np.testing.assert_allclose(found.p_equivalent, expected, atol=1e-9)
    np.testing.assert_allclose(found.p_different, np.minimum(2 * (1 - expected), 1), atol=1e-9)
