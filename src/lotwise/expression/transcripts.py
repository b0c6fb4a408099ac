"""Which gene a transcript belongs to: from a table, an annotation or a FASTA's headers."""

from __future__ import annotations

import warnings
from codecs import BOM_UTF8, BOM_UTF16_BE, BOM_UTF16_LE
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import polars as pl

from lotwise.errors import InputError, LotwiseWarning
from lotwise.expression.annotation import (
    Row,
    genes_of_annotation,
    genes_of_headers,
    is_annotation,
    is_gtf,
    new_transcripts,
)
from lotwise.expression.identifiers import are_gencode, plain_names, strip_versions, unwrap
from lotwise.expression.layout import layout_of
from lotwise.expression.map_columns import (
    NOTHING,
    count_hits,
    find_columns,
    is_header,
    transcript_column,
)
from lotwise.expression.packed import read_bytes, read_head, stream_lines
from lotwise.expression.text import read_columns

_EXAMPLES: Final = 3
_FEW: Final = 1000
# In a smaller table each gene may well have one transcript.
_FEWEST_TO_JUDGE: Final = 10


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
        """Return the gene of each transcript, null where the map has none.

        A name is looked up as it is; failing that, as the identifier within it (``NM_1`` of
        ``gi|5|ref|NM_1|``); failing that, without its version, on either side. Where two versions
        of a transcript are of different genes the name without version is no key.
        """
        found = _look_up(self.table.select("transcript", "gene"), transcripts)
        known = self.table["transcript"]
        for plain in (unwrap, lambda names: strip_versions(unwrap(names))):
            missing = found.is_null()
            if not missing.any():
                break
            asked = transcripts.filter(missing)
            names = plain(asked)
            if names is asked and plain(known) is known:
                continue  # no name on either side is another in that way
            found = found.scatter(missing.arg_true(), _look_up(self._keyed_by(plain, names), names))
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

    def _keyed_by(self, plain: Callable[[pl.Series], pl.Series], wanted: pl.Series) -> pl.DataFrame:
        """Return the genes of transcripts by plainer names, where that is no guess."""
        keyed = self.table.select(plain(self.table["transcript"]).alias("transcript"), "gene")
        keyed = keyed.filter(pl.col("transcript").is_in(wanted.implode()))
        one_gene = keyed.group_by("transcript").agg(
            pl.col("gene").first(), strip_versions(pl.col("gene")).n_unique().alias("n_genes")
        )
        return one_gene.filter(pl.col("n_genes") == 1).select("transcript", "gene")


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
        gtf = is_gtf(first)
        lines = new_transcripts(stream_lines(path)) if gtf else stream_lines(path)
        table = _tabulate(genes_of_annotation(_decode(path, lines), gtf=gtf))
    else:
        quantified = (
            transcripts
            if isinstance(transcripts, pl.Series)
            else pl.Series(list(transcripts), dtype=pl.String)
        )
        table = _from_table(path, read_bytes(path), quantified)
    if not table.height:
        raise InputError(
            "gives no transcript a gene",
            path=path,
            row=1,
            remedy="give a FASTA with Ensembl or GENCODE headers, or a table of two columns",
        )
    table = _one_gene_each(path, table)
    _warn_of_single_transcripts(path, table)
    return TranscriptMap(table, path.name)


def _warn_of_single_transcripts(path: Path, table: pl.DataFrame) -> None:
    """Say where no gene has a second transcript: the gene level then repeats the isoform level."""
    if table.height < _FEWEST_TO_JUDGE or table["gene"].n_unique() < table.height:
        return
    same = bool((table["gene"] == table["transcript"]).all())
    warnings.warn(
        f"{path}: genes are one-to-one with transcripts ({table.height:,} of each"
        f"{'; each gene_id equals its transcript_id' if same else ''}): the gene level repeats the "
        "isoform level; unless the organism has one transcript per gene, give another map",
        LotwiseWarning,
        stacklevel=3,
    )


