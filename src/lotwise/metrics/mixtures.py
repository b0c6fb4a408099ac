"""Samples with cells of a second donor, found by minor alleles at homozygous sites."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.special import xlogy

from lotwise.metrics.genotypes import GenotypeArray, Genotypes
from lotwise.metrics.moments import BoolArray, FloatArray, IntArray

SMALLEST_SHARE: Final = 0.02
"""Smallest share of a second donor in a mixed sample; index hopping alone gives up to 1 %."""
OUTSIDE: Final = -1
ONE_DONOR: Final = "all samples are of one donor"
FEWEST_GENES: Final = 10
FEWEST_PRIVATE: Final = 20
_DECIDES: Final = 4.0
_ERROR: Final = 0.002
_MOST_OF_GENE: Final = 5.0
# A gene that expresses one allele only is not a mixture. In a mixture, most sites at which two or
# more bases are expected show the allele; for a donor from outside, about half of them do.
_SEEN_OF: Final = 2.0
_FEWEST_HOPED: Final = 5
_SHOWN: Final = 0.75
_UNEQUAL: Final = (0.2, 0.8)
"""Range of an allele's share at a heterozygous site; a gene expresses its alleles unequally."""
_SHARES: Final = np.arange(1, 51) / 100
# Share of heterozygous sites among the alleles that one person carries and another, homozygous for
# the reference, does not; for allele frequencies with a density of 1/p.
_HETEROZYGOUS: Final = 6 / 7
_PRIVATE_DEPTH: Final = 30
_PRIVATE_BASES: Final = 3
_PRIVATE_ELSEWHERE: Final = 0.005
_PRIVATE_SHARE: Final = 0.2
_TIMES_OTHERS: Final = 5.0


class Mixture(NamedTuple):
    """The second donor in a sample, if any.

    Attributes
    ----------
    share
        Share of the second donor, in [0, .5]; 0 if no second donor is found, NaN if not assessable.
    first, second
        Numbers of the two donors; 0 if no second donor is found. If the second donor is not among
        the samples, ``first`` is 0 and ``second`` is -1.
    n_genes
        Number of genes used. If the second donor is not among the samples, number of sites.
    log10_ratio
        log10 of a likelihood ratio: with the second donor, divided by without. If the second donor
        is not among the samples: of the most likely share, divided by the least likely share.
    reason
        Why the sample is not assessable; empty otherwise.
    """

    share: float
    first: int
    second: int
    n_genes: int
    log10_ratio: float
    reason: str


def _none(n_genes: int, log10_ratio: float = 0.0) -> Mixture:
    return Mixture(0.0, 0, 0, n_genes, log10_ratio, "")


def _unknown(n_genes: int, reason: str) -> Mixture:
    return Mixture(np.nan, 0, 0, n_genes, np.nan, reason)


def find_mixtures(
    genotypes: Genotypes, genes: npt.ArrayLike, donors: Sequence[int]
) -> tuple[Mixture, ...]:
    """Find cells of one donor in samples of another donor of the set.

    A sample with a share c of a second donor contains other alleles at sites where its own donor is
    homozygous. The share of such an allele is c if the second donor is homozygous for it, and c/2
    if heterozygous. A donor's genotype at a site is the genotype that all its samples, except the
    tested one, have in common. If a donor has no other sample, the homozygous sites of the tested
    sample are used. Each gene counts as one site, because its variants are inherited together.

    Parameters
    ----------
    genotypes
        Of samples x sites.
    genes
        Gene of each site.
    donors
        Number of each sample's donor as :func:`~lotwise.metrics.donors.cluster_donors` gives it.
    """
    gene = np.asarray(genes, dtype=np.intp)
    labels = np.asarray(donors, dtype=np.intp)
    return tuple(_of_sample(row, genotypes, gene, labels) for row in range(labels.size))


