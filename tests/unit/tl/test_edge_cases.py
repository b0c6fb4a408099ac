"""Every tool on edge cases: none fails, and undefined values have a reason."""

from __future__ import annotations

import anndata
import numpy as np
import pandas as pd
import pytest

import lotwise
from lotwise.errors import UndefinedWarning
from lotwise.evidence.catalogue import records
from lotwise.metrics.detectable import Perturbation

N = 60
SETS = {"one": [f"f{i}" for i in range(12)], "nothing": ["x", "y"]}
# In the order of a run, since some need the results of others.
TOOLS = {
    "correlate": {},
    "contributions": {},
    "replicate_qc": {},
    "libraries": {},
    "identity": {},
    "components": {},
    "sensitivity": {},
    "agreement": {},
    "intervals": {"n_resamples": 30},
    "ceilings": {},
    "detectable": {"perturbation": Perturbation(folds=(2.0,), shares=(0, 0.2), n_repeats=1)},
    "batches": {},
    "batch_equivalence": {"margin": 0.01},
    "equivalence": {},
    "signal": {"grouping": "batch"},
    "gene_sets": {"sets": SETS},
    "isoform_usage": {},
    "isoform_shares": {},
    "variance": {},
    "composition": {},
    "process_change": {"attributes": None},
}
# The number in each table that is NaN only with a reason.
NUMBERS = {
    "pairs": "pearson",
    "contributions": "share",
    "replicate_qc": "pearson",
    "libraries": "outlier_score",
    "components": "pc1",
    "clustering": "height",
    "sensitivity": "pearson",
    "agreement": "bias",
    "intervals": "lower",
    "ceilings": "ratio",
    "detectable": "pearson",
    "unseen": "share",
    "batches": "prediction_lower",
    "batch_equivalence": "p",
    "equivalence": "p_equivalent",
    "signal": "snr_db",
    "gene_sets": "p",
    "gene_set_batches": "p",
    "isoform_usage": "p",
    "uncertainty_strata": "pearson",
    "isoform_shares": "share",
    "variance": "share",
    "variance_density": "fraction",
    "composition": "factor",
    "process_change": "p",
    "quality_range": "lower",
    "process_features": "p_equivalent",
}


def drawn(batches="ABC", *, n=N):
    rng = np.random.default_rng(7)
    counts = rng.poisson(rng.lognormal(4, 1.5, n) * rng.lognormal(0, 0.2, (len(batches), n)))
    return counts.astype(float), batches


def identical():
    counts, batches = drawn()
    return np.tile(counts[0], (3, 1)), batches


def constant():
    counts, batches = drawn()
    counts[1] = 50
    return counts, batches


CASES = {
    "two samples": lambda: drawn("AB"),
    "one gene": lambda: drawn(n=1),
    "two genes": lambda: drawn(n=2),
    "ties everywhere": lambda: (np.sign(drawn()[0] - np.median(drawn()[0])) + 2.0, "ABC"),
    "all zeros": lambda: (np.zeros((3, N)), "ABC"),
    "a constant sample": constant,
    "identical samples": identical,
    "replicates in one batch alone": lambda: drawn("AAABC"),
    "one batch": lambda: drawn("AAA"),
    "no counts": drawn,
}


def in_anndata(counts, batches, *, with_counts=True):
    total = counts.sum(axis=1, keepdims=True)
    tpm = np.divide(counts, total, out=np.zeros_like(counts), where=total > 0) * 1e6
    features = pd.Index([f"f{i}" for i in range(counts.shape[1])], dtype=object)
    layers = {"tpm": tpm, "length": np.full(counts.shape, 1000.0), "counts": counts}
    if not with_counts:
        del layers["counts"], layers["length"]
    return anndata.AnnData(
        X=np.log2(tpm + 1),
        obs=pd.DataFrame(
            {"batch": pd.Categorical([*batches])},
            index=pd.Index([f"s{i}" for i in range(len(batches))], dtype=object),
        ),
        var=pd.DataFrame({"gene_id": [f"g{i // 2}" for i in range(len(features))]}, index=features),
        layers=layers,
        uns={"lotwise": {"level": "isoform"}},
    )


@pytest.fixture(scope="module", params=CASES)
def annotated(request):
    expression = in_anndata(*CASES[request.param](), with_counts=request.param != "no counts")
    for tool, parameters in TOOLS.items():
        if tool == "correlate" and request.param in {"one gene", "all zeros", "a constant sample"}:
            with pytest.warns(UndefinedWarning, match="R is not defined"):
                lotwise.tl.correlate(expression)
            continue
        getattr(lotwise.tl, tool)(expression, **parameters)
    return request.param, expression


def test_tools__all_are_tried():
    # These choose and group, or read no expression: tests/unit/tl/test_blocks.py, test_pairs.py,
    # test_genotype.py, tests/unit/test_accepted.py.
    elsewhere = {"blocks", "choose_pairs", "least_and_most_alike", "accepted", "genotype"}
    assert set(TOOLS) | elsewhere == set(lotwise.tl.__all__)
    without = {"identity", "sex", "reference", "donors", "genotype"}
    assert set(NUMBERS) >= {record.table for record in records()} - without


@pytest.mark.parametrize("table", NUMBERS)
def test_tools__what_is_not_defined_is_nan_with_a_reason(annotated, table):
    case, expression = annotated
    found = expression.uns["lotwise"][table]
    number = found[NUMBERS[table]]
    assert not np.isinf(number).any()
    assert (found.loc[number.isna(), "reason"] != "").all(), case
    # R never exceeds 1, whatever the rounding.
    if NUMBERS[table] == "pearson":
        assert number.dropna().abs().le(1).all()


def test_tools__identical_samples_agree_wholly():
    expression = in_anndata(*identical())
    for tool in ("correlate", "contributions", "agreement", "sensitivity", "intervals"):
        getattr(lotwise.tl, tool)(expression, **TOOLS[tool])
    tables = expression.uns["lotwise"]
    # Some BLAS kernels add in another order: one unit in the last place.
    np.testing.assert_allclose(tables["pairs"]["pearson"].dropna(), 1, rtol=3e-16)
    # No feature contributes anything: one row per pair says so, and there are no other rows.
    assert tables["contributions"]["feature"].to_list() == ["*"] * 3
    assert tables["contributions"]["share"].isna().all()
    assert tables["contributions"]["reason"].str.contains("1 - r is 0 and has no shares").all()
    assert (tables["agreement"].query("bin == 0")["bias"] == 0).all()
    np.testing.assert_allclose(tables["intervals"]["lower"], 1, atol=1e-9)


def test_tools__replicates_in_one_batch_alone_are_used_there_alone():
    expression = in_anndata(*drawn("AAABC"))
    for tool in ("batches", "equivalence", "ceilings"):
        getattr(lotwise.tl, tool)(expression)
    tables = expression.uns["lotwise"]
    within = tables["batches"].set_index("batch")["within"]
    assert within.notna().to_dict() == {"A": True, "B": False, "C": False}
    assert set(tables["equivalence"]["reason"]) == {"a batch has only one replicate"}
    by_replicates = tables["ceilings"].query("method == 'replicates'")
    assert by_replicates["ratio"].isna().all()
    assert by_replicates.loc[by_replicates["relation"] == "within", "ceiling"].notna().all()
