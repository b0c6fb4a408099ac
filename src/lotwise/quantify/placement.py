"""Placement of reads on transcripts without gaps, by 31-mers found in only one gene."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from lotwise.errors import InputError
from lotwise.quantify.kmers import (
    SEPARATOR,
    K,
    KmerIndex,
    encode,
    hash_blocks,
    hash_windows,
    index_kmers,
    shared_with,
)
from lotwise.quantify.reference import gene_of, read_fasta, short_name

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lotwise.quantify.fastq_blocks import ReadBlock

MOST_MISMATCHES: Final = 4
MOST_BASES: Final = 6_000_000
"""Reads are placed on the genes with most reads per base, up to this total number of bases."""
_LONGEST_FRAGMENT: Final = 2_000
_N_SEEDS: Final = 5
# One in 32 of the 31-mers identifies the gene of a read: a read of 100 bases has about two of them.
_TELLING_BELOW: Final = np.uint64(2 ** (64 - 5))
_COMPLEMENT: Final = np.array([3, 2, 1, 0, SEPARATOR], dtype=np.uint8)


@dataclass(frozen=True)
class GeneSequences:
    """One transcript of each gene, the longest, joined to one sequence.

    Attributes
    ----------
    genes, transcripts
        Names of the genes, and of the transcript that represents each.
    codes
        All bases, 0 to 3; 4 between two transcripts and for other letters.
    offsets
        Start of each transcript; the last entry is the position after the last separator.
    """

    genes: tuple[str, ...]
    transcripts: tuple[str, ...]
    codes: NDArray[np.uint8]
    offsets: NDArray[np.int64]

    def gene_at(self, places: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the index of the gene at each position."""
        return np.searchsorted(self.offsets, places, side="right").astype(np.int64) - 1


class Placed(NamedTuple):
    """Positions of placed reads.

    Attributes
    ----------
    start
        Position of the first base in transcript order; -1 if the read was not placed.
    backwards
        Whether the read is the reverse complement of the transcript.
    codes, good, mismatch
        Reads x longest length, in transcript order: bases, whether a base counts, and whether a
        base that counts differs from the transcript.
    """

    start: NDArray[np.int64]
    backwards: NDArray[np.bool_]
    codes: NDArray[np.uint8]
    good: NDArray[np.bool_]
    mismatch: NDArray[np.bool_]


def read_genes(transcripts: Path) -> GeneSequences:
    """Read the longest transcript of each gene of a FASTA; of equally long ones the first.

    A transcript without a gene in its header is its own gene.

    Raises
    ------
    InputError
        The file is not FASTA, or contains no transcript of 31 bases.
    """
    longest: dict[str, tuple[str, str]] = {}
    for header, sequence in read_fasta(transcripts):
        name = short_name(header)
        gene = gene_of(header) or name
        if gene not in longest or len(sequence) > len(longest[gene][1]):
            longest[gene] = (name, sequence)
    if not any(len(sequence) >= K for _, sequence in longest.values()):
        raise InputError(f"contains no transcript with {K} bases or more", path=transcripts)
    joined = "|".join([*(sequence for _, sequence in longest.values()), ""])
    lengths = [len(sequence) + 1 for _, sequence in longest.values()]
    return GeneSequences(
        genes=tuple(longest),
        transcripts=tuple(name for name, _ in longest.values()),
        codes=encode(np.frombuffer(joined.encode("ascii", "replace"), dtype=np.uint8)),
        offsets=np.concatenate([[0], np.cumsum(lengths)]),
    )


def choose_genes(
    sequences: GeneSequences, blocks: Iterable[ReadBlock], *, most_bases: int = MOST_BASES
) -> NDArray[np.int64]:
    """Return the genes with most reads per base that together have ``most_bases``.

    Genes without a read are left out.
    """
    hashes, genes = [], []
    for found, places in hash_blocks(sequences.codes, below=_TELLING_BELOW):
        hashes.append(found)
        genes.append(sequences.gene_at(places >> 1))
    known, of_gene = np.concatenate(hashes), np.concatenate(genes)
    order = np.argsort(known, kind="stable")
    known, of_gene = known[order], of_gene[order]
    n_reads = np.zeros(len(sequences.genes), dtype=np.int64)
    for block in blocks:
        # A separator after each read: no 31-mer spans two reads.
        joined = np.pad(block.codes, ((0, 0), (0, 1)), constant_values=SEPARATOR).ravel()
        for asked, _ in hash_blocks(joined, below=_TELLING_BELOW):
            place = np.minimum(np.searchsorted(known, asked), known.size - 1)
            hit = of_gene[place[known[place] == asked]] if known.size else place
            n_reads += np.bincount(hit, minlength=n_reads.size)
    lengths = np.diff(sequences.offsets)
    ranked = np.argsort(-n_reads / lengths, kind="stable")
    ranked = ranked[n_reads[ranked] > 0]
    return np.sort(ranked[np.cumsum(lengths[ranked]) <= most_bases])


