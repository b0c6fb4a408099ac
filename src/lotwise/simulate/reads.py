"""Simulated reads in FASTQ, from transcripts of known abundance."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
from isal import igzip

from lotwise.files.atomic import atomic_path
from lotwise.simulate.transcriptome import BASES, reverse_complement

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lotwise.simulate.haplotypes import Alleles
    from lotwise.simulate.library import Library
    from lotwise.simulate.transcriptome import Transcriptome

_CHUNK: Final = 25_000
"""Number of fragments per chunk; each chunk has its own random stream."""

_PHRED_OFFSET: Final = 33
_PHRED_OF_ERRORS: Final = 12
_NUMBER_DIGITS: Final = 9


@dataclass(frozen=True)
class _Fragments:
    """Positions of the fragments of one chunk: isoform (-1: background), start, length."""

    isoform: NDArray[np.int64]
    start: NDArray[np.int64]
    length: NDArray[np.int64]


def write_reads(
    prefix: Path,
    tpm: NDArray[np.float64],
    *,
    transcriptome: Transcriptome,
    library: Library,
    rng: np.random.Generator,
    alleles: Alleles | None = None,
    threads: int = 1,
) -> tuple[Path, ...]:
    """Write ``PREFIX_R1.fastq.gz`` and, for pairs, ``PREFIX_R2.fastq.gz``.

    For each fragment, an isoform is drawn by abundance and length. The length of the fragment is
    drawn from the library's distribution of lengths, without lengths above that of the isoform. Its
    position is uniform or, for degraded RNA, has an exponential distance from the 3' end. The
    description of a read is its isoform, or ``background`` for random sequence. Wrong bases have a
    low Phred score (12). Chunks of 25,000 fragments have their own random streams, so that the file
    does not depend on ``threads``.

    Parameters
    ----------
    prefix
        Path without suffixes; its last part is the beginning of the read names.
    tpm
        Abundance of each isoform, shape (n_isoforms,), sum above 0.
    alleles
        Haplotypes that fragments come from; by default the transcriptome itself.

    Returns
    -------
    The paths written.
    """
    shares = library.fragment_shares(tpm, transcriptome.lengths)
    sequencer = _Sequencer(prefix.name, transcriptome, library, np.cumsum(shares), alleles)
    mates = (1, 2) if library.paired else (1,)
    paths = tuple(prefix.with_name(f"{prefix.name}_R{mate}.fastq.gz") for mate in mates)
    with ExitStack() as stack:
        temporaries = [stack.enter_context(atomic_path(path)) for path in paths]
        streams = [stack.enter_context(temporary.open("wb")) for temporary in temporaries]
        pool = stack.enter_context(ThreadPoolExecutor(threads))
        chunks = enumerate(rng.spawn(-(-library.n_fragments // _CHUNK)))
        # As many chunks at a time as there are threads, to limit memory.
        while some := list(islice(chunks, threads)):
            for members in pool.map(sequencer.sequence, *zip(*some, strict=True)):
                for stream, member in zip(streams, members, strict=True):
                    stream.write(member)
    return paths


@dataclass(frozen=True)
class _Sequencer:
    """Sequencing of one sample; ``cumulative`` sums the fragment fractions of the isoforms."""

    name: str
    transcriptome: Transcriptome
    library: Library
    cumulative: NDArray[np.float64]
    alleles: Alleles | None = None

    def sequence(self, chunk: int, rng: np.random.Generator) -> list[bytes]:
        """Draw one chunk and return each mate's records as a gzip member."""
        first = chunk * _CHUNK
        fragments = self._draw(min(_CHUNK, self.library.n_fragments - first), rng)
        return [
            igzip.compress(records, compresslevel=1, mtime=0)
            for records in self._read(fragments, first, rng)
        ]

    def _draw(self, n: int, rng: np.random.Generator) -> _Fragments:
        drawn = rng.random(n) * self.cumulative[-1]
        isoform = np.searchsorted(self.cumulative, drawn, side="right")
        isoform = np.minimum(isoform, self.cumulative.size - 1)
        available = self.transcriptome.lengths[isoform]
        cdf = self.library.fragment_cdf
        ceiling = cdf[np.minimum(available, cdf.size - 1)]
        length = np.searchsorted(cdf, rng.random(n) * ceiling, side="right")
        room = available - np.minimum(length, available) + 1
        position, reach = rng.random(n), self.library.reach
        if np.isinf(reach):
            start = np.floor(position * room).astype(np.int64)
        else:
            distance = -reach * np.log1p(position * np.expm1(-room / reach))
            start = room - 1 - np.minimum(np.floor(distance).astype(np.int64), room - 1)
        background = rng.random(n) < self.library.background
        return _Fragments(
            isoform=np.where(background, -1, isoform), start=start, length=available - room + 1
        )

    def _read(self, fragments: _Fragments, first: int, rng: np.random.Generator) -> Iterator[bytes]:
        """Yield the FASTQ records of each mate."""
        n, width = fragments.isoform.size, self.library.read_length
        flipped = {
            "forward": np.zeros(n, dtype=np.bool_),
            "reverse": np.ones(n, dtype=np.bool_),
            "unstranded": rng.random(n) < 0.5,
        }[self.library.strandedness]
        offset = self.transcriptome.offsets[fragments.isoform] + fragments.start
        last = offset + fragments.length - width
        background = np.flatnonzero(fragments.isoform < 0)
        haplotype = self._choose_haplotypes(n, rng)
        origins = (*self.transcriptome.isoform_ids, "background")
        origin = np.array(origins, dtype="S")[fragments.isoform]
        for mate in (1, 2) if self.library.paired else (1,):
            # The first mate of a flipped fragment and the second mate of the others begin at the
            # fragment's 3' end and are reverse complements.
            backwards = flipped if mate == 1 else ~flipped
            place = np.where(backwards, last, offset)
            place[background] = 0
            places = place[:, None] + np.arange(width)
            if self.alleles is None:
                bases = self.transcriptome.sequence[places]
            else:
                bases = self.alleles.sequences[haplotype[:, None], places]
            bases[backwards] = reverse_complement(bases[backwards])
            noise = rng.integers(0, 4, (background.size, width), dtype=np.uint8)
            bases[background] = BASES[noise]
            phred = _misread(bases, self.library.error_rate, rng)
            names = _names(self.name, first, mate, origin)
            yield _lay_out(names, bases, phred)

    def _choose_haplotypes(self, n: int, rng: np.random.Generator) -> NDArray[np.intp]:
        """Return the haplotype of each fragment, from a random stream of its own."""
        if self.alleles is None:
            return np.zeros(n, dtype=np.intp)
        [own] = rng.spawn(1)
        chosen: NDArray[np.intp] = own.choice(self.alleles.weights.size, n, p=self.alleles.weights)
        return chosen


