"""Strandedness of a library, inferred from the k-mers shared by first mates and transcripts.

The first reads of a sample and their reverse complements are searched for a fixed sample of the
transcripts' 31-mers. This needs no quantifier, so that all three give the same answer. The limits
are the defaults of nf-core's pipelines (``calculateStrandedness`` of the subworkflow
``fastq_qc_trim_filter_setstrandedness``, there for fragments aligned by salmon): 0.8 of the
informative reads for a stranded library, and a difference of at most 0.1 between the fractions
of the two strands for an unstranded library.
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
from lotwise.quantify.kmers import FACTOR, K, encode, roll_strands
from lotwise.quantify.reads_qc import UNREADABLE
from lotwise.tree import STRANDEDNESS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lotwise.samples import Sample

logger = logging.getLogger(__name__)

N_READS: Final = 20_000
FEWEST_INFORMATIVE: Final = 100
STRANDED_SHARE: Final = 0.8
UNSTRANDED_DIFFERENCE: Final = 0.1
_KEPT_BITS: Final = 4
"""One in 2 ** 4 k-mers is kept. A read of 100 bases has about four kept k-mers, and a read of 36
bases often has none."""

_BLOCK_BASES: Final = 1_000_000
_FORMAT: Final = 2

Finding = Literal["unstranded", "forward", "reverse", "undetermined"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Strand(Record):
    """Strandedness of the reads of one sample."""

    table: ClassVar[str] = STRANDEDNESS
    sample: str = column("name of the sample")
    declared: str = column("strandedness in the sample sheet: auto, unstranded, forward or reverse")
    applied: str = column("strandedness used by the quantifier: unstranded, forward or reverse")
    finding: str = column("strandedness of the reads; undetermined if they are not conclusive")
    n_reads: int = column("number of first mates examined, from the beginning of every run")
    n_telling: int = column("number of these mates with a sampled 31-mer; the others cannot match")
    n_matching: int = column("number of reads that share a sampled 31-mer with a transcript")
    n_sense: int = column("number of reads that match transcripts in sense direction only")
    n_antisense: int = column("number of reads that match transcripts in antisense direction only")
    sense_share: float = column("n_sense / (n_sense + n_antisense); NaN if both are 0")
    share_matching: float = column("n_matching / n_telling; NaN if n_telling is 0")


def infer_strandedness(sample: Sample, *, transcripts: Path, cache: Path) -> Strand:
    """Infer the strandedness of ``sample`` and choose the option of the quantifier.

    ``auto`` is replaced by the finding, or by ``unstranded`` if the reads are not conclusive
    (fewer than 100 informative reads, or a fraction between the limits). ``unstranded`` may be
    declared for any reads; a warning is logged if they are stranded.

    Raises
    ------
    RefusedError
        The sheet declares the other strand, or a strand although the reads are unstranded.
    """
    kmers = load_kmers(transcripts, cache=cache)
    files = [run.fastq_1 for run in sample.runs]
    # At least as many reads of each run as are conclusive: a run of another strand shows.
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
            f"sample {sample.sample!r} is declared {declared}, but its reads are {finding}: "
            f"{n_sense:,} reads match transcripts in sense direction and {n_antisense:,} in "
            "antisense direction",
            path=sample.runs[0].fastq_1,
            remedy=f"change the strandedness of the sample to {finding} (or auto)",
        )
    if finding == "undetermined" and declared in {"forward", "reverse"}:
        logger.warning(
            "sample %s is declared %s, but its reads are not conclusive (%d sense, %d antisense)",
            sample.sample,
            declared,
            n_sense,
            n_antisense,
        )
    elif finding == "undetermined" and declared == "auto":
        logger.warning(
            "sample %s: the strandedness is undetermined (%d sense, %d antisense), "
            "so unstranded is used",
            sample.sample,
            n_sense,
            n_antisense,
        )
    elif finding in {"forward", "reverse"} and declared == "unstranded":
        logger.warning(
            "sample %s is declared unstranded, but its reads are %s (%d sense, %d antisense), "
            "so they are also counted on genes of the other strand",
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
    """Return the strandedness for a fraction of sense reads.

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
    """Return the sampled 31-mers of a plain FASTA, sorted; stored in ``cache``."""
    key = {"format": _FORMAT, "k": K, "bits": _KEPT_BITS, "transcripts": checksum(transcripts)}
    directory = cached_directory(
        cache, "kmers", key, lambda temporary: _save_kmers(transcripts, temporary)
    )
    kmers: NDArray[np.uint64] = np.load(directory / "kmers.npy", mmap_mode="r")
    return kmers


def sample_kmers(sequences: list[str]) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
    """Return the sampled 31-mers of ``sequences`` and, for each, the row it comes from.

    A k-mer has two bits per base. One in 16 is kept, chosen by a hash that is equal for its
    reverse complement, so that a read and its transcript keep the same ones on either strand.
    K-mers with letters other than ACGT are excluded.
    """
    codes = encode(np.frombuffer("|".join([*sequences, ""]).encode("ascii"), dtype=np.uint8))
    if codes.size < K:
        return np.empty(0, dtype=np.uint64), np.empty(0, dtype=np.int64)
    kmers, reversed_kmers, clean = roll_strands(codes)
    hashes = np.minimum(kmers, reversed_kmers) * FACTOR
    kept = np.flatnonzero(clean & (hashes >> np.uint64(64 - _KEPT_BITS) == 0))
    ends = np.cumsum([len(sequence) + 1 for sequence in sequences])
    return kmers[kept], np.searchsorted(ends, kept, side="right").astype(np.int64)


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
    """Count the reads, those that can match, those that match, and those of one sense only."""
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
    """Return for each sequence whether it has sampled k-mers, and whether one is in ``kmers``."""
    telling, matching = np.zeros((2, len(sequences)), dtype=np.bool_)
    asked, rows = sample_kmers(sequences)
    telling[rows] = True
    if kmers.size and asked.size:
        place = np.minimum(np.searchsorted(kmers, asked), kmers.size - 1)
        matching[rows[kmers[place] == asked]] = True
    return telling, matching
