"""Simulated donors: the genetic variants of people and of their children."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from lotwise.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import NDArray

HETEROZYGOSITY: Final = 5e-4
"""Heterozygous sites of a person per base of exons (1000 Genomes Project 2015,
10.1038/nature15393)."""
_RAREST: Final = 0.005


class Variants(NamedTuple):
    """Sites where people differ.

    Attributes
    ----------
    places
        Position of each site, ascending.
    frequency
        Frequency of the alternative allele, in (0, 1).
    """

    places: NDArray[np.int64]
    frequency: NDArray[np.float64]


def draw_variants(
    n_bases: int, *, heterozygosity: float = HETEROZYGOSITY, rng: np.random.Generator
) -> Variants:
    """Draw sites and their allele frequencies.

    The density of the frequency p is proportional to 1/p between 0.005 and 0.995, as for neutral
    variants. Half of all variants therefore have p < 0.071, but most variants that one person
    carries are common. In humans, too, most variants are rare, but most variants of one person are
    common (1000 Genomes Project 2015).

    Parameters
    ----------
    n_bases
        Number of bases from which sites are chosen.
    heterozygosity
        Heterozygous sites of a person per base, in [0, 0.01].

    Raises
    ------
    InputError
        The heterozygosity is out of bounds.

    Examples
    --------
    >>> drawn = draw_variants(1_000_000, rng=np.random.default_rng(1))
    >>> expected = (2 * drawn.frequency * (1 - drawn.frequency)).sum() / 1_000_000
    >>> round(float(expected), 4)
    0.0005
    """
    if not 0 <= heterozygosity <= 0.01:
        raise InputError(f"heterozygosity must be in [0, 0.01], got {heterozygosity:g}")
    reach = np.log((1 - _RAREST) / _RAREST)
    # A density of h/p has h heterozygous sites per base: 2 p (1 - p) h / p integrates to h.
    n = min(int(rng.poisson(heterozygosity * n_bases * reach)), n_bases)
    places = np.sort(rng.choice(n_bases, n, replace=False)) if n else np.empty(0, dtype=np.int64)
    frequency = _RAREST * np.exp(rng.random(n) * reach)
    return Variants(places.astype(np.int64), frequency)


def draw_person(variants: Variants, rng: np.random.Generator) -> NDArray[np.bool_]:
    """Draw the two haplotypes of a person; ``True`` means the alternative allele of a site.

    Returns
    -------
    Shape (2, n_sites).
    """
    drawn: NDArray[np.bool_] = rng.random((2, variants.places.size)) < variants.frequency
    return drawn


def draw_child(
    mother: NDArray[np.bool_],
    father: NDArray[np.bool_],
    genes: NDArray[np.int64],
    rng: np.random.Generator,
) -> NDArray[np.bool_]:
    """Return the haplotypes of a child: for each gene, one haplotype from each parent.

    Parameters
    ----------
    mother, father
        Haplotypes, shape (2, n_sites).
    genes
        Gene index of each site; variants of a gene are inherited together.
    """
    n_genes = int(genes.max(initial=-1)) + 1
    inherited = []
    for parent in (mother, father):
        taken = rng.integers(0, 2, n_genes)[genes]
        inherited.append(np.where(taken == 0, parent[0], parent[1]))
    return np.array(inherited)
