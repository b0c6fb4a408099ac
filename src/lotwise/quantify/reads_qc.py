"""Checks before quantification: are the reads complete, paired and plausible?

kallisto, salmon and RSEM end with exit status 0 for a truncated ``.fastq.gz`` and for mates of
unequal number, so that their output does not show whether all reads were read.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, ClassVar, Final, NoReturn, cast

import dnaio
import numpy as np
from dnaio.exceptions import FileFormatError
from isal import isal_zlib

from lotwise.errors import RefusedError
from lotwise.files.records import Record, column
from lotwise.samples import Run, Sample
from lotwise.tree import INTAKE
from lotwise.wording import counted

# Small enough for the cache and the garbage collector: 4,096 takes twice as long.
_AT_ONCE: Final = 256
_PHRED_OFFSET: Final = 33
_HIGHEST_PHRED: Final = 93
# Scores 0 to 41 with offset 64 appear as 31 to 72. Reads with offset 33 have bases below 31, also
# binned scores (2, 12, 23, 37); programs without scores write one score for all bases.
_LOWEST_OF_OFFSET_64: Final = 31
_HIGHEST_OF_OFFSET_33: Final = 45
# Exceptions of dnaio, xopen, isal and zlib for files that are truncated or not FASTQ.
UNREADABLE: Final[tuple[type[Exception], ...]] = (
    FileFormatError,
    EOFError,
    OSError,
    UnicodeError,
    zlib.error,
    # Its type stub declares the class as an instance.
    cast("type[Exception]", isal_zlib.error),
)

# A read, or a pair of reads.
_Item = Any


@dataclass(frozen=True, kw_only=True, slots=True)
class Intake(Record):
    """Properties of the reads of one sample, before quantification."""

    table: ClassVar[str] = INTAKE
    sample: str = column("name of the sample", heading="sample")
    batch: str = column("batch of the sample", heading="batch")
    layout: str = column("paired or single; empty if no run could be read", heading="layout")
    n_runs: int = column("number of sequencing runs joined", heading="runs")
    reads_present: int = column(
        "read pairs, or single reads, counted to the end of every file; incomplete if the "
        "reads are refused",
        heading="reads",
    )
    shortest_read: int = column(
        "length of the shortest read in bases; -1 if no run could be read", heading="shortest"
    )
    longest_read: int = column(
        "length of the longest read in bases; -1 if no run could be read", heading="longest"
    )
    lowest_phred: int = column("lowest base quality, offset 33; -1 if no run could be read")
    highest_phred: int = column("highest base quality, offset 33; -1 if no run could be read")
    integrity: str = column("passed or refused", heading="integrity")
    reason: str = column("why the reads are refused; empty if passed", heading="reason")


@dataclass(slots=True)
class _Extent:
    """Count and ranges of the reads of one run, then of one sample."""

    n: int = 0
    shortest: int | None = None
    longest: int = -1
    lowest: int | None = None
    highest: int = -1

    def add(self, reads: Sequence[dnaio.SequenceRecord]) -> None:
        """Include the reads of one mate in the ranges; the caller counts ``n``."""
        lengths = set(map(len, reads))
        shortest, longest = min(lengths), max(lengths)
        self.shortest = shortest if self.shortest is None else min(self.shortest, shortest)
        self.longest = max(self.longest, longest)
        # The scores of all reads at once: a loop over reads would take longer than gzip.
        spelled = "".join([read.qualities or "" for read in reads]).encode("ascii")
        scores = np.frombuffer(spelled, dtype=np.uint8)
        if scores.size:
            lowest, highest = (int(end) - _PHRED_OFFSET for end in (scores.min(), scores.max()))
            self.lowest = lowest if self.lowest is None else min(self.lowest, lowest)
            self.highest = max(self.highest, highest)

    def merge(self, other: _Extent) -> None:
        """Include another run's count and ranges."""
        lows = {"shortest": other.shortest, "lowest": other.lowest}
        for name, low in lows.items():
            known = [end for end in (getattr(self, name), low) if end is not None]
            setattr(self, name, min(known, default=None))
        self.n += other.n
        self.longest = max(self.longest, other.longest)
        self.highest = max(self.highest, other.highest)


