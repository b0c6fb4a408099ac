"""The gene of each transcript, from a table, an annotation or the headers of a FASTA."""

from __future__ import annotations

from codecs import BOM_UTF8, BOM_UTF16_BE, BOM_UTF16_LE
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import polars as pl

from lotwise.errors import InputError, LotwiseWarning, warn
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
# In a smaller table, each gene may well have one transcript.
_FEWEST_TO_JUDGE: Final = 10


@dataclass(frozen=True, slots=True, eq=False)
class TranscriptMap:
    """The gene of each transcript, and the symbol of each gene if known.

    Attributes
    ----------
    table
        Columns ``transcript`` (unique), ``gene`` and ``gene_name`` (empty if unknown).
    source
        The file it was read from, for messages.
    """

    table: pl.DataFrame
    source: str

    def genes_of(self, transcripts: pl.Series) -> pl.Series:
        """Return the gene of each transcript, null if the map has none.

        A name is searched unchanged; then as the identifier within it (``NM_1`` of
        ``gi|5|ref|NM_1|``); then without version, on both sides. If two versions of a transcript
        belong to different genes, the name without version is not used.
        """
        found = _look_up(self.table.select("transcript", "gene"), transcripts)
        known = self.table["transcript"]
        for plain in (unwrap, lambda names: strip_versions(unwrap(names))):
            missing = found.is_null()
            if not missing.any():
                break
            asked = transcripts.filter(missing)
            names, plain_known = plain(asked), plain(known)
            if names is asked and plain_known is known:
                continue  # this changes no name on either side
            keyed = self._keyed_by(plain_known, names)
            found = found.scatter(missing.arg_true(), _look_up(keyed, names))
        return found

    def gene_names_of(self, genes: pl.Series) -> pl.Series:
        """Return the symbol of each gene, empty if unknown.

        A gene is searched unchanged, then without version on both sides.
        """
        names = self.table.select("gene", "gene_name").unique("gene", keep="first")
        found = _look_up(names, genes)
        if found.has_nulls():
            plain = names.with_columns(strip_versions(names["gene"])).unique("gene", keep="first")
            found = found.fill_null(_look_up(plain, strip_versions(genes)))
        return found.fill_null("")

    @property
    def has_gene_names(self) -> bool:
        """Return whether any gene has a symbol."""
        return bool((self.table["gene_name"] != "").any())

    def _keyed_by(self, names: pl.Series, wanted: pl.Series) -> pl.DataFrame:
        """Return the genes of transcripts by simplified names, if these are unambiguous."""
        keyed = self.table.select(names.alias("transcript"), "gene")
        keyed = keyed.filter(pl.col("transcript").is_in(wanted.implode()))
        one_gene = keyed.group_by("transcript").agg(
            pl.col("gene").first(), strip_versions(pl.col("gene")).n_unique().alias("n_genes")
        )
        return one_gene.filter(pl.col("n_genes") == 1).select("transcript", "gene")


def read_transcript_map(
    path: Path | str, *, transcripts: Iterable[str] | pl.Series = ()
) -> TranscriptMap:
    """Read the gene of each transcript from a file of any supported kind.

    Parameters
    ----------
    path
        A table of two or more columns (TSV or CSV, with or without header, in any order of
        columns), a GTF, a GFF3, or a transcript FASTA with Ensembl or GENCODE headers; plain or
        gzipped; recognised by content.
    transcripts
        Quantified transcripts, with which the columns of a table are recognised.

    Raises
    ------
    InputError
        The file is none of these, or contains no gene for any transcript.
    """
    path = Path(path)
    first = _first_row(path)
    # An annotation may exceed the memory: it is read by line.
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
            "contains no gene for any transcript",
            path=path,
            row=1,
            remedy="give a FASTA with Ensembl or GENCODE headers, or a table of two columns",
        )
    table = _one_gene_each(path, table)
    _warn_of_single_transcripts(path, table)
    return TranscriptMap(table, path.name)


def _warn_of_single_transcripts(path: Path, table: pl.DataFrame) -> None:
    """Warn if no gene has two transcripts: the gene level then equals the isoform level."""
    if table.height < _FEWEST_TO_JUDGE or table["gene"].n_unique() < table.height:
        return
    same = bool((table["gene"] == table["transcript"]).all())
    warn(
        f"{path}: each gene has exactly one transcript ({table.height:,} genes"
        f"{'; each gene_id equals its transcript_id' if same else ''}). The gene level "
        "therefore equals the isoform level. If genes of the organism have several transcripts, "
        "give another map",
        LotwiseWarning,
    )


