from collections import Counter

import dnaio
import numpy as np
import pytest

from lotwise.simulate import Library, simulate_transcriptome, write_reads
from lotwise.simulate.transcriptome import reverse_complement


@pytest.fixture(scope="module")
def made():
    return simulate_transcriptome(np.random.default_rng(7), n_genes=20)


def tpm_of(made):
    weights = np.random.default_rng(5).exponential(size=made.n_isoforms)
    return weights / weights.sum() * 1e6


def write(made, prefix, *, seed=11, threads=1, **library):
    return write_reads(
        prefix,
        tpm_of(made),
        transcriptome=made,
        library=Library(**{"n_fragments": 2_000, **library}),
        rng=np.random.default_rng(seed),
        threads=threads,
    )


def turned(sequence):
    return reverse_complement(np.frombuffer(sequence.encode(), dtype=np.uint8)).tobytes().decode()


def mates(paths):
    with dnaio.open(*paths) as pairs:
        return [(first, second) for first, second in pairs]


def isoform_of(made, read):
    return made.isoform_sequence(made.isoform_ids.index(read.name.split()[1]))


def test_write_reads__without_errors_each_pair_spells_its_isoform(made, tmp_path):
    paths = write(made, tmp_path / "s", error_rate=0, background=0, strandedness="forward")
    pairs = mates(paths)
    assert len(pairs) == 2_000
    lengths = []
    for first, second in pairs:
        isoform = isoform_of(made, first)
        begin, end = isoform.index(first.sequence), isoform.index(turned(second.sequence)) + 100
        lengths.append(end - begin)
    assert np.mean(lengths) == pytest.approx(220, abs=4)
    assert np.std(lengths) == pytest.approx(40, abs=4)


@pytest.mark.parametrize(
    ("protocol", "share"), [("forward", 1), ("reverse", 0), ("unstranded", 0.5)]
)
def test_write_reads__first_mate_has_the_protocols_sense(made, tmp_path, protocol, share):
    paths = write(made, tmp_path / "s", error_rate=0, background=0, strandedness=protocol)
    sense = [first.sequence in isoform_of(made, first) for first, _ in mates(paths)]
    assert np.mean(sense) == pytest.approx(share, abs=0.05 if share == 0.5 else 0)


def test_write_reads__fragments_follow_abundance_and_length(made, tmp_path):
    paths = write(made, tmp_path / "s", n_fragments=40_000, background=0)
    drawn = Counter(first.name.split()[1] for first, _ in mates(paths))
    library = Library(n_fragments=1)
    expected = 40_000 * library.fragment_shares(tpm_of(made), made.lengths)
    observed = np.array([drawn[name] for name in made.isoform_ids])
    chi2 = ((observed - expected) ** 2 / expected).sum()
    # The 99.9 % quantile is near n + 3.1 sqrt(2 n).
    assert chi2 < made.n_isoforms + 3.5 * np.sqrt(2 * made.n_isoforms)


def test_write_reads__error_rate_background_and_phred(made, tmp_path):
    paths = write(made, tmp_path / "s", error_rate=0.01, background=0.2, strandedness="forward")
    wrong = background = 0
    for first, _ in mates(paths):
        low = first.qualities.count("-")
        if first.name.split()[1] == "background":
            background += 1
        elif low == 0:
            assert first.sequence in isoform_of(made, first)
        wrong += low
    assert background / 2_000 == pytest.approx(0.2, abs=0.04)
    assert wrong / 200_000 == pytest.approx(0.01, abs=0.001)


def test_write_reads__degraded_rna_lies_at_the_three_prime_end(made, tmp_path):
    def distances(paths):
        found = []
        for first, second in mates(paths):
            isoform = isoform_of(made, first)
            if len(isoform) > 2_000:
                found.append(len(isoform) - isoform.index(turned(second.sequence)) - 100)
        return np.mean(found)

    exact = {"error_rate": 0, "background": 0, "strandedness": "forward"}
    intact = distances(write(made, tmp_path / "a", **exact))
    degraded = distances(write(made, tmp_path / "b", reach=300.0, **exact))
    assert degraded == pytest.approx(300, rel=0.1)
    assert intact > 2 * degraded


def test_write_reads__bytes_depend_on_the_seed_and_not_on_threads(made, tmp_path):
    (tmp_path / "1").mkdir()
    (tmp_path / "3").mkdir()
    (tmp_path / "seed").mkdir()
    one = write(made, tmp_path / "1" / "s", n_fragments=60_000)
    three = write(made, tmp_path / "3" / "s", n_fragments=60_000, threads=3)
    other = write(made, tmp_path / "seed" / "s", n_fragments=60_000, seed=12)
    assert [p.read_bytes() for p in one] == [p.read_bytes() for p in three]
    assert one[0].read_bytes() != other[0].read_bytes()


def test_write_reads__single_reads_are_one_file(made, tmp_path):
    paths = write(made, tmp_path / "s", paired=False)
    assert [path.name for path in paths] == ["s_R1.fastq.gz"]
    with dnaio.open(paths[0]) as reads:
        assert sum(1 for _ in reads) == 2_000
