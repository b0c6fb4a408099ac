"""How often each base was read at each place of the transcripts, in one sample."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from lotwise.errors import InputError, RefusedError
from lotwise.files.atomic import atomic_path
from lotwise.quantify.fastq_blocks import count_fragments, read_blocks
from lotwise.quantify.kmers import SEPARATOR
from lotwise.quantify.placement import Placed, Placer, choose_genes, pair_up

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lotwise.quantify.fastq_blocks import ReadBlock
    from lotwise.quantify.placement import GeneSequences
    from lotwise.samples import Sample

N_FRAGMENTS: Final = 2_000_000
LOWEST_DEPTH: Final = 10
"""Bases from which a place is kept in the file of a sample."""
_MOST_AT_START: Final = 3
"""Reads counted that begin at one place on one strand: more are likely copies of one molecule."""
_TRIMMED: Final = 6
"""Bases left out at either end of a read: they may reach across a splice site, or an insertion,
without differing enough to be seen."""
_END: Final = 20
"""Bases left out at either end of a transcript."""
_N_PROBED: Final = 100_000
_WAITING: Final = 16_000_000
_TENTHS: Final = 10


@dataclass(frozen=True, kw_only=True)
class Pileup:
    """Bases counted in one sample, at the places that have enough of them.

    Attributes
    ----------
    places
        Places in the joined transcripts of all genes, ascending.
    reference
        Base of the transcript at each, 0 to 3.
    counts
        Bases A, C, G and T read at each, places x 4.
    other_mismatches
        Mean number of other mismatches of the reads that differ there, in tenths.
    genes, gene_starts
        Genes that reads were placed on, and where the transcript of each begins.
    n_bases
        Length of the joined transcripts of all genes, by which two references are told apart.
    n_fragments, n_placed
        Fragments of the subsample, and those of which a read was placed.
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
        """Write it as ``.npz``."""
        arrays = {name: np.asarray(getattr(self, name)) for name in self.__dataclass_fields__}
        # Neighbouring places differ by one: the steps take little room.
        arrays["places"] = np.diff(self.places, prepend=0).astype(np.uint32)
        with atomic_path(path) as temporary, temporary.open("wb") as stream:
            np.savez_compressed(stream, allow_pickle=False, **arrays)

    @classmethod
    def load(cls, path: Path) -> Pileup:
        """Read what :meth:`save` wrote.

        Raises
        ------
        InputError
            The file is missing or is not one of lotwise.
        """
        try:
            with np.load(path, allow_pickle=False) as archive:
                arrays = {name: archive[name] for name in cls.__dataclass_fields__}
        except (OSError, ValueError, KeyError, EOFError) as error:
            raise InputError(
                f"cannot be read as counted bases ({error})",
                path=path,
                remedy="run `lotwise genotype` again",
            ) from None
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
    bases with a phred score of 20 or more, not those of the first and last 6 of a read, and at most
    3 reads that begin at one place on one strand.

    Parameters
    ----------
    sample
        Sample with reads.
    sequences
        One transcript of each gene.
    n_fragments
        Fragments of the subsample; about as many are taken, or all where there are fewer.
    seed
        Seed of the subsample.

    Raises
    ------
    RefusedError
        The sample names no reads, or a file of them cannot be read.
    """
    if not sample.runs:
        raise RefusedError(f"sample {sample.sample!r} names no reads in the sample sheet")
    numbers = [count_fragments(run) for run in sample.runs]
    n_there = sum(number or 0 for number in numbers)
    # Where the number is not known, all are taken.
    share = min(1.0, n_fragments / n_there) if n_there and None not in numbers else 1.0
    chosen = choose_genes(sequences, _first_mates(sample, share, seed))
    placer = Placer(sequences, chosen)
    counter = _Counter(sequences, chosen)
    for mates in _blocks(sample, share, seed):
        placed = [placer.place(mate) for mate in mates]
        if len(placed) == 2:
            pair_up(placed[0], placed[1], sequences)
        counter.take(placed)
    return counter.result()


def _blocks(sample: Sample, share: float, seed: int) -> Iterator[list[ReadBlock]]:
    rng = np.random.default_rng(seed)
    for run in sample.runs:
        yield from read_blocks(run, share=share, rng=rng)


def _first_mates(sample: Sample, share: float, seed: int) -> Iterator[ReadBlock]:
    """Yield the first mates of the first fragments, which tell which genes have most reads."""
    n = 0
    for mates in _blocks(sample, share, seed):
        yield mates[0]
        n += len(mates[0].lengths)
        if n >= _N_PROBED:
            return


class _Counter:
    """Counts bases of chosen genes, whose transcripts it joins without the others."""

    def __init__(self, sequences: GeneSequences, chosen: NDArray[np.int64]) -> None:
        lengths = np.diff(sequences.offsets)[chosen]
        ends = np.cumsum(lengths)
        n_bases = int(ends[-1]) if ends.size else 0
        self._sequences, self._chosen, self._lengths = sequences, chosen, lengths
        self._shift = np.zeros(len(sequences.genes), dtype=np.int64)
        self._shift[chosen] = sequences.offsets[chosen] - (ends - lengths)
        self._counts = np.zeros(4 * n_bases, dtype=np.int32)
        self._others = np.zeros(n_bases, dtype=np.int32)
        self._at_start = np.zeros(2 * n_bases, dtype=np.uint8)
        self._waiting: list[NDArray[np.int64]] = []
        self._n_waiting = self._n_fragments = self._n_placed = 0

    def take(self, mates: list[Placed]) -> None:
        """Count the bases of placed reads, mates in step."""
        self._n_fragments += mates[0].start.size
        self._n_placed += int(np.any([mate.start >= 0 for mate in mates], axis=0).sum())
        for mate in mates:
            self._count(mate)
        if self._n_waiting >= _WAITING:
            self._sum()

    def result(self) -> Pileup:
        """Return what was counted, at the places with enough bases."""
        self._sum()
        counts = self._counts.reshape(-1, 4)
        depth = counts.sum(axis=1)
        inside = self._inside()
        kept = np.flatnonzero((depth >= LOWEST_DEPTH) & inside)
        starts = self._sequences.offsets[self._chosen]
        of_gene = np.repeat(starts - (np.cumsum(self._lengths) - self._lengths), self._lengths)
        places = kept + of_gene[kept]
        reference = self._sequences.codes[places]
        counts = counts[kept]
        differing = depth[kept] - np.take_along_axis(counts, reference[:, None], axis=1)[:, 0]
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
        """Return which places are not near an end of their transcript, and are a known base."""
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
        end = codes.shape[1] - np.argmax((codes != SEPARATOR)[:, ::-1], axis=1)
        counted = mate.good[rows] & (column >= _TRIMMED) & (column < (end - _TRIMMED)[:, None])
        place = start[:, None] + column
        self._waiting.append((4 * place + np.minimum(codes, 3))[counted])
        self._n_waiting += self._waiting[-1].size
        differs = mate.mismatch[rows]
        n_differing = np.count_nonzero(differs, axis=1)
        row, at = np.nonzero(differs & counted)
        np.add.at(self._others, place[row, at], n_differing[row] - 1)

    def _cap(
        self, rows: NDArray[np.int64], start: NDArray[np.int64], backwards: NDArray[np.bool_]
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Leave out reads of which there are enough that begin at the same place."""
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

    def _sum(self) -> None:
        if self._waiting:
            waiting = np.concatenate(self._waiting)
            self._counts += np.bincount(waiting, minlength=self._counts.size).astype(np.int32)
        self._waiting, self._n_waiting = [], 0