def _first_row(path: Path) -> str:
    """Return the first line that is neither blank nor a comment."""
    read_head(path)  # raises an error for an empty file
    for line in stream_lines(path):
        line = line.removeprefix(BOM_UTF8)  # noqa: PLW2901
        if line.startswith((BOM_UTF16_LE, BOM_UTF16_BE)):
            return ""
        if line.strip() and not line.startswith(b"#"):
            return next(_decode(path, [line]))
    raise InputError("contains only comments", path=path, row=1)


def _decode(path: Path, lines: Iterable[bytes]) -> Iterator[str]:
    try:
        for line in lines:
            yield line.decode("utf-8").rstrip("\r\n")
    except UnicodeDecodeError:
        raise InputError(
            "is not UTF-8 text",
            path=path,
            remedy="give a table, a GTF, a GFF3 or a FASTA of transcripts",
        ) from None


def from_headers(names: pl.Series) -> TranscriptMap | None:
    """Return the map in GENCODE's ``transcript|gene|...`` names; None if they have no genes."""
    of_gencode = names.filter(are_gencode(names))
    if not len(of_gencode):
        return None
    headers = (f">{name}" for name in of_gencode)
    return TranscriptMap(_tabulate(genes_of_headers(headers)), "the names")


def map_of(
    transcripts: pl.Series, genes: pl.Series, *, symbols: pl.Series | None, source: str
) -> TranscriptMap:
    """Return the map from the genes and symbols in a quantification."""
    table = pl.DataFrame({"transcript": transcripts, "gene": genes}).with_columns(
        pl.lit("").alias("gene_name") if symbols is None else symbols.alias("gene_name")
    )
    return TranscriptMap(table.filter(pl.col("gene") != ""), source)


def _tabulate(rows: Iterable[Row]) -> pl.DataFrame:
    columns = {"transcript": pl.String, "gene": pl.String, "gene_name": pl.String}
    return pl.DataFrame(list(rows), schema=columns, orient="row")


def _one_gene_each(path: Path, table: pl.DataFrame) -> pl.DataFrame:
    """Return one row per transcript; raise an error if a transcript has two genes."""
    if table["transcript"].n_unique() == table.height:
        return table
    rows = table.unique(["transcript", "gene"], keep="first", maintain_order=True)
    twice = rows.filter(pl.col("transcript").is_duplicated())
    if twice.height:
        first, second = twice.filter(pl.col("transcript") == twice["transcript"][0])["gene"][:2]
        raise InputError(
            f"transcript {twice['transcript'][0]!r} belongs to {first!r} and to {second!r}",
            path=path,
            remedy="each transcript must have one gene; correct the map",
        )
    return rows


def _look_up(mapping: pl.DataFrame, names: pl.Series) -> pl.Series:
    """Return the second column's value for each name of the first, null if there is none."""
    key, value = mapping.columns
    asked = pl.DataFrame({key: names})
    return asked.join(mapping, on=key, how="left", maintain_order="left")[value]


def _from_table(path: Path, raw: bytes, transcripts: pl.Series) -> pl.DataFrame:
    layout = layout_of(path, raw)
    header = list(layout.header)
    if len(header) < 2:
        raise InputError(
            "has only one column; two are required, transcript and gene, separated by a tab or a "
            "comma",
            path=path,
            row=1,
        )
    # A first row with a quantified transcript, or without column names, is data.
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
    """Return the column of transcripts by the quantified names, else by the table itself."""
    if not len(quantified):
        return transcript_column(header, table)
    # A sample of names is as conclusive as all, if they are in one column only.
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
    """Return the error for a map that contains none of the transcripts, with examples of both."""
    examples = [", ".join(names[:_EXAMPLES].to_list()) for names in (theirs, ours)]
    return InputError(
        f"matches none of the {len(ours):,} quantified transcripts: the map contains, for "
        f"example, {examples[0]}; the quantification contains {examples[1]}",
        path=source,
        remedy="give the map of the annotation used for quantification",
    )
