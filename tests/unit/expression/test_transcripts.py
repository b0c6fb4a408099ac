"""Genes of transcripts, from every kind of file in use."""

from __future__ import annotations

import gzip
import tracemalloc

import polars as pl
import pytest

from lotwise.errors import InputError
from lotwise.expression.transcripts import from_headers, read_transcript_map, strip_versions

WANTED = {"ENST01.1": "ENSG01.2", "ENST02.3": "ENSG01.2", "ENST03.1": "ENSG02.1"}
NAMES = {"ENSG01.2": "ABC1", "ENSG02.1": "XYZ2"}


def rows(order: str, separator: str, *, header: str = "", symbol: bool = False) -> str:
    lines = [header] if header else []
    for transcript, gene in WANTED.items():
        cells = [transcript, gene] if order == "tg" else [gene, transcript]
        lines.append(separator.join([*cells, NAMES[gene]] if symbol else cells))
    return "\n".join(lines) + "\n"


def read(tmp_path, text: str, *, transcripts=(), packed=False):
    path = tmp_path / "map"
    path.write_bytes(gzip.compress(text.encode()) if packed else text.encode())
    return read_transcript_map(path, transcripts=transcripts)


def genes(found):
    return dict(zip(found.table["transcript"], found.table["gene"], strict=True))


def gene_names(found):
    named = found.table.filter(pl.col("gene_name") != "")
    return dict(zip(named["gene"], named["gene_name"], strict=True))


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("known", [(), tuple(WANTED)])
@pytest.mark.parametrize("separator", ["\t", ","])
@pytest.mark.parametrize("order", ["tg", "gt"])
@pytest.mark.parametrize("header", ["", "TXNAME,GENEID", "first,second"])
def test_table__either_order_with_and_without_header(  # noqa: PLR0917, a cross of choices
    tmp_path, header, order, separator, known, packed
):
    if header:
        cells = header.split(",")
        header = separator.join(cells if order == "tg" else cells[::-1])
    text = rows(order, separator, header=header)
    assert genes(read(tmp_path, text, transcripts=known, packed=packed)) == WANTED


@pytest.mark.parametrize("order", ["tg", "gt"])
def test_table__gene_names(tmp_path, order):
    header = ["transcript_id", "gene_id"] if order == "tg" else ["gene_id", "transcript_id"]
    text = rows(order, "\t", header="\t".join([*header, "gene_name"]), symbol=True)
    found = read(tmp_path, text)
    assert genes(found) == WANTED
    assert gene_names(found) == NAMES


def test_table__row_names_of_r(tmp_path):
    text = '"","TXNAME","GENEID"\n' + "".join(
        f'"{i}","{t}","{g}"\n' for i, (t, g) in enumerate(WANTED.items(), start=1)
    )
    assert genes(read(tmp_path, text, transcripts=WANTED)) == WANTED
    assert genes(read(tmp_path, text)) == WANTED


def test_table__genes_first_where_transcripts_are_numbered_genes(tmp_path):
    wanted = {"AT1G01.1": "AT1G01", "AT1G01.2": "AT1G01", "AT1G02.1": "AT1G02"}
    text = "".join(f"{gene}\t{transcript}\n" for transcript, gene in wanted.items())
    assert genes(read(tmp_path, text, transcripts=wanted)) == wanted


def test_table__first_row_of_words_is_no_header_if_it_was_quantified(tmp_path):
    text = "alpha\tg\nbeta\tg\n"
    assert genes(read(tmp_path, text, transcripts=["alpha", "beta"])) == {
        "alpha": "g", "beta": "g",
    }  # fmt: skip


def test_table__unknown_genes_are_left_out(tmp_path):
    text = rows("tg", "\t") + "ENST09.1\tNA\nENST08.1\t\n"
    assert genes(read(tmp_path, text)) == WANTED