def _first_row(path: Path) -> str:
    """Give the first line that is neither blank nor a comment."""
    read_head(path)  # which refuses an empty file
    for line in stream_lines(path):
        line = line.removeprefix(BOM_UTF8)  # noqa: PLW2901
        if line.startswith((BOM_UTF16_LE, BOM_UTF16_BE)):
            return ""
        if line.strip() and not line.startswith(b"#"):
            return next(_decode(path, [line]))
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


def from_headers(names: pl.Series) -> TranscriptMap | None:
    """Take the genes out of GENCODE's ``transcript|gene|...`` names; None where there are none."""
    of_gencode = names.filter(are_gencode(names))
    if not len(of_gencode):
        return None
    headers = (f">{name}" for name in of_gencode)
    return TranscriptMap(_tabulate(genes_of_headers(headers)), "the names")


def map_of(
    transcripts: pl.Series, genes: pl.Series, *, symbols: pl.Series | None, source: str
) -> TranscriptMap:
    """Make a map of the genes and symbols that a quantification names itself."""
    table = pl.DataFrame({"transcript": transcripts, "gene": genes}).with_columns(
        pl.lit("").alias("gene_name") if symbols is None else symbols.alias("gene_name")
    )
    return TranscriptMap(table.filter(pl.col("gene") != ""), source)


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


def _from_table(path: Path, raw: bytes, transcripts: pl.Series) -> pl.DataFrame:
    layout = layout_of(path, raw)
    header = list(layout.header)
    if len(header) < 2:
        raise InputError(
            "has one column, needed are a transcript and a gene separated by a tab or a comma",
            path=path,
            row=1,
        )
    # A first row that was quantified, or that names no column, is one of the data.
    if transcripts.is_in(header).any() or not is_header(header):
        header, layout = [], layout_of(path, raw, has_header=False)
    places = range(len(layout.header))
    table = read_columns(path, layout, strings=places).with_columns(pl.all().str.strip_chars())
    transcript = _transcripts_in(path, header, table, transcripts)
    at = find_columns(path, header, table, transcript)
    nothing = pl.lit("").alias("gene_name")
    return table.select(
        plain_names(table.to_series(at.transcript)).alias("transcript"),
        table.to_series(at.gene).alias("gene"),
        nothing if at.gene_name is None else table.to_series(at.gene_name).alias("gene_name"),
    ).filter(~pl.col("transcript").is_in(NOTHING), ~pl.col("gene").is_in(NOTHING))


def _transcripts_in(
    path: Path, header: Sequence[str], table: pl.DataFrame, quantified: pl.Series
) -> int:
    """Find the transcripts by their names in the quantification, else by what the table says."""
    if not len(quantified):
        return transcript_column(header, table)
    # A few names tell as much as all, where they are in one column alone.
    hits = count_hits(table, quantified[:_FEW])
    if sum(hit > 0 for hit in hits) != 1:
        hits = count_hits(table, quantified)
    if max(hits) == 0:
        plain = table.select(strip_versions(unwrap(column)) for column in table)
        hits = count_hits(plain, strip_versions(unwrap(quantified)))
    if max(hits) == 0:
        theirs = table.to_series(transcript_column(header, table))
        raise matches_nothing(path, theirs, quantified)
    most = [at for at, hit in enumerate(hits) if hit == max(hits)]
    return transcript_column(header, table, most)


def matches_nothing(source: Path | str, theirs: pl.Series, ours: pl.Series) -> InputError:
    """Make the fault of a map that knows none of the transcripts, with examples of both."""
    examples = [", ".join(names[:_EXAMPLES].to_list()) for names in (theirs, ours)]
    return InputError(
        f"matches none of the {len(ours):,} quantified transcripts: the map has {examples[0]}; "
        f"the quantification has {examples[1]}",
        path=source,
        remedy="give the map of the annotation that was quantified",
    )
