"""Noise ceilings of R."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from lotwise.errors import InputError
from lotwise.metrics.ceiling import (
    bootstrap_reliability,
    halves_reliability,
    noise_ceiling,
    replicate_reliabilities,
    thinning_reliability,
)

N_FEATURES = 58_000


@pytest.fixture(scope="module")
def truth():
    """Expected share of reads and length of 58,000 genes, half of them not expressed."""
    rng = np.random.default_rng(0)
    expressed = rng.random(N_FEATURES) < 0.5
    level = np.where(expressed, rng.lognormal(1.5, 2.2, N_FEATURES), 0)
    lengths = rng.lognormal(7.3, 0.6, N_FEATURES)
    return level * lengths / np.sum(level * lengths), lengths


def log_tpm(counts, lengths):
    rate = counts / lengths
    return np.log2(rate / rate.sum() * 1e6 + 1)


def test_noise_ceiling__hand_value():
    found = noise_ceiling(0.72, reliability_x=0.81, reliability_y=1.0)
    assert found.ceiling == pytest.approx(0.9)
    assert found.ratio == pytest.approx(0.8)


@given(st.floats(-1, 1), st.floats(0.01, 1), st.floats(0.01, 1))
def test_noise_ceiling__symmetric_and_at_most_the_better_reliability(r, rel_x, rel_y):
    found = noise_ceiling(r, reliability_x=rel_x, reliability_y=rel_y)
    assert found == noise_ceiling(r, reliability_x=rel_y, reliability_y=rel_x)
    assert min(rel_x, rel_y) <= found.ceiling * (1 + 1e-12)
    assert found.ceiling <= max(rel_x, rel_y) * (1 + 1e-12)


def test_noise_ceiling__recovers_the_r_of_the_truths():
    rng = np.random.default_rng(1)
    x = rng.normal(size=200_000)
    y = 0.9 * x + math.sqrt(1 - 0.81) * rng.normal(size=x.size)
    noisy = np.corrcoef(x + 0.5 * rng.normal(size=x.size), y + 0.3 * rng.normal(size=x.size))[0, 1]
    found = noise_ceiling(noisy, reliability_x=1 / 1.25, reliability_y=1 / 1.09)
    assert found.ratio == pytest.approx(0.9, abs=0.005)


def test_noise_ceiling__unknown_is_nan_with_a_reason():
    found = noise_ceiling(0.9, reliability_x=math.nan, reliability_y=0.9)
    assert math.isnan(found.ceiling)
    assert math.isnan(found.ratio)
    assert found.reason == "the reliability of a sample is unknown"
    assert noise_ceiling(math.nan, reliability_x=1, reliability_y=1).reason == "R is not defined"
    with pytest.raises(InputError, match=r"reliability of x must be in \(0, 1\], got 0"):
        noise_ceiling(0.9, reliability_x=0, reliability_y=1)
    with pytest.raises(InputError, match=r"pearson must be in \[-1, 1\], got 1\.5"):
        noise_ceiling(1.5, reliability_x=1, reliability_y=1)


def _drawn(labels, sd=1.0, *, swapped=(), seed=4, n=4000):
    """Draw replicates of batches; ``swapped`` samples have the RNA of another batch."""
    rng = np.random.default_rng(seed)
    truth = rng.normal(0, 2, n)
    batches = {name: truth + rng.normal(0, 1, n) for name in sorted(set(labels))}
    carries = list(labels)
    for row, batch in swapped:
        carries[row] = batch
    return np.array([batches[name] + rng.normal(0, sd, n) for name in carries])


def test_replicate_reliabilities__is_the_median_of_the_highest_r():
    samples = _drawn("AAAA")
    r = np.corrcoef(samples) - 2 * np.eye(4)
    found = replicate_reliabilities(samples, groups=list("AAAA"))
    assert {one.reliability for one in found} == {found[0].reliability}
    assert found[0].reliability == pytest.approx(np.median(r.max(axis=1)), abs=1e-12)
    # Spread of the truth 4 + 1, noise 1.
    assert found[0].reliability == pytest.approx(5 / 6, abs=0.02)


@pytest.mark.parametrize(
    ("n_groups", "size", "spread"),
    [(2, 2, 0.2), (4, 2, 0.2), (12, 2, 0.2), (4, 3, 0.2), (4, 2, 0.3)],
)
def test_replicate_reliabilities__few_sound_runs_have_replicates_that_disagree(
    n_groups, size, spread
):
    # Of 400 runs 5 % are 20, give or take 4.4.
    labels, n_runs, n_flagged = np.repeat(np.arange(n_groups), size), 400, 0
    for seed in range(n_runs):
        rng = np.random.default_rng(seed)
        noise = 0.3 * rng.lognormal(0, spread, (labels.size, 1))
        drawn = rng.normal(0, 2, 300) + noise * rng.normal(size=(labels.size, 300))
        n_flagged += any(one.disagree for one in replicate_reliabilities(drawn, groups=labels))
    assert n_flagged <= 0.05 * n_runs + 3 * 4.4


def test_replicate_reliabilities__a_swap_does_not_lower_the_ceiling():
    labels = list("AABBCC")
    sound = replicate_reliabilities(_drawn(labels, 0.3), groups=labels)
    swapped = replicate_reliabilities(
        _drawn(labels, 0.3, swapped=((1, "B"), (2, "A"))), groups=labels
    )
    assert [one.disagree for one in swapped] == [True] * 4 + [False] * 2
    for before, after in zip(sound, swapped, strict=True):
        assert after.reliability == pytest.approx(before.reliability, abs=0.005)
    assert swapped[0].of_group < 0.9 < swapped[0].reliability


def test_replicate_reliabilities__a_bad_replicate_of_two_is_named():
    labels = np.repeat(np.arange(4), 2)
    n_named = 0
    for seed in range(40):
        rng = np.random.default_rng(seed)
        noise = 0.3 * rng.lognormal(0, 0.1, (8, 1))
        noise[2] *= 3
        samples = rng.normal(0, 2, 300) + noise * rng.normal(size=(8, 300))
        found = [one.disagree for one in replicate_reliabilities(samples, groups=labels)]
        n_named += found == [False] * 2 + [True] * 2 + [False] * 4
    assert n_named >= 36


def test_replicate_reliabilities__a_bad_replicate_of_three_does_not_lower_the_ceiling():
    labels = list("AAABBB")
    samples = _drawn(labels, 0.3)
    sound = replicate_reliabilities(samples, groups=labels)
    samples[2] += np.random.default_rng(5).normal(0, 2, samples.shape[1])
    bad = replicate_reliabilities(samples, groups=labels)
    assert bad[2].reliability == pytest.approx(sound[2].reliability, abs=0.005)


def test_replicate_reliabilities__what_is_missing_is_nan_with_a_reason():
    found = replicate_reliabilities(
        [[1, 2, 3], [1, 1, 1], [1, 2, 3], [1, 2, 4]], groups=list("ABBC")
    )
    assert all(math.isnan(one.reliability) for one in found)
    assert [one.reason for one in found] == [
        "fewer than two replicates",
        "a replicate is constant",
        "a replicate is constant",
        "fewer than two replicates",
    ]
    with pytest.raises(InputError, match="got 1 groups for 2 samples"):
        replicate_reliabilities([[1, 2], [2, 1]], groups=["A"])


def test_bootstrap_reliability__recovers_planted_noise():
    rng = np.random.default_rng(5)
    level = rng.normal(0, 2, 20_000)
    noise = rng.normal(0, 0.5, (30, level.size))
    measured = level + rng.normal(0, 0.5, level.size)
    found = bootstrap_reliability(measured, bootstraps=measured + noise)
    assert found.reliability == pytest.approx(4 / 4.25, abs=0.003)
    clean = bootstrap_reliability(measured, bootstraps=np.stack([measured, measured]))
    assert clean.reliability == 1


def test_bootstrap_reliability__missing_bootstraps_are_nan_with_a_reason():
    assert (
        bootstrap_reliability([1, 2], bootstraps=np.empty((0, 2))).reason
        == "fewer than two bootstraps"
    )
    found = bootstrap_reliability([1, 2], bootstraps=[[9, 0], [0, 9]])
    assert math.isnan(found.reliability)
    assert "noise is as large" in found.reason
    with pytest.raises(InputError, match="bootstraps have 3 features, but the sample has 2"):
        bootstrap_reliability([1, 2], bootstraps=[[1, 2, 3]])


@pytest.mark.parametrize(
    ("n_reads", "tolerance"), [(2e5, 0.02), (1e6, 0.005), (5e6, 0.005), (2e7, 0.005)]
)
def test_thinning_reliability__equals_the_r_of_two_sequencings(truth, n_reads, tolerance):
    share, lengths = truth
    rng = np.random.default_rng(int(n_reads))
    first, second, third = (rng.poisson(share * n_reads) for _ in range(3))
    r = np.mean(
        [
            np.corrcoef(log_tpm(a, lengths), log_tpm(b, lengths))[0, 1]
            for a, b in ((first, second), (first, third), (second, third))
        ]
    )
    found = thinning_reliability(first, lengths=lengths, rng=rng)
    assert found.reliability == pytest.approx(r, abs=tolerance)


def test_thinning_reliability__rises_with_depth_and_ignores_silent_features(truth):
    share, lengths = truth
    found = []
    for n_reads in (1e5, 1e6, 1e7):
        counts = np.random.default_rng(6).poisson(share * n_reads)
        found.append(
            thinning_reliability(counts, lengths=lengths, rng=np.random.default_rng(7)).reliability
        )
    assert found == sorted(found)
    unknown = np.where(counts == 0, np.nan, lengths)
    again = thinning_reliability(counts, lengths=unknown, rng=np.random.default_rng(7))
    assert again.reliability == pytest.approx(found[-1], abs=1e-12)


def test_thinning_reliability__undefined_is_nan_with_a_reason():
    rng = np.random.default_rng(8)
    empty = thinning_reliability(np.zeros(5), lengths=np.ones(5), rng=rng)
    assert math.isnan(empty.reliability)
    assert empty.reason == "the sample has no counts"
    sparse = thinning_reliability([1, 1, 0, 0], lengths=np.ones(4), rng=rng)
    assert math.isnan(sparse.reliability)
    assert "thinned libraries do not correlate" in sparse.reason
    with pytest.raises(InputError, match="2 features have counts but no length"):
        thinning_reliability([1, 1], lengths=[np.nan, np.nan], rng=rng)
    with pytest.raises(InputError, match="effective length must be > 0 bases"):
        thinning_reliability([1, 1], lengths=[0, 1], rng=rng)


@given(st.integers(0, 2**32 - 1), st.floats(0.01, 100), st.floats(-100, 100))
def test_replicate_reliabilities__do_not_depend_on_order_or_unit(seed, scale, shift):
    rng = np.random.default_rng(seed)
    samples = _drawn("AABB", seed=seed, n=300)
    expected = [one.reliability for one in replicate_reliabilities(samples, groups=list("AABB"))]
    order = rng.permutation(4)
    mixed = scale * samples[np.ix_(order, rng.permutation(300))] + shift
    found = replicate_reliabilities(mixed, groups=np.array(list("AABB"))[order])
    np.testing.assert_allclose([one.reliability for one in found], np.array(expected)[order])


def test_replicate_reliabilities__null_of_unlike_samples_is_near_0():
    unlike = replicate_reliabilities(
        np.random.default_rng(7).normal(size=(4, 4000)), groups=list("AAAA")
    )
    assert math.isnan(unlike[0].reliability) or unlike[0].reliability < 0.05


@given(st.integers(0, 2**32 - 1))
def test_bootstrap_reliability__is_one_minus_the_ratio_of_numpys_variances_in_any_order(seed):
    rng = np.random.default_rng(seed)
    sample, draws = rng.normal(5, 2, 300), rng.normal(5, 1, (7, 300))
    expected = 1 - draws.var(axis=0, ddof=1).mean() / sample.var()
    rows, order = rng.permutation(7), rng.permutation(300)
    for x, y in (
        (sample, draws),
        (sample[order], draws[np.ix_(rows, order)]),
        (sample + 4, draws - 2),
    ):
        found = bootstrap_reliability(x, bootstraps=y).reliability
        assert found == pytest.approx(expected, abs=1e-12)


def test_bootstrap_reliability__null_noise_as_large_as_the_spread_is_nan_and_none_is_1():
    rng = np.random.default_rng(9)
    sample = rng.normal(5, 1, 300)
    lost = bootstrap_reliability(sample, bootstraps=rng.normal(5, 1.5, (9, 300)))
    assert math.isnan(lost.reliability)
    assert lost.reason == "the noise is as large as the spread of expression"
    assert bootstrap_reliability(sample, bootstraps=np.tile(sample, (5, 1))).reliability == 1


@given(st.floats(0.01, 1), st.floats(0.01, 1))
def test_noise_ceiling__is_scipys_geometric_mean(rel_x, rel_y):
    found = noise_ceiling(0.5, reliability_x=rel_x, reliability_y=rel_y).ceiling
    assert found == pytest.approx(stats.gmean([rel_x, rel_y]), rel=1e-12)


@pytest.mark.slow
def test_noise_ceiling__null_one_truth_measured_twice_reaches_it_and_two_truths_are_at_0():
    rng = np.random.default_rng(10)
    n_runs, n_features = 400, 1000
    same, unlike = np.empty(n_runs), np.empty(n_runs)
    for run in range(n_runs):
        truth, noise = rng.normal(0, 1, (2, n_features)), rng.normal(0, 1, (3, n_features))
        x, again, other = truth[0] + 0.5 * noise[0], truth[0] + noise[1], truth[1] + noise[2]
        for ratios, y in ((same, again), (unlike, other)):
            r = np.corrcoef(x, y)[0, 1]
            ratios[run] = noise_ceiling(r, reliability_x=1 / 1.25, reliability_y=1 / 2).ratio
    # Three standard errors of the mean over the runs.
    for ratios, expected in ((same, 1), (unlike, 0)):
        assert ratios.mean() == pytest.approx(expected, abs=3 * stats.sem(ratios))


def test_replicate_reliabilities__hand_value():
    # R of (1, 2, 3) with (1, 3, 2) is .5, with (1, 2, 3) 1: the highest are 1, 1 and .5.
    found = replicate_reliabilities([[1, 2, 3], [1, 3, 2], [1, 2, 3]], groups=list("AAA"))
    assert [one.reliability for one in found] == pytest.approx([1, 1, 1])
    # The two samples of B share .5; their 1 - R is far more than that of A.
    found = replicate_reliabilities(
        [[1, 2, 3], [1, 2, 4], [1, 2, 3], [1, 3, 2]], groups=list("AABB")
    )
    assert found[2].of_group == pytest.approx(0.5)
    assert found[2].disagree
    assert found[2].reliability == found[0].reliability


def test_thinning_reliability__hand_value_of_counts_that_thinning_cannot_blur():
    # Half of 2000 features have 2^40 reads, so all thinned libraries are equal to 6 digits.
    counts = np.repeat([0.0, 2.0**40], 1000)
    found = thinning_reliability(counts, lengths=np.ones(2000), rng=np.random.default_rng(11))
    assert found.reliability == pytest.approx(1, abs=1e-9)


@settings(max_examples=20)
@given(st.integers(0, 2**32 - 1), st.floats(0.001, 1000))
def test_thinning_reliability__scale_of_lengths_is_nothing(seed, scale):
    rng = np.random.default_rng(seed)
    counts, lengths = rng.poisson(rng.lognormal(3, 2, 3000)), rng.lognormal(7, 0.5, 3000)
    one, other = (
        thinning_reliability(counts, lengths=unit * lengths, rng=np.random.default_rng(13))
        for unit in (1, scale)
    )
    assert one.reliability == pytest.approx(other.reliability, abs=1e-9)


@pytest.mark.slow
def test_thinning_reliability__null_features_of_one_level_have_no_reliability():
    found = []
    for seed in range(60):
        rng = np.random.default_rng(seed)
        counts = rng.poisson(20, 2000)
        found.append(thinning_reliability(counts, lengths=np.full(2000, 1000.0), rng=rng))
    # By chance one R in 740 exceeds the bound; that all three do is much rarer.
    assert all(math.isnan(one.reliability) for one in found)
    assert {one.reason for one in found} == {
        "the thinned libraries do not correlate with each other beyond chance"
    }


def _in_parts(*, sd, n=20_000, seed=3):
    """Truth measured with noise of this standard deviation at full depth, and its parts."""
    rng = np.random.default_rng(seed)
    truth = rng.normal(0, 2, n)
    return [truth + rng.normal(0, sd * np.sqrt(k), (k, n)) for k in (2, 4)]


@pytest.mark.parametrize("sd", [0.2, 0.5, 1.0, 2.0])
def test_halves_reliability__recovers_planted_noise(sd):
    halves, quarters = _in_parts(sd=sd)
    found = halves_reliability(halves, quarters=quarters)
    assert found.reliability == pytest.approx(4 / (4 + sd**2), abs=0.01)


def test_halves_reliability__hand_value():
    # METHODS of the design: halves .8796 and quarters .8298 give .916.
    def with_r(r, n_samples, seed):
        rng = np.random.default_rng(seed)
        common, *own = rng.normal(0, 1, (n_samples + 1, 400_000))
        return [np.sqrt(r) * common + np.sqrt(1 - r) * one for one in own]

    found = halves_reliability(with_r(0.8796, 2, 1), quarters=with_r(0.8298, 4, 2))
    assert found.reliability == pytest.approx(0.9162, abs=0.003)


def test_halves_reliability__undefined_is_nan_with_a_reason():
    rng = np.random.default_rng(0)
    unlike = halves_reliability(rng.normal(size=(2, 500)), quarters=rng.normal(size=(4, 500)))
    assert np.isnan(unlike.reliability)
    assert unlike.reason == "parts of the reads do not correlate beyond chance"
    halves, quarters = _in_parts(sd=1.0)
    exchanged = halves_reliability(quarters[:2], quarters=halves)
    assert np.isnan(exchanged.reliability)
    assert exchanged.reason == "quarters of the reads agree more than halves do"


def test_halves_reliability__identical_parts_have_no_noise():
    whole = np.tile(np.random.default_rng(0).normal(size=100), (4, 1))
    assert halves_reliability(whole[:2], quarters=whole).reliability == 1


def test_halves_reliability__refuses_other_shapes():
    with pytest.raises(
        InputError, match="give the values of two halves of the reads and of at least two quarters"
    ):
        halves_reliability(np.ones((3, 4)), quarters=np.ones((4, 4)))