GTF = """##description: a line of GENCODE
chr1\tHAVANA\tgene\t1\t9\t.\t+\t.\tgene_id "ENSG01.2"; gene_name "ABC1";
chr1\tHAVANA\ttranscript\t1\t9\t.\t+\t.\tgene_id "ENSG01.2"; transcript_id "ENST01.1"; gene_name "ABC1";
chr1\tHAVANA\texon\t1\t9\t.\t+\t.\tgene_id "ENSG01.2"; transcript_id "ENST01.1"; gene_name "ABC1";
chr1\tHAVANA\ttranscript\t1\t9\t.\t+\t.\tgene_id "ENSG01.2"; transcript_id "ENST02.3"; gene_name "ABC1";
chr1\tHAVANA\ttranscript\t1\t9\t.\t+\t.\tgene_id "ENSG02.1"; transcript_id "ENST03.1"; gene_name "XYZ2";
"""  # noqa: E501
ENSEMBL_GTF = """#!genome-build GRCh38
1\thavana\tgene\t1\t9\t.\t+\t.\tgene_id "ENSG01"; gene_version "2"; gene_name "ABC1";
1\thavana\ttranscript\t1\t9\t.\t+\t.\tgene_id "ENSG01"; gene_version "2"; transcript_id "ENST01"; transcript_version "1"; gene_name "ABC1";
1\thavana\texon\t1\t9\t.\t+\t.\tgene_id "ENSG01"; gene_version "2"; transcript_id "ENST02"; transcript_version "3"; gene_name "ABC1";
1\thavana\texon\t1\t9\t.\t+\t.\tgene_id "ENSG02"; gene_version "1"; transcript_id "ENST03"; transcript_version "1"; gene_name "XYZ2";
"""  # noqa: E501
GFF3 = """##gff-version 3
chr1\tHAVANA\tgene\t1\t9\t.\t+\t.\tID=ENSG01.2;gene_id=ENSG01.2;gene_name=ABC1
chr1\tHAVANA\ttranscript\t1\t9\t.\t+\t.\tID=ENST01.1;Parent=ENSG01.2;gene_id=ENSG01.2;transcript_id=ENST01.1;gene_name=ABC1
chr1\tHAVANA\texon\t1\t9\t.\t+\t.\tID=exon:ENST01.1:1;Parent=ENST01.1;gene_id=ENSG01.2;transcript_id=ENST01.1;gene_name=ABC1
chr1\tHAVANA\ttranscript\t1\t9\t.\t+\t.\tID=ENST02.3;Parent=ENSG01.2;gene_id=ENSG01.2;transcript_id=ENST02.3;gene_name=ABC1
chr1\tHAVANA\tgene\t1\t9\t.\t+\t.\tID=ENSG02.1;gene_id=ENSG02.1;gene_name=XYZ2
chr1\tHAVANA\ttranscript\t1\t9\t.\t+\t.\tID=ENST03.1;Parent=ENSG02.1;gene_id=ENSG02.1;transcript_id=ENST03.1;gene_name=XYZ2
"""
FASTA = """>ENST01.1 cdna chromosome:GRCh38:1:1:9:1 gene:ENSG01.2 gene_biotype:x gene_symbol:ABC1 description:next to gene: this
ACGT
>ENST02.3 cdna chromosome:GRCh38:1:1:9:1 gene:ENSG01.2 gene_biotype:x gene_symbol:ABC1
>ENST03.1 ncrna chromosome:GRCh38:1:1:9:1 gene:ENSG02.1 gene_biotype:x gene_symbol:XYZ2
AC
"""  # noqa: E501
GENCODE = """>ENST01.1|ENSG01.2|OTTHUMG1|OTTHUMT1|ABC1-201|ABC1|900|protein_coding|
ACGT
>ENST02.3|ENSG01.2|-|-|ABC1-202|ABC1|800|lncRNA|
>ENST03.1|ENSG02.1|-|-|XYZ2-201|XYZ2|700|lncRNA|
"""


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("text", [GTF, ENSEMBL_GTF, GFF3, FASTA, GENCODE])
def test_annotation__genes_and_names(tmp_path, text, packed):
    found = read(tmp_path, text, packed=packed)
    assert genes(found) == WANTED
    assert gene_names(found) == NAMES


@pytest.mark.parametrize("text", [GTF, GFF3, FASTA])
def test_annotation__is_not_held_in_memory(tmp_path, text):
    """A GTF of 3 million lines took 4 GB when it was unpacked whole."""
    repeated = "ACGT" * 20 if text is FASTA else text.splitlines()[3]
    body = text + f"{repeated}\n" * 100_000
    path = tmp_path / "map.gz"
    path.write_bytes(gzip.compress(body.encode(), 1))
    tracemalloc.start()
    read_transcript_map(path)
    highest = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert highest < 4_000_000 < len(body)


