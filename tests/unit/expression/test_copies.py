"""Samples of one library are told from samples of two, whatever the cells are."""

from __future__ import annotations

import numpy as np
import pytest

from lotwise.expression.copies import find_copies, find_repeats, find_shared_reads

N_GENES = 2000
LENGTHS = np.random.default_rng(0).uniform(300, 5000, N_GENES)


def libraries(n=3, *, depth=1_000_000, sd=0.0, seed=1):
    """Draw counts of ``n`` libraries of cells that differ by ``sd`` (log2)."""
    rng = np.random.default_rng(seed)
    base = rng.normal(3, 2.5, N_GENES)
    share = np.exp2(base + rng.normal(0, sd, (n, N_GENES))) * LENGTHS
    return rng.poisson(depth * share / share.sum(axis=1, keepdims=True)).astype(float)


def tpm_of(counts):
    rate = counts / LENGTHS
    return rate / rate.sum() * 1e6


def named(*values):
    return {f"S{at + 1}": tpm for at, tpm in enumerate(values)}


@pytest.mark.parametrize("depth", [200_000, 1_000_000, 100_000_000])
@pytest.mark.parametrize("unit", [0, 2, 9])
def test_find_repeats__libraries_of_equal_cells_are_none(depth, unit):
    tpm = [np.round(tpm_of(counts), unit) for counts in libraries(depth=depth)]
    assert find_repeats(named(*tpm)) == []


@pytest.mark.parametrize(
    "alter",
    [
        lambda tpm: tpm * 1.02,
        np.round,
        lambda tpm: np.round(tpm, 1),
        lambda tpm: np.where(tpm > 1, tpm, 0) * 1.01,
        lambda tpm: tpm * np.random.default_rng(5).lognormal(0, 5e-4, tpm.size),
    ],
    ids=["scaled", "whole numbers", "one decimal", "filtered", "quantified again"],
)
def test_find_repeats__an_altered_copy(alter):
    first, second, third = map(tpm_of, libraries())
    assert find_repeats(named(first, second, alter(first), third)) == [("S1", "S3")]
    assert find_copies(named(first, second, alter(first), third)) == []


def test_find_repeats__needs_features_enough():
    first, second = map(tpm_of, libraries(2))
    few = np.argsort(-first)[:49]
    assert find_repeats(named(first[few], second[few], first[few] * 1.02)) == []


def test_find_shared_reads__libraries_of_equal_cells_share_none():
    for seed in range(20):
        assert find_shared_reads(libraries(4, seed=seed)) == []


@pytest.mark.parametrize("depth", [50_000, 5_000_000])
def test_find_shared_reads__libraries_of_unequal_depth_share_none(depth):
    assert find_shared_reads(np.vstack([libraries(1), libraries(1, depth=depth, seed=1)])) == []


@pytest.mark.parametrize("sd", [0.0, 0.5])
def test_find_shared_reads__half_of_the_reads_of_another_sample(sd):
    counts = libraries(3, sd=sd)
    half = np.random.default_rng(2).binomial(counts[1].astype(int), 0.5)
    assert find_shared_reads(np.vstack([counts, half])) == [(1, 3)]


def test_find_shared_reads__one_of_two_lanes_in_common():
    lanes = libraries(3, seed=3)
    assert find_shared_reads(np.vstack([lanes[0] + lanes[1], lanes[1] + lanes[2]])) == [(0, 1)]


def test_find_shared_reads__counts_that_are_unknown():
    counts = libraries(3)
    counts[0] = np.nan
    assert find_shared_reads(counts) == []
    assert find_shared_reads(counts[:1]) == []
    counts[1] = 0
    assert find_shared_reads(counts) == []
