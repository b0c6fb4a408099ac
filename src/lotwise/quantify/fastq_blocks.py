"""FASTQ reads as arrays, block by block, and random subsamples of them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, NoReturn, cast

import dnaio
import numpy as np
from isal import isal_zlib
from numpy.lib.stride_tricks import sliding_window_view
from xopen import xopen

from lotwise.errors import RefusedError
from lotwise.quantify.kmers import SEPARATOR, encode
from lotwise.quantify.reads_qc import UNREADABLE

if TYPE_CHECKING:
    from io import BufferedIOBase

    from numpy.typing import NDArray

    from lotwise.samples import Run

GOOD_PHRED: Final = 20
_PHRED_OFFSET: Final = 33
_NEWLINE: Final = ord("\n")
_BLOCK_BYTES: Final = 4_194_304
_LINES_PER_RECORD: Final = 4
_GZIP_MAGIC: Final = b"\x1f\x8b"
_GZIP_WINDOW: Final = 31


@dataclass(frozen=True)
class ReadBlock:
    """Reads of one mate.

    Attributes
    ----------
    codes
        Bases, reads x longest length: 0 to 3 for A, C, G, T; 4 for others and after the end.
    good
        Whether a base is A, C, G or T with a Phred score of 20 or more.
    lengths
        Length of each read in bases.
    """

    codes: NDArray[np.uint8]
    good: NDArray[np.bool_]
    lengths: NDArray[np.int64]


def read_blocks(run: Run, *, share: float, rng: np.random.Generator) -> Iterator[list[ReadBlock]]:
    """Yield the reads of a run in pairs of mates, each fragment with probability ``share``.

    Raises
    ------
    RefusedError
        A file cannot be read to its end, is not FASTQ, or mates differ in number.
    """
    files = [file for file in (run.fastq_1, run.fastq_2) if file is not None]
    try:
        with ExitStack() as stack:
            # Its type stub accepts any binary stream; these are buffered.
            streams = [
                cast("BufferedIOBase", stack.enter_context(xopen(file, "rb", threads=0)))
                for file in files
            ]
            for some in _chunks(streams):
                letters = [np.frombuffer(chunk, dtype=np.uint8) for chunk in some]
                lines = [_lines_of(mate) for mate in letters]
                if len({line.size for line in lines}) > 1:
                    _refuse_unequal()
                kept = np.flatnonzero(rng.random(len(lines[0]) // _LINES_PER_RECORD) < share)
                if kept.size:
                    yield [_block(m, line, kept) for m, line in zip(letters, lines, strict=True)]
    except UNREADABLE as error:
        named = " and ".join(map(str, files))
        raise RefusedError(
            f"cannot be read ({error})",
            path=named,
            remedy="run `lotwise check` on the sample sheet",
        ) from error


def count_fragments(run: Run) -> int | None:
    """Estimate the number of fragments of a run from the first four megabytes of its first file.

    Exact if the file is not larger; None if it is compressed, but not with gzip.
    """
    path = Path(run.fastq_1)
    try:
        with path.open("rb") as raw:
            taken = raw.read(_BLOCK_BYTES)
        n_lines = sum(part.count(b"\n") for part in _unpacked(taken))
    except UNREADABLE as error:
        raise RefusedError(f"cannot be read ({error})", path=path) from error
    if taken[:1] != b"@" and taken[:2] != _GZIP_MAGIC:
        return None
    return round(n_lines / _LINES_PER_RECORD * path.stat().st_size / len(taken))


def _unpacked(taken: bytes) -> Iterator[bytes]:
    """Yield the beginning of a file as text; for gzip, member by member."""
    if taken[:2] != _GZIP_MAGIC:
        yield taken
        return
    while taken[:2] == _GZIP_MAGIC:
        unpacker = isal_zlib.decompressobj(_GZIP_WINDOW)
        yield unpacker.decompress(taken)
        taken = unpacker.unused_data


def _chunks(streams: list[BufferedIOBase]) -> Iterator[tuple[memoryview, ...]]:
    if len(streams) == 1:
        for chunk in dnaio.read_chunks(streams[0], _BLOCK_BYTES):
            yield (chunk,)
    else:
        yield from dnaio.read_paired_chunks(streams[0], streams[1], _BLOCK_BYTES)


def _refuse_unequal() -> NoReturn:
    msg = "the numbers of first and second mates differ"
    raise OSError(msg)


def _lines_of(letters: NDArray[np.uint8]) -> NDArray[np.int64]:
    """Return where each line ends."""
    ends = np.flatnonzero(letters == _NEWLINE)
    # The last line of a file may have no end.
    return ends if ends.size % _LINES_PER_RECORD == 0 else np.append(ends, letters.size)


def _block(
    letters: NDArray[np.uint8], ends: NDArray[np.int64], kept: NDArray[np.int64]
) -> ReadBlock:
    first = _LINES_PER_RECORD * kept
    begin, quality = ends[first] + 1, ends[first + 2] + 1
    lengths = ends[first + 1] - begin
    width = int(lengths.max(initial=0))
    windows = sliding_window_view(np.pad(letters, (0, width + 1)), max(width, 1))[:, :width]
    codes, phred = encode(windows[begin]), windows[quality]
    codes[np.arange(width) >= lengths[:, None]] = SEPARATOR
    good = (phred >= GOOD_PHRED + _PHRED_OFFSET) & (codes != SEPARATOR)
    return ReadBlock(codes, good, lengths)