def test_gff3__of_ensembl(tmp_path):
    text = """##gff-version 3
1\tEnsembl\tchromosome\t1\t99\t.\t.\t.\tID=chromosome:1
1\thavana\tmRNA\t1\t9\t.\t+\t.\tID=transcript:ENST01;Parent=gene:ENSG01;transcript_id=ENST01;version=1
1\thavana\texon\t1\t9\t.\t+\t.\tParent=transcript:ENST01;Name=ENSE1;exon_id=ENSE1;version=1
1\thavana\tgene\t1\t9\t.\t+\t.\tID=gene:ENSG01;Name=ABC1;gene_id=ENSG01;version=2
1\thavana\tlnc_RNA\t1\t9\t.\t+\t.\tID=transcript:ENST02;Parent=gene:ENSG01;transcript_id=ENST02;version=3
"""
    found = read(tmp_path, text)
    # The gene may stand after its transcript: GFF3 asks for no order.
    assert genes(found) == {"ENST01.1": "ENSG01", "ENST02.3": "ENSG01"}
    assert gene_names(found) == {"ENSG01": "ABC1"}


@pytest.mark.parametrize(
    "asked",
    [
        ["ENST01.1", "ENST02.3"],  # as the map has them
        ["ENST01", "ENST02"],  # map versioned, quantification not
        ["ENST01.9", "ENST02.4"],  # another version
    ],
)
def test_genes_of__versions_on_either_side(tmp_path, asked):
    found = read(tmp_path, rows("tg", "\t"))
    assert found.genes_of(pl.Series(asked, dtype=pl.String)).to_list() == ["ENSG01.2", "ENSG01.2"]


def test_genes_of__map_without_versions(tmp_path):
    found = read(tmp_path, "ENST01\tENSG01\nENST02\tENSG02\n", transcripts=["ENST01.7"])
    genes = found.genes_of(pl.Series(["ENST02.7", "ENST01.1", "ENST03.1"], dtype=pl.String))
    assert genes.to_list() == ["ENSG02", "ENSG01", None]


def test_genes_of__the_copy_on_y_is_its_own(tmp_path):
    found = read(tmp_path, "ENST01.5\tENSG01.3\nENST01.5_PAR_Y\tENSG01.3_PAR_Y\n")
    asked = pl.Series(["ENST01.5", "ENST01.5_PAR_Y", "ENST01.6_PAR_Y", "ENST01"], dtype=pl.String)
    assert found.genes_of(asked).to_list() == [
        "ENSG01.3", "ENSG01.3_PAR_Y", "ENSG01.3_PAR_Y", "ENSG01.3",
    ]  # fmt: skip


def test_genes_of__a_version_in_another_gene_is_no_guess(tmp_path):
    found = read(tmp_path, "t1.1\tgA\nt1.2\tgB\n")
    assert found.genes_of(pl.Series(["t1.1", "t1.3"], dtype=pl.String)).to_list() == ["gA", None]


def test_from_headers__gencode_names():
    names = pl.Series(
        [line[1:] for line in GENCODE.splitlines() if line[0] == ">"], dtype=pl.String
    )
    found = from_headers(names)
    assert genes(found) == WANTED
    assert genes(from_headers(names.append(pl.Series(["ERCC-00002"])))) == WANTED
    assert from_headers(pl.Series(["ENST01.1", "a|b"], dtype=pl.String)) is None


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("# nothing\n", "contains only comments"),
        (">t1 a sequence\nACGT\n", "contains no gene for any transcript; give a FASTA"),
        ("t1\nt2\n", "row 1: has only one column"),
        ("transcript\tgene\n", "row 2: has a header but no row"),
        ("t1\tg1\nt2\n", "row 2: has 1 cells, but the header has 2"),
        ("t1\tg1\nt2\tg1\nt1\tg2\n", "'t1' belongs to 'g1' and to 'g2'"),
    ],
)
def test_read_transcript_map__refuses(tmp_path, text, words):
    with pytest.raises(InputError, match=words):
        read(tmp_path, text)


def test_read_transcript_map__row_counts_comments(tmp_path):
    with pytest.raises(InputError, match="row 4: has 1 cells"):
        read(tmp_path, "# a comment\nt1\tg1\n\nt2\n")


def test_strip_versions__takes_the_last_number_alone():
    assert strip_versions(pl.Series(["ENST5.2"])).item() == "ENST5"
    assert strip_versions(pl.Series(["NM_000014.6"])).item() == "NM_000014"
    assert strip_versions(pl.Series(["A.b"])).item() == "A.b"
