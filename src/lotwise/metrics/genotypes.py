"""Genotypes from counted bases, and how well those of two samples agree."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from lotwise.errors import InputError
from lotwise.metrics.moments import BoolArray, FloatArray, IntArray

GenotypeArray = npt.NDArray[np.int8]

MIN_DEPTH: Final = 15
"""Minimum number of bases for which a genotype is called. At this depth, both alleles of a
heterozygous site are seen at least twice in 999 of 1,000 cases."""
NO_CALL: Final = -1
# A gene expresses its two alleles unequally, so a heterozygous site spans most of the range. What
# lies between the two bounds may be either, or a mixture, and is not called.
_HOMOZYGOUS: Final = 0.08
_HETEROZYGOUS: Final = 0.2
_THIRD: Final = 0.1
# Where ungapped reads run over an insertion or a splice site they differ at many places side by
# side; three neighbours within ten bases are rare among real variants.
_CROWD: Final = 3
_NEAR: Final = 10
_MOST_OTHERS: Final = 3.0
"""Maximum mean number of other mismatches in reads with an allele; reads with more probably belong
to another gene."""


class Genotypes(NamedTuple):
    """Genotypes of samples x sites.

    Attributes
    ----------
    calls
        Alternative alleles, 0, 1 or 2; -1 where not called.
    fraction
        Share of the alternative allele in the bases of both alleles; NaN without bases.
    depth
        Bases of both alleles.
    alternative
        The alternative allele of each site: 0 to 3 for A, C, G, T.
    """

    calls: GenotypeArray
    fraction: FloatArray
    depth: IntArray
    alternative: IntArray


class Concordance(NamedTuple):
    """Agreement of each pair of samples (samples x samples).

    Attributes
    ----------
    n_sites, concordance
        Number of sites that are called in both samples, and the share of these sites with the same
        genotype; NaN without a site. Sites where no sample has the alternative allele are left out.
    n_informative, informative
        The same over the sites that vary among the samples.
    """

    n_sites: IntArray
    concordance: FloatArray
    n_informative: IntArray
    informative: FloatArray


def call_genotypes(
    counts: npt.ArrayLike, reference: npt.ArrayLike, *, min_depth: int = MIN_DEPTH
) -> Genotypes:
    """Call the genotype of each sample at each site.

    Parameters
    ----------
    counts
        Numbers of bases A, C, G and T that were read; samples x sites x 4.
    reference
        Base of the transcript at each site, 0 to 3.
    min_depth
        Minimum number of bases, of both alleles together, for which a genotype is called.

    Returns
    -------
    The alternative allele is the one with the largest mean share over the samples, apart from the
    reference. A genotype is homozygous if up to 8 % of the bases have the rarer allele, and
    heterozygous if from 20 to 80 % have the alternative allele. Otherwise, or if more than 10 % of
    the bases have neither allele, it is not called.

    Raises
    ------
    InputError
        Other shapes, or a reference base that is not 0 to 3.

    Examples
    --------
    >>> counts = [[[30, 0, 0, 0]], [[14, 0, 16, 0]], [[0, 0, 22, 0]], [[9, 0, 0, 0]]]
    >>> call_genotypes(counts, [0]).calls.ravel().tolist()
    [0, 1, 2, -1]
    """
    bases = np.asarray(counts, dtype=np.int64)
    known = np.asarray(reference, dtype=np.intp)
    if bases.ndim != 3 or bases.shape[2] != 4 or known.shape != bases.shape[1:2]:
        raise InputError(
            f"'counts' has shape {bases.shape} and 'reference' has shape {known.shape}; expected "
            "samples x sites x 4 for 'counts' and one base per site for 'reference'"
        )
    if known.size and not 0 <= known.min() <= known.max() <= 3:
        raise InputError("every reference base must be 0, 1, 2 or 3")
    total = bases.sum(axis=2)
    site = np.arange(known.size)
    share = (bases / np.maximum(total, 1)[:, :, None]).mean(axis=0)
    share[site, known] = -1.0
    alternative = share.argmax(axis=1)
    of_alternative = bases[:, site, alternative]
    depth = bases[:, site, known] + of_alternative
    with np.errstate(invalid="ignore", divide="ignore"):
        fraction = of_alternative / depth
        third = 1 - depth / total
    calls = np.full(depth.shape, NO_CALL, dtype=np.int8)
    called = (depth >= min_depth) & ~(third > _THIRD)
    calls[called & (fraction <= _HOMOZYGOUS)] = 0
    calls[called & (fraction >= _HETEROZYGOUS) & (fraction <= 1 - _HETEROZYGOUS)] = 1
    calls[called & (fraction >= 1 - _HOMOZYGOUS)] = 2
    return Genotypes(calls, fraction, depth, alternative)


def sound_sites(
    genes: npt.ArrayLike, places: npt.ArrayLike, other_mismatches: npt.ArrayLike
) -> BoolArray:
    """Return which sites are unlikely to be caused by misplaced reads.

    A site is left out if its gene has three other sites within ten bases. It is also left out if
    reads with its alternative allele have more than three other mismatches on average.

    Parameters
    ----------
    genes, places
        Gene of each site, and its position in the transcript, ascending.
    other_mismatches
        Mean number of other mismatches in reads with the alternative allele, in the sample with the
        lowest mean; NaN where unknown.

    Examples
    --------
    >>> sound_sites([0] * 5, [5, 8, 11, 13, 60], [0, 0, 0, 0, 3.5]).tolist()
    [False, False, False, False, False]
    >>> sound_sites([0, 0, 1], [5, 60, 61], [0, 1, float("nan")]).tolist()
    [True, True, True]
    """
    gene, place = np.asarray(genes, dtype=np.intp), np.asarray(places, dtype=np.int64)
    others = np.asarray(other_mismatches, dtype=np.float64)
    crowded = np.zeros(place.size, dtype=np.bool_)
    for gap in range(_CROWD + 1):
        # `_CROWD` neighbours: `gap` of them before the site, the others behind it.
        first = np.arange(place.size) - gap
        last = first + _CROWD
        inside = np.flatnonzero((first >= 0) & (last < place.size))
        begin, end = first[inside], last[inside]
        own = place[inside]
        near = (own - place[begin] <= _NEAR) & (place[end] - own <= _NEAR)
        near &= (gene[begin] == gene[inside]) & (gene[end] == gene[inside])
        crowded[inside[near]] = True
    return ~crowded & ~(others > _MOST_OTHERS)


def varying_sites(calls: GenotypeArray) -> BoolArray:
    """Return which sites have two genotypes or more among the samples.

    Examples
    --------
    >>> varying_sites(np.array([[0, 1, -1, 2], [0, 0, 1, -1]], dtype=np.int8)).tolist()
    [False, True, False, False]
    """
    present = [(calls == genotype).any(axis=0) for genotype in (0, 1, 2)]
    varies: BoolArray = np.sum(present, axis=0) >= 2
    return varies


def concordance(calls: GenotypeArray) -> Concordance:
    """Compare the genotypes of every pair of samples.

    Examples
    --------
    >>> calls = np.array([[0, 1, 2, 0], [0, 1, 2, 0], [2, 0, 2, 0]], dtype=np.int8)
    >>> found = concordance(calls)
    >>> found.n_sites[0, 2].item(), found.concordance[0].round(2).tolist()
    (3, [1.0, 1.0, 0.33])
    >>> found.informative[0].tolist()
    [1.0, 1.0, 0.0]
    """
    varied = calls[:, (calls > 0).any(axis=0)]
    n_sites, equal = count_equal(varied)
    n_informative, equal_informative = count_equal(calls[:, varying_sites(calls)])
    with np.errstate(invalid="ignore", divide="ignore"):
        return Concordance(
            n_sites, equal / n_sites, n_informative, equal_informative / n_informative
        )


def count_equal(calls: GenotypeArray) -> tuple[IntArray, IntArray]:
    """Return for each pair the number of sites called in both samples, and of equal genotypes.

    Examples
    --------
    >>> both, equal = count_equal(np.array([[0, 1, -1], [0, 2, 2]], dtype=np.int8))
    >>> both[0, 1].item(), equal[0, 1].item()
    (2, 1)
    """
    called = (calls >= 0).astype(np.float64)
    both = called @ called.T
    equal = np.zeros_like(both)
    for genotype in (0, 1, 2):
        has = (calls == genotype).astype(np.float64)
        equal += has @ has.T
    return both.astype(np.intp), equal.astype(np.intp)
