"""Which strand the first mates are of, by the k-mers that they share with transcripts.

The first reads of a sample are looked up, as they are and reversed, among a fixed
sample of the transcripts' 31-mers. No quantifier is needed for it, and all three get the
same answer. The bounds are those that nf-core's pipelines have by default
(``calculateStrandedness`` of the subworkflow ``fastq_qc_trim_filter_setstrandedness``, there
on fragments that salmon aligned): 0.8 of the informative reads for a stranded library, a
difference of at most 0.1 between the shares of the two strands for an unstranded one.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Final, Literal

import dnaio
import numpy as np

from lotwise.errors import RefusedError
from lotwise.files.checksums import checksum
from lotwise.files.records import Record, column
from lotwise.quantify.cache import cached_directory
from lotwise.quantify.reads_qc import UNREADABLE
from lotwise.tree import STRANDEDNESS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lotwise.samples import Sample

logger = logging.getLogger(__name__)

K: Final = 31
N_READS: Final = 20_000
FEWEST_INFORMATIVE: Final = 100
STRANDED_SHARE: Final = 0.8
UNSTRANDED_DIFFERENCE: Final = 0.1
_KEPT_BITS: Final = 4
"""One in 2 ** 4 k-mers is kept: a read of 100 bases holds four of them, one of 36 often none."""

_BLOCK_BASES: Final = 8_000_000
_SEPARATOR: Final = 4
_FORMAT: Final = 2

Finding = Literal["unstranded", "forward", "reverse", "undetermined"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Strand(Record):
    """What the reads of one sample say of its strandedness."""

    table: ClassVar[str] = STRANDEDNESS
    sample: str = column("name of the sample")
    declared: str = column("auto, unstranded, forward or reverse, as the sample sheet says")
    applied: str = column("unstranded, forward or reverse, as the quantifier was told")
    finding: str = column("what the reads say; undetermined where they do not say it")
    n_reads: int = column("first mates examined, from the beginning of every run")
    n_telling: int = column("of these, reads that hold a sampled 31-mer: the others cannot match")
    n_matching: int = column("reads that share a sampled 31-mer with a transcript")
    n_sense: int = column("reads that match transcripts in their own sense only")
    n_antisense: int = column("reads that match transcripts reversed only")
    sense_share: float = column("n_sense / (n_sense + n_antisense); NaN where both are 0")
    share_matching: float = column("n_matching / n_telling; NaN where that is 0")


def infer_strandedness(sample: Sample, *, transcripts: Path, cache: Path) -> Strand:
    """Find the strandedness of ``sample`` and what the quantifier is to be told.

    ``auto`` is replaced by the finding, or by ``unstranded`` where the reads do not tell
    (fewer than 100 informative reads, or a share between the bounds). ``unstranded`` may be
    declared of any reads; where they have a strand, a warning is logged.

    Raises
    ------
    RefusedError
        The sheet declares the other strand, or a strand where the reads have none.
    """
    kmers = load_kmers(transcripts, cache=cache)
    files = [run.fastq_1 for run in sample.runs]
    # At least as many of each as tell anything: a run of another strand shows in the share.
    n_each = max(N_READS // len(files), FEWEST_INFORMATIVE)
    n_reads, n_telling, n_matching, n_sense, n_antisense = np.sum(
        [_count_matches(file, kmers, n_each) for file in files], axis=0
    ).tolist()
    informative = n_sense + n_antisense
    sense_share = n_sense / informative if informative else float("nan")
    finding = judge_share(sense_share, informative)
    declared = sample.strandedness
    if declared in {"forward", "reverse"} and finding not in {declared, "undetermined"}:
        raise RefusedError(
            f"sample {sample.sample!r} is declared {declared}, its reads are {finding}: "
            f"{n_sense:,} are of the transcripts' sense and {n_antisense:,} are not",
            path=sample.runs[0].fastq_1,
            remedy=f"write {finding} (or auto) as its strandedness",
        )
    if finding == "undetermined" and declared in {"forward", "reverse"}:
        logger.warning(
            "sample %s is declared %s, which its reads do not show (%d sense, %d antisense)",
            sample.sample,
            declared,
            n_sense,
            n_antisense,
        )
    elif finding == "undetermined" and declared == "auto":
        logger.warning(
            "sample %s: the strandedness is undetermined (%d sense, %d antisense), "
            "unstranded is taken",
            sample.sample,
            n_sense,
            n_antisense,
        )
    elif finding in {"forward", "reverse"} and declared == "unstranded":
        logger.warning(
            "sample %s is declared unstranded, its reads are %s (%d sense, %d antisense): "
            "as unstranded they are counted on genes of the other strand too",
            sample.sample,
            finding,
            n_sense,
            n_antisense,
        )
    found = "unstranded" if finding == "undetermined" else finding
    return Strand(
        sample=sample.sample,
        declared=declared,
        applied=found if declared == "auto" else declared,
        finding=finding,
        n_reads=n_reads,
        n_telling=n_telling,
        n_matching=n_matching,
        n_sense=n_sense,
        n_antisense=n_antisense,
        sense_share=sense_share,
        share_matching=n_matching / n_telling if n_telling else float("nan"),
    )


def judge_share(sense_share: float, n_informative: int) -> Finding:
    """Say what a share of sense reads means.

    Examples
    --------
    >>> [judge_share(share, 1_000) for share in (0.97, 0.02, 0.51, 0.7)]
    ['forward', 'reverse', 'unstranded', 'undetermined']
    """
    if n_informative < FEWEST_INFORMATIVE:
        return "undetermined"
    if sense_share >= STRANDED_SHARE:
        return "forward"
    if sense_share <= 1 - STRANDED_SHARE:
        return "reverse"
    if abs(2 * sense_share - 1) <= UNSTRANDED_DIFFERENCE:
        return "unstranded"
    return "undetermined"


def load_kmers(transcripts: Path, *, cache: Path) -> NDArray[np.uint64]:
    """Give the sampled 31-mers of a plain FASTA, sorted; kept in ``cache``."""
    key = {"format": _FORMAT, "k": K, "bits": _KEPT_BITS, "transcripts": checksum(transcripts)}
    directory = cached_directory(
        cache, "kmers", key, lambda temporary: _save_kmers(transcripts, temporary)
    )
    kmers: NDArray[np.uint64] = np.load(directory / "kmers.npy", mmap_mode="r")
    return kmers


def sample_kmers(sequences: list[str]) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
    """Give the sampled 31-mers of ``sequences`` and, for each, the row it comes from.

    A k-mer is two bits a base; one in 16 is kept, by a hash that it shares with its
    reverse complement alone, so that a read and its transcript keep the same ones, whatever
    the read's strand. K-mers with other letters than ACGT are left out.
    """
    codes = _CODES[np.frombuffer("|".join([*sequences, ""]).encode("ascii"), dtype=np.uint8)]
    if codes.size < K:
        return np.empty(0, dtype=np.uint64), np.empty(0, dtype=np.int64)
    two_bits = codes.astype(np.uint64) & np.uint64(3)
    kmers = _roll(two_bits)
    # A base and its complement sum to 3; read from the end, they are the other strand.
    reversed_kmers = _roll((np.uint64(3) - two_bits)[::-1])[::-1]
    foreign = np.concatenate([[0], np.cumsum(codes == _SEPARATOR)])
    clean = foreign[K:] == foreign[:-K]
    # Fibonacci hashing: the high bits of the product depend on all bits of the k-mer.
    either = np.minimum(kmers, reversed_kmers)
    hashed = (either * np.uint64(0x9E3779B97F4A7C15)) >> np.uint64(64 - _KEPT_BITS)
    kept = np.flatnonzero(clean & (hashed == 0))
    ends = np.cumsum([len(sequence) + 1 for sequence in sequences])
    return kmers[kept], np.searchsorted(ends, kept, side="right").astype(np.int64)


def _roll(codes: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Join 31 neighbouring two-bit codes, doubling the span at each step."""
    spans = {1: codes}
    for width in (1, 2, 4, 8):
        left, right = spans[width][:-width], spans[width][width:]
        spans[2 * width] = (left << np.uint64(2 * width)) | right
    n = codes.size - K + 1
    joined = spans[16][:n].copy()
    done = 16
    for width in (8, 4, 2, 1):
        joined = (joined << np.uint64(2 * width)) | spans[width][done : done + n]
        done += width
    return joined


