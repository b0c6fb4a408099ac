"""Variance components of a design."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lotwise.errors import InputError
from lotwise.metrics.variance import RESIDUAL, variance_components

DONOR = np.repeat(np.arange(5), 6)
BATCH = np.repeat(np.arange(10), 3)


def nested(seed, *, donor=1.0, batch=0.5, noise=0.4, n_features=2000):
    rng = np.random.default_rng(seed)
    return (
        rng.normal(0, donor**0.5, (5, n_features))[DONOR]
        + rng.normal(0, batch**0.5, (10, n_features))[BATCH]
        + rng.normal(0, noise**0.5, (30, n_features))
    )


def anova(values):
    """The textbook estimates of a balanced nested design, without bounds."""
    means = values.reshape(5, 2, 3, -1)
    cells, donors = means.mean(axis=2), means.mean(axis=(1, 2))
    residual = ((means - cells[:, :, None]) ** 2).sum(axis=(0, 1, 2)) / 20
    between = 3 * ((cells - donors[:, None]) ** 2).sum(axis=(0, 1)) / 5
    of_donors = 6 * ((donors - donors.mean(axis=0)) ** 2).sum(axis=0) / 4
    return np.array([(of_donors - between) / 6, (between - residual) / 3, residual])


def test_variance_components__hand_value():
    # Within: 2 x 0.1^2 x 2 / 2 = 0.02; between means of two: 2 (2 / 2)^2 / 1 = 2 = sb + 0.02 / 2.
    found = variance_components([[0.0], [0.2], [2.0], [2.2]], factors={"batch": [*"aabb"]})
    assert found.factors == ("batch", RESIDUAL)
    assert found.variance.ravel() == pytest.approx([1.99, 0.02])
    assert found.n_levels == (2, 4)


def test_variance_components__equals_analysis_of_variance_where_balanced():
    values = nested(0)
    expected = anova(values)
    found = variance_components(values, factors={"donor": DONOR, "batch": BATCH})
    inside = (expected > 0).all(axis=0)
    assert inside.mean() > 0.5
    assert found.variance[:, inside] == pytest.approx(expected[:, inside], rel=1e-8)
    assert (found.variance >= 0).all()


def test_variance_components__what_is_planted_is_found_and_nothing_else():
    found = variance_components(nested(1), factors={"donor": DONOR, "batch": BATCH})
    assert found.variance.mean(axis=1) == pytest.approx([1.0, 0.5, 0.4], rel=0.08)
    null = variance_components(
        nested(2, donor=0, batch=0), factors={"donor": DONOR, "batch": BATCH}
    )
    assert np.median(null.shares(), axis=1) == pytest.approx([0, 0, 1], abs=0.05)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 1000), scale=st.floats(0.01, 100), shift=st.floats(-10, 10))
def test_variance_components__follow_scale_and_ignore_order_shift_and_names(seed, scale, shift):
    values = nested(seed, n_features=20)
    order = np.random.default_rng(seed).permutation(30)
    factors = {"donor": DONOR, "batch": BATCH}
    before = variance_components(values, factors=factors)
    after = variance_components(
        values[order] * scale + shift,
        factors={name: [f"x{level}" for level in of[order]] for name, of in factors.items()},
    )
    assert after.variance == pytest.approx(before.variance * scale**2, rel=1e-6, abs=1e-9)


def test_variance_components__factors_that_group_alike_have_one_row_together():
    values = nested(3)
    found = variance_components(values, factors={"donor": BATCH, "batch": BATCH, "lane": DONOR})
    assert found.factors == ("donor", "batch", "lane", "donor = batch", RESIDUAL)
    assert np.isnan(found.variance[:2]).all()
    assert found.reasons[0] == (
        "it groups the samples in the same way as 'batch': see 'donor = batch'"
    )
    alone = variance_components(values, factors={"batch": BATCH, "lane": DONOR})
    assert found.variance[3] == pytest.approx(alone.variance[0])
    assert found.variance[4] == pytest.approx(alone.variance[2])


@pytest.mark.parametrize(
    ("levels", "reason"),
    [
        (
            np.arange(30),
            "each batch has one sample, so the effect of batch is part of the residual",
        ),
        (np.zeros(30), "all samples have the same batch"),
    ],
)
def test_variance_components__a_factor_without_replicates_or_levels_is_nan(levels, reason):
    found = variance_components(nested(4), factors={"batch": levels, "donor": DONOR})
    assert np.isnan(found.variance[0]).all()
    assert found.reasons == (reason, "", "")


def test_variance_components__what_the_design_cannot_separate_is_nan():
    # c is the same as a and b together: two levels each, crossed with one sample per cell.
    first, second = np.array([0, 0, 1, 1]), np.array([0, 1, 0, 1])
    third = first ^ second
    values = np.random.default_rng(5).normal(size=(4, 10))
    found = variance_components(values, factors={"a": first, "b": second, "c": third})
    assert np.isnan(found.variance).all()
    assert "the design cannot separate it from" in found.reasons[0]


def test_variance_components__constant_features_have_no_shares():
    values = np.column_stack([np.full(30, 0.1), nested(6, n_features=1)])
    shares = variance_components(values, factors={"batch": BATCH}).shares()
    assert np.isnan(shares[:, 0]).all()
    assert shares[:, 1].sum() == pytest.approx(1)


def test_shares__leave_a_factor_out_of_the_sum():
    found = variance_components(nested(7), factors={"donor": DONOR, "batch": BATCH})
    shares = found.shares(without=["donor"])
    assert np.isnan(shares[0]).all()
    assert shares[1:].sum(axis=0) == pytest.approx(np.ones(shares.shape[1]))


def test_variance_components__refuses_levels_that_are_not_one_per_sample():
    with pytest.raises(InputError, match="the factor 'batch' has 3 values for 2 samples"):
        variance_components([[0.0], [1.0]], factors={"batch": [1, 2, 3]})
