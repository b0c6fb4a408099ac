"""Which gene a transcript belongs to: from a table, an annotation or a FASTA's headers."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from lotwise.errors import InputError
from lotwise.expression.text import read_bytes

Names = npt.NDArray[np.object_]

# A version is a dot and digits at the end, before GENCODE's mark of the Y chromosome's copy.
_VERSION: Final = re.compile(r"\.\d+(?=$|_PAR_Y$)")
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
_GTF_ATTRIBUTE: Final = re.compile(r'(\w+) "([^"]*)"')
_EXAMPLES: Final = 3


@dataclass(frozen=True, slots=True)
class TranscriptMap:
    """The gene of each transcript, and the symbol of each gene where it is known."""

    genes: Mapping[str, str]
    gene_names: Mapping[str, str]
    source: str

    def genes_of(self, transcripts: Names) -> Names:
        """Give the gene of each transcript, None where the map has none.

        A name is looked up as it stands and, failing that, without its version,
        on either side. Where two versions of a transcript lie in different genes
        the name without version is no key.
        """
        found = _look_up(self.genes, transcripts)
        open_ = np.flatnonzero(pd.isna(found))
        if open_.size:
            plain = _without_version_keys(self.genes)
            found[open_] = _look_up(
                plain, np.array([strip_version(name) for name in transcripts[open_]], dtype=object)
            )
        return found

    def gene_names_of(self, genes: Names) -> Names:
        """Give the symbol of each gene, empty where none is known."""
        found = _look_up(self.gene_names, genes)
        found[pd.isna(found)] = ""
        return found


def strip_version(name: str) -> str:
    """Take the version off an Ensembl identifier.

    Examples
    --------
    >>> strip_version("ENST00000456328.2"), strip_version("NR_001526_1")
    ('ENST00000456328', 'NR_001526_1')
    >>> strip_version("ENST00000381578.6_PAR_Y")
    'ENST00000381578_PAR_Y'
    """
    return _VERSION.sub("", name)


def read_transcript_map(path: Path | str, *, transcripts: Iterable[str] = ()) -> TranscriptMap:
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
    raw = read_bytes(path)
    try:
        lines = raw.decode("utf-8-sig").splitlines()
    except UnicodeDecodeError:
        raise InputError(
            "is not text in UTF-8",
            path=path,
            remedy="give a table, a GTF, a GFF3 or a FASTA of transcripts",
        ) from None
    body = [line for line in lines if line.strip() and not line.startswith("#")]
    if not body:
        raise InputError("holds nothing but comments", path=path, row=1)
    if body[0].startswith(">"):
        pairs = _from_fasta(line for line in body if line.startswith(">"))
    elif _is_annotation(body[0]):
        pairs = _from_annotation(body)
    else:
        pairs = _from_table(path, body, set(transcripts))
    genes: dict[str, str] = {}
    names: dict[str, str] = {}
    for transcript, gene, name in pairs:
        if genes.setdefault(transcript, gene) != gene:
            raise InputError(
                f"transcript {transcript!r} belongs to {genes[transcript]!r} and to {gene!r}",
                path=path,
                remedy="a transcript has one gene; correct the map",
            )
        if name:
            names[gene] = name
    if not genes:
        raise InputError(
            "gives no transcript a gene",
            path=path,
            row=1,
            remedy="give a FASTA with Ensembl or GENCODE headers, or a table of two columns",
        )
    return TranscriptMap(genes, names, path.name)


def from_headers(names: Names) -> TranscriptMap | None:
    """Take the genes out of GENCODE's ``transcript|gene|...`` names; None for other names."""
    if not len(names) or not all("|" in name for name in names):
        return None
    pairs = list(_from_fasta(f">{name}" for name in names))
    return TranscriptMap(
        {transcript: gene for transcript, gene, _ in pairs},
        {gene: name for _, gene, name in pairs if name},
        "the names of the transcripts",
    )


def _look_up(mapping: Mapping[str, str], names: Names) -> Names:
    return np.array([mapping.get(name) for name in names], dtype=object)


def _without_version_keys(genes: Mapping[str, str]) -> dict[str, str]:
    plain: dict[str, str] = {}
    ambiguous: set[str] = set()
    for transcript, gene in genes.items():
        key = strip_version(transcript)
        if strip_version(plain.setdefault(key, gene)) != strip_version(gene):
            ambiguous.add(key)
    return {key: gene for key, gene in plain.items() if key not in ambiguous}


def _from_fasta(headers: Iterable[str]) -> Iterator[tuple[str, str, str]]:
    for header in headers:
        words = header[1:].split()
        if not words:
            continue
        if "|" in words[0]:
            cells = words[0].split("|")
            if len(cells) > 1 and cells[1]:
                yield cells[0], cells[1], cells[5] if len(cells) > 5 else ""
            continue
        fields = dict(word.split(":", 1) for word in words[1:] if ":" in word)
        if "gene" in fields:
            yield words[0], fields["gene"], fields.get("gene_symbol", "")


def _is_annotation(line: str) -> bool:
    cells = line.split("\t")
    return len(cells) == 9 and cells[3].isdigit() and cells[4].isdigit()


