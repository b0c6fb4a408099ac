"""31-mers of sequences, and the positions of those that are unique in a reference."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

K: Final = 31
SEPARATOR: Final = 4
"""Code placed between two sequences. Letters other than A, C, G, T and U have the same code."""

# Fibonacci hashing: the high bits of the product depend on all bits of the k-mer, and an odd
# factor gives different k-mers different products.
FACTOR: Final = np.uint64(0x9E3779B97F4A7C15)
# Few enough for the arrays of a block to stay in the cache of a processor.
_BLOCK_BASES: Final = 65_536


def encode(letters: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return the codes of ASCII letters: 0 to 3 for A, C, G and T (U), 4 for any other.

    Examples
    --------
    >>> encode(np.frombuffer(b"ACgtN", dtype=np.uint8)).tolist()
    [0, 1, 2, 3, 4]
    """
    return _CODES[letters]


def roll(codes: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Return the 31-mers of two-bit codes, one for each start position.

    The span doubles at each step: 1, 2, 4, 8, 16 bases.
    """
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


def roll_strands(
    codes: NDArray[np.uint8],
) -> tuple[NDArray[np.uint64], NDArray[np.uint64], NDArray[np.bool_]]:
    """Return each 31-mer, its reverse complement, and whether it consists of A, C, G and T only.

    Parameters
    ----------
    codes
        Codes from :func:`encode`, 31 or more. Other letters give a meaningless 31-mer.
    """
    two_bits = codes.astype(np.uint64) & np.uint64(3)
    # The codes of a base and its complement sum to 3; in reverse order they give the other strand.
    reversed_kmers = roll((np.uint64(3) - two_bits)[::-1])[::-1]
    foreign = np.concatenate([[0], np.cumsum(codes == SEPARATOR, dtype=np.int32)])
    return roll(two_bits), reversed_kmers, foreign[K:] == foreign[:-K]


def hash_kmers(
    codes: NDArray[np.uint8],
) -> tuple[NDArray[np.uint64], NDArray[np.bool_], NDArray[np.bool_]]:
    """Return the hash of each 31-mer, equal for its reverse complement.

    Parameters
    ----------
    codes
        Codes from :func:`encode`, 31 or more.

    Returns
    -------
    Hashes; whether the reverse complement was hashed (the smaller of the two is used); and
    whether the 31-mer consists of A, C, G and T only. The hash of one that does not is
    meaningless.
    """
    kmers, reversed_kmers, clean = roll_strands(codes)
    return np.minimum(kmers, reversed_kmers) * FACTOR, reversed_kmers < kmers, clean


def hash_windows(windows: NDArray[np.uint8]) -> tuple[NDArray[np.uint64], NDArray[np.bool_]]:
    """Return the hash of each row of 31 codes, and whether its reverse complement was hashed.

    Codes other than 0 to 3 give a meaningless hash.
    """
    n = len(windows)
    ahead, behind = np.zeros((2, n), dtype=np.uint64)
    for of_place in np.ascontiguousarray(windows.T):
        codes = (of_place & 3).astype(np.uint64)
        ahead = (ahead << np.uint64(2)) | codes
        behind = (behind >> np.uint64(2)) | ((np.uint64(3) - codes) << np.uint64(2 * (K - 1)))
    backwards = behind < ahead
    return np.where(backwards, behind, ahead) * FACTOR, backwards


@dataclass(frozen=True)
class KmerIndex:
    """Positions of the 31-mers that occur once in a reference.

    Attributes
    ----------
    hashes
        Hashes in ascending order.
    places
        Twice the position at which the 31-mer begins in the reference; plus one if its reverse
        complement was hashed.
    starts
        First hash of each bucket; a bucket contains the hashes with the same leading bits.
    shift
        Number of bits of a hash after the leading ones.
    """

    hashes: NDArray[np.uint64]
    places: NDArray[np.int64]
    starts: NDArray[np.int32]
    shift: int

    def find(self, hashes: NDArray[np.uint64]) -> NDArray[np.int64]:
        """Return the entry of each hash; -1 if there is none."""
        found = np.full(hashes.size, -1, dtype=np.int64)
        bucket = (hashes >> np.uint64(self.shift)).astype(np.int64)
        entry, last = self.starts[bucket], self.starts[bucket + 1]
        asked = np.flatnonzero(entry < last)
        entry, last = entry[asked], last[asked]
        while asked.size:
            held = self.hashes[entry]
            hit = held == hashes[asked]
            found[asked[hit]] = entry[hit]
            entry = entry + 1
            # Hashes ascend within a bucket.
            left = (held < hashes[asked]) & (entry < last)
            asked, entry, last = asked[left], entry[left], last[left]
        return found

    def without(self, entries: NDArray[np.bool_]) -> KmerIndex:
        """Return the index without some of its entries."""
        kept = ~entries
        n_before = np.concatenate([[0], np.cumsum(kept, dtype=np.int32)])
        starts = n_before[self.starts]
        return KmerIndex(self.hashes[kept], self.places[kept], starts, self.shift)


def index_kmers(codes: NDArray[np.uint8]) -> KmerIndex:
    """Index the 31-mers that occur once in a reference, on either strand."""
    parts = list(hash_blocks(codes))
    hashes = np.concatenate([np.empty(0, dtype=np.uint64), *(found for found, _ in parts)])
    places = np.concatenate([np.empty(0, dtype=np.int64), *(place for _, place in parts)])
    order = np.argsort(hashes)  # equal hashes are left out, so their order does not matter
    hashes, places = hashes[order], places[order]
    differs = np.concatenate([[True], hashes[1:] != hashes[:-1], [True]])
    once = differs[1:] & differs[:-1] if hashes.size else np.zeros(0, dtype=np.bool_)
    return _bucketed(hashes[once], places[once])


def shared_with(index: KmerIndex, codes: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Return which entries of an index also occur in other sequences."""
    shared = np.zeros(index.hashes.size, dtype=np.bool_)
    if index.hashes.size:
        for hashes, _ in hash_blocks(codes):
            found = index.find(hashes)
            shared[found[found >= 0]] = True
    return shared


def hash_blocks(
    codes: NDArray[np.uint8], *, below: np.uint64 | None = None
) -> Iterator[tuple[NDArray[np.uint64], NDArray[np.int64]]]:
    """Yield the hashes of 31-mers of A, C, G and T, and their places, block by block.

    Parameters
    ----------
    codes
        Codes from :func:`encode`.
    below
        Yield only hashes below this one.

    Yields
    ------
    Hashes, and for each the place as in :class:`KmerIndex`.
    """
    for first in range(0, codes.size - K + 1, _BLOCK_BASES):
        hashes, backwards, clean = hash_kmers(codes[first : first + _BLOCK_BASES + K - 1])
        kept = np.flatnonzero(clean if below is None else clean & (hashes < below))
        yield hashes[kept], 2 * (first + kept) + backwards[kept]


def _bucketed(hashes: NDArray[np.uint64], places: NDArray[np.int64]) -> KmerIndex:
    bits = max(int(hashes.size).bit_length(), 1)
    buckets = (hashes >> np.uint64(64 - bits)).astype(np.int64)
    starts = np.zeros((1 << bits) + 1, dtype=np.int32)
    np.cumsum(np.bincount(buckets, minlength=1 << bits), out=starts[1:])
    return KmerIndex(hashes, places, starts, 64 - bits)


def _code_table() -> NDArray[np.uint8]:
    table = np.full(256, SEPARATOR, dtype=np.uint8)
    for code, letters in enumerate(("Aa", "Cc", "Gg", "TtUu")):
        table[[ord(letter) for letter in letters]] = code
    return table


_CODES: Final = _code_table()
