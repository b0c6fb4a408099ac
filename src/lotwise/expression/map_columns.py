"""Recognition of the columns of transcripts, genes and symbols in a table.

Headers are judged by their words (BioMart, tximport, kb, nf-core, R, pandas), columns by their
content; the position of a column is not used.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from enum import IntEnum
from pathlib import Path
from typing import Final, NamedTuple

import polars as pl

from lotwise.errors import InputError
from lotwise.expression.identifiers import share_like, strip_versions

_TRANSCRIPT_HEADER: Final = re.compile(
    r"(tx|txname|txid|transcript|transcripts|transcriptid|transcriptname|transcriptstableid|"
    r"transcriptstableidversion|transcriptidversion|targetid|enst|ensembltranscriptid|"
    r"ensembltranscriptidversion|isoform|isoformid|refseq|refseqid|refseqmrna|refseqmrnaid|"
    r"enstranscript|ucscid|accession)"
)
_GENE_HEADER: Final = re.compile(
    r"(gene|genes|geneid|geneids|genestableid|genestableidversion|geneidversion|ensg|ensembl|"
    r"ensemblid|ensemblgene|ensemblgeneid|ensemblgeneidversion|ensgene|locus|locusid|entrez|"
    r"entrezid|entrezgene|entrezgeneid|ncbigeneid|ncbigeneformerlyentrezgeneid)"
)
_SYMBOL_HEADER: Final = re.compile(
    r"(genename|genesymbol|symbol|symbols|hgncsymbol|mgisymbol|rgdsymbol|externalgenename|extgene|"
    r"associatedgenename|name2|hgnc|genesymbolhgnc|approvedsymbol)"
)
# Not the gene, although it is in tables of transcripts and genes.
_OTHER_HEADER: Final = re.compile(
    r"type|biotype|class|chrom|seqname|strand|start|end|length|descri|version$|protein|uniprot|"
    r"paralog|ortholog|synonym|source|status|support|level|tsl|appris|ccds|go|exon|count|karyotype|"
    r"band|gccontent|percent|prev|alias|transcript|hgncid|mane"
)
_BIOTYPE: Final = re.compile(
    r"(protein_coding|lncRNA|lincRNA|miRNA|snRNA|snoRNA|rRNA|scaRNA|antisense|TEC|misc_RNA|"
    r"retained_intron|nonsense_mediated_decay|non_stop_decay|.*pseudogene|.*_RNA|mRNA|"
    r"processed_transcript|[IT][GR]_[A-Z]_gene|artifact|ribozyme|coding|noncoding|cmpl|incmpl|"
    r"unk|none|true|false|yes|no|Homo sapiens|Mus musculus|ensembl|havana|ensembl_havana)"
)
_CHROMOSOME: Final = re.compile(r"(chr\w+|[1-9]\d?|X|Y|M|MT|(GL|KI|CHR_)[\w.]+)")
_STRAND: Final = re.compile(r"[-+.*]|1|-1")
NOTHING: Final = ("", "NA", "NaN", "nan", "None", "<NA>", "-", ".", "n/a")
# Columns with fewer distinct values than this fraction of the rows are classes, not genes.
_CLASSES: Final = 0.01
_FEW: Final = 1000
_MOST: Final = 0.5


class MapColumns(NamedTuple):
    """Positions of the transcripts, their genes, and the symbols in a table."""

    transcript: int
    gene: int
    gene_name: int | None


class _Rank(IntEnum):
    """Strength of the evidence that a column is the gene; the highest rank present is used."""

    NOT = 0
    UNIQUE_WORD = 1  # one value per transcript, otherwise unknown
    WORD = 2  # the same value for several transcripts
    NAMED_SYMBOL = 3  # the header says gene name
    NAMED_GENE = 4  # the header says gene
    LOOKS_STABLE = 5  # contains stable identifiers of genes
    STABLE = 6  # both


_RANK_OF_HEADER: Final = {"gene": _Rank.NAMED_GENE, "symbol": _Rank.NAMED_SYMBOL}


def is_header(first: Sequence[str]) -> bool:
    """Return whether the first row of a table contains column names."""
    cells = pl.Series(first, dtype=pl.String)
    if share_like(cells, "isoform") or share_like(cells, "gene"):
        return False
    if any(kind_of_header(cell) in {"transcript", "gene", "symbol"} for cell in first):
        return True
    return not any(re.search(r"\d", cell) for cell in first)


def find_columns(
    path: Path, header: Sequence[str] | None, table: pl.DataFrame, transcript: int
) -> MapColumns:
    """Return the columns of the gene of each transcript and its symbol.

    Parameters
    ----------
    path
        The file, for messages.
    header
        Names of the columns, None if there are none.
    table
        Every column as text.
    transcript
        Index of the column of transcripts.

    Raises
    ------
    InputError
        No column can be the gene, or several can.
    """
    names = header or [""] * table.width
    ranks = {
        at: _rank(names[at], table.to_series(at)) for at in range(table.width) if at != transcript
    }
    best = max(ranks.values())
    if best == _Rank.NOT and len(ranks) == 1:
        [gene] = ranks  # in a table of two columns there is no choice
        return MapColumns(transcript, gene, None)
    if best == _Rank.NOT:
        raise InputError(
            "no column seems to contain the gene of each transcript; the columns are "
            f"{_list(names, table)}",
            path=path,
            row=1,
            remedy="rename the column of the genes to 'gene_id'",
        )
    candidates = [at for at, rank in ranks.items() if rank == best]
    gene = candidates[0]
    for other in candidates[1:]:
        if not _are_same_genes(table.to_series(gene), table.to_series(other)):
            raise InputError(
                f"two columns could contain the gene: {_name(names, table, gene)} and "
                f"{_name(names, table, other)}",
                path=path,
                row=1,
                remedy="rename the correct column to 'gene_id', or remove the other column",
            )
    return MapColumns(transcript, gene, _symbols(names, table, gene, ranks))


def transcript_column(
    header: Sequence[str] | None, table: pl.DataFrame, candidates: Sequence[int] | None = None
) -> int:
    """Return the transcripts' column without a quantification: by header, content, uniqueness.

    ``candidates`` are the columns to choose from; by default all.
    """
    columns = range(table.width) if candidates is None else candidates
    if len(columns) == 1:
        return columns[0]
    n_distinct = {at: table.to_series(at).n_unique() for at in columns}

    def key(at: int) -> tuple[bool, bool, bool, int, int]:
        kind = kind_of_header(header[at]) if header else ""
        named, gene = kind == "transcript", kind in {"gene", "symbol"}
        values = _known(table.to_series(at))
        like = share_like(values, "isoform") > _MOST
        return (
            like,
            named and not gene,
            not _is_numeric(values) and not gene,
            n_distinct[at],
            -at,
        )

    return max(columns, key=key)


def count_hits(table: pl.DataFrame, names: pl.Series) -> list[int]:
    """Return how many cells of each column are among ``names``."""
    return [int(column.is_in(names.implode()).sum()) for column in table]


def kind_of_header(cell: str) -> str:
    """Return the meaning of a header: transcript, gene, symbol, other, or nothing."""
    plain = re.sub(r"[^a-z0-9]", "", cell.lower())
    for kind, pattern in (
        ("transcript", _TRANSCRIPT_HEADER),
        ("symbol", _SYMBOL_HEADER),
        ("gene", _GENE_HEADER),
    ):
        if pattern.fullmatch(plain):
            return kind
    return "other" if plain and _OTHER_HEADER.search(plain) else ""


def _rank(name: str, column: pl.Series) -> _Rank:
    kind = kind_of_header(name)
    values = _known(column)
    if kind in {"other", "transcript"} or share_like(values, "isoform") > _MOST:
        return _Rank.NOT
    if share_like(values, "gene") > _MOST:
        return _Rank.STABLE if kind == "gene" else _Rank.LOOKS_STABLE
    if kind in _RANK_OF_HEADER and len(values):
        return _RANK_OF_HEADER[kind]
    if _is_numeric(values) or _are_classes(values):
        return _Rank.NOT
    return _Rank.WORD if values.n_unique() < len(values) else _Rank.UNIQUE_WORD


def _known(column: pl.Series) -> pl.Series:
    return column.filter(~column.is_in(NOTHING))


def _is_numeric(values: pl.Series) -> bool:
    return bool(values.str.contains(r"^[-+\d.,eE]*\d[-+\d.,eE]*$").all())


def _are_classes(values: pl.Series) -> bool:
    """Return whether values are chromosomes, strands, biotypes or other classes of transcripts."""
    distinct = values.unique()
    if len(distinct) <= _CLASSES * len(values):
        return True
    words = distinct.to_list()[:_FEW]
    return any(
        all(pattern.fullmatch(word) for word in words)
        for pattern in (_BIOTYPE, _CHROMOSOME, _STRAND)
    )


def _are_same_genes(first: pl.Series, second: pl.Series) -> bool:
    """Return whether two columns group transcripts into the same genes, with different names."""
    plain = pl.DataFrame({"first": strip_versions(first), "second": strip_versions(second)})
    n_pairs = plain.n_unique()
    return n_pairs == plain["first"].n_unique() == plain["second"].n_unique()


def _symbols(
    names: Sequence[str],
    table: pl.DataFrame,
    gene: int,
    ranks: dict[int, _Rank],
) -> int | None:
    """Return the column of symbols: by name, or the only text column that matches the genes."""
    others = [at for at in ranks if at != gene]
    named = [at for at in others if kind_of_header(names[at]) == "symbol"]
    if named:
        return named[0]
    if ranks[gene] < _Rank.LOOKS_STABLE:
        return None
    for at in others:
        if ranks[at] not in {_Rank.WORD, _Rank.UNIQUE_WORD, _Rank.NAMED_GENE}:
            continue
        if _is_numeric(_known(table.to_series(at))):
            continue
        pairs = table.select(table.to_series(gene).alias("gene"), table.to_series(at).alias("name"))
        if pairs.n_unique() == pairs["gene"].n_unique():
            return at
    return None


def _name(names: Sequence[str], table: pl.DataFrame, at: int) -> str:
    example = table.to_series(at)[0]
    return f"{names[at]!r} ({example})" if names[at] else f"column {at + 1} ({example})"


def _list(names: Sequence[str], table: pl.DataFrame) -> str:
    return ", ".join(_name(names, table, at) for at in itertools.islice(range(table.width), 8))
