"""Which gene a transcript belongs to: from a table, an annotation or a FASTA's headers."""

from __future__ import annotations

import re
from codecs import BOM_UTF8
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Final, NamedTuple, TypeVar

import numpy as np
import polars as pl

from lotwise.errors import InputError
from lotwise.expression.annotation import (
    Row,
    genes_of_annotation,
    genes_of_headers,
    is_annotation,
    new_transcripts,
)
from lotwise.expression.text import read_bytes, read_head, stream_lines

# A version is a dot and digits at the end, before GENCODE's mark of the Y chromosome's copy.
_VERSION: Final = r"\.\d+($|_PAR_Y$)"
_OF_GENCODE: Final = r"^([^|]+)\|[^|]+\|.*$"
_TRANSCRIPT_NAMES: Final = re.compile(
    r"^(tx|txname|txid|transcript|transcript_id|transcriptid|transcript_name|target_id|"
    r"enst|ensembl_transcript_id(_version)?|isoform|isoform_id|refseq|name)$",
    re.IGNORECASE,
)
_GENE_NAMES: Final = re.compile(
    r"^(gene|geneid|gene_id|ensg|ensembl_gene_id(_version)?|gene_name|gene_symbol|symbol|"
    r"genename|ens_gene|ext_gene)$",
    re.IGNORECASE,
)
_EXAMPLES: Final = 3
_FEW: Final = 1000


@dataclass(frozen=True, slots=True, eq=False)
class TranscriptMap:
    """The gene of each transcript, and the symbol of each gene where it is known.

    Attributes
    ----------
    table
        Columns ``transcript`` (unique), ``gene`` and ``gene_name`` (empty where unknown).
    source
        The file that it came from, for messages.
    """

    table: pl.DataFrame
    source: str

    def genes_of(self, transcripts: pl.Series) -> pl.Series:
        """Give the gene of each transcript, null where the map has none.

        A name is looked up as it stands and, failing that, without its version,
        on either side. Where two versions of a transcript lie in different genes
        the name without version is no key.
        """
        found = _look_up(self.table.select("transcript", "gene"), transcripts)
        missing = found.is_null()
        if missing.any():
            plain = strip_versions(transcripts.filter(missing))
            found = found.scatter(
                missing.arg_true(), _look_up(self._without_versions(plain), plain)
            )
        return found

    def gene_names_of(self, genes: pl.Series) -> pl.Series:
        """Give the symbol of each gene, empty where none is known.

        A gene is looked up as it stands and, failing that, without its version on either side.
        """
        names = self.table.select("gene", "gene_name").unique("gene", keep="first")
        found = _look_up(names, genes)
        if found.has_nulls():
            plain = names.with_columns(strip_versions(names["gene"])).unique("gene", keep="first")
            found = found.fill_null(_look_up(plain, strip_versions(genes)))
        return found.fill_null("")

    @property
    def has_gene_names(self) -> bool:
        """Tell whether any gene has a symbol."""
        return bool((self.table["gene_name"] != "").any())

    def _without_versions(self, wanted: pl.Series) -> pl.DataFrame:
        """Give the genes of transcripts by names without version, where that is no guess."""
        plain = self.table.select(strip_versions(self.table["transcript"]), "gene")
        plain = plain.filter(pl.col("transcript").is_in(wanted.implode()))
        one_gene = plain.group_by("transcript").agg(
            pl.col("gene").first(), strip_versions(pl.col("gene")).n_unique().alias("n_genes")
        )
        return one_gene.filter(pl.col("n_genes") == 1).select("transcript", "gene")


Strings = TypeVar("Strings", pl.Series, pl.Expr)


def strip_versions(names: Strings) -> Strings:
    """Take the version off Ensembl identifiers.

    Examples
    --------
    >>> strip_versions(pl.Series(["ENST00000456328.2", "NR_001526_1"])).to_list()
    ['ENST00000456328', 'NR_001526_1']
    >>> strip_versions(pl.Series(["ENST00000381578.6_PAR_Y"])).to_list()
    ['ENST00000381578_PAR_Y']
    """
    return names.str.replace(_VERSION, "${1}")


