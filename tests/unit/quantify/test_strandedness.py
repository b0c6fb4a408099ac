import dataclasses

import numpy as np
import pytest

from lotwise.errors import RefusedError
from lotwise.quantify import infer_strandedness, prepare_reference
from lotwise.quantify.strandedness import K, judge_share, load_kmers, sample_kmers


@pytest.fixture
def infer(transcripts, tmp_path):
    def infer(sample):
        cache = tmp_path / "cache"
        prepared = prepare_reference(transcripts, cache=cache)
        return infer_strandedness(sample, transcripts=prepared.transcripts, cache=cache)

    return infer


def spelled(kmer):
    return "".join("ACGT"[(int(kmer) >> 2 * place) & 3] for place in reversed(range(K)))


def test_sample_kmers__are_those_of_the_sequences_and_one_in_sixteen():
    rng = np.random.default_rng(3)
    sequences = ["".join(rng.choice(list("ACGT"), n)) for n in (20_000, 10, 15_000)]
    kmers, rows = sample_kmers(sequences)
    assert set(rows.tolist()) == {0, 2}
    for kmer, row in zip(kmers[:200], rows[:200], strict=True):
        assert spelled(kmer) in sequences[row]
    assert kmers.size / 35_000 == pytest.approx(1 / 16, rel=0.1)


def test_sample_kmers__are_the_same_of_both_strands():
    sequence = "".join(np.random.default_rng(4).choice(list("ACGT"), 5_000))
    reversed_sequence = sequence[::-1].translate(str.maketrans("ACGT", "TGCA"))
    (forward, _), (reverse, _) = sample_kmers([sequence]), sample_kmers([reversed_sequence])
    assert forward.size > 250
    back = {spelled(kmer)[::-1].translate(str.maketrans("ACGT", "TGCA")) for kmer in reverse}
    assert {spelled(kmer) for kmer in forward} == back


def test_sample_kmers__leave_out_other_letters():
    kmers, _ = sample_kmers(["ACGTN" * 500])
    assert kmers.size == 0


def test_load_kmers__same_whatever_the_blocks(transcripts, tmp_path, monkeypatch):
    prepared = prepare_reference(transcripts, cache=tmp_path / "a")
    whole = load_kmers(prepared.transcripts, cache=tmp_path / "a")
    monkeypatch.setattr("lotwise.quantify.strandedness._BLOCK_BASES", 5_000)
    np.testing.assert_array_equal(load_kmers(prepared.transcripts, cache=tmp_path / "b"), whole)


@pytest.mark.parametrize("protocol", ["forward", "reverse", "unstranded"])
@pytest.mark.parametrize("paired", [True, False])
def test_infer_strandedness__finds_what_was_planted(
    make_reads, make_sample, infer, protocol, paired
):
    row = infer(make_sample(*make_reads(strandedness=protocol, paired=paired)))
    assert (row.declared, row.applied, row.finding) == ("auto", protocol, protocol)
    assert row.n_reads == 3_000
    assert row.n_telling / row.n_reads == pytest.approx(0.99, abs=0.01)
    assert row.share_matching == pytest.approx(0.93, abs=0.03)


# One 31-mer in 16 is sampled: the share of reads that hold one, by their length.
SHARE_TELLING = {31: 1 / 16, 36: 0.32, 50: 0.73}


@pytest.mark.parametrize("protocol", ["forward", "unstranded"])
@pytest.mark.parametrize("bases", SHARE_TELLING)
def test_infer_strandedness__share_matching_does_not_depend_on_read_length(
    make_reads, make_sample, infer, protocol, bases
):
    """Error-free reads of transcripts match if they have a sampled k-mer."""
    perfect = {"error_rate": 0, "background": 0, "paired": False, "n_fragments": 20_000}
    reads = make_reads(strandedness=protocol, read_length=bases, **perfect)
    row = infer(make_sample(*reads))
    assert row.n_telling / row.n_reads == pytest.approx(SHARE_TELLING[bases], abs=0.03)
    assert row.share_matching == 1
    assert row.finding == protocol


def test_infer_strandedness__reads_shorter_than_a_kmer_tell_nothing(make_reads, make_sample, infer):
    row = infer(make_sample(*make_reads(read_length=30)))
    assert (row.n_reads, row.n_telling, row.n_matching) == (3_000, 0, 0)
    assert np.isnan(row.share_matching)


@pytest.mark.parametrize(
    ("declared", "protocol"), [("forward", "reverse"), ("reverse", "unstranded")]
)
def test_infer_strandedness__refuses_the_wrong_strand(
    make_reads, make_sample, infer, declared, protocol
):
    sample = make_sample(*make_reads(strandedness=protocol), strandedness=declared)
    with pytest.raises(
        RefusedError, match=f"'S1' is declared {declared}, but its reads are {protocol}"
    ):
        infer(sample)


def test_infer_strandedness__unstranded_may_be_declared_of_any_reads(
    make_reads, make_sample, infer, caplog
):
    sample = make_sample(*make_reads(strandedness="reverse"), strandedness="unstranded")
    row = infer(sample)
    assert (row.applied, row.finding) == ("unstranded", "reverse")
    assert "S1 is declared unstranded, but its reads are reverse" in caplog.text


def test_infer_strandedness__looks_at_every_run(make_reads, make_sample, infer):
    """A second run has the other strand: the first run alone would be conclusive."""
    one, other = (
        make_sample(*make_reads(protocol, strandedness=protocol))
        for protocol in ("forward", "reverse")
    )
    row = infer(dataclasses.replace(one, runs=one.runs + other.runs))
    assert row.n_reads == 6_000
    assert row.sense_share == pytest.approx(0.5, abs=0.02)
    assert row.finding == "unstranded"


def test_infer_strandedness__a_declared_strand_that_reads_do_not_show(
    make_reads, make_sample, infer, caplog
):
    sample = make_sample(*make_reads(n_fragments=60), strandedness="forward")
    assert infer(sample).applied == "forward"
    assert "S1 is declared forward, but its reads are not conclusive" in caplog.text


def test_infer_strandedness__few_reads_do_not_tell(make_reads, make_sample, infer, caplog):
    sample = make_sample(*make_reads(strandedness="reverse", n_fragments=60))
    row = infer(sample)
    assert "the strandedness is undetermined" in caplog.text
    assert (row.applied, row.finding) == ("unstranded", "undetermined")


def test_judge_share__without_evidence_is_undetermined():
    assert judge_share(float("nan"), 0) == "undetermined"
