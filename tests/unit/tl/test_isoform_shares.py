"""The isoform usage from which the figure of isoform switches is drawn."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from matplotlib.text import Text
from scipy.spatial.distance import jensenshannon

import lotwise
from lotwise.errors import InputError
from lotwise.run import drawings
from lotwise.tl.isoforms import rank_switches


def test_rank_switches__certain_before_large_and_within_a_batch_never():
    usage = pd.DataFrame(
        {
            "relation": ["between", "between", "within"],
            "gene_id": ["noisy", "certain", "within"],
            "distance": [0.9, 0.3, 1.0],
            "p_adjusted": [np.nan, 0.01, 0.001],
        }
    )
    assert rank_switches(usage)["gene_id"].tolist() == ["certain", "noisy"]


def test_isoform_shares__replicates_are_averaged_as_tpm(expression):
    # Batch A has two samples; one gene has two isoforms that are exchanged in batch C.
    expression.var["gene_id"] = [f"g{i // 2}" for i in range(expression.n_vars)]
    tpm = expression.layers["tpm"]
    tpm[:, :2] = [[300, 100], [100, 300], [300, 100], [0, 4000]]
    lotwise.tl.isoform_usage(expression)
    lotwise.tl.isoform_shares(expression, n_genes=1)
    table = lotwise.get.evidence(expression, "isoform_shares")
    assert set(table["gene_id"]) == {"g0"}
    shares = table.pivot_table(index="batch", columns="isoform", values="share").to_numpy()
    np.testing.assert_allclose(shares, [[0.5, 0.5], [0.75, 0.25], [0, 1]])
    figure = lotwise.pl.isoform_switches(
        rank_switches(lotwise.get.evidence(expression, "isoform_usage")).head(1), usage=table
    )
    assert figure.axes[0].get_title().startswith("g0: distance")


def test_isoform_shares__two_odd_samples_of_equal_batches_are_no_switch(expression):
    expression.var["gene_id"] = [f"g{i // 2}" for i in range(expression.n_vars)]
    tpm = expression.layers["tpm"]
    # g0: one sample of batch A differs completely from B, its mean hardly. g1: the batches differ.
    tpm[:, :2] = [[4000, 0], [0, 4000], [2000, 2000], [2000, 2000]]
    tpm[:, 2:4] = [[3000, 1000], [3000, 1000], [3000, 1000], [800, 3200]]
    lotwise.tl.isoform_usage(expression)
    lotwise.tl.isoform_shares(expression, n_genes=1)
    table = lotwise.get.evidence(expression, "isoform_shares")
    assert set(table["gene_id"]) == {"g1"}
    expected = jensenshannon([0.75, 0.25], [0.2, 0.8], base=2)
    np.testing.assert_allclose(table["distance"], expected)


def test_isoform_usage__isoforms_without_a_gene_are_no_gene(expression):
    expression.var["gene_id"] = [f"g{i // 2}" for i in range(expression.n_vars)]
    expression.var.loc[expression.var_names[-100:], "gene_id"] = [""] * 99 + [np.nan]
    # This would be the largest switch, if these were isoforms of one gene.
    expression.layers["tpm"][:2, -100:-98] = [8000, 0]
    expression.layers["tpm"][2:, -100:-98] = [0, 8000]
    lotwise.tl.isoform_usage(expression)
    lotwise.tl.isoform_shares(expression, n_genes=1)
    genes = set(lotwise.get.evidence(expression, "isoform_usage")["gene_id"])
    assert len(genes) > 10
    assert not genes & {"", "nan"}
    mapped = expression[:, :-100].copy()
    lotwise.tl.isoform_usage(mapped)
    pd.testing.assert_frame_equal(
        lotwise.get.evidence(expression, "isoform_usage"),
        lotwise.get.evidence(mapped, "isoform_usage"),
    )
    shares = lotwise.get.evidence(expression, "isoform_shares")
    assert not set(shares["gene_id"]) & {"", "nan"}
    expression.var["gene_id"] = ""
    with pytest.raises(InputError, match="no isoform has a gene in var column 'gene_id'; give the"):
        lotwise.tl.isoform_usage(expression)


def test_isoform_shares__needs_usage_first(expression):
    with pytest.raises(InputError, match=r"call lotwise\.tl\.isoform_usage first"):
        lotwise.tl.isoform_shares(expression)


def test_isoform_usage__another_unit_than_tpm_has_no_usage_and_says_why(three_batches):
    isoform = three_batches.isoform.copy()
    isoform.uns["lotwise"]["unit"] = "CPM"
    lotwise.tl.isoform_usage(isoform)
    lotwise.tl.isoform_shares(isoform)
    why = "usage of isoforms needs TPM, but the numbers are CPM"
    usage = lotwise.get.evidence(isoform, "isoform_usage")
    assert usage["gene_id"].tolist() == ["*"] * 3
    assert usage["distance"].isna().all()
    assert set(usage["reason"]) == {why}
    shares = lotwise.get.evidence(isoform, "isoform_shares")
    assert shares["share"].isna().all()
    assert set(shares["reason"]) == {why}
    drawn = drawings.isoform_switches(shares, usage=usage)
    assert why in " ".join(" ".join(t.get_text().split()) for t in drawn.findobj(Text))