def check_reads(sample: Sample) -> Intake:
    r"""Read every file of ``sample`` to its end and return the findings.

    Checked are the compression (to the last byte, with its checksum), the structure of every
    record, the number and names of mates, their roles (``/1`` belongs in ``fastq_1``), and
    that quality scores are Phred with offset 33. The runs of a sample are checked one after
    another.

    Returns
    -------
    The row of ``intake.tsv``. If something is wrong, ``integrity`` is ``refused`` and ``reason``
    is one line. The content of a file never raises an error.

    Examples
    --------
    >>> from lotwise.samples import Run, Sample
    >>> from pathlib import Path
    >>> from tempfile import mkdtemp
    >>> reads = Path(mkdtemp()) / "a.fastq"
    >>> _ = reads.write_text("@r1\nACGT\n+\nIIII\n@r2\nACG\n+\nIII\n")
    >>> row = check_reads(Sample(sample="S", batch="A", runs=(Run(fastq_1=reads),)))
    >>> row.reads_present, row.shortest_read, row.longest_read, row.integrity
    (2, 3, 4, 'passed')
    """
    extent = _Extent()
    reason = "" if sample.runs else "the sample sheet has no reads for this sample"
    try:
        for run in sample.runs:
            of_run = _Extent()
            try:
                _check_run(run, of_run)
            finally:
                extent.merge(of_run)
    except RefusedError as refusal:
        reason = str(refusal)
    paired = bool(sample.runs) and sample.runs[0].fastq_2 is not None
    return Intake(
        sample=sample.sample,
        batch=sample.batch,
        layout="" if extent.n == 0 else "paired" if paired else "single",
        n_runs=len(sample.runs),
        reads_present=extent.n,
        shortest_read=-1 if extent.shortest is None else extent.shortest,
        longest_read=extent.longest,
        lowest_phred=-1 if extent.lowest is None else extent.lowest,
        highest_phred=extent.highest,
        integrity="refused" if reason else "passed",
        reason=reason,
    )


def require_passed(rows: Iterable[Intake]) -> None:
    """Raise :class:`RefusedError` naming every refused sample, if there is one."""
    refused = [row for row in rows if row.integrity != "passed"]
    if refused:
        named = " | ".join(f"sample {row.sample!r}: {row.reason}" for row in refused)
        raise RefusedError(
            f"the reads of {counted(len(refused), 'sample')} are refused: {named}",
            remedy=leave_out(row.sample for row in refused) + ", or correct the files",
        )


def leave_out(names: Iterable[str]) -> str:
    """Return the line of configuration that excludes samples.

    Examples
    --------
    >>> leave_out(["L1"])
    'exclude these samples with `reads.exclude: [L1]`'
    """
    return f"exclude these samples with `reads.exclude: [{', '.join(names)}]`"


def _check_run(run: Run, extent: _Extent) -> None:
    files = (run.fastq_1,) if run.fastq_2 is None else (run.fastq_1, run.fastq_2)
    for file in files:
        _require_content(file)
    if len(files) == 2 and files[0].samefile(files[1]):
        raise RefusedError("is given both as 'fastq_1' and as 'fastq_2'", path=files[0])
    try:
        # Two readers in step: dnaio stops at mates whose names or number differ.
        with dnaio.open(*files, fileformat="fastq", open_threads=0) as reader:
            _take(run, iter(reader), extent)
    except UNREADABLE as error:
        _blame(files, error)
    if extent.n == 0:
        raise RefusedError("contains no reads", path=run.fastq_1)
    if (extent.lowest or 0) < 0 or extent.highest > _HIGHEST_PHRED:
        raise RefusedError(
            f"quality scores range from {extent.lowest} to {extent.highest}, but must be Phred 0 "
            f"to {_HIGHEST_PHRED} with offset {_PHRED_OFFSET}",
            path=run.fastq_1,
        )
    if _LOWEST_OF_OFFSET_64 <= (extent.lowest or 0) < extent.highest > _HIGHEST_OF_OFFSET_33:
        raise RefusedError(
            f"quality scores range from {extent.lowest} to {extent.highest} with offset "
            f"{_PHRED_OFFSET}, so the true offset is 64 (Illumina before 2011)",
            path=run.fastq_1,
            remedy=f"convert the scores to offset {_PHRED_OFFSET}",
        )


def _require_content(file: Path) -> None:
    try:
        size = file.stat().st_size
    except OSError as error:
        raise RefusedError(f"cannot be read ({error.strerror})", path=file) from None
    if file.is_dir():
        raise RefusedError("is a directory, but a FASTQ file is required", path=file)
    if size == 0:
        raise RefusedError("is empty (0 bytes)", path=file)


