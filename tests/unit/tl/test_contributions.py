"""The contribution table: planted features lead it and its shares sum to 1."""

from __future__ import annotations

import numpy as np
import pytest

import lotwise
from lotwise.errors import InputError


def test_contributions__shares_of_all_features_sum_to_one(expression):
    lotwise.tl.contributions(expression, n_largest=400)
    for _, table in lotwise.get.contributions(expression).groupby(["sample_a", "sample_b"]):
        assert table.share.sum() == pytest.approx(1, abs=1e-12)
        assert table["rank"].to_list() == list(range(1, len(table) + 1))
        assert table.share.is_monotonic_decreasing
        np.testing.assert_allclose(table.cumulative_share, table.share.cumsum(), atol=1e-12)


def test_contributions__planted_features_lead_with_their_numbers(expression):
    expression.layers["tpm"][2, [3, 70]] += 2e5
    lotwise.tl.contributions(expression, n_largest=2)
    table = lotwise.get.contributions(expression)
    lead = table[(table.sample_a == "A1") & (table.sample_b == "B1")]
    assert set(lead.feature) == {"g3", "g70"}
    first = lead.iloc[0]
    index = int(first.feature[1:])
    tpm = expression.layers["tpm"][:, index]
    assert (first.tpm_a, first.tpm_b) == (tpm[0], tpm[2])
    both = (expression.layers["tpm"][[0, 2]] >= 1).all(axis=0)
    ratios = np.divide(*expression.layers["tpm"][[0, 2]][:, both])
    # Two-fold is two-fold: no pseudo-count, and the shift of composition is divided out.
    assert first.log2_ratio == pytest.approx(np.log2(tpm[0] / tpm[2] / np.median(ratios)), abs=0.01)
    assert first.relation == "between"
    assert first.gene_name == f"N{index}"


def test_contributions__a_feature_of_one_sample_alone_has_no_ratio(expression):
    expression.layers["tpm"][0, 5], expression.layers["tpm"][2, 5] = 0, 5e4
    lotwise.tl.contributions(expression, n_largest=1)
    table = lotwise.get.contributions(expression)
    lead = table[(table.sample_a == "A1") & (table.sample_b == "B1")].iloc[0]
    assert lead.feature == "g5"
    assert np.isnan(lead.log2_ratio)


def test_contributions__identical_and_constant_samples_have_none(expression):
    expression.layers["tpm"][1] = expression.layers["tpm"][0]
    expression.layers["tpm"][3] = 1.0
    lotwise.tl.contributions(expression)
    table = lotwise.get.contributions(expression)
    led = table[table["rank"] > 0]
    assert set(led.sample_a + led.sample_b) == {"A1B1", "A2B1"}
    assert (led["reason"] == "").all()
    none = table[table["rank"] == 0]
    assert dict(zip(none.sample_a + none.sample_b, none.reason, strict=True)) == {
        "A1A2": "the samples are perfectly correlated: 1 - r is 0 and has no shares",
        "A1C1": "C1 is constant",
        "A2C1": "C1 is constant",
        "B1C1": "C1 is constant",
    }


@pytest.mark.parametrize("options", [{"n_largest": 0}, {"pseudocount": 0}])
def test_contributions__refuses(expression, options):
    with pytest.raises(InputError, match="n_largest must be >= 1 and pseudocount > 0"):
        lotwise.tl.contributions(expression, **options)
