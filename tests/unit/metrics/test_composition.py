"""The median-ratio factor of a sample, and the global change by spike-ins."""

from __future__ import annotations

import math
import statistics

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lotwise.errors import InputError
from lotwise.metrics.composition import composition
from lotwise.metrics.differences import log_ratios


def shares(amount):
    return 1e6 * amount / amount.sum(axis=1, keepdims=True)


def lots(seed, k=5, n_features=400, noise=0.1):
    rng = np.random.default_rng(seed)
    # With few features of very different amounts, the total itself is noisy.
    return rng.lognormal(4, 1, n_features) * rng.lognormal(0, noise, (k, n_features))


def test_composition__hand_value():
    # Every feature of the third sample is 1.5 times that of the others, whose median with one
    # of them is the geometric mean: the root of 1.5.
    tpm = np.array([[1.0], [1.0], [1.5]]) * np.arange(10, 30)
    found = composition(tpm)
    assert found.factor == pytest.approx([1.5**-0.5, 1.5**-0.5, 1.5])
    assert found.n_features == 20
    assert np.isnan(found.global_change).all()
    assert found.spike_in_reason == "there are no spike-ins"
    assert found.reason == ""


def test_composition__equals_the_median_ratio_of_two_and_plain_python():
    tpm = shares(lots(0, k=2, n_features=401))
    used = (tpm >= 1).all(axis=0)
    x, y, ratio = log_ratios(tpm[0, used], tpm[1, used])
    assert composition(tpm).factor == pytest.approx([ratio, 1 / ratio])
    assert np.median(x - y) == pytest.approx(0, abs=1e-9)
    three = shares(lots(1, k=3, n_features=50))
    of_each = [
        math.log(three[2, g]) - (math.log(three[0, g]) + math.log(three[1, g])) / 2
        for g in range(50)
        if three[:, g].min() >= 1
    ]
    assert composition(three).factor[2] == pytest.approx(math.exp(statistics.median(of_each)))


@settings(max_examples=25)
@given(st.integers(0, 1000), st.floats(0.1, 10))
def test_composition__follows_order_and_leaves_depth_and_features_aside(seed, scale):
    tpm = shares(lots(seed))
    rng = np.random.default_rng(seed)
    order, features = rng.permutation(5), rng.permutation(400)
    before = composition(tpm).factor
    assert composition(tpm[order][:, features]).factor == pytest.approx(before[order])
    all_higher = composition(tpm * scale, threshold=scale).factor
    assert all_higher == pytest.approx(before)


def test_composition__nothing_planted_is_no_shift():
    found = [composition(shares(lots(seed))).factor for seed in range(20)]
    assert np.abs(np.log2(found)).max() < 0.1


def test_composition__a_gene_that_takes_the_whole_is_found_and_not_mistaken_for_a_global_change():
    amount = lots(3)
    amount[4, 0] += amount[4].sum()
    spike_ins = np.arange(400) >= 390
    found = composition(shares(amount), spike_ins=spike_ins)
    assert found.factor[4] == pytest.approx(0.5, rel=0.1)
    assert found.factor[:4] == pytest.approx(np.ones(4), rel=0.1)
    assert found.global_change[4] == pytest.approx(2, rel=0.2)


def test_composition__a_change_of_all_genes_shows_in_spike_ins_alone():
    amount = lots(4)
    amount[1, :390] *= 3
    amount[:, 390:] = np.arange(100, 200, 10)
    found = composition(shares(amount), spike_ins=np.arange(400) >= 390)
    assert found.factor[1] == pytest.approx(1, rel=0.1)
    assert found.global_change[1] == pytest.approx(3, rel=0.1)
    assert found.n_spike_ins == 10


@pytest.mark.parametrize("share", [0.001, 0.1, 0.6])
def test_composition__rna_per_spike_in_is_right_whatever_their_share(share):
    # Three samples with the same spike-ins; the last has three times the other RNA.
    other = np.random.default_rng(3).lognormal(3, 1, 100)
    amount = np.tile(np.r_[np.full(5, share * other.sum() / 5 / (1 - share)), other], (3, 1))
    amount[2, 5:] *= 3
    tpm = 1e6 * amount / amount.sum(axis=1, keepdims=True)
    found = composition(tpm, spike_ins=np.arange(105) < 5, threshold=1e-3)
    assert found.global_change[2] == pytest.approx(3, rel=1e-12)
    assert found.global_change[:2] == pytest.approx(1 / np.sqrt(3), rel=1e-12)


def test_composition__what_cannot_be_told_has_a_reason():
    alone = composition(lots(0, k=1))
    assert np.isnan(alone.factor).all()
    assert alone.reason == "there is no other sample of its condition"
    few = composition(lots(0, n_features=8))
    assert np.isnan(few.factor).all()
    assert few.reason.endswith("features reach 1 TPM in every sample; 10 are needed")
    two = composition(lots(0) + 10, spike_ins=np.arange(400) < 2)
    assert np.isnan(two.global_change).all()
    assert two.spike_in_reason == "2 spike-ins reach 1 TPM in every sample; 3 are needed"
    # The global change needs spike-ins, not ten other features in every sample.
    few = composition(lots(0)[:, :12] + 10, spike_ins=np.arange(12) < 3)
    assert np.isnan(few.factor).all()
    assert few.reason
    assert np.isfinite(few.global_change).all()
    assert not few.spike_in_reason
    assert np.isfinite(two.factor).all()


@pytest.mark.parametrize(
    ("tpm", "options", "message"),
    [
        ([[1.0, -1.0]], {}, "negative"),
        ([[1.0, 2.0]], {"threshold": 0.0}, "threshold must be > 0, got 0"),
        ([[1.0, 2.0]], {"spike_ins": [True]}, "1 values for 2 features"),
    ],
)
def test_composition__odd_input_is_refused(tpm, options, message):
    with pytest.raises(InputError, match=message):
        composition(tpm, **options)
