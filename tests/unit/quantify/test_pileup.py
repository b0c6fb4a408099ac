"""Bases counted at each place."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from lotwise.errors import InputError, RefusedError
from lotwise.quantify.alleles import AlleleCounts, join_pileups
from lotwise.quantify.fastq_blocks import read_blocks
from lotwise.quantify.pileup import Pileup, pile_up
from lotwise.quantify.placement import GeneSequences, Placer, read_genes
from lotwise.samples import Run, Sample

LENGTH = 400
COMPLEMENT = str.maketrans("ACGT", "TGCA")


def random_sequence(n: int, seed: int) -> str:
    """Return random bases."""
    return "".join(np.random.default_rng(seed).choice(list("ACGT"), n))


SEQUENCES = [random_sequence(LENGTH, 1), random_sequence(LENGTH, 2)]


@pytest.fixture
def genes(tmp_path: Path) -> GeneSequences:
    """Return two genes."""
    path = tmp_path / "transcripts.fa"
    path.write_text("".join(f">T{n} gene:G{n}\n{bases}\n" for n, bases in enumerate(SEQUENCES)))
    return read_genes(path)


def sample_of(path: Path, reads: list[str], phred: str = "I") -> Sample:
    """Write reads, and return the sample."""
    path.write_text("".join(f"@r\n{read}\n+\n{phred * len(read)}\n" for read in reads))
    return Sample(sample=path.stem, batch="A", runs=(Run(fastq_1=path),))


def tiled(sequence: str, *, width: int = 100, times: int = 1) -> list[str]:
    """Return reads that begin at every place, on either strand in turn."""
    reads = [sequence[at : at + width] for at in range(len(sequence) - width + 1)]
    turned = [read.translate(COMPLEMENT)[::-1] for read in reads]
    return [read for pair in zip(reads, turned, strict=True) for read in pair] * times


def at(pileup: Pileup, place: int) -> list[int]:
    """Return the bases counted at a place."""
    return pileup.counts[np.searchsorted(pileup.places, place)].tolist()


def test_pile_up__counts_all_but_the_ends_of_reads_and_transcripts(
    tmp_path: Path, genes: GeneSequences
) -> None:
    pileup = pile_up(sample_of(tmp_path / "a.fastq", tiled(SEQUENCES[0])), genes)
    assert (pileup.n_fragments, pileup.n_placed) == (602, 602)
    assert pileup.genes.tolist() == ["G0"]
    # Two reads for each of 88 places that a read covers without its ends.
    assert at(pileup, 200)["ACGT".index(SEQUENCES[0][200])] == 176
    assert at(pileup, 200) == [176 if base == SEQUENCES[0][200] else 0 for base in "ACGT"]
    assert pileup.places[[0, -1]].tolist() == [20, LENGTH - 21]
    assert pileup.reference.tolist() == ["ACGT".index(SEQUENCES[0][p]) for p in pileup.places]


def test_pile_up__more_than_three_reads_of_one_start_are_left_out(
    tmp_path: Path, genes: GeneSequences
) -> None:
    once = pile_up(sample_of(tmp_path / "a.fastq", tiled(SEQUENCES[1])), genes)
    often = pile_up(sample_of(tmp_path / "b.fastq", tiled(SEQUENCES[1], times=9)), genes)
    np.testing.assert_array_equal(often.counts, 3 * once.counts)
    assert once.places[0] == LENGTH + 1 + 20


def test_pile_up__poor_bases_are_not_counted(tmp_path: Path, genes: GeneSequences) -> None:
    pileup = pile_up(sample_of(tmp_path / "a.fastq", tiled(SEQUENCES[0]), phred="4"), genes)
    assert pileup.places.size == 0


def test_pile_up__a_variant_is_counted_with_the_other_mismatches_of_its_reads(
    tmp_path: Path, genes: GeneSequences
) -> None:
    letters = list(SEQUENCES[0])
    for place in (200, 240):
        letters[place] = "A" if letters[place] != "A" else "C"
    pileup = pile_up(sample_of(tmp_path / "a.fastq", tiled("".join(letters))), genes)
    assert at(pileup, 200) == [176 if base == letters[200] else 0 for base in "ACGT"]
    # Of the reads counted at 200, those that reach to 240 differ there too.
    place = np.searchsorted(pileup.places, 200)
    assert pileup.other_mismatches[place] == round(10 * 54 / 88)


def test_pile_up__reads_of_all_lengths_are_counted_base_by_base(
    tmp_path: Path, genes: GeneSequences
) -> None:
    """The same reads, counted one base after another."""
    rng = np.random.default_rng(5)
    counts = np.zeros((LENGTH, 4), dtype=int)
    records = []
    for begin in rng.permutation(LENGTH - 31).tolist():
        read = list(SEQUENCES[0][begin : begin + int(rng.integers(31, 130))])
        for place in rng.choice(len(read), 2, replace=False).tolist():
            read[place] = str(rng.choice(list("ACGTN")))
        poor = rng.random(len(read)) < 0.1
        if not any(set("".join(read)[at : at + 31]) == set("ACGT") for at in range(len(read))):
            continue
        phred = ["4" if one else "I" for one in poor]
        backwards = bool(rng.random() < 0.5)
        spelled = "".join(read).translate(COMPLEMENT)[::-1] if backwards else "".join(read)
        records.append((begin, read, poor, spelled, "".join(phred[::-1] if backwards else phred)))
    path = tmp_path / "a.fastq"
    path.write_text("".join(f"@r\n{read}\n+\n{phred}\n" for *_, read, phred in records))
    # Not every read is placed: by which of its 31-mers is no matter of counting.
    sample = Sample(sample="a", batch="A", runs=(Run(fastq_1=path),))
    placer = Placer(genes, np.array([0]))
    blocks = read_blocks(sample.runs[0], share=1.0, rng=rng)
    placed = np.concatenate([placer.place(mates[0]).start >= 0 for mates in blocks])
    assert placed.mean() > 0.7
    for (begin, read, poor, *_), is_placed in zip(records, placed, strict=True):
        end = len("".join(read).rstrip("N"))
        for at_read in range(6, end - 6 if is_placed else 0):
            if not poor[at_read] and read[at_read] != "N":
                counts[begin + at_read, "ACGT".index(read[at_read])] += 1
    pileup = pile_up(sample, genes)
    assert pileup.places.size > LENGTH / 2
    assert pileup.counts.tolist() == counts[pileup.places].tolist()


def test_pile_up__a_subsample_depends_on_the_seed_alone(
    tmp_path: Path, genes: GeneSequences
) -> None:
    sample = sample_of(tmp_path / "a.fastq", tiled(SEQUENCES[0], times=3))
    some = pile_up(sample, genes, n_fragments=900, seed=3)
    assert 750 < some.n_fragments < 1_050
    again = pile_up(sample, genes, n_fragments=900, seed=3)
    np.testing.assert_array_equal(some.counts, again.counts)
    assert pile_up(sample, genes, n_fragments=900, seed=4).n_fragments != some.n_fragments


def test_pile_up__a_sample_without_reads_is_refused(genes: GeneSequences) -> None:
    with pytest.raises(RefusedError, match=r"sample 'S' has no reads"):
        pile_up(Sample(sample="S", batch="A"), genes)


def test_save__is_read_back(tmp_path: Path, genes: GeneSequences) -> None:
    pileup = pile_up(sample_of(tmp_path / "a.fastq", tiled(SEQUENCES[0])), genes)
    pileup.save(tmp_path / "a.npz")
    loaded = Pileup.load(tmp_path / "a.npz")
    for name in Pileup.__dataclass_fields__:
        np.testing.assert_array_equal(getattr(loaded, name), getattr(pileup, name))
    (tmp_path / "b.npz").write_bytes(b"nothing")
    with pytest.raises(InputError, match=r"b\.npz: cannot be read as counted bases"):
        Pileup.load(tmp_path / "b.npz")


def test_join_pileups__sites_and_coverage_of_all_samples(
    tmp_path: Path, genes: GeneSequences
) -> None:
    letters = list(SEQUENCES[0])
    letters[200] = "A" if letters[200] != "A" else "C"
    reads = {
        "one": tiled(SEQUENCES[0]) + tiled(SEQUENCES[1]),
        "two": tiled("".join(letters)),
    }
    files = {}
    for name, some in reads.items():
        files[name] = tmp_path / f"{name}.npz"
        pile_up(sample_of(tmp_path / f"{name}.fastq", some), genes).save(files[name])
    joined = join_pileups(files, min_depth=15)
    assert joined.samples == ("one", "two")
    assert joined.genes == ("G0", "G1")
    assert joined.site_places.tolist() == [200]
    assert joined.site_genes.tolist() == [0]
    reference, variant = (
        [176 if base == letter else 0 for base in "ACGT"]
        for letter in (SEQUENCES[0][200], letters[200])
    )
    assert joined.counts[:, 0].tolist() == [reference, variant]
    ends = joined.gene_ends.tolist()
    assert joined.coverage(0, ends[0]).all()
    assert joined.coverage(ends[0], ends[1]).any(axis=1).tolist() == [True, False]
    joined.save(tmp_path / "alleles.npz")
    loaded = AlleleCounts.load(tmp_path / "alleles.npz")
    assert (loaded.samples, loaded.genes, loaded.min_depth) == (joined.samples, joined.genes, 15)
    np.testing.assert_array_equal(loaded.counts, joined.counts)
    np.testing.assert_array_equal(loaded.covered, joined.covered)


def test_join_pileups__other_transcripts_are_refused(tmp_path: Path, genes: GeneSequences) -> None:
    first = pile_up(sample_of(tmp_path / "a.fastq", tiled(SEQUENCES[0])), genes)
    first.save(tmp_path / "a.npz")
    (tmp_path / "other.fa").write_text(f">T0 gene:G0\n{SEQUENCES[0]}\n")
    other = read_genes(tmp_path / "other.fa")
    pile_up(sample_of(tmp_path / "b.fastq", tiled(SEQUENCES[0])), other).save(tmp_path / "b.npz")
    files = {name: tmp_path / f"{name}.npz" for name in "ab"}
    with pytest.raises(InputError, match=r"b\.npz: was counted with different transcripts"):
        join_pileups(files, min_depth=15)
    with pytest.raises(InputError, match=r"'min_depth' must be >= 10, got 9"):
        join_pileups(files, min_depth=9)
