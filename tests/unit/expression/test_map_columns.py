"""The gene column of a map is found by header and content, whatever other columns there are."""

from __future__ import annotations

import csv
import re

import polars as pl
import pytest

from lotwise.errors import InputError, LotwiseWarning
from lotwise.expression import read_transcript_map

N = 24
TX = [f"ENST{i:011d}.{i % 3 + 1}" for i in range(N)]
GENE = [f"ENSG{i // 2:011d}.4" for i in range(N)]
SYMBOL = [f"SYM{i // 2}" for i in range(N)]
PLAIN_TX, PLAIN_GENE = ([name.partition(".")[0] for name in names] for names in (TX, GENE))
ENTREZ = [str(1000 + i // 2) for i in range(N)]
BIOTYPE = ["protein_coding" if i % 3 else "lncRNA" for i in range(N)]
CHROMOSOME = [f"chr{i // 8 + 1}" for i in range(N)]
NUMBER = [str(17 * i) for i in range(N)]
ROW = [str(i + 1) for i in range(N)]
TX_NAME = [f"SYM{i // 2}-20{i % 2 + 1}" for i in range(N)]
NM = [f"NM_{i:06d}.2" for i in range(N)]

# What writes such a table: header (None without one), columns, the gene column, the symbols.
SHAPES = {
    "BioMart, versions first": (
        ["Transcript stable ID version", "Transcript stable ID", "Gene stable ID", "Gene name"],
        [TX, PLAIN_TX, PLAIN_GENE, SYMBOL], PLAIN_GENE, SYMBOL),
    "BioMart, type before the gene": (
        ["Transcript stable ID version", "Transcript type", "Gene stable ID"],
        [TX, BIOTYPE, PLAIN_GENE], PLAIN_GENE, None),
    "BioMart, gene with and without version": (
        ["Gene stable ID", "Gene stable ID version", "Transcript stable ID version"],
        [PLAIN_GENE, GENE, TX], PLAIN_GENE, None),
    "BioMart, NCBI gene and positions": (
        ["Transcript stable ID version", "NCBI gene (formerly Entrezgene) ID", "Gene start (bp)",
         "Chromosome/scaffold name", "Strand", "Gene stable ID version", "Gene name"],
        [TX, ENTREZ, NUMBER, CHROMOSOME, ["1"] * N, GENE, SYMBOL], GENE, SYMBOL),
    "BioMart, orthologue": (
        ["Transcript stable ID version", "Mouse gene stable ID", "Gene stable ID"],
        [TX, [g.replace("ENSG", "ENSMUSG") for g in PLAIN_GENE], PLAIN_GENE], PLAIN_GENE, None),
    "biomaRt in R": (
        ["", "ensembl_transcript_id_version", "ensembl_gene_id_version", "external_gene_name"],
        [ROW, TX, GENE, SYMBOL], GENE, SYMBOL),
    "tximport": (["TXNAME", "GENEID"], [TX, GENE], GENE, None),
    "tximeta": (["tx_id", "gene_id", "tx_name"], [ROW, GENE, TX], GENE, None),
    "V1, V2 of R": (["", "V1", "V2"], [ROW, TX, GENE], GENE, None),
    "pandas": (["Unnamed: 0", "gene_name", "gene_id", "transcript_id"],
               [ROW, SYMBOL, GENE, TX], GENE, SYMBOL),
    "kb ref": (None, [TX, GENE, SYMBOL, TX_NAME, CHROMOSOME, NUMBER, NUMBER, ["+"] * N],
               GENE, SYMBOL),
    "nf-core, old": (None, [TX, GENE, SYMBOL], GENE, SYMBOL),
    "nf-core": (["transcript_id", "gene_id", "gene_name"], [TX, GENE, SYMBOL], GENE, SYMBOL),
    "alevin": (None, [TX, GENE], GENE, None),
    "chromosome first": (["tx_id", "chrom", "geneid_x"], [TX, CHROMOSOME, GENE], GENE, None),
    "GENCODE metadata, HGNC": (
        None, [TX, SYMBOL, [f"HGNC:{i // 2}" for i in range(N)]],
        [f"HGNC:{i // 2}" for i in range(N)], SYMBOL),
    "GENCODE metadata, Entrez": (None, [TX, ENTREZ], ENTREZ, None),
    "sleuth": (["target_id", "ens_gene", "ext_gene"], [TX, GENE, SYMBOL], GENE, SYMBOL),
    "symbols alone": (["transcript", "biotype", "symbol"], [TX, BIOTYPE, SYMBOL], SYMBOL, SYMBOL),
    "UCSC refFlat": (None, [SYMBOL, NM, CHROMOSOME, ["+"] * N, NUMBER, NUMBER], SYMBOL, None),
    "UCSC kgXref": (["#kgID", "mRNA", "geneSymbol", "refseq"], [TX, NM, SYMBOL, NM],
                    SYMBOL, SYMBOL),
    "StringTie merge": (
        None, [[f"MSTRG.{i // 2}.{i % 2 + 1}" for i in range(N)],
               [f"MSTRG.{i // 2}" for i in range(N)]], [f"MSTRG.{i // 2}" for i in range(N)], None),
    "lengths before the gene": (
        ["transcript", "length", "gene"], [TX, NUMBER, SYMBOL], SYMBOL, None),
}  # fmt: skip


def write(tmp_path, header, columns, separator="\t"):
    rows = [header] if header else []
    rows += list(zip(*columns, strict=True))
    path = tmp_path / "map"
    path.write_text("\n".join(separator.join(row) for row in rows) + "\n")
    return path


@pytest.mark.parametrize("separator", ["\t", ","])
@pytest.mark.parametrize("is_known", [True, False])
@pytest.mark.parametrize("shape", SHAPES)
def test_read_transcript_map__finds_the_gene(tmp_path, shape, is_known, separator):
    header, columns, genes, symbols = SHAPES[shape]
    transcripts = next((column for column in columns if column in (TX, NM)), columns[0])
    path = write(tmp_path, header, columns, separator)
    found = read_transcript_map(path, transcripts=transcripts if is_known else ())
    asked = pl.Series(transcripts, dtype=pl.String)
    assert found.genes_of(asked).to_list() == genes
    if symbols is not None and genes != symbols:
        assert found.gene_names_of(pl.Series(genes, dtype=pl.String)).to_list() == symbols


def test_read_transcript_map__quoted_cells_with_commas(tmp_path):
    path = tmp_path / "map.csv"
    lines = [f'"{t}","aldolase A, x","{g}"' for t, g in zip(TX, GENE, strict=True)]
    path.write_text('"transcript_id","description","gene_id"\n' + "\n".join(lines) + "\n")
    assert read_transcript_map(path).genes_of(pl.Series(TX)).to_list() == GENE


@pytest.mark.parametrize(
    ("header", "words"),
    [
        (None, "two columns could contain the gene: column 2 (a0) and column 3 (b0)"),
        (
            ["transcript", "first", "second"],
            "two columns could contain the gene: 'first' (a0) and 'sec",
        ),
    ],
)
def test_read_transcript_map__two_that_could_be_the_gene_are_named(tmp_path, header, words):
    first = [f"a{i // 2}" for i in range(N)]
    second = [f"b{i // 3}" for i in range(N)]
    path = write(tmp_path, header, [TX, first, second])
    with pytest.raises(InputError, match=re.escape(words)):
        read_transcript_map(path, transcripts=TX)


def test_read_transcript_map__no_gene_among_several_columns(tmp_path):
    path = write(tmp_path, ["transcript", "biotype", "length"], [TX, BIOTYPE, NUMBER])
    with pytest.raises(
        InputError, match=r"no column seems to contain the gene .* rename the column of"
    ):
        read_transcript_map(path, transcripts=TX)


UCSC = "".join(f'chr1\tx\texon\t1\t9\t.\t+\t.\tgene_id "{t}"; transcript_id "{t}";\n' for t in TX)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (UCSC, "exactly one transcript .* each gene_id equals its transcript_id"),
        ("".join(f"{t}\t{t}\n" for t in TX), "exactly one transcript"),
        ("".join(f"{t}\t{t}_gene\n" for t in TX), "exactly one transcript"),
    ],
)
def test_read_transcript_map__says_that_genes_repeat_transcripts(tmp_path, text, words):
    path = tmp_path / "map"
    path.write_text(text)
    with pytest.warns(LotwiseWarning, match=words):
        read_transcript_map(path, transcripts=TX)


