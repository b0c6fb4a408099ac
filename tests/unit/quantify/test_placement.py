"""Reads placed without gaps."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from lotwise.errors import InputError
from lotwise.quantify.fastq_blocks import ReadBlock
from lotwise.quantify.kmers import encode
from lotwise.quantify.placement import Placer, choose_genes, pair_up, read_genes

COMPLEMENT = str.maketrans("ACGT", "TGCA")


def random_sequence(n: int, seed: int) -> str:
    """Return random bases."""
    return "".join(np.random.default_rng(seed).choice(list("ACGT"), n))


def turned(sequence: str) -> str:
    """Return the reverse complement."""
    return sequence.translate(COMPLEMENT)[::-1]


def block_of(*reads: str) -> ReadBlock:
    """Return reads of good quality."""
    width = max(map(len, reads))
    letters = "".join(read.ljust(width, "N") for read in reads)
    codes = encode(np.frombuffer(letters.encode(), dtype=np.uint8)).reshape(len(reads), width)
    return ReadBlock(codes, codes < 4, np.array([len(read) for read in reads]))


def changed(sequence: str, *places: int) -> str:
    """Return a sequence with another base at some places."""
    letters = list(sequence)
    for place in places:
        letters[place] = "A" if letters[place] != "A" else "C"
    return "".join(letters)


@pytest.fixture
def fasta(tmp_path: Path) -> Path:
    """Write three genes; the second has a short isoform, the third shares 100 bases with it."""
    path = tmp_path / "transcripts.fa"
    first, second = random_sequence(400, 1), random_sequence(500, 2)
    third = random_sequence(200, 3) + second[100:200] + random_sequence(100, 4)
    path.write_text(
        f">T1 gene:G1\n{first}\n>T2a gene:G2\n{second[:90]}\n>T2b gene:G2\n{second}\n"
        f">T3 gene:G3\n{third}\n"
    )
    return path


def test_read_genes__takes_the_longest_transcript_of_each(fasta: Path) -> None:
    sequences = read_genes(fasta)
    assert sequences.genes == ("G1", "G2", "G3")
    assert sequences.transcripts == ("T1", "T2b", "T3")
    assert sequences.offsets.tolist() == [0, 401, 902, 1303]
    assert sequences.gene_at(np.array([0, 400, 401, 902])).tolist() == [0, 0, 1, 2]


def test_read_genes__without_a_transcript_of_31_bases_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "short.fa"
    path.write_text(">T1\nACGT\n")
    with pytest.raises(InputError, match=r"contains no transcript with 31 bases or more"):
        read_genes(path)


def test_choose_genes__takes_those_with_most_reads(fasta: Path) -> None:
    sequences = read_genes(fasta)
    first, second = random_sequence(400, 1), random_sequence(500, 2)
    reads = [first[at : at + 100] for at in range(0, 300, 5)]
    reads += [second[at : at + 100] for at in range(200, 400, 20)]
    blocks = [block_of(*reads)]
    assert choose_genes(sequences, blocks).tolist() == [0, 1]
    assert choose_genes(sequences, blocks, most_bases=450).tolist() == [0]


def test_place__finds_reads_of_both_strands_with_up_to_four_mismatches(fasta: Path) -> None:
    sequences = read_genes(fasta)
    second = random_sequence(500, 2)
    read = second[250:350]
    reads = (
        read,
        turned(read),
        changed(read, 3, 10, 50, 99),
        changed(turned(read), 3, 10, 50, 99),
        changed(read, 3, 10, 50, 70, 99),
        random_sequence(100, 99),
        read[:60],
    )
    placed = Placer(sequences, np.arange(3)).place(block_of(*reads))
    here = 401 + 250
    assert placed.start.tolist() == [here, here, here, here, -1, -1, here]
    assert placed.backwards[:4].tolist() == [False, True, False, True]
    assert np.flatnonzero(placed.mismatch[2]).tolist() == [3, 10, 50, 99]
    # In the order of the transcript, the read that was turned begins at its end.
    assert np.flatnonzero(placed.mismatch[3]).tolist() == [0, 49, 89, 96]
    np.testing.assert_array_equal(placed.codes[1], placed.codes[0])


def test_place__a_poor_base_is_no_mismatch(fasta: Path) -> None:
    sequences = read_genes(fasta)
    block = block_of(changed(random_sequence(500, 2)[250:350], 3, 10, 50, 70, 99))
    block.good[0, 50] = False
    placed = Placer(sequences, np.arange(3)).place(block)
    assert placed.start.tolist() == [651]
    assert np.flatnonzero(placed.mismatch[0]).tolist() == [3, 10, 70, 99]


def test_place__what_two_genes_share_places_no_read(fasta: Path) -> None:
    sequences = read_genes(fasta)
    second = random_sequence(500, 2)
    reads = block_of(second[110:190], second[60:160])
    # The third gene is not chosen, and its 31-mers count all the same.
    placed = Placer(sequences, np.array([1])).place(reads)
    assert placed.start.tolist() == [-1, 401 + 60]


def test_place__a_read_across_the_end_is_left_out(fasta: Path) -> None:
    sequences = read_genes(fasta)
    first, second = random_sequence(400, 1), random_sequence(500, 2)
    reads = block_of(first[340:] + "ACGT" * 10, second[:60].rjust(100, "G"))
    assert Placer(sequences, np.arange(3)).place(reads).start.tolist() == [-1, -1]


def test_pair_up__mates_apart_are_taken_back_and_overlap_counts_once(fasta: Path) -> None:
    sequences = read_genes(fasta)
    first, second = random_sequence(400, 1), random_sequence(500, 2)
    placer = Placer(sequences, np.arange(3))
    ones = placer.place(block_of(first[:100], first[:100], first[:100], first[:100]))
    others = placer.place(
        block_of(
            turned(first[60:160]), turned(second[250:350]), first[60:160], random_sequence(100, 9)
        )
    )
    pair_up(ones, others, sequences)
    assert ones.start.tolist() == [0, -1, -1, 0]
    assert others.start.tolist() == [60, -1, -1, -1]
    assert np.flatnonzero(~others.good[0]).tolist() == list(range(40))