def _of_sample(row: int, genotypes: Genotypes, gene: IntArray, labels: IntArray) -> Mixture:
    if labels[row] == 0:
        return _unknown(0, "not assessable: its donor is not known")
    others = np.arange(labels.size) != row
    consensus = {
        int(donor): _consensus(genotypes.calls[others & (labels == donor)])
        for donor in np.unique(labels[others & (labels > 0)])
    }
    own = int(labels[row])
    alone = own not in consensus
    fraction, depth = genotypes.fraction[row], genotypes.depth[row]
    if alone:
        consensus[own] = _own_homozygous(fraction, depth)
    if len(consensus) < 2:
        return _unknown(0, ONE_DONOR)
    found = [
        _fit(
            fraction, depth, (consensus[first], consensus[second]), gene, third=first != own
        )._replace(first=first, second=second)
        # A sample of nearly equal parts is like neither donor, and a group of its own.
        for first in (consensus if alone else (own,))
        for second in set(consensus) - {first, own}
    ]
    n_most = max(one.n_genes for one in found)
    if n_most < FEWEST_GENES:
        return _unknown(n_most, f"not assessable: {n_most} genes distinguish its donor from others")
    likely = [one for one in found if one.n_genes >= FEWEST_GENES and one.share > 0]
    if not likely:
        return _none(n_most)
    return max(likely, key=lambda one: (one.first != own, one.log10_ratio))


def _consensus(calls: GenotypeArray) -> GenotypeArray:
    """Return the genotype that the samples of a donor agree in; -1 where they do not."""
    lowest = np.where(calls < 0, 9, calls).min(axis=0)
    highest = calls.max(axis=0)
    return np.where(lowest == highest, highest, -1).astype(np.int8)


def _own_homozygous(fraction: FloatArray, depth: IntArray) -> GenotypeArray:
    """Return the homozygous sites of a donor's only sample; 1 where heterozygous."""
    called = (depth > 0) & ~np.isnan(fraction)
    calls = np.full(depth.shape, -1, dtype=np.int8)
    calls[called & (fraction < 0.25)] = 0
    calls[called & (fraction > 0.75)] = 2
    return calls


def _fit(
    fraction: FloatArray,
    depth: IntArray,
    donors: tuple[GenotypeArray, GenotypeArray],
    gene: IntArray,
    *,
    third: bool,
) -> Mixture:
    """Fit the share of the second donor at sites where the first is homozygous.

    The fit is compared with the first donor only or, for a sample similar to neither donor, with a
    third donor that may have any genotype at each site.
    """
    first, second = donors
    known = ((first == 0) | (first == 2)) & (second >= 0) & (depth > 0)
    telling = known & (second != first)
    n_genes = np.unique(gene[telling]).size
    used = np.flatnonzero(known if third else telling)
    if not n_genes:
        return _none(0)
    n_reads = depth[used].astype(np.float64)
    seen = np.where(first[used] == 0, fraction[used], 1 - fraction[used]) * n_reads
    weight = np.abs(second[used] - first[used]) / 2
    _, of_gene = np.unique(gene[used], return_inverse=True)
    n_sites = np.bincount(of_gene)[of_gene]
    expected = np.clip(_SHARES[:, None] * weight, _ERROR, 1 - _ERROR)
    gain = _log10_binomial(seen, n_reads, expected) - _null(seen, n_reads, third=third)
    # One gene, one site: the mean over its sites.
    total = np.clip(gain / n_sites, -_MOST_OF_GENE, _MOST_OF_GENE).sum(axis=1)
    best = int(np.argmax(total))
    share, ratio = _share_of(seen, weight * n_reads), float(total[best])
    hoped = share * weight * n_reads >= _SEEN_OF
    shown = float(np.mean(seen[hoped] > 0)) if np.count_nonzero(hoped) >= _FEWEST_HOPED else 0.0
    if share < SMALLEST_SHARE or ratio < _DECIDES or shown < _SHOWN:
        return _none(n_genes, max(ratio, 0.0))
    return Mixture(share, 0, 0, n_genes, ratio, "")


def _share_of(seen: FloatArray, full: FloatArray) -> float:
    """Return the share of the second donor, without the tenth of sites at either end.

    ``full`` are the bases of its alleles that a share of 1 would give; 0 where none tells.
    """
    telling = np.flatnonzero(full > 0)
    order = telling[np.argsort(seen[telling] / full[telling], kind="stable")]
    n_left_out = order.size // 10
    used = order[n_left_out : order.size - n_left_out]
    return min(float(seen[used].sum() / full[used].sum()), 0.5)


