"""Equivalence of batches on AnnData: thinning, conditions and the margin."""

from __future__ import annotations

import anndata
import numpy as np
import pandas as pd
import pytest

import lotwise
from lotwise.accepted import add_to_accepted
from lotwise.config import CorrelationConfig, EvidenceConfig
from lotwise.errors import InputError
from lotwise.run.evidence import gather_evidence


def study(seed, *, k=5, n=3, effect=0.0, depth=2e6, n_features=3000):
    rng = np.random.default_rng(seed)
    truth = rng.normal(3, 2, n_features)
    of_batch = np.repeat(np.arange(k), n)
    log_tpm = (
        truth
        + effect * rng.normal(size=(k, n_features))[of_batch]
        + 0.2 * rng.normal(size=(k * n, n_features))
    )
    lengths = np.random.default_rng(0).uniform(500, 3000, n_features)
    expected = 2**log_tpm * lengths
    expected *= np.broadcast_to(depth, k * n)[:, None] / expected.sum(axis=1, keepdims=True)
    counts = rng.poisson(expected).astype(float)
    tpm = counts / lengths
    tpm *= 1e6 / tpm.sum(axis=1, keepdims=True)
    made = anndata.AnnData(
        np.log2(tpm + 1),
        obs=pd.DataFrame(
            {"batch": [f"lot{b}" for b in of_batch]}, index=[f"s{i}" for i in range(k * n)]
        ),
        var=pd.DataFrame(index=[f"g{i}" for i in range(n_features)]),
    )
    made.layers["tpm"], made.layers["counts"] = tpm, counts
    made.uns["lotwise"] = {"level": "gene"}
    return made


def row_of(expression, **options):
    lotwise.tl.batch_equivalence(expression, **({"margin": 0.005} | options))
    (row,) = lotwise.get.evidence(expression, "batch_equivalence").to_dict("records")
    return row


def test_batch_equivalence__alike_is_equivalent_and_different_is_not():
    assert row_of(study(0))["equivalent"] == "yes"
    assert row_of(study(0, effect=0.8))["equivalent"] == "no"


def test_batch_equivalence__depth_does_not_pass_for_a_difference():
    # One batch at a quarter of the depth of the others; nothing else differs.
    depth = np.repeat([2e6, 2e6, 2e6, 2e6, 5e5], 3)
    row = row_of(study(1, depth=depth))
    assert row["equivalent"] == "yes"
    assert row["depth"] == pytest.approx(5e5, rel=0.01)
    assert abs(row["difference"]) < 0.002


def test_batch_equivalence__without_a_margin_or_counts_says_why():
    made = study(2)
    without = row_of(made, margin=None)
    assert without["equivalent"] == "not assessable"
    assert without["reason"] == "no margin was given (batch_margin)"
    assert np.isfinite(without["difference"])
    del made.layers["counts"]
    row = row_of(made)
    assert row["equivalent"] == "not assessable"
    assert "is unknown (no counts)" in row["reason"]


def test_batch_equivalence__figure_shows_interval_and_margin():
    made = study(3)
    lotwise.tl.batch_equivalence(made, margin=0.005)
    figure = lotwise.pl.batch_equivalence(lotwise.get.evidence(made, "batch_equivalence"))
    (axis,) = figure.axes
    assert "equivalence shown" in axis.get_title()
    assert 0.005 in [round(line.get_xdata()[0], 6) for line in axis.lines]


def test_batch_equivalence__a_copy_under_another_name_is_not_assessable():
    expression = study(0)
    for layer in ("tpm", "counts"):
        expression.layers[layer][3:6] = expression.layers[layer][0:3]
    row = row_of(expression)
    assert row["equivalent"] == "not assessable"
    assert row["reason"].startswith(
        "samples s0 and s3 have the same values (and 2 more such pairs)"
    )
    assert np.isnan([row[name] for name in ("between", "difference", "lower", "upper", "p")]).all()


def accepted_set(path, *, k=8, effect=0.1, seed=7):
    held = study(seed, k=k, effect=effect)
    held.obs["batch"] = [f"old-{batch}" for batch in held.obs["batch"]]
    add_to_accepted(held, path)
    return path


def test_batch_equivalence__takes_its_margin_from_accepted_batches(tmp_path):
    path = accepted_set(tmp_path / "accepted.h5ad")
    like = row_of(study(7, effect=0.1), margin=None, accepted=path)
    assert like["equivalent"] == "yes"
    assert 0 < like["difference"] < like["margin"] < 0.05
    assert "upper tolerance limit of 8 accepted batches" in like["words"]
    assert row_of(study(7, effect=1.0), margin=None, accepted=path)["equivalent"] == "no"


def test_batch_equivalence__few_accepted_batches_set_no_margin(tmp_path):
    path = accepted_set(tmp_path / "accepted.h5ad", k=4)
    row = row_of(study(7), margin=None, accepted=path)
    assert row["equivalent"] == "not assessable"
    assert row["reason"] == "a margin needs at least 6 accepted batches; there are 4"
    assert np.isnan(row["margin"])
    with pytest.raises(InputError, match="both a margin and a set of accepted batches"):
        row_of(study(7), margin=0.01, accepted=path)


def test_batch_equivalence__config_names_accepted_batches(tmp_path):
    made, path = study(7, effect=0.1), accepted_set(tmp_path / "accepted.h5ad")
    wanted = EvidenceConfig(statistics=("batch_equivalence",), batch_margin="accepted")
    row = gather_evidence(made, wanted, CorrelationConfig())["batch_equivalence"].iloc[0]
    assert row["equivalent"] == "not assessable"
    assert row["reason"].endswith("no accepted set was given (reference_set)")
    wanted = wanted.model_copy(update={"reference_set": path})
    row = gather_evidence(made, wanted, CorrelationConfig())["batch_equivalence"].iloc[0]
    assert row["equivalent"] == "yes"