def _take(run: Run, items: Iterator[_Item], extent: _Extent) -> None:
    """Read ``items`` to the end, in batches for speed."""
    first_batch = True
    while some := list(islice(items, _AT_ONCE)):
        _take_some(run, some, extent, first_batch=first_batch)
        first_batch = False


def _take_some(run: Run, some: list[_Item], extent: _Extent, *, first_batch: bool) -> None:
    for mates in zip(*some, strict=True) if run.fastq_2 is not None else (some,):
        extent.add(mates)
    if first_batch and run.fastq_2 is not None:
        _require_roles(run, some)
    elif first_batch:
        _refuse_interleaved(run, some)
    extent.n += len(some)


def _require_roles(run: Run, pairs: Sequence[tuple[dnaio.SequenceRecord, ...]]) -> None:
    """Raise an error for second mates in ``fastq_1``, or the same mate in both files."""
    for mate, file in ((1, run.fastq_1), (2, run.fastq_2)):
        name = pairs[0][mate - 1].name
        other = 3 - mate
        # `1:N:0:ATCACG` of Casava 1.8 has the mate; `2:1101:1203:1999` is a flow cell position.
        # SRR1.7.2 of the SRA toolkit is mate 2 of spot 7; SRR1.2 is spot 2.
        if re.search(
            rf"^\S+/{other}(?!\S)|^\S+ {other}:[YN]:\d+:|^[SED]RR\d+\.\d+\.{other}(?!\S)", name
        ):
            raise RefusedError(
                f"record 1 ({name!r}) is mate {other} of a pair, but the sheet lists the file "
                f"as fastq_{mate}",
                path=file,
                remedy="exchange fastq_1 and fastq_2",
            )
    if len(pairs) > 1 and all(first.sequence == second.sequence for first, second in pairs):
        raise RefusedError(
            f"contains the same sequences as {run.fastq_1}",
            path=run.fastq_2,
            remedy="give the file of the second mates",
        )


def _refuse_interleaved(run: Run, reads: Sequence[dnaio.SequenceRecord]) -> None:
    """Raise an error for interleaved mates that are declared as single reads."""
    names = [_name_of_pair(read.name) for read in reads]
    firsts, seconds = names[:-1:2], names[1::2]
    if firsts and firsts == seconds:
        raise RefusedError(
            f"records 1 and 2 are the mates of one pair ({reads[0].name!r}, {reads[1].name!r}), "
            "so the file is interleaved but declared as single-end reads",
            path=run.fastq_1,
            remedy="write each mate to its own file, for example with `seqkit split2` or "
            "`reformat.sh`, and give both files",
        )


def _name_of_pair(name: str) -> str:
    """Return a read's name without the suffix of its mate."""
    first = name.split(maxsplit=1)[0] if name.strip() else ""
    return re.sub(r"/[12]$|^([SED]RR\d+\.\d+)\.[12]$", r"\1", first)


def _blame(files: tuple[Path, ...], error: Exception) -> NoReturn:
    """Report the faulty file and record; reads the files again, one by one."""
    n_records = []
    for file in files:
        n, fault = _count(file)
        if fault is not None:
            raise RefusedError(f"{_describe(fault)} at record {n + 1:,}", path=file) from fault
        n_records.append(n)
    if len(files) == 1:
        raise RefusedError(str(error), path=files[0]) from error
    n_mates, mismatch = _count(*files)
    if mismatch is not None and "does not match" in str(mismatch):
        raise RefusedError(
            f"record {n_mates + 1:,} of this file and record {n_mates + 1:,} of {files[1]} are not "
            f"mates of one pair ({error})",
            path=files[0],
            remedy="give the two files of one run, in the same order",
        ) from error
    raise RefusedError(
        f"has {n_records[0]:,} records, but the mate file {files[1]} has {n_records[1]:,} records",
        path=files[0],
        remedy="download both files again",
    ) from error


def _count(*files: Path) -> tuple[int, Exception | None]:
    n = 0
    try:
        with dnaio.open(*files, fileformat="fastq", open_threads=0) as reader:
            for _ in reader:
                n += 1
    except UNREADABLE as error:
        return n, error
    return n, None


def _describe(fault: Exception) -> str:
    if isinstance(fault, EOFError):
        return "is truncated: the gzip stream is incomplete"
    if isinstance(fault, FileFormatError):
        return f"is not FASTQ ({fault})"
    return f"is damaged ({fault})"
