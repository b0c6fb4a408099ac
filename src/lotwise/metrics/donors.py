"""Grouping of samples by donor, from how often their genotypes differ."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, NamedTuple

import numpy as np

from lotwise.metrics.genotypes import GenotypeArray, count_equal
from lotwise.metrics.moments import BoolArray, FloatArray, IntArray

HETEROZYGOSITY: Final = 5e-4
"""Heterozygous sites of a person per base of mature transcripts (1000 Genomes Project, 2015,
10.1038/nature15393: about one in 2,000 bases of exons)."""
# Sites that differ between two people over the heterozygous sites of one, where alleles have
# frequencies p with a density of 1/p (neutral): the integral of (1 - P(same genotype)) / p.
_UNRELATED: Final = 1.5
_SIBLINGS: Final = 0.875
# Allowance within one donor: expression of one allele, editing, and wrongly placed reads.
_SAME: Final = 0.05
DECIDES: Final = 1.5
"""log10 of the likelihood ratio, 30 to 1, that decides whether a pair is from one donor."""


class PairEvidence(NamedTuple):
    """Evidence from genotypes for each pair of samples (samples x samples).

    Attributes
    ----------
    n_bases
        Positions with enough bases in both samples.
    n_genes, n_discordant
        Genes with such a position, and those in which a genotype differs.
    unrelated, siblings
        log10 of the likelihood ratio of one donor against two unrelated donors, and against two
        siblings.
    """

    n_bases: IntArray
    n_genes: IntArray
    n_discordant: IntArray
    unrelated: FloatArray
    siblings: FloatArray


class Gene(NamedTuple):
    """Genotypes of one gene (samples x sites), and which positions have enough bases."""

    calls: GenotypeArray
    covered: BoolArray


def compare_pairs(
    genes: Iterable[Gene], n_samples: int, *, heterozygosity: float = HETEROZYGOSITY
) -> PairEvidence:
    """Return for each pair the evidence that both samples are from one donor.

    Each gene is one observation: whether any of its genotypes differs. The variants of a gene are
    not independent, because they are inherited together and change together if only one allele is
    expressed. The more bases of a gene both samples cover, the more likely is a difference between
    two donors. For each heterozygous site of one donor, 1.5 sites are expected to differ between
    unrelated donors and 0.875 between siblings. Between samples of one donor, 0.05 are allowed.

    Parameters
    ----------
    genes
        Genotypes and coverage of each gene.
    n_samples
        Number of samples.
    heterozygosity
        Heterozygous sites of a donor per base.

    Examples
    --------
    >>> far = Gene(np.array([[0], [0], [2]], dtype=np.int8), np.ones((3, 5_000), dtype=bool))
    >>> found = compare_pairs([far, far, far], 3)
    >>> found.unrelated[0].round(1).tolist()
    [0.0, 4.7, -2.8]
    """
    shape = (n_samples, n_samples)
    n_bases, n_genes, n_discordant = np.zeros((3, *shape))
    unrelated, siblings = np.zeros((2, *shape))
    for gene in genes:
        covered = gene.covered.astype(np.float32)
        bases = (covered @ covered.T).astype(np.float64)
        called_in_both, equal = count_equal(gene.calls)
        differs = called_in_both > equal
        expected = heterozygosity * bases
        n_bases += bases
        n_genes += bases > 0
        n_discordant += differs
        unrelated += _log_ratio(differs, expected, _UNRELATED)
        siblings += _log_ratio(differs, expected, _SIBLINGS)
    for matrix in (unrelated, siblings):
        np.fill_diagonal(matrix, 0.0)
    return PairEvidence(
        n_bases.astype(np.intp),
        n_genes.astype(np.intp),
        n_discordant.astype(np.intp),
        unrelated,
        siblings,
    )


def _log_ratio(differs: BoolArray, expected: FloatArray, rate: float) -> FloatArray:
    """Return log10 of P(one donor) / P(two donors) for the observation in a gene."""
    # A gene with a different site counts as covered, even if its counted positions do not show it.
    expected = np.maximum(expected, 1e-6)
    differing = np.log10(-np.expm1(-_SAME * expected)) - np.log10(-np.expm1(-rate * expected))
    equal = (rate - _SAME) * expected / np.log(10)
    equal[expected <= 1e-6] = 0.0
    return np.where(differs, differing, equal)


def cluster_donors(siblings: FloatArray) -> tuple[int, ...]:
    """Group samples into donors; the number of donors need not be known.

    The two groups with the highest mean log ratio are joined. This is repeated as long as the ratio
    supports one donor by at least 30 to 1. A sample belongs to no group if none of its pairs
    reaches 30 to 1 in either direction.

    Parameters
    ----------
    siblings
        Samples x samples: log10 of the likelihood of one donor over that of siblings.

    Returns
    -------
    The number of each sample's donor, from 1 in the order of the samples; 0 if not assessable.

    Examples
    --------
    >>> ratios = [[0, 9, -9, 0], [9, 0, -8, 0], [-9, -8, 0, 0.1], [0, 0, 0.1, 0]]
    >>> cluster_donors(np.array(ratios))
    (1, 1, 2, 0)
    """
    decided = np.abs(siblings) >= DECIDES
    np.fill_diagonal(decided, val=False)
    groups = [[row] for row in np.flatnonzero(decided.any(axis=1))]
    means = siblings.astype(np.float64).copy()
    means = means[np.ix_([g[0] for g in groups], [g[0] for g in groups])]
    while len(groups) > 1:
        np.fill_diagonal(means, -np.inf)
        a, b = sorted(divmod(int(np.argmax(means)), len(groups)))
        if means[a, b] < DECIDES:
            break
        n_a, n_b = len(groups[a]), len(groups[b])
        joined = (n_a * means[a] + n_b * means[b]) / (n_a + n_b)
        means[a], means[:, a] = joined, joined
        means = np.delete(np.delete(means, b, axis=0), b, axis=1)
        groups[a] = sorted(groups[a] + groups[b])
        del groups[b]
    donors = [0] * len(siblings)
    for number, group in enumerate(sorted(groups), start=1):
        for row in group:
            donors[row] = number
    return tuple(donors)