def read_transcript_map(
    path: Path | str, *, transcripts: Iterable[str] | pl.Series = ()
) -> TranscriptMap:
    """Read which gene each transcript belongs to, from whatever kind of file it is.

    Parameters
    ----------
    path
        A table of two or more columns (TSV or CSV, with or without a header, the
        columns in either order), a GTF, a GFF3, or a transcript FASTA with Ensembl
        or GENCODE headers; each plain or gzipped; recognised by its content.
    transcripts
        Quantified transcripts, by which the order of a table's columns is found.

    Raises
    ------
    InputError
        The file is none of these, or gives no transcript a gene.
    """
    path = Path(path)
    first = _first_row(path)
    # An annotation is larger than memory may be: it goes by line.
    if first.startswith(">"):
        headers = (line for line in stream_lines(path) if line.startswith(b">"))
        table = _tabulate(genes_of_headers(_decode(path, headers)))
    elif is_annotation(first):
        gtf = '"' in first
        lines = new_transcripts(stream_lines(path)) if gtf else stream_lines(path)
        table = _tabulate(genes_of_annotation(_decode(path, lines), gtf=gtf))
    else:
        table = _from_table(path, read_bytes(path), first, transcripts)
    if not table.height:
        raise InputError(
            "gives no transcript a gene",
            path=path,
            row=1,
            remedy="give a FASTA with Ensembl or GENCODE headers, or a table of two columns",
        )
    return TranscriptMap(_one_gene_each(path, table), path.name)


def _first_row(path: Path) -> str:
    """Give the first line that is neither blank nor a comment."""
    read_head(path)  # which refuses an empty file
    for line in stream_lines(path):
        if line.strip() and not line.startswith(b"#"):
            return next(_decode(path, [line.removeprefix(BOM_UTF8)]))
    raise InputError("holds nothing but comments", path=path, row=1)


def _decode(path: Path, lines: Iterable[bytes]) -> Iterator[str]:
    try:
        for line in lines:
            yield line.decode("utf-8").rstrip("\r\n")
    except UnicodeDecodeError:
        raise InputError(
            "is not text in UTF-8",
            path=path,
            remedy="give a table, a GTF, a GFF3 or a FASTA of transcripts",
        ) from None


def plain_names(names: pl.Series) -> pl.Series:
    """Split GENCODE's ``transcript|gene|...`` names; other names, as of spike-ins, stay.

    Examples
    --------
    >>> plain_names(pl.Series(["ENST1.2|ENSG1.1|x", "ENST2.1|ENSG1.1|y", "ERCC-2"])).to_list()
    ['ENST1.2', 'ENST2.1', 'ERCC-2']
    """
    return names.str.replace(_OF_GENCODE, "${1}")


def from_headers(names: pl.Series) -> TranscriptMap | None:
    """Take the genes out of GENCODE's ``transcript|gene|...`` names; None where there are none."""
    of_gencode = names.filter(names.str.contains(_OF_GENCODE))
    if not len(of_gencode):
        return None
    headers = (f">{name}" for name in of_gencode)
    return TranscriptMap(_tabulate(genes_of_headers(headers)), "the names")


def map_of(transcripts: pl.Series, genes: pl.Series, *, source: str) -> TranscriptMap:
    """Make a map of two columns, as RSEM's isoforms have them."""
    table = pl.DataFrame({"transcript": transcripts, "gene": genes})
    return TranscriptMap(table.with_columns(gene_name=pl.lit("")), source)


def _tabulate(rows: Iterable[Row]) -> pl.DataFrame:
    columns = {"transcript": pl.String, "gene": pl.String, "gene_name": pl.String}
    return pl.DataFrame(list(rows), schema=columns, orient="row")


def _one_gene_each(path: Path, table: pl.DataFrame) -> pl.DataFrame:
    """Keep a row a transcript; refuse one that the file puts into two genes."""
    if not table["transcript"].is_duplicated().any():
        return table
    rows = table.unique(["transcript", "gene"], keep="first", maintain_order=True)
    twice = rows.filter(pl.col("transcript").is_duplicated())
    if twice.height:
        first, second = twice.filter(pl.col("transcript") == twice["transcript"][0])["gene"][:2]
        raise InputError(
            f"transcript {twice['transcript'][0]!r} belongs to {first!r} and to {second!r}",
            path=path,
            remedy="a transcript has one gene; correct the map",
        )
    return rows


def _look_up(mapping: pl.DataFrame, names: pl.Series) -> pl.Series:
    """Give the second column's value for each name of the first, null where there is none."""
    key, value = mapping.columns
    asked = pl.DataFrame({key: names})
    return asked.join(mapping, on=key, how="left", maintain_order="left")[value]


