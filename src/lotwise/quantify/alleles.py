"""Bases of several samples at sites where they may differ, and the positions covered by all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from lotwise.errors import InputError
from lotwise.files.arrays import read_arrays, write_arrays
from lotwise.quantify.pileup import LOWEST_DEPTH, Pileup

if TYPE_CHECKING:
    from numpy.typing import NDArray

_VARIANT_SHARE: Final = 0.15
_MINOR_BASES: Final = 3
_MINOR_DEPTH: Final = 30
_FORMAT: Final = 1


@dataclass(frozen=True, kw_only=True)
class AlleleCounts:
    """Bases of samples at sites, and the positions covered by each sample.

    Attributes
    ----------
    samples
        Names of the samples.
    n_fragments, n_placed
        Number of fragments in each sample's subsample, and with a placed read.
    genes
        Genes with a position that is covered in any sample.
    site_genes, site_places
        Gene index of each site, and the position in its transcript (from 0).
    reference
        Base of the transcript at each site, 0 to 3.
    counts
        Samples x sites x 4: bases A, C, G, T.
    other_mismatches
        Mean number of other mismatches of the reads that differ there, in the sample where it is
        lowest; NaN if unknown.
    covered
        Samples x positions, packed to bits: whether at least ``min_depth`` bases were read.
    gene_ends
        Number of positions of ``covered`` up to the end of each gene.
    min_depth
        Minimum number of bases for a position to be covered.
    """

    samples: tuple[str, ...]
    n_fragments: NDArray[np.int64]
    n_placed: NDArray[np.int64]
    genes: tuple[str, ...]
    site_genes: NDArray[np.int64]
    site_places: NDArray[np.int64]
    reference: NDArray[np.uint8]
    counts: NDArray[np.uint16]
    other_mismatches: NDArray[np.float32]
    covered: NDArray[np.uint8]
    gene_ends: NDArray[np.int64]
    min_depth: int

    def coverage(self, first: int, last: int) -> NDArray[np.bool_]:
        """Return whether each sample covers each position from ``first`` to ``last``."""
        begin = first // 8
        bits = np.unpackbits(self.covered[:, begin : -(-last // 8)], axis=1)
        return bits[:, first - 8 * begin : last - 8 * begin].astype(np.bool_)

    def save(self, path: Path) -> None:
        """Write the counts as ``.npz``."""
        arrays = {name: np.asarray(getattr(self, name)) for name in self.__dataclass_fields__}
        write_arrays(path, arrays | {"format": np.array(_FORMAT)})

    @classmethod
    def load(cls, path: Path) -> AlleleCounts:
        """Read a file written by :meth:`save`.

        Raises
        ------
        InputError
            The file is missing, was not written by lotwise, or by another version.
        """
        remedy = "write the file again with `lotwise genotype`"
        arrays = read_arrays(
            path, ("format", *cls.__dataclass_fields__), what="allele counts", remedy=remedy
        )
        version = int(arrays.pop("format"))
        if version != _FORMAT:
            raise InputError(
                f"has format {version}, but this version of lotwise reads only format {_FORMAT}",
                path=path,
                remedy=remedy,
            )
        names = {name: tuple(arrays[name].tolist()) for name in ("samples", "genes")}
        return cls(**(arrays | names | {"min_depth": int(arrays["min_depth"])}))


def join_pileups(pileups: Mapping[str, Path], *, min_depth: int) -> AlleleCounts:
    """Join the base counts of several samples.

    A site is a position at which, in any sample, a base other than the transcript's makes up at
    least 15 % or, at a depth of 30, has at least three reads. Files are read twice, one at a time.

    Parameters
    ----------
    pileups
        The file of each sample by name.
    min_depth
        Minimum number of bases for a position to be covered, 10 or more.

    Raises
    ------
    InputError
        A file cannot be read, two files are of different transcripts, or the depth is below 10.
    """
    if min_depth < LOWEST_DEPTH:
        raise InputError(f"'min_depth' must be >= {LOWEST_DEPTH}, got {min_depth}")
    sites, places = np.empty((2, 0), dtype=np.int64)
    starts: dict[int, str] = {}
    numbers: list[tuple[int, int]] = []
    n_bases = -1
    for path in pileups.values():
        pileup = Pileup.load(path)
        if n_bases not in {-1, pileup.n_bases}:
            raise InputError(
                "was counted with different transcripts than the first sample",
                path=path,
                remedy="remove the folder and run `lotwise genotype` again",
            )
        n_bases = pileup.n_bases
        deep, candidate = _candidates(pileup, min_depth)
        sites, places = np.union1d(sites, candidate), np.union1d(places, deep)
        starts |= dict(zip(pileup.gene_starts.tolist(), pileup.genes.tolist(), strict=True))
        numbers.append((pileup.n_fragments, pileup.n_placed))
    gene_starts = np.array(sorted(starts), dtype=np.int64)
    covered = np.zeros((len(pileups), places.size), dtype=np.bool_)
    counts = np.zeros((len(pileups), sites.size, 4), dtype=np.uint16)
    reference = np.zeros(sites.size, dtype=np.uint8)
    others = np.full(sites.size, np.nan, dtype=np.float32)
    for row, path in enumerate(pileups.values()):
        pileup = Pileup.load(path)
        deep, _ = _candidates(pileup, min_depth)
        covered[row, np.searchsorted(places, deep)] = True
        at = np.flatnonzero(np.isin(pileup.places, sites, assume_unique=True))
        to = np.searchsorted(sites, pileup.places[at])
        counts[row, to], reference[to] = pileup.counts[at], pileup.reference[at]
        differing = _differing(pileup)[at] >= _MINOR_BASES
        tenths = pileup.other_mismatches[at[differing]] / np.float32(10)
        others[to[differing]] = np.fmin(others[to[differing]], tenths)
    present = np.unique(np.searchsorted(gene_starts, places, side="right") - 1)
    of_place = np.searchsorted(gene_starts[present], places, side="right") - 1
    of_site = np.searchsorted(gene_starts[present], sites, side="right") - 1
    return AlleleCounts(
        samples=tuple(pileups),
        n_fragments=np.array([n for n, _ in numbers], dtype=np.int64),
        n_placed=np.array([n for _, n in numbers], dtype=np.int64),
        genes=tuple(starts[start] for start in gene_starts[present].tolist()),
        site_genes=of_site,
        site_places=sites - gene_starts[present][of_site],
        reference=reference,
        counts=counts,
        other_mismatches=others,
        covered=np.packbits(covered, axis=1),
        gene_ends=np.cumsum(np.bincount(of_place, minlength=present.size)),
        min_depth=min_depth,
    )


def _differing(pileup: Pileup) -> NDArray[np.int64]:
    """Return how often the most frequent base other than the transcript's was read, by position."""
    others = pileup.counts.astype(np.int64)
    others[np.arange(len(others)), pileup.reference] = 0
    most: NDArray[np.int64] = others.max(axis=1, initial=0)
    return most


def _candidates(pileup: Pileup, min_depth: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the covered positions, and those that may differ between samples."""
    depth = pileup.counts.sum(axis=1, dtype=np.int64)
    deep, differing = depth >= min_depth, _differing(pileup)
    variant = deep & (differing >= _VARIANT_SHARE * depth)
    minor = (depth >= _MINOR_DEPTH) & (differing >= _MINOR_BASES)
    return pileup.places[deep], pileup.places[(variant | minor) & deep]
