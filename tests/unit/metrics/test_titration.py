"""Another profile mixed into a sample by a known share."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lotwise.errors import InputError
from lotwise.metrics.titration import caught_share, mix_profile


def sample(seed, *, n=2000, depth=1e6):
    rng = np.random.default_rng(seed)
    lengths = rng.integers(300, 5000, n).astype(float)
    tpm = rng.lognormal(0, 2, n)
    tpm *= 1e6 / tpm.sum()
    reads = tpm * lengths
    return tpm, rng.poisson(depth * reads / reads.sum()).astype(float), lengths


def test_mix_profile__hand_value():
    found = mix_profile([900_000, 100_000], [0, 1_000_000], share=0.5)
    assert found.tpm.tolist() == [450_000, 550_000]
    assert found.counts is None


def test_mix_profile__a_profile_on_another_scale_is_the_same_profile():
    given_ = mix_profile([9, 1], [0, 3], share=0.25).tpm
    assert given_ == pytest.approx(mix_profile([9e5, 1e5], [0, 1e6], share=0.25).tpm)


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 100), share=st.sampled_from([0.01, 0.1, 0.5]))
def test_mix_profile__redrawn_counts_keep_depth_and_mean(seed, share):
    tpm, counts, lengths = sample(seed)
    profile, _, _ = sample(seed + 1000)
    rng = np.random.default_rng(seed)
    found = mix_profile(tpm, profile, share=share, counts=counts, lengths=lengths, rng=rng)
    assert found.counts.sum() == pytest.approx(counts.sum(), rel=0.01)
    assert found.tpm.sum() == pytest.approx(1e6)
    expected = (1 - share) * tpm + share * profile
    high = expected > 1000
    assert np.median(found.tpm[high] / expected[high]) == pytest.approx(1, abs=0.05)


def test_mix_profile__nothing_mixed_in_leaves_the_sample_as_it_is():
    tpm, counts, lengths = sample(3)
    rng = np.random.default_rng(0)
    found = mix_profile(tpm, tpm[::-1], share=0, counts=counts, lengths=lengths, rng=rng)
    assert (found.counts == counts).all()


def test_mix_profile__its_noise_is_that_of_one_sequencing():
    tpm, counts, lengths = sample(4, depth=2e5)
    # A profile mixed into itself: differences from the truth are those of one sequencing.
    rng = np.random.default_rng(1)
    found = mix_profile(tpm, tpm, share=0.5, counts=counts, lengths=lengths, rng=rng).counts
    reads = tpm * lengths
    expected = counts.sum() * reads / reads.sum()
    seen = expected > 20
    chi = ((found[seen] - expected[seen]) ** 2 / expected[seen]).mean()
    assert chi == pytest.approx(1, abs=0.25)


@pytest.mark.parametrize(
    ("arguments", "match"),
    [
        ({"profile": [1.0]}, "the profile has 1 features, but the sample has 2"),
        ({"profile": [0.0, 0.0]}, "profile has no expression"),
        ({"share": 1.5}, r"share must be in \[0, 1\], got 1.5"),
        ({"counts": [1.0, 1.0], "lengths": [1.0, 1.0]}, "set 'rng'"),
    ],
)
def test_mix_profile__refuses_what_cannot_be_mixed(arguments, match):
    given_ = {"profile": [1.0, 2.0], "share": 0.1} | arguments
    with pytest.raises(InputError, match=match):
        mix_profile([1.0, 1.0], **given_)


def test_mix_profile__fractions_of_counts_are_thinned_as_they_are():
    # Nothing but the fractions can be kept: half a count of which a quarter stays is an eighth.
    found = mix_profile(
        [1.0, 1.0],
        profile=[1.0, 1.0],
        share=0.75,
        counts=[0.5, 0.5],
        lengths=[1.0, 1.0],
        rng=np.random.default_rng(0),
    )
    assert (found.counts % 1).tolist() == pytest.approx([0.125, 0.125])


def test_mix_profile__features_without_a_length_have_no_tpm():
    found = mix_profile(
        [1.0, 1.0],
        profile=[1.0, 1.0],
        share=0.5,
        counts=[100.0, 100.0],
        lengths=[1.0, 0.0],
        rng=np.random.default_rng(0),
    )
    assert found.tpm.tolist() == [1e6, 0.0]


@pytest.mark.parametrize("shares", [[0.1], [0.5, 0.1], [0.1, 0.1]])
def test_caught_share__refuses_shares_that_do_not_fit(shares):
    with pytest.raises(
        InputError, match="'shares' must be in increasing order, with one result for each share"
    ):
        caught_share([[0, 1]], shares=shares)


def test_caught_share__nothing_caught_is_nan():
    found = caught_share([[0, 0]], shares=[0.1, 0.5])
    assert np.isnan(found.share)
    assert np.isnan(found.earliest)
    assert found.passed == 0.5


def test_caught_share__hand_value():
    found = caught_share([[0, 1, 1, 1], [0, 1, 0, 1]], shares=[0.01, 0.1, 0.2, 0.5])
    assert found == (0.5, 0.1, 0.2)


def test_caught_share__nan_where_the_largest_share_passes():
    found = caught_share([[0, 0], [0, 1]], shares=[0.1, 0.5])
    assert np.isnan(found.share)
    assert found.earliest == 0.5
    assert found.passed == 0.5


def test_caught_share__everything_caught_is_the_smallest_share():
    assert caught_share([[1, 1]], shares=[0.1, 0.5]) == (0.1, 0.1, 0.0)