@pytest.mark.parametrize(
    ("asked", "held", "is_found"),
    [
        ("ENST00000200000.1_2", "ENST00000200000", True),  # lifted to GRCh37
        ("ENST00000200000.1", "ENST00000200000.7", True),
        ("NM_000014.6", "NM_000014.5", True),
        ("AC004980.1", "AC004980.5", False),  # two clones
        ("NKX2.1", "NKX2.5", False),
        ("MSTRG.2", "MSTRG.1", False),
        ("gi|5|ref|NM_000014.6|", "NM_000014", True),
        ("gi|5|ref|NM_000014.6|", "gi|5|ref|NM_000014.6|", True),
        ("transcript:ENST00000200000", "ENST00000200000.3", True),
        ("rna-NM_000014.6", "NM_000014.6", True),
        ("evm|model|chr0|1", "evm|model|chr0|2", False),
        ("ENST00000200000.1_PAR_Y", "ENST00000200000.1", False),
        ("uc001aaa.3", "uc001aaa.2", False),
    ],
)
def test_genes_of__what_is_a_version(tmp_path, asked, held, is_found):
    path = tmp_path / "map"
    path.write_text(f"{held}\tgeneA\nother_tx\tgeneB\nother_ty\tgeneB\n")
    found = read_transcript_map(path)
    assert found.genes_of(pl.Series([asked])).to_list() == ["geneA" if is_found else None]


@pytest.mark.parametrize("separator", ["\t", ","])
def test_read_transcript_map__cells_that_are_quoted_in_some_rows_only(tmp_path, separator):
    path = tmp_path / "map"
    with path.open("w", newline="") as text:
        writer = csv.writer(text, delimiter=separator, lineterminator="\n")
        genes = [f'odd "{i // 2}", name' if i > 9 else f"g{i // 2}" for i in range(N)]
        writer.writerows([("transcript", "gene"), *zip(TX, genes, strict=True)])
    assert read_transcript_map(path).genes_of(pl.Series(TX)).to_list() == genes


def test_read_transcript_map__a_quotation_mark_that_is_part_of_a_name(tmp_path):
    genes = [f'"5{i // 2}' if i in {6, 14} else f"g{i // 2}" for i in range(N)]
    path = write(tmp_path, ["transcript", "gene"], [TX, genes])
    assert read_transcript_map(path).genes_of(pl.Series(TX)).to_list() == genes