def _from_table(
    path: Path, raw: bytes, first_row: str, transcripts: Iterable[str] | pl.Series
) -> pl.DataFrame:
    separator = "\t" if "\t" in first_row else ","
    first = [cell.strip().strip('"') for cell in first_row.split(separator)]
    if len(first) < 2:
        raise InputError(
            "has one column, needed are a transcript and a gene separated by a tab or a comma",
            path=path,
            row=1,
        )
    table = _read_cells(path, raw, separator)
    names = (
        transcripts
        if isinstance(transcripts, pl.Series)
        else pl.Series(list(transcripts), dtype=pl.String)
    )
    quantified = bool(names.is_in(first).any())
    header = first if not quantified and _is_header(first) else None
    if header:
        table = table[1:]
    if not table.height:
        raise InputError("has a header and no row", path=path, row=2)
    at = _columns_of_table(path, header, table, names)
    nothing = pl.lit("").alias("gene_name")
    return table.select(
        table.to_series(at.transcript).alias("transcript"),
        table.to_series(at.gene).alias("gene"),
        nothing if at.gene_name is None else table.to_series(at.gene_name).alias("gene_name"),
    ).filter(~pl.col("transcript").is_in(["", "NA"]), ~pl.col("gene").is_in(["", "NA"]))


def _read_cells(path: Path, raw: bytes, separator: str) -> pl.DataFrame:
    try:
        table = pl.read_csv(
            raw.removeprefix(BOM_UTF8),
            separator=separator,
            has_header=False,
            comment_prefix="#",
            infer_schema=False,
            empty_string_is_null=False,
        )
    except pl.exceptions.PolarsError:
        _refuse_uneven_rows(path, raw, separator)
        raise InputError("is not a table that can be read", path=path) from None
    # The reader fills up a row with fewer cells in silence.
    if raw.count(separator.encode()) != table.height * (table.width - 1):
        _refuse_uneven_rows(path, raw, separator)
    return table.with_columns(pl.all().str.strip_chars())


def _refuse_uneven_rows(path: Path, raw: bytes, separator: str) -> None:
    width = 0
    for number, line in enumerate(_decode(path, BytesIO(raw)), start=1):
        if not line.strip() or line.startswith("#"):
            continue
        cells = line.count(separator) + 1
        width = width or cells
        if cells != width:
            raise InputError(
                f"has {cells} cells, the first row has {width}",
                path=path,
                row=number,
                remedy="give every row a transcript and a gene",
            )


class _TableColumns(NamedTuple):
    """Where in a table the transcripts, their genes, and the symbols of those stand."""

    transcript: int
    gene: int
    gene_name: int | None


def _is_header(first: Sequence[str]) -> bool:
    if any(_TRANSCRIPT_NAMES.match(cell) or _GENE_NAMES.match(cell) for cell in first):
        return True
    return not any(re.search(r"\d", cell) for cell in first)


def _columns_of_table(
    path: Path, header: Sequence[str] | None, table: pl.DataFrame, quantified: pl.Series
) -> _TableColumns:
    """Find the transcripts by their names in the quantification, else by uniqueness.

    The header alone is not trusted: a table may call its columns anything.
    """
    if len(quantified):
        # A few names tell as much as all, where they stand in one column alone.
        hits = _count_hits(table, quantified[:_FEW])
        if sum(hit > 0 for hit in hits) != 1:
            hits = _count_hits(table, quantified)
        if max(hits) == 0:
            plain = table.select(strip_versions(column) for column in table)
            hits = _count_hits(plain, strip_versions(quantified))
        if max(hits) == 0:
            raise matches_nothing(path, table.to_series(0), quantified)
        transcript_at = int(np.argmax(hits))
    else:
        # A transcript stands once; a gene stands as often as it has transcripts.
        distinct = [column.n_unique() for column in table]
        transcript_at = int(np.argmax(distinct))
        by_name = [
            at for at in range(table.width) if header and _TRANSCRIPT_NAMES.match(header[at])
        ]
        if by_name and distinct[by_name[0]] == distinct[transcript_at]:
            transcript_at = by_name[0]
    others = [column for column in range(table.width) if column != transcript_at]
    named = [column for column in others if header and _GENE_NAMES.match(header[column])]
    symbols = [
        column
        for column in named
        if header and re.search(r"name|symbol|ext_gene", header[column], re.IGNORECASE)
    ]
    identifiers = [column for column in named if column not in symbols]
    gene_at = (identifiers or named or others)[0]
    return _TableColumns(
        transcript_at, gene_at, next((at for at in symbols if at != gene_at), None)
    )


def _count_hits(table: pl.DataFrame, names: pl.Series) -> list[int]:
    return [int(column.is_in(names.implode()).sum()) for column in table]


def matches_nothing(source: Path | str, theirs: pl.Series, ours: pl.Series) -> InputError:
    """Make the fault of a map that knows none of the transcripts, with examples of both."""
    examples = [", ".join(names[:_EXAMPLES].to_list()) for names in (theirs, ours)]
    return InputError(
        f"matches none of the {len(ours):,} quantified transcripts: the map has {examples[0]}; "
        f"the quantification has {examples[1]}",
        path=source,
        remedy="give the map of the annotation that was quantified",
    )
