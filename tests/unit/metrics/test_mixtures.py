"""Samples with cells of a second donor."""

from __future__ import annotations

import numpy as np
import pytest

from lotwise.metrics.genotypes import Genotypes, call_genotypes
from lotwise.metrics.mixtures import OUTSIDE, find_mixtures, find_outside, private_minor

N_SITES = 200
ERROR = 0.002


def people(n: int, rng: np.random.Generator) -> np.ndarray:
    """Return alternative alleles of people x sites, for allele frequencies of .1 to .9."""
    frequency = rng.uniform(0.1, 0.9, N_SITES)
    return rng.binomial(2, frequency, (n, N_SITES))


def sequenced(dosages: np.ndarray, rng: np.random.Generator, depth: float = 60) -> np.ndarray:
    """Return counts of samples x sites x 4 where the transcript has A and the other allele is G."""
    p = np.clip(dosages / 2, ERROR, 1 - ERROR)
    depths = rng.poisson(depth, p.shape)
    other = rng.binomial(depths, p)
    counts = np.zeros((*p.shape, 4), dtype=np.int64)
    counts[:, :, 0], counts[:, :, 2] = depths - other, other
    return counts


def mixtures_of(dosages: np.ndarray, donors: tuple[int, ...], seed: int) -> list[tuple]:
    """Return the mixtures found in samples of known dosage."""
    counts = sequenced(dosages, np.random.default_rng(seed))
    genotypes = call_genotypes(counts, np.zeros(N_SITES, dtype=int))
    return list(find_mixtures(genotypes, np.arange(N_SITES), donors))


@pytest.mark.parametrize("share", [0.05, 0.1, 0.2])
def test_find_mixtures__names_the_second_donor_and_its_share(share: float) -> None:
    a, b, c = people(3, np.random.default_rng(3))
    mixed = (1 - share) * a + share * b
    found = mixtures_of(np.array([mixed, a, a, b, b, c, c]), (1, 1, 1, 2, 2, 3, 3), seed=4)
    assert found[0].first == 1
    assert found[0].second == 2
    assert found[0].share == pytest.approx(share, abs=0.02)
    assert [one.share for one in found[1:]] == [0.0] * 6


def test_find_mixtures__equal_parts_are_a_group_of_their_own() -> None:
    a, b, c = people(3, np.random.default_rng(5))
    found = mixtures_of(np.array([(a + b) / 2, a, a, b, b, c]), (1, 2, 2, 3, 3, 4), seed=6)
    assert {found[0].first, found[0].second} == {2, 3}
    assert found[0].share == pytest.approx(0.5, abs=0.05)


def test_find_mixtures__a_third_donor_and_a_child_are_no_mixtures() -> None:
    rng = np.random.default_rng(7)
    a, b, c = people(3, rng)
    child = rng.binomial(1, a / 2) + rng.binomial(1, b / 2)
    found = mixtures_of(np.array([a, a, b, b, c, child]), (1, 1, 2, 2, 3, 4), seed=8)
    assert [one.share for one in found] == [0.0] * 6


def test_find_mixtures__one_allele_alone_in_some_genes_is_no_mixture() -> None:
    rng = np.random.default_rng(9)
    a, b = people(2, rng)
    odd = a.astype(float)
    heterozygous = np.flatnonzero(a == 1)[:8]
    odd[heterozygous] = 0.1
    found = mixtures_of(np.array([odd, a, b, b]), (1, 1, 2, 2), seed=10)
    assert [one.share for one in found] == [0.0] * 4


def test_find_mixtures__says_why_it_cannot_be_told() -> None:
    calls = np.zeros((3, 4), dtype=np.int8)
    genotypes = Genotypes(calls, calls / 2, np.full(calls.shape, 30), np.full(4, 2))
    one_donor = find_mixtures(genotypes, range(4), (1, 1, 1))
    assert one_donor[0].reason == "all samples are of one donor"
    two = find_mixtures(genotypes, range(4), (1, 1, 0))
    assert two[2].reason == "not assessable: its donor is not known"
    few = find_mixtures(genotypes, range(4), (1, 1, 2))
    assert few[0].reason == "not assessable: 0 genes distinguish its donor from others"
    assert np.isnan(few[0].share)


def test_private_minor__hand_values() -> None:
    counts = [
        [[57, 0, 3, 0], [58, 0, 2, 0], [57, 0, 3, 0], [10, 0, 50, 0]],
        [[60, 0, 0, 0], [60, 0, 0, 0], [55, 0, 5, 0], [60, 0, 0, 0]],
    ]
    private, seen, depth = private_minor(counts, [0] * 4)
    # Too few bases; present in the other sample; more than a fifth.
    assert private.tolist() == [[True, False, False, False], [False] * 4]
    assert (seen[0, 0], depth[0, 0]) == (3, 60)


@pytest.mark.parametrize("share", [0.05, 0.1])
def test_find_outside__finds_a_donor_that_no_sample_has(share: float) -> None:
    rng = np.random.default_rng(11)
    n = 400
    # Where the donor of the set is homozygous, the other has an allele at a share of c / 2 or c.
    foreign = np.where(rng.random(n) < 6 / 7, 1, 2)
    dosages = np.zeros((4, n))
    dosages[2] = share * foreign
    counts = np.zeros((4, n, 4), dtype=np.int64)
    depths = rng.poisson(80, (4, n))
    other = rng.binomial(depths, np.clip(dosages / 2, 0.0005, 1))
    counts[:, :, 0], counts[:, :, 1] = depths - other, other
    found = find_outside(counts, np.zeros(n, dtype=int))
    assert found[2].second == OUTSIDE
    assert found[2].share == pytest.approx(share, abs=0.02)
    assert [found[row].share for row in (0, 1, 3)] == [0.0] * 3


def test_find_outside__one_sample_alone_cannot_be_told() -> None:
    assert find_outside([[[30, 0, 0, 0]]], [0])[0].reason == "only sample"