def _save_kmers(transcripts: Path, directory: Path) -> None:
    found: list[NDArray[np.uint64]] = []
    sequences: list[str] = []
    n_bases = 0
    with dnaio.open(transcripts, fileformat="fasta", open_threads=0) as records:
        for record in records:
            sequences.append(record.sequence)
            n_bases += len(record.sequence)
            if n_bases > _BLOCK_BASES:
                found.append(np.unique(sample_kmers(sequences)[0]))
                sequences, n_bases = [], 0
    found.append(np.unique(sample_kmers(sequences)[0]))
    np.save(directory / "kmers.npy", np.unique(np.concatenate(found)))


def _count_matches(
    fastq: Path, kmers: NDArray[np.uint64], n_most: int
) -> tuple[int, int, int, int, int]:
    """Count the reads, those that can match, those that do, and those of one sense alone."""
    try:
        with dnaio.open(fastq, fileformat="fastq", open_threads=0) as records:
            reads = list(islice(records, n_most))
    except UNREADABLE as error:
        raise RefusedError(f"cannot be read ({error})", path=fastq) from error
    telling, sense = _matching([read.sequence for read in reads], kmers)
    _, antisense = _matching([read.reverse_complement().sequence for read in reads], kmers)
    return (
        len(reads),
        int(telling.sum()),
        int((sense | antisense).sum()),
        int((sense & ~antisense).sum()),
        int((antisense & ~sense).sum()),
    )


def _matching(
    sequences: list[str], kmers: NDArray[np.uint64]
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Tell for each sequence whether it has sampled k-mers, and whether one is in ``kmers``."""
    telling, matching = np.zeros((2, len(sequences)), dtype=np.bool_)
    asked, rows = sample_kmers(sequences)
    telling[rows] = True
    if kmers.size and asked.size:
        place = np.minimum(np.searchsorted(kmers, asked), kmers.size - 1)
        matching[rows[kmers[place] == asked]] = True
    return telling, matching


def _code_table() -> NDArray[np.uint8]:
    table = np.full(256, _SEPARATOR, dtype=np.uint8)
    for code, letters in enumerate(("Aa", "Cc", "Gg", "TtUu")):
        table[[ord(letter) for letter in letters]] = code
    return table


_CODES: Final = _code_table()
