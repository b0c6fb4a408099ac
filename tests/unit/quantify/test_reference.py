import gzip

import pytest

from lotwise.errors import InputError
from lotwise.quantify import prepare_reference
from lotwise.quantify.reference import gene_of, short_name


def prepare(tmp_path, text, *, name="t.fa"):
    path = tmp_path / name
    path.write_bytes(gzip.compress(text.encode()) if name.endswith(".gz") else text.encode())
    return prepare_reference(path, cache=tmp_path / "cache")


@pytest.mark.parametrize("name", ["t.fa", "t.fa.gz", "named_plainly"])
def test_prepare_reference__ensembl_headers(tmp_path, name):
    made = prepare(
        tmp_path, ">T1.2 cdna gene:G1.1 x\nacgt\nAC\n>T2.1 cdna gene:G1.1\nGGG\n", name=name
    )
    assert made.transcripts.read_text() == ">T1.2\nACGTAC\n>T2.1\nGGG\n"
    assert made.tx2gene.read_text() == "T1.2\tG1.1\nT2.1\tG1.1\n"
    assert made.n_transcripts == 2


def test_prepare_reference__without_genes_there_is_no_map(tmp_path):
    assert prepare(tmp_path, ">T1\nA\n>NM_1\nC\n").tx2gene is None


def test_prepare_reference__a_spike_in_is_its_own_gene(tmp_path):
    made = prepare(tmp_path, ">T1 gene:G1\nA\n>ERCC-00002\nC\n")
    assert made.tx2gene.read_text() == "T1\tG1\nERCC-00002\tERCC-00002\n"


def test_prepare_reference__identical_sequences_are_kept_and_listed(tmp_path, caplog):
    caplog.set_level("INFO")
    made = prepare(tmp_path, ">a\nACGT\n>b\nAC\n>c\nacgt\n>d\nACGT\n")
    assert made.n_transcripts == 4
    assert made.identical.read_text().splitlines()[1:] == ["c\ta", "d\ta"]
    assert (
        "2 transcripts repeat the sequence of an earlier transcript; they are listed in "
        f"{made.identical}" in caplog.text
    )


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (">a x\nACGT\n>b\nA\n>a y\nGG\n", "record 3 has the same name 'a' as record 1"),
        (">a|G\nACGT\n>a|H\nA\n", "record 2 has the same name 'a' as record 1"),
        (">a\nACGT\n>b\n>c\nA\n", r"record 2 \(b\) has no sequence"),
        (">a\nAC-T\n", r"record 1 \(a\) has no sequence, or its sequence contains char"),
        ("> \nACGT\n", "record 1 has no name"),
        ("", "contains no transcripts"),
        ("ACGT\n", "is not FASTA"),
    ],
)
def test_prepare_reference__refuses(tmp_path, text, words):
    with pytest.raises(InputError, match=words):
        prepare(tmp_path, text)


def test_prepare_reference__refuses_truncated_gzip(tmp_path):
    packed = gzip.compress(b">a\n" + b"ACGT" * 10_000)
    (tmp_path / "t.fa.gz").write_bytes(packed[:-10])
    with pytest.raises(InputError, match="cannot be read to its end"):
        prepare_reference(tmp_path / "t.fa.gz", cache=tmp_path / "cache")
    assert not list((tmp_path / "cache").glob("reference-*/"))


def test_prepare_reference__changed_content_is_prepared_anew(tmp_path):
    first = prepare(tmp_path, ">a\nACGT\n")
    second = prepare(tmp_path, ">a\nACGA\n")
    assert first.directory != second.directory


def test_gene_of__gencode():
    header = "ENST1.2|ENSG5.5|OTT|OTT|X-1|DDX11L1|1657|processed_transcript|"
    assert (short_name(header), gene_of(header)) == ("ENST1.2", "ENSG5.5")
