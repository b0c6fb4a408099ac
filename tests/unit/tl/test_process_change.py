"""Lots before and after a change on AnnData: attributes, lots as units, missing answers."""

from __future__ import annotations

import anndata
import numpy as np
import pandas as pd
import pytest

import lotwise
from lotwise.config.attributes import Attributes
from lotwise.errors import InputError
from lotwise.tl.lots import lots_of

PRE, POST = 6, 3
DECLARED = {
    "lots": {"pre": PRE, "post": POST},
    "k": 3,
    "attributes": [
        {"name": "g7", "gene": "g7", "margin": 1.0, "rationale": "x", "sd": 0.2},
        {"name": "set", "gene_set": "FIRST", "margin": 0.5, "rationale": "x"},
        {"name": "R", "r": "median", "margin": 0.5, "rationale": "x"},
    ],
}
SETS = {"FIRST": [f"g{i}" for i in range(20)]}


def study(*, changed=0.0, n_changed=0, n_samples=2, post=POST, seed=0, between=0.1):
    """Lots of two samples; after the change the first genes are up by ``changed`` (log2)."""
    rng = np.random.default_rng(seed)
    n_lots = PRE + post
    truth = rng.normal(6, 2, 500)
    of_lot = np.repeat(np.arange(n_lots), n_samples)
    log = truth + between * rng.normal(size=(n_lots, 500))[of_lot]
    log[of_lot >= PRE, :n_changed] += changed
    log += 0.1 * rng.normal(size=log.shape)
    amount = 2.0**log
    tpm = 1e6 * amount / amount.sum(axis=1, keepdims=True)
    obs = pd.DataFrame(
        {
            "batch": [f"lot{lot}" for lot in of_lot],
            "phase": ["post" if lot >= PRE else "pre" for lot in of_lot],
        },
        index=[f"s{i}" for i in range(of_lot.size)],
    )
    made = anndata.AnnData(
        np.log2(tpm + 1), obs=obs, var=pd.DataFrame(index=[f"g{i}" for i in range(500)])
    )
    made.layers["tpm"], made.layers["counts"] = tpm, np.round(tpm * 5)
    made.uns["lotwise"] = {"level": "gene"}
    return made


def tables(made, declared=DECLARED, **options):
    attributes = None if declared is None else Attributes.model_validate(declared)
    lotwise.tl.process_change(made, attributes=attributes, gene_sets=SETS, **options)
    names = ("process_change", "quality_range", "process_features")
    return [lotwise.get.evidence(made, name) for name in names]


def test_process_change__nothing_changed_is_equivalent_and_inside():
    change, lots, features = tables(study())
    assert change["equivalent"].tolist() == ["yes"] * 3
    assert (change["n_pre"] == PRE).all()
    assert change["smallest_p"].tolist() == pytest.approx([1 / 84] * 3)
    assert change.loc[0, "power"] > 0.95
    assert change["power"].isna().tolist() == [False, True, True]
    assert len(lots) == 3 * (PRE + POST)
    assert (lots["inside"] == "yes").mean() > 0.9
    assert set(features["outcome"]) <= {"equivalent", "inconclusive", "not expressed"}


def test_process_change__what_is_planted_is_found():
    change, lots, features = tables(study(changed=2.0, n_changed=20))
    of = change.set_index("attribute")
    assert of["equivalent"].to_dict() == {"g7": "no", "set": "no", "R": "no"}
    assert of.loc["set", "difference"] == pytest.approx(2, abs=0.4)
    assert of.loc["set", "permutation_p"] == pytest.approx(1 / 84)
    after = lots[(lots["attribute"] == "set") & (lots["phase"] == "post")]
    assert (after["inside"] == "no").all()
    named = features.loc[features["outcome"] == "different", "feature"]
    assert set(named) == set(SETS["FIRST"])


def test_process_change__more_samples_of_a_lot_are_no_more_lots():
    # Lots differ; if samples were replicates, their number would make it significant.
    two, twenty = (
        tables(study(between=0.8, n_samples=n, seed=1))[2].set_index("feature") for n in (2, 20)
    )
    for found in (two, twenty):
        assert (found["n_post"] == POST).all()
        # At most a few of 500 by chance: nothing is planted, only lots vary.
        assert (found["outcome"] == "different").mean() < 0.01
    assert (twenty["outcome"] == "equivalent").mean() < 0.9


def test_process_change__fewer_lots_than_planned_are_not_assessable():
    change, lots, features = tables(study(post=1))
    assert (change["equivalent"] == "not assessable").all()
    assert (change["reason"] == "1 post lots of 3 planned").all()
    assert (lots["inside"] == "").all()
    assert features["reason"].tolist() == ["6 pre and 1 post lots; 2 of each are needed"]


def test_process_change__a_copy_or_an_unknown_gene_is_not_assessable():
    made = study()
    made.layers["tpm"][1] = made.layers["tpm"][0]
    change, _, features = tables(made)
    assert (change["equivalent"] == "not assessable").all()
    assert change["reason"].str.contains("one is a copy of the other").all()
    assert features["outcome"].tolist() == ["not tested"]
    unknown = {"name": "x", "margin": 1, "rationale": "x"}
    declared = DECLARED | {
        "attributes": [unknown | {"gene": "NOPE"}, unknown | {"name": "y", "gene_set": "NONE"}]
    }
    change, _, _ = tables(study(), declared)
    assert change["reason"].tolist() == [
        "gene 'NOPE' is not annotated",
        "there is no gene set 'NONE'",
    ]


def test_process_change__order_of_samples_does_not_matter():
    made = study(changed=0.5, n_changed=20)
    order = np.random.default_rng(0).permutation(made.n_obs)
    one, other = tables(made)[0], tables(made[order].copy())[0]
    # Only R uses a depth that is drawn at random.
    for name in ("difference", "p", "permutation_p"):
        assert one[name][:2].tolist() == pytest.approx(other[name][:2].tolist(), rel=1e-9)


def test_process_change__without_phases_or_attributes_says_so():
    made = study()
    change, _, features = tables(made, None)
    assert change["reason"].item() == "no attributes were declared (attributes)"
    assert len(features) == 500
    del made.obs["phase"]
    assert tables(made)[2]["reason"].item().startswith("the samples have no column phase")


def test_lots_of__refuses_other_phases_and_lots_of_both():
    made = study()
    made.obs["phase"] = ["pre", "post", *made.obs["phase"][2:]]
    with pytest.raises(InputError, match="lot 'lot0' has samples of both phases"):
        lots_of(made)
    made.obs["phase"] = "G1"
    with pytest.raises(
        InputError, match="sample s0 has the phase 'G1', which must be 'pre' or 'post'"
    ):
        lots_of(made)


def test_process_change__figure_has_a_row_per_attribute():
    change, lots, _ = tables(study())
    left, right = lotwise.pl.process_change(change, lots=lots).axes
    assert [text.get_text() for text in left.get_yticklabels()] == ["g7", "set", "R"]
    assert len(right.get_legend().get_texts()) == 2


def test_process_change__another_unit_is_not_assessable():
    made = study()
    made.uns["lotwise"]["unit"] = "CPM"
    change, _, features = tables(made)
    assert set(change["reason"]) == {"detection needs TPM, but the numbers are CPM"}
    assert features["outcome"].tolist() == ["not tested"]
