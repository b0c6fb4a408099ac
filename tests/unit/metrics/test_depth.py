"""Libraries thinned to one depth."""

from __future__ import annotations

import numpy as np
import pytest

from lotwise.errors import InputError
from lotwise.metrics.depth import thin_to_smallest


def made(depths=(400_000, 100_000), n=2000, seed=1):
    rng = np.random.default_rng(seed)
    share = rng.dirichlet(np.full(n, 0.3))
    counts = np.stack([rng.poisson(share * depth) for depth in depths]).astype(float)
    return counts / counts.sum(axis=1, keepdims=True) * 1e6, counts


def test_thin_to_smallest__makes_depths_alike_and_keeps_the_sum_of_tpm():
    tpm, counts = made()
    found = thin_to_smallest(tpm, counts=counts, used=[True, True], rng=np.random.default_rng(2))
    assert found.depth == counts[1].sum()
    assert found.ratio == pytest.approx(counts[0].sum() / counts[1].sum())
    np.testing.assert_allclose(found.tpm.sum(axis=1), 1e6)
    np.testing.assert_array_equal(found.tpm[1], tpm[1])  # whole counts, nothing to thin
    kept = found.tpm[0] * found.depth / 1e6
    expected = counts[0] / found.ratio
    high = expected > 20
    z = (kept - expected)[high] / np.sqrt(expected[high] * (1 - 1 / found.ratio))
    assert z.std() == pytest.approx(1, abs=0.15)


def test_thin_to_smallest__null_r_no_longer_depends_on_depth():
    tpm, counts = made(depths=(400_000, 400_000, 100_000, 100_000))
    found = thin_to_smallest(tpm, counts=counts, used=[True] * 4, rng=np.random.default_rng(3))

    def r(values, a, b):
        return np.corrcoef(np.log2(values + 1))[a, b]

    assert r(tpm, 0, 1) - r(tpm, 2, 3) > 0.01
    assert r(found.tpm, 0, 1) == pytest.approx(r(found.tpm, 2, 3), abs=0.005)


def test_thin_to_smallest__samples_left_out_do_not_set_the_depth():
    tpm, counts = made(depths=(400_000, 100_000, 50))
    used = [True, True, False]
    found = thin_to_smallest(tpm, counts=counts, used=used, rng=np.random.default_rng(4))
    assert found.depth == counts[1].sum()
    assert np.isnan(found.tpm[2]).all()
    none = thin_to_smallest(tpm, counts=counts, used=[False] * 3, rng=np.random.default_rng(4))
    assert np.isnan(none.depth)


def test_thin_to_smallest__fractions_of_counts_are_kept_on_average():
    counts = np.full((2, 20_000), 0.25)
    found = thin_to_smallest(
        np.full((2, 20_000), 50.0), counts=counts, used=[True, True], rng=np.random.default_rng(5)
    )
    assert (found.tpm > 0).mean() == pytest.approx(0.25, abs=0.01)


def test_thin_to_smallest__is_the_same_for_the_same_seed_and_ignores_later_samples():
    tpm, counts = made(depths=(400_000, 100_000, 200_000))
    both = thin_to_smallest(
        tpm[:2], counts=counts[:2], used=[True] * 2, rng=np.random.default_rng(6)
    )
    three = thin_to_smallest(tpm, counts=counts, used=[True] * 3, rng=np.random.default_rng(6))
    np.testing.assert_array_equal(three.tpm[:2], both.tpm)


def test_thin_to_smallest__used_may_be_ones_and_zeros():
    tpm, counts = made(depths=(400_000, 100_000, 50))
    found = thin_to_smallest(tpm, counts=counts, used=[1, 1, 0], rng=np.random.default_rng(4))
    assert found.used.tolist() == [True, True, False]
    assert found.depth == counts[1].sum()


def test_thin_to_smallest__counts_without_tpm_stay_without():
    found = thin_to_smallest(
        [[0.0, 0.0], [0.0, 1e6]],
        counts=[[2.0, 3.0], [0.0, 5.0]],
        used=[True, True],
        rng=np.random.default_rng(1),
    )
    np.testing.assert_array_equal(found.tpm, [[0.0, 0.0], [0.0, 1e6]])


def test_thin_to_smallest__refuses_what_does_not_fit():
    rng = np.random.default_rng(7)
    with pytest.raises(InputError, match="expected samples x features for TPM and counts"):
        thin_to_smallest([[1.0]], counts=[[1.0, 2.0]], used=[True], rng=rng)
    with pytest.raises(InputError, match="'used' selects a sample whose counts are all 0"):
        thin_to_smallest([[1.0]], counts=[[0.0]], used=[True], rng=rng)
    with pytest.raises(InputError, match="counts must be finite, got 1 NaN"):
        thin_to_smallest([[1.0]], counts=[[np.nan]], used=[True], rng=rng)
