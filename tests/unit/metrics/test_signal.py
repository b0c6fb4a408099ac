"""Quartet's signal-to-noise ratio."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lotwise.errors import InputError
from lotwise.metrics.signal import signal_to_noise

GROUPS = np.repeat(["a", "b", "c"], 3)


def simulate(seed, *, distance, n_features=500):
    rng = np.random.default_rng(seed)
    centres = rng.normal(0, distance, (3, n_features))
    return np.repeat(centres, 3, axis=0) + rng.normal(0, 1, (9, n_features))


def reference(values, groups):
    """The definition, pair by pair, on principal components from the covariance matrix."""
    varying = values[:, values.std(axis=0) > 0]
    z = (varying - varying.mean(axis=0)) / varying.std(axis=0, ddof=1)
    eigenvalues, vectors = np.linalg.eigh(z @ z.T)
    largest = np.argsort(eigenvalues)[::-1][:2]
    share = eigenvalues[largest] / eigenvalues.sum()
    scores = vectors[:, largest] * np.sqrt(eigenvalues[largest])
    between, within = [], []
    for a in range(len(groups)):
        for b in range(len(groups)):
            if a != b:
                d = sum(share[k] * (scores[a, k] - scores[b, k]) ** 2 for k in (0, 1))
                (within if groups[a] == groups[b] else between).append(d)
    return 10 * math.log10(np.mean(between) / np.mean(within))


def test_signal_to_noise__hand_value():
    # One component of all the variance, on which the samples lie at equal steps d: D between
    # groups is (2, 3, 1, 2)^2 d^2, within d^2.
    values = np.array([[0.0, 0], [1, 1], [2, 2], [3, 3]])
    found = signal_to_noise(values, groups=[*"aabb"])
    assert found.snr_db == pytest.approx(10 * math.log10((4 + 9 + 1 + 4) / 4 / 1))
    assert found.component_shares[0] == pytest.approx(1)
    steps = np.diff(found.scores[:, 0])
    assert np.abs(steps) == pytest.approx(math.sqrt(2 * 3 / 5), abs=1e-12)  # two features, sd 5/3
    assert (found.n_features, found.reason) == (2, "")


def test_signal_to_noise__equals_the_definition_pair_by_pair():
    values = simulate(1, distance=1)
    found = signal_to_noise(values, groups=GROUPS)
    assert found.snr_db == pytest.approx(reference(values, GROUPS), abs=1e-9)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 1000), st.floats(0.1, 10))
def test_signal_to_noise__ignores_order_names_scale_and_flat_features(seed, scale):
    values = simulate(seed, distance=1, n_features=60)
    found = signal_to_noise(values, groups=GROUPS).snr_db
    order = np.random.default_rng(seed).permutation(9)
    names = np.array([f"x{name}" for name in GROUPS])
    moved = signal_to_noise(scale * values[order] + 7, groups=names[order]).snr_db
    assert moved == pytest.approx(found, abs=1e-6)
    padded = np.hstack([values, np.full((9, 3), 4.2)])
    assert signal_to_noise(padded, groups=GROUPS).snr_db == pytest.approx(found, abs=1e-6)


def test_signal_to_noise__null_near_zero_and_power_far_above_quartets_line():
    null = [signal_to_noise(simulate(seed, distance=0), groups=GROUPS).snr_db for seed in range(60)]
    assert abs(np.mean(null)) < 1
    strong = [
        signal_to_noise(simulate(seed, distance=3), groups=GROUPS).snr_db for seed in range(10)
    ]
    assert min(strong) > 12


@pytest.mark.parametrize(
    ("groups", "reason"),
    [
        (["a"] * 4, "fewer than two groups"),
        (["a", "a", "b", "c"], "group b has one sample, but two or more are needed"),
    ],
)
def test_signal_to_noise__too_few_groups_are_nan_with_a_reason(groups, reason):
    found = signal_to_noise(np.random.default_rng(1).normal(size=(4, 5)), groups=groups)
    assert math.isnan(found.snr_db)
    assert found.reason == reason
    assert np.isnan(found.component_shares).all()
    assert np.isnan(found.scores).all()
    assert found.scores.shape == (4, 2)


def test_signal_to_noise__equal_replicates_and_flat_features_are_nan_with_a_reason():
    equal = np.repeat(np.random.default_rng(2).normal(size=(2, 20)), 2, axis=0)
    found = signal_to_noise(equal, groups=[*"aabb"])
    assert math.isnan(found.snr_db)
    assert "do not differ" in found.reason
    flat = signal_to_noise(np.zeros((4, 5)), groups=[*"aabb"])
    assert flat.reason == "fewer than two features vary"
    with pytest.raises(InputError, match="3 groups for 4 samples"):
        signal_to_noise(np.zeros((4, 5)), groups=[*"aab"])
