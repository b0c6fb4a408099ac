"""Real lines under made-up conditions with planted effects: like is compared with like."""

from __future__ import annotations

import csv
import warnings

import anndata
import numpy as np
import pandas as pd
import pytest
from simulated import findings_of

import lotwise
from lotwise.config import EvidenceConfig
from lotwise.errors import DesignWarning
from lotwise.expression import Quantification
from lotwise.report.interpretation import design_remark
from lotwise.report.libraries import depth_remark
from lotwise.report.summary import level_answer

pytestmark = pytest.mark.shared
CONDITIONS = ("naive", "x", "y", "z")
STATISTICS = ("libraries", "batches", "ceilings")


@pytest.fixture(scope="module")
def lines(shared):
    """Real macrophages of six lines, genes."""
    folder = shared / "macrophage_naive"
    with (folder / "coldata.csv").open() as handle:
        names = {row["names"]: row["line_id"] for row in csv.DictReader(handle)}
    with pytest.warns(lotwise.errors.UnmappedTranscriptsWarning):
        return lotwise.read_quant(
            {names[path.name]: path / "quant.sf.gz" for path in (folder / "quants").iterdir()},
            tx2gene=folder / "tx2gene_from_gencode27.csv.gz",
        ).gene


@pytest.fixture(scope="module")
def treated(lines):
    """Every line under four conditions: 2,000 expressed genes change four-fold in each but one."""
    rng = np.random.default_rng(1)
    tpm, counts = (np.asarray(lines.layers[name], dtype=float) for name in ("tpm", "counts"))
    expressed = np.flatnonzero((tpm > 1).all(axis=0))
    made_tpm, made_counts, obs = [], [], []
    for condition in CONDITIONS:
        effect = np.ones(lines.n_vars)
        if condition != "naive":
            chosen = rng.choice(expressed, 2000, replace=False)
            effect[chosen] = np.exp2(rng.choice([-2.0, 2.0], 2000))
        for row, line in enumerate(lines.obs_names):
            drawn = rng.poisson(counts[row] * effect).astype(float)
            rate = tpm[row] * np.divide(
                drawn, counts[row], where=counts[row] > 0, out=np.zeros_like(drawn)
            )
            made_tpm.append(1e6 * rate / rate.sum())
            made_counts.append(drawn)
            obs.append({"sample": f"{line}_{condition}", "batch": line, "condition": condition})
    made = anndata.AnnData(
        np.log2(np.array(made_tpm) + 1),
        obs=pd.DataFrame(obs).set_index("sample"),
        var=lines.var.copy(),
        layers={"tpm": np.array(made_tpm), "counts": np.array(made_counts)},
        uns={"lotwise": dict(lines.uns["lotwise"])},
    )
    made.uns["lotwise"] = {"level": "gene"}
    return made


def compared(folder, made):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DesignWarning)
        found = lotwise.compare(
            Quantification(gene=made.copy(), isoform=None),
            evidence=EvidenceConfig(statistics=STATISTICS),
        )
    return findings_of(folder, found.tables["gene"])


@pytest.fixture(scope="module")
def findings(treated, tmp_path_factory):
    return compared(tmp_path_factory.mktemp("treated"), treated)


def test_compare__only_lines_of_one_condition_are_between_batches(findings):
    for row in findings.levels[0].pairs + findings.levels[0].batch_pairs:
        assert (row["relation"] == "between") == (row["condition_a"] == row["condition_b"])
        assert row["relation"] != "within"


def test_level_answer__is_that_of_the_lines_and_not_of_the_treatments(findings, lines, tmp_path):
    naive = level_answer(compared(tmp_path, lines).levels[0], decimals=6)
    level = findings.levels[0]
    answer = level_answer(level, decimals=6)
    assert float(answer.lowest) == pytest.approx(float(naive.lowest), abs=0.02)
    across, between = (
        np.median([row["pearson"] for row in level.pairs if row["relation"] == relation])
        for relation in ("across", "between")
    )
    assert across < between - 0.015


def test_batches__of_each_condition_the_line_apart_is_below(findings):
    rows = findings.levels[0].rows("batches")
    below = {
        (row["batch"], row["condition"])
        for row in rows
        if row["median_to_others"] < row["prediction_lower"]
    }
    assert below == {("qaqx_1", condition) for condition in CONDITIONS}


def test_depth_remark__names_the_line_apart_in_each_condition_and_no_treatment(findings):
    outliers = {row["sample"] for row in findings.levels[0].rows("libraries") if row["outlier"]}
    assert outliers == {f"qaqx_1_{condition}" for condition in CONDITIONS}
    assert "qaqx_1_x" in depth_remark(*findings.levels).text


def test_ceilings__a_treatment_is_no_replicate(findings):
    rows = [row for row in findings.levels[0].rows("ceilings") if row["noise"] == "preparation"]
    assert {row["reason"] for row in rows} == {
        "the reliability of a sample is unknown: fewer than two replicates"
    }


def test_design_remark__named_conditions_are_no_concern(findings):
    assert not list(design_remark(findings))