def _misread(
    bases: NDArray[np.uint8], error_rate: float, rng: np.random.Generator
) -> NDArray[np.uint8]:
    """Add errors to ``bases`` in place, and return the Phred characters."""
    width = bases.shape[1]
    # Scores decrease along the read in four steps, like the binned scores of instruments.
    profile = np.repeat(np.array([37, 35, 32, 29]), -(-width // 4))[:width] + _PHRED_OFFSET
    phred = np.tile(profile.astype(np.uint8), (len(bases), 1))
    wrong = rng.choice(bases.size, rng.binomial(bases.size, error_rate), replace=False)
    code = np.searchsorted(BASES, bases.flat[wrong])
    bases.flat[wrong] = BASES[(code + rng.integers(1, 4, wrong.size)) % 4]
    phred.flat[wrong] = _PHRED_OF_ERRORS + _PHRED_OFFSET
    return phred


def _names(name: str, first: int, mate: int, origin: NDArray[np.bytes_]) -> NDArray[np.uint8]:
    """Return the name lines, one row each, all of the same width."""
    n = len(origin)
    numbers = np.char.mod(f"%0{_NUMBER_DIGITS}d", np.arange(first + 1, first + n + 1))
    width = origin.dtype.itemsize
    # Shorter descriptions are padded with spaces, not with NUL.
    origin = np.char.ljust(origin, width)
    return np.concatenate(
        (
            _constant(f"@{name}.", n),
            numbers.astype("S").view(np.uint8).reshape(n, _NUMBER_DIGITS),
            _constant(f"/{mate} ", n),
            origin.view(np.uint8).reshape(n, width),
        ),
        axis=1,
    )


def _lay_out(names: NDArray[np.uint8], bases: NDArray[np.uint8], phred: NDArray[np.uint8]) -> bytes:
    n = len(names)
    parts = (names, _constant("\n", n), bases, _constant("\n+\n", n), phred, _constant("\n", n))
    return np.concatenate(parts, axis=1).tobytes()


def _constant(text: str, n: int) -> NDArray[np.uint8]:
    return np.broadcast_to(np.frombuffer(text.encode("ascii"), dtype=np.uint8), (n, len(text)))
