"""Changes of expression that R would not detect."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lotwise.errors import InputError
from lotwise.metrics.detectable import (
    Perturbation,
    PerturbedR,
    less_visible,
    perturbed_r,
    unseen_change,
)


def expression(seed, n=20_000):
    rng = np.random.default_rng(seed)
    tpm = np.where(rng.random(n) < 0.5, rng.lognormal(1.5, 2, n), 0)
    return tpm / tpm.sum() * 1e6


def hand_grid(r):
    return PerturbedR(
        np.array([0.0, 0.1, 0.3]), np.array([2.0]), np.array(r)[:, None], np.zeros((3, 1)), 9, 1, ""
    )


def r_after(tpm, fold):
    changed = tpm * fold
    return np.corrcoef(np.log2(tpm + 1), np.log2(changed / changed.sum() * 1e6 + 1))[0, 1]


def test_sentences__hold_for_what_is_planted():
    """The statements of the page on R, checked with known truth."""
    tpm, rng = expression(1), np.random.default_rng(2)
    expressed = np.flatnonzero(tpm >= 1)
    # "where all features change by one factor, no TPM changes"
    assert r_after(tpm, 2.0) == pytest.approx(1)
    chosen = rng.permutation(expressed)[: expressed.size // 2]
    balanced, upward, highest = np.ones((3, tpm.size))
    balanced[chosen] = rng.choice([4.0, 0.25], chosen.size)
    upward[chosen] = 4.0
    # "of changes in one direction R misses more"
    assert r_after(tpm, upward) > r_after(tpm, balanced) + 0.01
    # "... of highly expressed features less"
    top = expressed[np.argsort(tpm[expressed])[-chosen.size :]]
    highest[top] = rng.choice([4.0, 0.25], top.size)
    assert r_after(tpm, highest) < r_after(tpm, balanced)


def test_unseen_change__hand_values():
    assert unseen_change(hand_grid([1, 0.9, 0.7]), threshold=0.8).shares[0] == pytest.approx(0.2)
    assert unseen_change(hand_grid([1, 0.9, 0.7]), threshold=0.95).shares[0] == pytest.approx(0.05)
    passed = unseen_change(hand_grid([1, 0.9, 0.7]), threshold=0.5)
    assert passed.shares[0] == 0.3
    assert passed.at_least == (True,)


def test_unseen_change__a_threshold_of_1_is_met_but_for_rounding():
    found = unseen_change(hand_grid([1 - 2e-16, 0.9, 0.7]), threshold=1)
    assert found.shares[0] == 0
    assert found.reasons == ("",)


def test_less_visible__the_larger_r_cell_by_cell():
    one, other = hand_grid([1, 0.9, 0.7]), hand_grid([0.99, 0.95, 0.6])
    for grid in (less_visible(one, other), less_visible(other, one)):
        assert grid.pearson.ravel().tolist() == [1, 0.95, 0.7]
    undefined = one._replace(pearson=one.pearson * math.nan, reason="no feature")
    assert less_visible(undefined, other) is other
    assert less_visible(other, undefined) is other
    assert less_visible(undefined, undefined).reason == "no feature"


def test_unseen_change__already_below_is_nan_with_a_reason():
    found = unseen_change(hand_grid([0.7, 0.6, 0.5]), threshold=0.8)
    assert math.isnan(found.shares[0])
    assert found.reasons == ("R is below the threshold at the smallest share tried",)
    with pytest.raises(InputError, match=r"threshold must be in \[-1, 1\], got 98"):
        unseen_change(hand_grid([1, 1, 1]), threshold=98)


def test_perturbed_r__equals_the_same_written_out():
    tpm = expression(1, 500)
    changes = Perturbation(shares=(0.2,), folds=(4.0,), n_repeats=1)
    found = perturbed_r(tpm, tpm, rng=np.random.default_rng(2), perturbation=changes)
    (stream,) = np.random.default_rng(2).spawn(1)
    expressed = np.flatnonzero(tpm >= 1)
    order = stream.permutation(expressed)
    signs = stream.choice((-1.0, 1.0), size=order.size)
    n_changed = round(0.2 * order.size)
    changed = tpm.copy()
    for feature, sign in zip(order[:n_changed], signs, strict=False):
        changed[feature] = tpm[feature] * 4 if sign > 0 else tpm[feature] / 4
    changed = changed / changed.sum() * 1e6
    expected = np.corrcoef(np.log2(changed + 1), np.log2(tpm + 1))[0, 1]
    assert found.pearson[0, 0] == pytest.approx(expected, abs=1e-10)


def test_perturbed_r__null_no_change_leaves_r():
    tpm = expression(3)
    changes = Perturbation(shares=(0.0, 0.5), folds=(1.0, 2.0), n_repeats=2)
    found = perturbed_r(tpm, tpm, rng=np.random.default_rng(1), perturbation=changes)
    np.testing.assert_allclose(found.pearson[0], 1, atol=1e-12)
    np.testing.assert_allclose(found.pearson[:, 0], 1, atol=1e-12)
    assert found.pearson[1, 1] < 0.999


def test_perturbed_r__follows_the_formula_of_the_methods():
    # Without zeros and pseudo-count: r = 1 / (1 + s_d^2 / (2 s_t^2)) when both carry half of s_d.
    rng = np.random.default_rng(4)
    tpm = 2 ** rng.normal(12, 2, 200_000)
    changes = Perturbation(shares=(1.0,), folds=(2.0,), n_repeats=1, pseudocount=1e-9)
    found = perturbed_r(tpm, tpm, rng=rng, perturbation=changes)
    # One sample carries the whole change: var_x = 4 + 1, cov = 4.
    assert found.pearson[0, 0] == pytest.approx(4 / math.sqrt(4 * 5), abs=0.003)


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 10_000))
def test_perturbed_r__falls_with_share_and_fold(seed):
    tpm = expression(seed, 3000)
    changes = Perturbation(shares=(0.0, 0.1, 0.4), folds=(1.5, 3.0), n_repeats=3)
    found = perturbed_r(tpm, tpm, rng=np.random.default_rng(seed), perturbation=changes)
    assert (np.diff(found.pearson, axis=0) < 0).all()
    assert (np.diff(found.pearson[1:], axis=1) < 0).all()


def test_unseen_change__power_recovers_a_planted_share():
    tpm = expression(5)
    planted = Perturbation(shares=(0.12,), folds=(2.0,), n_repeats=1)
    r = perturbed_r(tpm, tpm, rng=np.random.default_rng(6), perturbation=planted).pearson[0, 0]
    grid = perturbed_r(
        tpm, tpm, rng=np.random.default_rng(7), perturbation=Perturbation(folds=(2.0,))
    )
    assert unseen_change(grid, threshold=float(r)).shares[0] == pytest.approx(0.12, abs=0.02)


def test_perturbed_r__nothing_expressed_or_constant_is_nan_with_a_reason():
    rng = np.random.default_rng(1)
    low = perturbed_r([0.1, 0.2], [1, 2], rng=rng)
    assert np.isnan(low.pearson).all()
    assert low.reason == "no feature reaches 1 TPM in x"
    flat = perturbed_r([5, 6], [1, 1], rng=rng)
    assert flat.reason == "y is constant"
    assert np.isnan(unseen_change(flat, threshold=0.9).shares).all()


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"shares": (1.2,)}, r"shares must be in \[0, 1\]"),
        ({"folds": (0.5,)}, "folds must be >= 1"),
        ({"n_repeats": 0}, "n_repeats must be >= 1, got 0"),
        ({"pseudocount": 0}, "pseudocount must be > 0, got 0"),
        ({"expressed_from": 0}, "expressed_from must be > 0 TPM, got 0"),
        ({"expressed_from": float("nan")}, "expressed_from must be > 0 TPM, got nan"),
    ],
)
def test_perturbation__refuses_numbers_out_of_range(wrong, message):
    with pytest.raises(InputError, match=message):
        Perturbation(**wrong)


def falling_grid(seed, n_folds=4):
    """Mean R that falls with the share, along a different curve for each fold."""
    rng = np.random.default_rng(seed)
    shares = np.concatenate([[0.0], np.sort(rng.uniform(0.01, 1, 7))])
    falls = np.cumsum(rng.uniform(0.005, 0.05, (8, n_folds)), axis=0)
    folds = np.sort(rng.uniform(1.1, 8, n_folds))
    return PerturbedR(shares, folds, 1 - falls, np.zeros_like(falls), 9, 1, "")


@given(st.integers(0, 10_000), st.floats(0.6, 0.99))
def test_unseen_change__is_numpys_interpolation_of_a_falling_r(seed, threshold):
    grid = falling_grid(seed)
    found = unseen_change(grid, threshold=threshold)
    for r, share, at_least in zip(grid.pearson.T, found.shares, found.at_least, strict=True):
        # Reversed, since numpy needs increasing values to interpolate.
        inside = np.interp(threshold, r[::-1], grid.shares[::-1], left=1, right=np.nan)
        expected = grid.shares[-1] if threshold <= r[-1] else inside
        np.testing.assert_allclose(share, expected, atol=1e-12)
        assert at_least == (threshold <= r[-1])


@given(st.integers(0, 10_000), st.floats(0.6, 0.99), st.floats(0.1, 1))
def test_unseen_change__ignores_order_points_between_and_the_scale_of_r(seed, threshold, scale):
    grid = falling_grid(seed)
    found = unseen_change(grid, threshold=threshold).shares
    rows, columns = (np.random.default_rng(seed).permutation(n) for n in (8, 4))
    mixed = grid._replace(
        shares=grid.shares[rows],
        folds=grid.folds[columns],
        pearson=grid.pearson[np.ix_(rows, columns)],
    )
    moved = unseen_change(mixed, threshold=threshold)
    np.testing.assert_allclose(moved.shares, found[columns], atol=1e-12)
    np.testing.assert_array_equal(moved.folds, grid.folds[columns])
    middles = grid._replace(
        shares=np.append(grid.shares, (grid.shares[1:] + grid.shares[:-1]) / 2),
        pearson=np.vstack([grid.pearson, (grid.pearson[1:] + grid.pearson[:-1]) / 2]),
    )
    np.testing.assert_allclose(unseen_change(middles, threshold=threshold).shares, found, atol=1e-9)
    lower = unseen_change(grid._replace(pearson=scale * grid.pearson), threshold=scale * threshold)
    np.testing.assert_allclose(lower.shares, found, atol=1e-9)


def test_unseen_change__null_where_nothing_changes_every_share_passes():
    tpm = expression(8, 5000)
    unchanged = Perturbation(shares=(0.0, 0.2, 0.7), folds=(1.0,), n_repeats=2)
    grid = perturbed_r(tpm, tpm, rng=np.random.default_rng(9), perturbation=unchanged)
    found = unseen_change(grid, threshold=0.999999)
    assert found.shares.tolist() == [0.7]
    assert found.at_least == (True,)


def test_perturbed_r__ignores_the_unit_and_a_fold_that_all_features_share():
    tpm, other = expression(10, 2000), expression(11, 2000)
    changes = {"shares": (0.1, 0.6), "folds": (2.0, 5.0), "n_repeats": 2}
    one = perturbed_r(
        tpm, other, rng=np.random.default_rng(1), perturbation=Perturbation(**changes)
    )
    thousandths = Perturbation(**changes, expressed_from=1000, pseudocount=1000)
    unit = perturbed_r(
        1000 * tpm, 1000 * other, rng=np.random.default_rng(1), perturbation=thousandths
    )
    np.testing.assert_allclose(unit.pearson, one.pearson, atol=1e-12)
    # All features changed in one direction and scaled back: R is that of the unchanged sample.
    alone = perturbed_r(
        [5.0, 0, 0, 0],
        [7.0, 1, 0, 2],
        rng=np.random.default_rng(1),
        perturbation=Perturbation(shares=(1.0,), folds=(4.0,), n_repeats=1),
    )
    expected = np.corrcoef(np.log2([6, 1, 1, 1]), np.log2([8, 2, 1, 3]))[0, 1]
    assert alone.pearson[0, 0] == pytest.approx(expected, abs=1e-12)
