"""ENCODE's replicate QC of an AnnData."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

import lotwise
from lotwise.errors import InputError


def test_replicate_qc__each_pair_in_each_unit_by_definition(expression):
    lotwise.tl.replicate_qc(expression)
    table = lotwise.get.replicate_qc(expression)
    assert len(table) == 12
    fpkm = expression.layers["fpkm"]
    x, y = fpkm[0], fpkm[1]
    both = (x > 0) & (y > 0)
    kept = both.copy()
    kept[both] = np.log2(x[both]) + np.log2(y[both]) > 0
    m = np.log2(x[kept]) - np.log2(y[kept])
    row = table[(table.unit == "FPKM") & (table.relation == "within")].iloc[0]
    assert row.mad == round(1.4826 * np.median(np.abs(m)), 3)
    assert row.sd == round(np.sqrt(np.mean(m**2)), 3)
    wanted = stats.pearsonr(np.log2(x[kept]), np.log2(y[kept])).statistic
    assert row.pearson == pytest.approx(wanted, abs=1e-12)
    assert row.n_features == kept.sum()
    assert row.n_both == ((x >= 1) & (y >= 1)).sum()
    assert row.n_both + row.n_one_only + row.n_neither == 400


def test_replicate_qc__fpkm_of_no_sample_or_of_some(expression):
    """A deposited table of TPM has no FPKM: its pairs have rows in TPM only."""
    expression.layers["fpkm"][0] = np.nan
    lotwise.tl.replicate_qc(expression)
    table = lotwise.get.replicate_qc(expression)
    assert table.unit.value_counts().to_dict() == {"TPM": 6, "FPKM": 3}
    without = expression.obs_names[0]
    assert not (table[table.unit == "FPKM"][["sample_a", "sample_b"]] == without).any(axis=None)
    # A table with a single missing value still has FPKM.
    expression.layers["fpkm"][1, 0] = np.nan
    with pytest.raises(InputError, match="sample 'A2': 'fpkm' of 'g0' is nan"):
        lotwise.tl.replicate_qc(expression)


def test_replicate_qc__without_batches(expression):
    del expression.obs["batch"]
    with pytest.raises(InputError, match="no obs column 'batch'"):
        lotwise.tl.replicate_qc(expression)
