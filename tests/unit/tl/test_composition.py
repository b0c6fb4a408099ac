"""Composition on AnnData: within a condition, spike-ins by name, words for the page."""

from __future__ import annotations

import anndata
import numpy as np
import pandas as pd

import lotwise


def study(*, shift=1.0, conditions=None, names=None):
    rng = np.random.default_rng(0)
    amount = rng.lognormal(4, 1, 300) * rng.lognormal(0, 0.1, (6, 300))
    amount[5, 0] += (1 / shift - 1) * amount[5].sum()
    tpm = 1e6 * amount / amount.sum(axis=1, keepdims=True)
    obs = pd.DataFrame(
        {"batch": [f"lot{i // 2}" for i in range(6)]}, index=[f"s{i}" for i in range(6)]
    )
    if conditions:
        obs["condition"] = conditions
    var = pd.DataFrame(index=names or [f"g{i}" for i in range(300)])
    made = anndata.AnnData(np.log2(tpm + 1), obs=obs, var=var)
    made.layers["tpm"] = tpm
    made.uns["lotwise"] = {"level": "gene"}
    return made


def table_of(made, **options):
    lotwise.tl.composition(made, **options)
    return lotwise.get.evidence(made, "composition").set_index("sample")


def test_composition__names_the_sample_that_shifts():
    table = table_of(study(shift=0.7))
    assert table["shifted"].to_dict() == dict.fromkeys(["s0", "s1", "s2", "s3", "s4"], "no") | {
        "s5": "yes"
    }
    assert table.loc["s5", "words"].startswith("TPM of unchanged features shift by -")
    assert table_of(study())["shifted"].tolist() == ["no"] * 6


def test_composition__compares_within_a_condition():
    # Only the condition with the shifted sample gets a remark.
    table = table_of(study(shift=0.5, conditions=["a"] * 5 + ["b"]))
    assert table["shifted"].tolist() == ["no"] * 5 + [""]
    assert table.loc["s5", "reason"] == "there is no other sample of its condition"


def test_composition__spike_ins_are_found_by_name_and_genes_of_man_are_none():
    names = [f"ERCC-{i:05}" for i in range(5)] + [f"ERCC{i}" for i in range(295)]
    table = table_of(study(names=names))
    assert (table["n_spike_ins"] == 5).all()
    assert table["global_change"].notna().all()
    other = table_of(study(names=names), spike_ins=["MY-"])
    assert (other["spike_in_reason"] == "there are no spike-ins").all()
    made = study()
    made.var["gene_name"] = names
    assert (table_of(made)["n_spike_ins"] == 5).all()


def test_composition__figure_has_a_point_per_sample():
    made = study(shift=0.7)
    lotwise.tl.composition(made)
    (axis,) = lotwise.pl.composition(lotwise.get.evidence(made, "composition")).axes
    assert len(axis.get_yticks()) == 6
    assert axis.get_legend() is None


def test_composition__another_unit_is_nan_with_a_reason():
    made = study(shift=0.5)
    made.uns["lotwise"]["unit"] = "CPM"
    table = table_of(made)
    assert table["factor"].isna().all()
    assert set(table["reason"]) == {"detection needs TPM, but the numbers are CPM"}
