"""31-mers, and the index of the unique ones."""

from __future__ import annotations

from collections import Counter

import numpy as np

from lotwise.quantify.kmers import (
    K,
    encode,
    hash_kmers,
    hash_windows,
    index_kmers,
    shared_with,
)

COMPLEMENT = str.maketrans("ACGT", "TGCA")


def codes_of(sequence: str) -> np.ndarray:
    """Return the codes of a sequence."""
    return encode(np.frombuffer(sequence.encode("ascii"), dtype=np.uint8))


def random_sequence(n: int, seed: int) -> str:
    """Return random bases."""
    return "".join(np.random.default_rng(seed).choice(list("ACGT"), n))


def test_hash_kmers__is_shared_with_the_reverse_complement_alone() -> None:
    sequence = random_sequence(200, 1)
    turned = sequence.translate(COMPLEMENT)[::-1]
    ahead, backwards, clean = hash_kmers(codes_of(sequence))
    behind, other, _ = hash_kmers(codes_of(turned))
    np.testing.assert_array_equal(ahead, behind[::-1])
    np.testing.assert_array_equal(backwards, ~other[::-1])
    assert clean.all()
    assert np.unique(ahead).size == ahead.size


def test_hash_kmers__other_letters_are_not_clean() -> None:
    sequence = random_sequence(100, 2)
    _, _, clean = hash_kmers(codes_of(sequence[:50] + "N" + sequence[50:]))
    assert np.flatnonzero(~clean).tolist() == list(range(20, 51))


def test_hash_windows__equals_hash_kmers() -> None:
    codes = codes_of(random_sequence(90, 3))
    windows = np.lib.stride_tricks.sliding_window_view(codes, K)
    hashes, backwards, _ = hash_kmers(codes)
    found, turned = hash_windows(windows)
    np.testing.assert_array_equal(found, hashes)
    np.testing.assert_array_equal(turned, backwards)


def test_index_kmers__holds_what_occurs_once_on_either_strand() -> None:
    repeated = random_sequence(60, 4)
    sequence = random_sequence(300, 5) + repeated + random_sequence(80, 6)
    sequence += repeated.translate(COMPLEMENT)[::-1]
    kmers = [sequence[at : at + K] for at in range(len(sequence) - K + 1)]
    counted = Counter(min(kmer, kmer.translate(COMPLEMENT)[::-1]) for kmer in kmers)
    once = [
        at
        for at, kmer in enumerate(kmers)
        if counted[min(kmer, kmer.translate(COMPLEMENT)[::-1])] == 1
    ]
    index = index_kmers(codes_of(sequence))
    assert sorted((index.places >> 1).tolist()) == once
    hashes, backwards, _ = hash_kmers(codes_of(sequence))
    entry = index.find(hashes)
    assert np.flatnonzero(entry >= 0).tolist() == once
    np.testing.assert_array_equal(index.places[entry[once]], 2 * np.array(once) + backwards[once])


def test_index_kmers__of_nothing_finds_nothing() -> None:
    index = index_kmers(codes_of("ACGT"))
    hashes, _, _ = hash_kmers(codes_of(random_sequence(40, 7)))
    assert index.find(hashes).tolist() == [-1] * 10
    assert not shared_with(index, codes_of(random_sequence(40, 7))).any()


def test_shared_with__says_what_another_sequence_holds() -> None:
    first, common, second = (random_sequence(100, seed) for seed in (8, 9, 10))
    index = index_kmers(codes_of(first + common))
    shared = shared_with(index, codes_of(second + common.translate(COMPLEMENT)[::-1]))
    assert np.sort(index.places[shared] >> 1).tolist() == list(range(100, 170))
    assert (index.without(shared).places >> 1).max() == 99