def _null(seen: FloatArray, n_reads: FloatArray, *, third: bool) -> FloatArray:
    """Return log10 of the likelihood without a mixture."""
    error = _log10_binomial(seen, n_reads, np.full(1, _ERROR))
    if not third:
        return error
    unequal = np.clip(seen / n_reads, *_UNEQUAL)
    free = [
        error,
        _log10_binomial(seen, n_reads, unequal),
        _log10_binomial(seen, n_reads, np.full(1, 1 - _ERROR)),
    ]
    best: FloatArray = np.max(free, axis=0) - np.log10(3)
    return best


def _log10_binomial(seen: FloatArray, n: FloatArray, p: FloatArray) -> FloatArray:
    ratio: FloatArray = (xlogy(seen, p) + xlogy(n - seen, 1 - p)) / np.log(10)
    return ratio


def private_minor(
    counts: npt.ArrayLike, reference: npt.ArrayLike
) -> tuple[BoolArray, IntArray, IntArray]:
    """Find minor alleles that only one of the samples has.

    Parameters
    ----------
    counts
        Samples x sites x 4.
    reference
        Base of the transcript at each site.

    Returns
    -------
    Three arrays of samples x sites: whether the sample has a private minor allele at the site, the
    number of bases with this allele, and the depth. In the sample, a private allele has at least
    three bases and at most 20 % of the depth. In all other samples together, it has at most .5 % of
    the depth. Both depths must be at least 30.
    """
    bases = np.asarray(counts, dtype=np.int64)
    known = np.asarray(reference, dtype=np.intp)
    total = bases.sum(axis=2)
    without = bases.copy()
    without[:, np.arange(known.size), known] = -1
    allele = without.argmax(axis=2)
    seen = np.take_along_axis(bases, allele[:, :, None], axis=2)[:, :, 0]
    over_all = bases.sum(axis=0)
    elsewhere = over_all[np.arange(known.size), allele] - seen
    other_depth = total.sum(axis=0) - total
    private = (total >= _PRIVATE_DEPTH) & (seen >= _PRIVATE_BASES)
    private &= seen <= _PRIVATE_SHARE * total
    private &= (other_depth >= _PRIVATE_DEPTH) & (elsewhere <= _PRIVATE_ELSEWHERE * other_depth)
    return private, seen, total


def find_outside(counts: npt.ArrayLike, reference: npt.ArrayLike) -> tuple[Mixture, ...]:
    """Find cells of a donor that is not among the samples.

    They appear as minor alleles that no other sample has. Sequencing errors also cause such
    alleles, in every sample. Therefore a sample must have at least 20 of them, and at least five
    times as many as the median of the other samples.

    Parameters
    ----------
    counts, reference
        As in :func:`private_minor`.
    """
    private, seen, total = private_minor(counts, reference)
    n_private = private.sum(axis=1)
    if n_private.size < 2:
        return tuple(_unknown(0, "only sample") for _ in n_private)
    found = []
    for row, n in enumerate(n_private):
        others = float(np.median(np.delete(n_private, row)))
        if n < max(FEWEST_PRIVATE, _TIMES_OTHERS * others):
            found.append(_none(int(n)))
            continue
        k, d = (a[row, private[row]].astype(np.float64) for a in (seen, total))
        share, ratio = _truncated_share(k, d)
        mixed = Mixture(share, 0, OUTSIDE, int(n), ratio, "")
        found.append(mixed if share >= SMALLEST_SHARE else _none(int(n)))
    return tuple(found)


def _truncated_share(seen: FloatArray, depth: FloatArray) -> tuple[float, float]:
    """Fit the share to counts of which those below three are not known."""
    likelihood = np.zeros(_SHARES.size)
    for place, share in enumerate(_SHARES):
        density, reached = np.zeros((2, seen.size))
        for weight, part in ((0.5, _HETEROZYGOUS), (1.0, 1 - _HETEROZYGOUS)):
            p = share * weight
            density += part * np.power(10.0, _log10_binomial(seen, depth, np.full(1, p)))
            below = sum(
                np.exp(_log_choose(depth, k) + xlogy(k, p) + xlogy(depth - k, 1 - p))
                for k in range(_PRIVATE_BASES)
            )
            reached += part * (1 - below)
        likelihood[place] = np.log10(density / reached).sum()
    best = int(np.argmax(likelihood))
    return float(_SHARES[best]), float(likelihood[best] - likelihood.min())


def _log_choose(n: FloatArray, k: int) -> FloatArray:
    chosen = np.zeros_like(n)
    for step in range(k):
        chosen += np.log(n - step) - np.log(step + 1)
    return chosen
