"""Transcripts and their genes in an annotation (GTF, GFF3) or in the headers of a FASTA."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final, TypeAlias

from lotwise.expression.identifiers import is_gencode

# A transcript, its gene, and the gene's symbol (empty if there is none).
Row: TypeAlias = tuple[str, str, str]

# key "value"; (standard), and key value; (tools that omit the quotation marks).
_GTF_ATTRIBUTE: Final = re.compile(r'(?<![\w.-])([\w.-]+) +(?:"([^"]*)"|([^";\s]+))')
_OF_GTF: Final = re.compile(r"\s*[\w.-]+ +[^=\s]")


def genes_of_headers(headers: Iterable[str]) -> Iterator[Row]:
    """Yield a row per FASTA header of GENCODE (``|``) or Ensembl (``gene:``)."""
    for header in headers:
        words = header[1:].split(" description:", 1)[0].split()
        if not words:
            continue
        if is_gencode(words[0]):
            cells = words[0].split("|")
            yield cells[0], cells[1], cells[5] if len(cells) > 5 else ""
            continue
        fields = dict(word.split(":", 1) for word in words[1:] if ":" in word)
        if "gene" in fields:
            yield words[0], fields["gene"], fields.get("gene_symbol", "")


def is_annotation(line: str) -> bool:
    """Return whether a line belongs to a GTF or GFF3 file."""
    cells = line.split("\t")
    return len(cells) == 9 and cells[3].isdigit() and cells[4].isdigit()


def is_gtf(line: str) -> bool:
    r"""Return whether a line of an annotation is GTF, not GFF3.

    Examples
    --------
    >>> is_gtf("1\tx\texon\t1\t9\t.\t+\t.\tgene_id G1; transcript_id T1;")
    True
    >>> is_gtf("1\tx\texon\t1\t9\t.\t+\t.\tID=a b;Parent=c")
    False
    """
    return _OF_GTF.match(line.split("\t")[8]) is not None


def new_transcripts(lines: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the first line of each transcript of a GTF; most other lines are its exons."""
    seen: set[bytes] = set()
    for line in lines:
        _, found, rest = line.partition(b"transcript_id ")
        transcript = rest.partition(b";")[0]
        if found and transcript not in seen:
            seen.add(transcript)
            yield line


def genes_of_annotation(lines: Iterable[str], *, gtf: bool) -> Iterator[Row]:
    """Yield the rows of a GTF or GFF3; each transcript occurs once."""
    rows = (cells for line in lines if len(cells := line.split("\t")) == 9)
    seen: set[str] = set()
    for transcript, gene, name in (_from_gtf if gtf else _from_gff3)(rows):
        if transcript and gene and transcript not in seen:
            seen.add(transcript)
            yield transcript, gene, name


def _from_gtf(rows: Iterable[Sequence[str]]) -> Iterator[Row]:
    """Yield rows from attributes of the form ``key "value";``."""
    for cells in rows:
        fields = {key: quoted or bare for key, quoted, bare in _GTF_ATTRIBUTE.findall(cells[8])}
        transcript = _versioned(fields, "transcript_id", "transcript_version")
        yield transcript, _versioned(fields, "gene_id", "gene_version"), fields.get("gene_name", "")


def _from_gff3(rows: Iterable[Sequence[str]]) -> Iterator[Row]:
    """Yield rows from attributes of the form ``key=value``; a transcript is a child of a gene.

    A gene may follow its transcripts; the children of transcripts are exons and CDS.
    """
    gene_names: dict[str, str] = {}
    # A dictionary, because a transcript is repeated for each of its exons, gigabytes in all.
    children: dict[tuple[str, str], tuple[str, str, str]] = {}
    for cells in rows:
        fields = dict(part.split("=", 1) for part in cells[8].split(";") if "=" in part)
        identifier = fields.get("ID", "").split(":", 1)[-1]
        if "Parent" not in fields:
            gene_names[identifier] = fields.get("gene_name", fields.get("Name", ""))
        elif identifier:
            fields.setdefault("transcript_id", identifier)
            parent = fields["Parent"].split(":", 1)[-1]
            fields.setdefault("gene_id", parent)
            child = (
                _versioned(fields, "transcript_id", "version"),
                _versioned(fields, "gene_id", "gene_version"),
                fields.get("gene_name", ""),
            )
            children.setdefault((parent, child[0]), child)
    for (parent, _), (transcript, gene, name) in children.items():
        if parent in gene_names:
            yield transcript, gene, name or gene_names[parent]


def _versioned(fields: Mapping[str, str], key: str, version_key: str) -> str:
    identifier, version = fields.get(key, ""), fields.get(version_key, "")
    return f"{identifier}.{version}" if version and "." not in identifier else identifier
