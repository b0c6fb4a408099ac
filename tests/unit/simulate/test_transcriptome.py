import numpy as np
import pytest

from lotwise.errors import InputError
from lotwise.simulate import simulate_transcriptome
from lotwise.simulate.annotation import write_gtf, write_transcripts
from lotwise.simulate.transcriptome import reverse_complement


@pytest.fixture(scope="module")
def made():
    return simulate_transcriptome(np.random.default_rng(7), n_genes=300)


def test_simulate_transcriptome__isoforms_of_a_gene_differ_and_share_exons(made):
    seen = {}
    for gene, exons in zip(made.gene_index.tolist(), made.exons, strict=True):
        seen.setdefault(gene, []).append({tuple(exon) for exon in exons.tolist()})
    several = [isoforms for isoforms in seen.values() if len(isoforms) > 1]
    assert len(several) > 150
    for isoforms in several:
        assert len({frozenset(exons) for exons in isoforms}) == len(isoforms)
        assert all(exons <= isoforms[0] for exons in isoforms)


def test_simulate_transcriptome__lengths_are_those_of_transcripts(made):
    assert made.lengths.min() >= 300
    assert 800 < np.median(made.lengths) < 3_000


def test_simulate_transcriptome__spelling_is_that_of_the_exons(made):
    for isoform in (0, 50, made.n_isoforms - 1):
        spliced = np.concatenate([made.genome[start:end] for start, end in made.exons[isoform]])
        if not made.forward[made.gene_index[isoform]]:
            spliced = reverse_complement(spliced)
        assert made.isoform_sequence(isoform) == spliced.tobytes().decode()


def test_simulate_transcriptome__same_seed_same_transcriptome(made):
    again = simulate_transcriptome(np.random.default_rng(7), n_genes=300)
    other = simulate_transcriptome(np.random.default_rng(8), n_genes=300)
    assert np.array_equal(again.sequence, made.sequence)
    assert not np.array_equal(other.offsets, made.offsets)


def test_simulate_transcriptome__refuses_no_genes():
    with pytest.raises(InputError, match="n_genes must be >= 1, got 0"):
        simulate_transcriptome(np.random.default_rng(1), n_genes=0)


def test_write_transcripts__headers_as_ensembl_writes_them(made, tmp_path):
    write_transcripts(made, tmp_path / "t.fa")
    lines = (tmp_path / "t.fa").read_text().splitlines()
    headers = [line.split() for line in lines if line.startswith(">")]
    assert len(headers) == made.n_isoforms
    assert headers[0][0] == ">LWT00000000001"
    assert "gene:LWG00000000001" in headers[0]
    assert "gene_symbol:ENG" in headers[0]
    sequence = "".join(lines[1 : lines.index(next(x for x in lines[1:] if x[0] == ">"))])
    assert sequence == made.isoform_sequence(0)


def test_write_gtf__exons_sum_to_the_isoforms_length(made, tmp_path):
    write_gtf(made, tmp_path / "g.gtf")
    lengths = dict.fromkeys(made.isoform_ids, 0)
    for line in (tmp_path / "g.gtf").read_text().splitlines():
        _, _, kind, start, end, _, _, _, attributes = line.split("\t")
        if kind == "exon":
            name = attributes.split('transcript_id "')[1].split('"')[0]
            lengths[name] += int(end) - int(start) + 1
    assert list(lengths.values()) == made.lengths.tolist()
