"""One donor or two, and the number of donors."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.integrate import quad

from lotwise.metrics.donors import DECIDES, HETEROZYGOSITY, Gene, cluster_donors, compare_pairs


def gene(calls: list[list[int]], n_bases: int = 2_000) -> Gene:
    """Return a gene that every sample covers."""
    return Gene(np.array(calls, dtype=np.int8), np.ones((len(calls), n_bases), dtype=np.bool_))


def differing(*, shared: float) -> float:
    """Return differing over heterozygous sites of two people by their shared alleles."""

    def density(p: float) -> float:
        q = 1 - p
        none = q**4 + 4 * p**2 * q**2 + p**4
        one = q**3 + p * q + p**3
        return (1 - (none if shared == 0 else one)) / p

    return quad(density, 0, 1)[0]


def test_compare_pairs__rates_are_those_of_neutral_frequencies() -> None:
    # Siblings share both alleles in a quarter of the genome, and one allele in half of it.
    unrelated, one = differing(shared=0), differing(shared=0.5)
    assert unrelated == pytest.approx(1.5)
    assert one / 2 + unrelated / 4 == pytest.approx(0.875)
    found = compare_pairs([gene([[], []])], 2)
    expected = HETEROZYGOSITY * 2_000 / np.log(10)
    assert found.unrelated[0, 1] == pytest.approx((unrelated - 0.05) * expected)
    assert found.siblings[0, 1] == pytest.approx((0.875 - 0.05) * expected)


def test_compare_pairs__a_gene_tells_once() -> None:
    one, many = gene([[0], [2]]), gene([[0, 0, 0, 0], [2, 2, 1, 2]])
    assert compare_pairs([one], 2).unrelated[0, 1] == compare_pairs([many], 2).unrelated[0, 1]
    assert compare_pairs([many], 2).n_discordant[0, 1] == 1


def test_compare_pairs__without_coverage_nothing_is_said() -> None:
    empty = Gene(np.zeros((2, 0), dtype=np.int8), np.zeros((2, 5), dtype=np.bool_))
    found = compare_pairs([empty], 2)
    assert found.unrelated.tolist() == [[0, 0], [0, 0]]
    assert found.n_genes[0, 1] == 0


def test_compare_pairs__no_gene_at_all() -> None:
    assert compare_pairs([], 3).n_bases.tolist() == [[0] * 3] * 3


def test_compare_pairs__one_differing_gene_of_many_is_still_one_donor() -> None:
    # A gene that expresses one allele only differs between samples of one donor.
    alike = [gene([[1], [1]])] * 30
    assert compare_pairs([*alike, gene([[1], [0]])], 2).siblings[0, 1] > DECIDES


def test_compare_pairs__half_of_the_genes_differing_is_not_one_donor() -> None:
    genes = [gene([[1], [1]])] * 30 + [gene([[1], [0]])] * 30
    assert compare_pairs(genes, 2).siblings[0, 1] < -DECIDES


def test_cluster_donors__finds_how_many_there_are() -> None:
    ratios = np.full((6, 6), -20.0)
    for group in ([0, 3], [1, 4], [2, 5]):
        ratios[np.ix_(group, group)] = 10.0
    assert cluster_donors(ratios) == (1, 2, 3, 1, 2, 3)


def test_cluster_donors__relabelling_samples_relabels_donors_alone() -> None:
    rng = np.random.default_rng(1)
    truth = rng.integers(0, 3, 9)
    ratios = np.where(truth[:, None] == truth, 8.0, -8.0) + rng.normal(size=(9, 9))
    ratios = (ratios + ratios.T) / 2
    order = rng.permutation(9)
    found = np.array(cluster_donors(ratios))
    turned = np.array(cluster_donors(ratios[np.ix_(order, order)]))
    np.testing.assert_array_equal(found[order][:, None] == found[order], turned[:, None] == turned)


def test_cluster_donors__undecided_samples_belong_to_none() -> None:
    assert cluster_donors(np.zeros((3, 3))) == (0, 0, 0)
    assert cluster_donors(np.zeros((1, 1))) == (0,)


def test_cluster_donors__one_undecided_pair_is_settled_by_the_others() -> None:
    ratios = np.array([[0, 9, 0.5], [9, 0, 9], [0.5, 9, 0]])
    assert cluster_donors(ratios) == (1, 1, 1)