class Placer:
    """Places reads on the transcripts of chosen genes.

    Parameters
    ----------
    sequences
        One transcript of each gene.
    chosen
        The genes on which to place reads. A 31-mer that also occurs in another gene places no
        read.
    """

    def __init__(self, sequences: GeneSequences, chosen: NDArray[np.int64]) -> None:
        is_chosen = np.zeros(len(sequences.genes), dtype=np.bool_)
        is_chosen[chosen] = True
        of_base = np.repeat(is_chosen, np.diff(sequences.offsets))
        self.codes = sequences.codes
        self.offsets = sequences.offsets
        # With separators after the last transcript, as many as a read is long.
        self._padded, self._n_padded = self.codes, 0
        index = index_kmers(sequences.codes[of_base])
        index = index.without(shared_with(index, sequences.codes[~of_base]))
        # From places in the chosen genes to places among all.
        place, reverse = np.divmod(index.places, 2)
        places = 2 * np.flatnonzero(of_base)[place] + reverse
        self.index: KmerIndex = replace(index, places=places)

    def place(self, block: ReadBlock) -> Placed:
        """Place the reads of one mate."""
        n, width = block.codes.shape
        start = np.full(n, -1, dtype=np.int64)
        backwards = np.zeros(n, dtype=np.bool_)
        codes, good = block.codes.copy(), block.good.copy()
        mismatch = np.zeros((n, width), dtype=np.bool_)
        for step in range(_N_SEEDS if width >= K else 0):
            left = np.flatnonzero((start < 0) & (block.lengths >= K))
            seed = (block.lengths[left] - K) * step // (_N_SEEDS - 1)
            begin, reverse = self._seeded(block, left, seed)
            found = begin >= 0
            left, begin, reverse = left[found], begin[found], reverse[found]
            bases, counted = _in_order(block, left, reverse)
            differs, fits = self._compare(bases, counted, begin, block.lengths[left])
            kept = left[fits]
            start[kept], backwards[kept] = begin[fits], reverse[fits]
            codes[kept], good[kept], mismatch[kept] = bases[fits], counted[fits], differs[fits]
        return Placed(start, backwards, codes, good, mismatch)

    def _seeded(
        self, block: ReadBlock, rows: NDArray[np.int64], seed: NDArray[np.int64]
    ) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        """Return where the reads begin according to one of their 31-mers, and whether backwards."""
        windows = sliding_window_view(block.codes, K, axis=1)[rows, seed]
        hashes, reversed_read = hash_windows(windows)
        entry = self.index.find(hashes)
        entry[(windows == SEPARATOR).any(axis=1)] = -1
        found = entry >= 0
        place = self.index.places[entry] if self.index.places.size else entry
        backwards = reversed_read ^ (place & 1).astype(np.bool_)
        ahead = np.where(backwards, block.lengths[rows] - K - seed, seed)
        begin = (place >> 1) - ahead
        fits = found & (begin >= 0) & (begin + block.lengths[rows] <= self.codes.size)
        return np.where(fits, begin, -1), backwards

    def _compare(
        self,
        bases: NDArray[np.uint8],
        counted: NDArray[np.bool_],
        begin: NDArray[np.int64],
        lengths: NDArray[np.int64],
    ) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """Return which bases differ, and which reads fit within one transcript."""
        width = bases.shape[1]
        if width > self._n_padded:
            self._padded = np.pad(self.codes, (0, width), constant_values=SEPARATOR)
            self._n_padded = width
        reference = sliding_window_view(self._padded, width)[begin]
        outside = ((reference == SEPARATOR) & (np.arange(width) < lengths[:, None])).any(axis=1)
        differs = counted & (bases != reference)
        return differs, ~outside & (np.count_nonzero(differs, axis=1) <= MOST_MISMATCHES)


def pair_up(first: Placed, second: Placed, genes: GeneSequences) -> None:
    """Remove pairs whose mates were placed inconsistently, in place; single mates are kept.

    Mates of one fragment are on one transcript, face each other, and are at most 2,000 bases
    apart. Where they overlap, the base of the second is not counted: it is the same molecule.
    """
    both = np.flatnonzero((first.start >= 0) & (second.start >= 0))
    a, b = first.start[both], second.start[both]
    apart = genes.gene_at(a) != genes.gene_at(b)
    apart |= first.backwards[both] == second.backwards[both]
    apart |= np.abs(a - b) > _LONGEST_FRAGMENT
    first.start[both[apart]] = -1
    second.start[both[apart]] = -1
    both, a, b = both[~apart], a[~apart], b[~apart]
    width_a = first.good.shape[1]
    place = b[:, None] + np.arange(second.good.shape[1])
    overlap = (place >= a[:, None]) & (place < a[:, None] + width_a)
    second.good[both] &= ~overlap


def _in_order(
    block: ReadBlock, rows: NDArray[np.int64], reverse: NDArray[np.bool_]
) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    """Return bases in the order of the transcript, and whether each counts."""
    bases, counted = block.codes[rows], block.good[rows]
    turned = np.flatnonzero(reverse)
    bases[turned] = _COMPLEMENT[bases[turned, ::-1]]
    counted[turned] = counted[turned, ::-1]
    # A turned read that is shorter than others begins after the codes that followed its end.
    width = bases.shape[1]
    after = width - block.lengths[rows[turned]]
    shorter = turned[after > 0]
    take = (np.arange(width) + after[after > 0][:, None]) % width
    bases[shorter] = np.take_along_axis(bases[shorter], take, axis=1)
    counted[shorter] = np.take_along_axis(counted[shorter], take, axis=1)
    return bases, counted
