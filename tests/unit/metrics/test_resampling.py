"""Block intervals of R."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from lotwise.errors import InputError
from lotwise.metrics.resampling import LABEL, SINGLE_GENES, TOO_FEW_DEFINED, block_intervals


def modules_sample(rng, *, n_modules, n_genes=10):
    """Two samples whose batch differences are shared by the genes of a module; true r .899."""
    level = rng.normal(0, 2, n_modules * n_genes)
    shared = np.repeat(rng.normal(0, 0.6, (2, n_modules)), n_genes, axis=1)
    return level + shared + rng.normal(0, 0.3, (2, level.size))


TRUE_R = 4 / (4 + 0.6**2 + 0.3**2)


def test_block_intervals__hand_value_two_blocks():
    # Two equal blocks: every resample has the same R, so the interval has no width.
    half = np.array([[0.0, 1, 2, 3], [0, 2, 1, 3]])
    found = block_intervals(
        np.hstack([half, half]),
        blocks=[0] * 4 + [1] * 4,
        rng=np.random.default_rng(1),
        n_resamples=50,
    )
    assert found.pearson[0] == pytest.approx(0.8)
    assert found.lower[0] == pytest.approx(0.8)
    assert found.upper[0] == pytest.approx(0.8)
    assert found.n_blocks == 2
    assert found.label == LABEL


def test_block_intervals__equals_a_bootstrap_written_out():
    rng = np.random.default_rng(2)
    values = modules_sample(rng, n_modules=60)
    found = block_intervals(
        values, blocks=np.arange(600) // 10, rng=np.random.default_rng(3), n_resamples=1500
    )
    z = []
    for _ in range(1500):
        drawn = rng.integers(60, size=60)
        columns = (drawn[:, None] * 10 + np.arange(10)).ravel()
        z.append(np.arctanh(stats.pearsonr(*values[:, columns]).statistic))
    r = stats.pearsonr(*values).statistic
    reach = stats.t.ppf(0.975, 59) * np.std(z, ddof=1)
    assert found.pearson[0] == pytest.approx(r, abs=1e-12)
    # Two bootstraps of 1,500 agree in their standard error to about 2.5 %.
    assert np.arctanh(found.upper[0]) - np.arctanh(r) == pytest.approx(reach, rel=0.08)
    assert np.arctanh(r) - np.arctanh(found.lower[0]) == pytest.approx(reach, rel=0.08)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 1000), st.floats(0.1, 10), st.floats(-100, 100))
def test_block_intervals__ignore_scale_shift_and_names_of_blocks(seed, scale, shift):
    rng = np.random.default_rng(seed)
    values = modules_sample(rng, n_modules=8)
    codes = np.arange(80) // 10
    one = block_intervals(values, blocks=codes, rng=np.random.default_rng(1), n_resamples=60)
    other = block_intervals(
        scale * values + shift,
        blocks=[f"set {code}" for code in codes],
        rng=np.random.default_rng(1),
        n_resamples=60,
    )
    np.testing.assert_allclose(other.pearson, one.pearson, atol=1e-9)
    np.testing.assert_allclose(other.lower, one.lower, atol=1e-7)
    order = rng.permutation(80)
    moved = block_intervals(
        values[:, order], blocks=codes[order], rng=np.random.default_rng(1), n_resamples=60
    )
    np.testing.assert_allclose(moved.upper, one.upper, atol=1e-9)


def test_block_intervals__cover_the_truth_and_the_plain_bootstrap_does_not():
    n_runs, n_single = 1000, 200
    covered = {"blocks": 0, "single": 0}
    for run in range(n_runs):
        rng = np.random.default_rng(run)
        values = modules_sample(rng, n_modules=100)
        kinds = {"blocks": np.arange(1000) // 10} | ({"single": None} if run < n_single else {})
        for name, blocks in kinds.items():
            found = block_intervals(values, blocks=blocks, rng=rng, n_resamples=100)
            covered[name] += bool(found.lower[0] <= TRUE_R <= found.upper[0])
    assert 0.92 * n_runs <= covered["blocks"] <= 0.98 * n_runs
    assert covered["single"] < 0.80 * n_single


def test_block_intervals__windows_of_genes_regulated_elsewhere_are_as_narrow_as_single_genes():
    # Modules of ten genes that vary together lie anywhere in the genome; windows are neighbours.
    rng = np.random.default_rng(8)
    place = rng.permutation(2000)
    values, modules = modules_sample(rng, n_modules=200)[:, place], place // 10

    def width(blocks):
        found = block_intervals(values, blocks=blocks, rng=np.random.default_rng(1), windows=True)
        return found.upper[0] - found.lower[0], found.warning

    single, _ = width(None)
    windows, words = width(np.arange(2000) // 10)
    of_modules, _ = width(modules)
    assert windows == pytest.approx(single, rel=0.15)
    assert of_modules > 1.5 * single
    assert "nearly as narrow as for single genes" in words


def test_block_intervals__power_narrow_enough_to_part_two_true_rs():
    rng = np.random.default_rng(4)
    level = rng.normal(0, 2, 10_000)
    values = np.stack([level, level + rng.normal(0, 0.3, 10_000), level + rng.normal(0, 1, 10_000)])
    found = block_intervals(values, blocks=np.arange(10_000) // 20, rng=rng, n_resamples=300)
    near, far = 0, 1  # pairs (0, 1) and (0, 2)
    assert found.lower[near] > found.upper[far]


def test_block_intervals__identical_samples_stay_at_one():
    sample = np.random.default_rng(5).normal(size=300)
    found = block_intervals(
        [sample, sample], blocks=np.arange(300) // 5, rng=np.random.default_rng(6), n_resamples=100
    )
    assert found.pearson[0] == pytest.approx(1, abs=1e-12)
    assert found.lower[0] == pytest.approx(1, abs=1e-9)


def test_block_intervals__undefined_pairs_are_nan_and_the_rest_goes_on():
    rng = np.random.default_rng(7)
    values = np.stack([rng.normal(size=100), np.full(100, 0.1), rng.normal(size=100)])
    found = block_intervals(values, blocks=np.arange(100) // 2, rng=rng, n_resamples=50)
    assert found.reasons == ("sample_b is constant", "", "sample_a is constant")
    np.testing.assert_array_equal(np.isnan(found.lower), [True, False, True])
    np.testing.assert_array_equal(np.isnan(found.pearson), [True, False, True])


def test_block_intervals__resamples_of_a_constant_sample_are_left_out():
    rng = np.random.default_rng(7)
    sparse = np.zeros(40)
    sparse[:2] = 0.7, 0.3
    values = np.stack([sparse, rng.normal(size=40)])
    found = block_intervals(
        values, blocks=np.arange(40), rng=np.random.default_rng(3), n_resamples=400
    )
    # The same draws, R only of those that contain a value of the sparse sample.
    z = []
    for stream in np.random.default_rng(3).spawn(4):
        for _ in range(100):
            drawn = stream.integers(40, size=40, dtype=np.int32)
            if (drawn < 2).any():
                z.append(np.arctanh(np.corrcoef(values[:, drawn])[0, 1]))
    assert 300 < len(z) < 400
    reach = stats.t.ppf(0.975, 39) * np.std(z, ddof=1)
    centre = np.arctanh(np.corrcoef(values)[0, 1])
    assert found.lower[0] == pytest.approx(np.tanh(centre - reach), abs=1e-9)
    assert found.upper[0] == pytest.approx(np.tanh(centre + reach), abs=1e-9)
    assert found.reasons == ("",)


def test_block_intervals__too_few_resamples_with_an_r_say_so():
    # One of 500 blocks varies: two resamples of this seed do not contain it.
    values = np.zeros((2, 500))
    values[:, 0] = 1, 2
    rng = np.random.default_rng(17)
    found = block_intervals(values, blocks=np.arange(500), rng=rng, n_resamples=2)
    assert found.pearson[0] == pytest.approx(1)
    assert np.isnan(found.lower[0])
    assert np.isnan(found.upper[0])
    assert found.reasons == (TOO_FEW_DEFINED,)


def test_block_intervals__one_block_or_few_say_so():
    values = np.random.default_rng(8).normal(size=(2, 40))
    one = block_intervals(values, blocks=np.zeros(40), rng=np.random.default_rng(1), n_resamples=9)
    assert np.isnan(one.lower[0])
    assert one.reasons == ("fewer than two blocks",)
    few = block_intervals(
        values, blocks=np.arange(40) // 10, rng=np.random.default_rng(1), n_resamples=9
    )
    assert few.warning == "only 4 blocks: intervals need 30 or more"
    single = block_intervals(values, blocks=None, rng=np.random.default_rng(1), n_resamples=9)
    assert single.warning == SINGLE_GENES.format("100 %")


def test_block_intervals__single_genes_are_told_by_their_share():
    values, rng = np.random.default_rng(8).normal(size=(2, 120)), np.random.default_rng(1)

    def warning(blocks, genes=None):
        return block_intervals(values, blocks=blocks, genes=genes, rng=rng, n_resamples=9).warning

    genes = np.arange(120) // 2
    # The isoforms of one gene are still a single gene.
    assert warning(genes, genes) == SINGLE_GENES.format("100 %")
    assert warning(genes) == ""
    assert warning(genes // 2, genes) == ""
    # One block of two genes and the rest single; then a tenth single, which is few.
    assert warning(np.r_[0, 0, np.arange(1, 119)]) == SINGLE_GENES.format("98 %")
    assert warning(np.r_[np.arange(108) // 2, np.arange(54, 66)]) == ""
    assert warning(np.arange(120) // 60, np.arange(120) // 60) == (
        f"{SINGLE_GENES.format('100 %')}; only 2 blocks: intervals need 30 or more"
    )
    with pytest.raises(InputError, match="got 3 genes for 120 features"):
        warning(None, [1, 2, 3])


def test_block_intervals__bad_input_is_refused():
    rng = np.random.default_rng(1)
    with pytest.raises(InputError, match="3 block labels for 4 features"):
        block_intervals(np.ones((2, 4)), blocks=[1, 2, 3], rng=rng)
    with pytest.raises(InputError, match=r"level must be in \(0, 1\), got 95"):
        block_intervals(np.ones((2, 4)), blocks=None, rng=rng, level=95)
    for n_resamples in (0, 1):
        with pytest.raises(InputError, match=f"n_resamples must be >= 2, got {n_resamples}"):
            block_intervals(np.ones((2, 4)), blocks=None, rng=rng, n_resamples=n_resamples)
