"""Counts of the bases read at each position of the transcripts, in one sample."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from lotwise.errors import RefusedError
from lotwise.files.arrays import read_arrays, write_arrays
from lotwise.quantify.fastq_blocks import count_fragments, read_blocks
from lotwise.quantify.kmers import SEPARATOR
from lotwise.quantify.placement import Placed, Placer, choose_genes, pair_up
from lotwise.workers import in_threads

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lotwise.quantify.fastq_blocks import ReadBlock
    from lotwise.quantify.placement import GeneSequences
    from lotwise.samples import Sample

N_FRAGMENTS: Final = 2_000_000
LOWEST_DEPTH: Final = 10
"""Minimum number of bases for a position to be kept in the file of a sample."""
_MOST_AT_START: Final = 3
"""Maximum number of reads that begin at one position on one strand; further reads are likely PCR
copies."""
_TRIMMED: Final = 6
"""Bases ignored at either end of a read. If a read ends just beyond a splice site or an
insertion, so few bases cannot show this."""
_END: Final = 20
"""Bases ignored at either end of a transcript."""
_N_PROBED: Final = 100_000
_TENTHS: Final = 10


@dataclass(frozen=True, kw_only=True)
class Pileup:
    """Bases counted in one sample, at the positions with enough of them.

    Attributes
    ----------
    places
        Positions in the joined transcripts of all genes, ascending.
    reference
        Base of the transcript at each position, 0 to 3.
    counts
        Number of bases A, C, G and T read at each position, positions x 4.
    other_mismatches
        Mean number of other mismatches of the reads that differ there, times ten.
    genes, gene_starts
        Genes on which reads were placed, and the start of each one's transcript.
    n_bases
        Length of the joined transcripts of all genes, used to recognise another reference.
    n_fragments, n_placed
        Number of fragments in the subsample, and with a placed read.
    """

    places: NDArray[np.int64]
    reference: NDArray[np.uint8]
    counts: NDArray[np.uint16]
    other_mismatches: NDArray[np.uint8]
    genes: NDArray[np.str_]
    gene_starts: NDArray[np.int64]
    n_bases: int
    n_fragments: int
    n_placed: int

    def save(self, path: Path) -> None:
        """Write the counts as ``.npz``."""
        arrays = {name: np.asarray(getattr(self, name)) for name in self.__dataclass_fields__}
        # Adjacent positions differ by one: the differences compress well.
        arrays["places"] = np.diff(self.places, prepend=0).astype(np.uint32)
        write_arrays(path, arrays)

    @classmethod
    def load(cls, path: Path) -> Pileup:
        """Read a file written by :meth:`save`.

        Raises
        ------
        InputError
            The file is missing or was not written by lotwise.
        """
        arrays = read_arrays(
            path,
            cls.__dataclass_fields__,
            what="counted bases",
            remedy="run `lotwise genotype` again",
        )
        arrays["places"] = np.cumsum(arrays["places"].astype(np.int64))
        numbers = {name: int(arrays[name]) for name in ("n_bases", "n_fragments", "n_placed")}
        return cls(**(arrays | numbers))


def pile_up(
    sample: Sample,
    sequences: GeneSequences,
    *,
    n_fragments: int = N_FRAGMENTS,
    seed: int = 0,
) -> Pileup:
    """Count the bases of a random subsample of a sample's fragments.

    Reads are placed without gaps on the transcripts of the genes with most reads. Counted are
    bases with a Phred score of 20 or more, without the first and last 6 bases of a read, and at
    most 3 reads that begin at one position on one strand.

    Parameters
    ----------
    sample
        Sample with reads.
    sequences
        One transcript of each gene.
    n_fragments
        Approximate number of fragments of the subsample; all if there are fewer.
    seed
        Seed of the subsample.

    Raises
    ------
    RefusedError
        The sample has no reads, or one of its files cannot be read.
    """
    if not sample.runs:
        raise RefusedError(f"sample {sample.sample!r} has no reads in the sample sheet")
    numbers = [count_fragments(run) for run in sample.runs]
    n_there = sum(number or 0 for number in numbers)
    # If the number is unknown, all are used.
    share = min(1.0, n_fragments / n_there) if n_there and None not in numbers else 1.0
    chosen = choose_genes(sequences, _first_mates(sample, share, seed))
    placer = Placer(sequences, chosen)
    counter = _Counter(sequences, chosen)
    for mates in _blocks(sample, share, seed):
        placed = list(in_threads(placer.place, mates))
        if len(placed) == 2:
            pair_up(placed[0], placed[1], sequences)
        counter.take(placed)
    return counter.result()


def _blocks(sample: Sample, share: float, seed: int) -> Iterator[list[ReadBlock]]:
    rng = np.random.default_rng(seed)
    for run in sample.runs:
        yield from read_blocks(run, share=share, rng=rng)


def _first_mates(sample: Sample, share: float, seed: int) -> Iterator[ReadBlock]:
    """Yield the first mates of the first fragments, which show the genes with most reads."""
    n = 0
    for mates in _blocks(sample, share, seed):
        yield mates[0]
        n += len(mates[0].lengths)
        if n >= _N_PROBED:
            return


class _Counter:
    """Counts bases of the chosen genes, whose transcripts are joined without the others."""

    def __init__(self, sequences: GeneSequences, chosen: NDArray[np.int64]) -> None:
        lengths = np.diff(sequences.offsets)[chosen]
        ends = np.cumsum(lengths)
        n_bases = int(ends[-1]) if ends.size else 0
        self._sequences, self._chosen, self._lengths = sequences, chosen, lengths
        self._shift = np.zeros(len(sequences.genes), dtype=np.int64)
        self._shift[chosen] = sequences.offsets[chosen] - (ends - lengths)
        # Coverage is kept as its change from one position to the next, and the bases that differ or
        # do not count are kept apart: they are few.
        self._change = np.zeros(n_bases + 1, dtype=np.int32)
        self._ignored = np.zeros(n_bases, dtype=np.int32)
        self._differing = np.zeros(4 * n_bases, dtype=np.int32)
        self._others = np.zeros(n_bases, dtype=np.int32)
        self._at_start = np.zeros(2 * n_bases, dtype=np.uint8)
        self._n_fragments = self._n_placed = 0

    def take(self, mates: list[Placed]) -> None:
        """Count the bases of placed reads, in pairs of mates."""
        self._n_fragments += mates[0].start.size
        self._n_placed += int(np.any([mate.start >= 0 for mate in mates], axis=0).sum())
        for mate in mates:
            self._count(mate)

    def result(self) -> Pileup:
        """Return the counts at positions with enough bases."""
        counts = self._differing.reshape(-1, 4)
        depth = np.cumsum(self._change[:-1], dtype=np.int32) - self._ignored
        inside = self._inside()
        kept = np.flatnonzero((depth >= LOWEST_DEPTH) & inside)
        starts = self._sequences.offsets[self._chosen]
        of_gene = np.repeat(starts - (np.cumsum(self._lengths) - self._lengths), self._lengths)
        places = kept + of_gene[kept]
        reference = self._sequences.codes[places]
        counts = counts[kept]
        differing = counts.sum(axis=1)
        counts[np.arange(kept.size), reference] = depth[kept] - differing
        tenths = _TENTHS * self._others[kept] / np.maximum(differing, 1)
        return Pileup(
            places=places,
            reference=reference,
            counts=np.minimum(counts, np.iinfo(np.uint16).max).astype(np.uint16),
            other_mismatches=np.minimum(np.round(tenths), 255).astype(np.uint8),
            genes=np.array([self._sequences.genes[number] for number in self._chosen], dtype=str),
            gene_starts=starts,
            n_bases=int(self._sequences.codes.size),
            n_fragments=self._n_fragments,
            n_placed=self._n_placed,
        )

    def _inside(self) -> NDArray[np.bool_]:
        """Return which positions are a known base and not near an end of their transcript."""
        n = int(self._lengths.sum())
        first = np.repeat(np.cumsum(self._lengths) - self._lengths, self._lengths)
        along = np.arange(n) - first
        inside: NDArray[np.bool_] = (along >= _END) & (
            np.repeat(self._lengths, self._lengths) - 1 - along > _END
        )
        of_base = np.repeat(self._shift[self._chosen], self._lengths)
        inside &= self._sequences.codes[np.arange(n) + of_base] != SEPARATOR
        return inside

    def _count(self, mate: Placed) -> None:
        rows = np.flatnonzero(mate.start >= 0)
        gene = self._sequences.gene_at(mate.start[rows])
        start = mate.start[rows] - self._shift[gene]
        rows, start = self._cap(rows, start, mate.backwards[rows])
        if not rows.size:
            return
        codes = mate.codes[rows]
        column = np.arange(codes.shape[1])
        end = codes.shape[1] - np.argmax((codes != SEPARATOR)[:, ::-1], axis=1) - _TRIMMED
        long = end > _TRIMMED
        np.add.at(self._change, start[long] + _TRIMMED, 1)
        np.add.at(self._change, (start + end)[long], -1)
        inside = (column >= _TRIMMED) & (column < end[:, None])
        row, at = np.nonzero(inside & ~mate.good[rows])
        np.add.at(self._ignored, start[row] + at, 1)
        differs = mate.mismatch[rows]
        n_differing = np.count_nonzero(differs, axis=1)
        # An ignored base, as one where mates overlap, is not counted.
        row, at = np.nonzero(differs & inside & mate.good[rows])
        place = start[row] + at
        np.add.at(self._differing, 4 * place + codes[row, at], 1)
        np.add.at(self._others, place, n_differing[row] - 1)

    def _cap(
        self, rows: NDArray[np.int64], start: NDArray[np.int64], backwards: NDArray[np.bool_]
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Ignore further reads if enough reads begin at the same position."""
        key = 2 * start + backwards
        order = np.argsort(key, kind="stable")
        ranked = key[order]
        first = np.flatnonzero(np.concatenate([[True], ranked[1:] != ranked[:-1]])[: key.size])
        runs = np.diff(np.append(first, key.size))
        rank = np.arange(key.size) - np.repeat(first, runs)
        kept = np.sort(order[rank + self._at_start[ranked] < _MOST_AT_START])
        places, more = np.unique(key[kept], return_counts=True)
        self._at_start[places] += more.astype(np.uint8)
        return rows[kept], start[kept]