def _from_annotation(lines: Iterable[str]) -> Iterator[tuple[str, str, str]]:
    """Read GTF (attributes ``key "value"``) and GFF3 (``key=value``, parents as genes)."""
    seen: set[str] = set()
    gff_names: dict[str, str] = {}
    for line in lines:
        cells = line.split("\t")
        if len(cells) != 9:
            continue
        if '"' in cells[8]:
            fields = dict(_GTF_ATTRIBUTE.findall(cells[8]))
            transcript, gene = fields.get("transcript_id", ""), fields.get("gene_id", "")
            transcript = _versioned(transcript, fields.get("transcript_version", ""))
            gene = _versioned(gene, fields.get("gene_version", ""))
        else:
            fields = dict(part.split("=", 1) for part in cells[8].split(";") if "=" in part)
            identifier = fields.get("ID", "").split(":", 1)[-1]
            if "Parent" not in fields:
                gff_names[identifier] = fields.get("gene_name", fields.get("Name", ""))
                continue
            # Only children of genes are transcripts; exons and CDS are their children.
            transcript = fields.get("transcript_id", identifier)
            gene = fields.get("gene_id", fields["Parent"].split(":", 1)[-1])
            if fields["Parent"].split(":", 1)[-1] not in gff_names:
                continue
            gene_version = fields.get("gene_version", "")
            transcript = _versioned(transcript, fields.get("version", ""))
            gene = _versioned(gene, gene_version)
            fields.setdefault("gene_name", gff_names.get(gene, ""))
        if transcript and gene and transcript not in seen:
            seen.add(transcript)
            yield transcript, gene, fields.get("gene_name", "")


def _versioned(identifier: str, version: str) -> str:
    return f"{identifier}.{version}" if version and "." not in identifier else identifier


def _from_table(
    path: Path, lines: Sequence[str], transcripts: set[str]
) -> Iterator[tuple[str, str, str]]:
    separator = "\t" if "\t" in lines[0] else ","
    rows = [[cell.strip().strip('"') for cell in line.split(separator)] for line in lines]
    width = len(rows[0])
    if width < 2:
        raise InputError(
            "has one column, needed are a transcript and a gene separated by a tab or a comma",
            path=path,
            row=1,
        )
    for number, row in enumerate(rows, start=1):
        if len(row) < 2 or len(row) < width - 1:
            raise InputError(
                f"has {len(row)} cells, the first row has {width}", path=path, row=number
            )
    header = rows[0] if _is_header(rows[0], rows[1:]) else None
    body = rows[1:] if header else rows
    transcript_at, gene_at, name_at = _columns_of_table(path, header, body, transcripts)
    for row in body:
        transcript, gene = row[transcript_at], row[gene_at]
        if transcript and gene and "NA" not in (transcript, gene):
            yield transcript, gene, row[name_at] if name_at is not None else ""


def _is_header(first: Sequence[str], rest: Sequence[Sequence[str]]) -> bool:
    if any(_TRANSCRIPT_NAMES.match(cell) or _GENE_NAMES.match(cell) for cell in first):
        return True
    return not any(re.search(r"\d", cell) for cell in first) and bool(rest)


def _columns_of_table(
    path: Path,
    header: Sequence[str] | None,
    body: Sequence[Sequence[str]],
    transcripts: set[str],
) -> tuple[int, int, int | None]:
    """Find the transcripts by their names in the quantification, else by uniqueness.

    The header alone is not trusted: a table may call its columns anything.
    """
    if not body:
        raise InputError("has a header and no row", path=path, row=2)
    width = min(len(row) for row in body)
    cells = [[row[column] for row in body] for column in range(width)]
    if transcripts:
        plain = {strip_version(name) for name in transcripts}
        hits = [sum(strip_version(cell) in plain for cell in column) for column in cells]
        if max(hits) == 0:
            raise _matches_nothing(path, cells, transcripts)
        transcript_at = int(np.argmax(hits))
    else:
        # A transcript stands once; a gene stands as often as it has transcripts.
        distinct = [len(set(column)) for column in cells]
        transcript_at = int(np.argmax(distinct))
        by_name = [at for at in range(width) if header and _TRANSCRIPT_NAMES.match(header[at])]
        if by_name and distinct[by_name[0]] == distinct[transcript_at]:
            transcript_at = by_name[0]
    others = [column for column in range(width) if column != transcript_at]
    named = [column for column in others if header and _GENE_NAMES.match(header[column])]
    symbols = [
        column
        for column in named
        if header and re.search(r"name|symbol|ext_gene", header[column], re.IGNORECASE)
    ]
    identifiers = [column for column in named if column not in symbols]
    gene_at = (identifiers or named or others)[0]
    return transcript_at, gene_at, next((at for at in symbols if at != gene_at), None)


def _matches_nothing(
    path: Path, cells: Sequence[Sequence[str]], transcripts: set[str]
) -> InputError:
    ours = ", ".join(sorted(transcripts)[:_EXAMPLES])
    theirs = ", ".join(cells[0][:_EXAMPLES])
    return InputError(
        f"matches none of the {len(transcripts):,} quantified transcripts: "
        f"the map has {theirs}; the quantification has {ours}",
        path=path,
        remedy="give the map of the annotation that was quantified",
    )
