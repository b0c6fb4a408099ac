"""The transcripts for quantification, checked and prepared once."""

from __future__ import annotations

import errno
import hashlib
import logging
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import dnaio
from dnaio.exceptions import FileFormatError
from xopen import xopen

from lotwise.errors import EnvironmentFault, InputError, LotwiseError
from lotwise.files.checksums import checksum
from lotwise.quantify.cache import cached_directory
from lotwise.quantify.reads_qc import UNREADABLE

logger = logging.getLogger(__name__)

_ENSEMBL_GENE: Final = re.compile(r"\sgene:(\S+)")
_GZIP_MAGIC: Final = b"\x1f\x8b"
_FORMAT: Final = 2
"""Number of the format of the prepared files; a new number prevents the use of older caches."""


@dataclass(frozen=True, kw_only=True)
class Reference:
    """Files of the reference.

    Attributes
    ----------
    transcripts
        FASTA of the transcripts, plain or gzip, with headers of Ensembl, GENCODE, or names only.
    genome
        FASTA of the genome: decoys for salmon, required by RSEM with STAR.
    gtf
        Annotation, required by RSEM with STAR.
    """

    transcripts: Path
    genome: Path | None = None
    gtf: Path | None = None

    def checksums(self) -> dict[str, str]:
        """Return the SHA-256 of each file."""
        files = {"transcripts": self.transcripts, "genome": self.genome, "gtf": self.gtf}
        return {name: checksum(path) for name, path in files.items() if path is not None}


@dataclass(frozen=True)
class Prepared:
    """A checked reference in its own directory.

    ``transcripts.fa`` has names up to the first space or ``|``. ``identical.tsv`` lists transcripts
    with equal sequences. ``tx2gene.tsv`` exists if any header contains a gene.
    """

    directory: Path

    @property
    def transcripts(self) -> Path:
        """The transcripts with short names, plain text."""
        return self.directory / "transcripts.fa"

    @property
    def identical(self) -> Path:
        """Transcripts whose sequence equals that of an earlier one."""
        return self.directory / "identical.tsv"

    @property
    def tx2gene(self) -> Path | None:
        """Gene of each transcript (its own name if the header has none), without header line."""
        path = self.directory / "tx2gene.tsv"
        return path if path.exists() else None

    @property
    def n_transcripts(self) -> int:
        """The number of transcripts."""
        return int((self.directory / "n_transcripts").read_text(encoding="ascii"))


def prepare_reference(transcripts: Path, *, cache: Path) -> Prepared:
    """Check a transcript FASTA and write it in a form that all quantifiers read.

    Sequences are converted to upper case and not changed otherwise: poly-A tails and letters
    other than ACGT are left to the quantifier.

    Raises
    ------
    InputError
        The file cannot be read, is not FASTA, has a repeated name, or a transcript without
        sequence.
    """
    key = {"format": _FORMAT, "transcripts": checksum(transcripts)}
    directory = cached_directory(
        cache, "reference", key, lambda temporary: _prepare(transcripts, temporary)
    )
    prepared = Prepared(directory)
    n_identical = prepared.identical.read_text("ascii").count("\n") - 1
    if n_identical:
        logger.info(
            "%d transcripts repeat the sequence of an earlier transcript; they are listed in %s",
            n_identical,
            prepared.identical,
        )
    return prepared


def short_name(header: str) -> str:
    """Return a transcript's name: up to the first space, and for GENCODE up to ``|``.

    Examples
    --------
    >>> short_name("ENST00000456328.2|ENSG00000223972.5|-|-|DDX11L1-202|DDX11L1|1657|")
    'ENST00000456328.2'
    """
    return header.split(maxsplit=1)[0].partition("|")[0] if header.strip() else ""


def gene_of(header: str) -> str | None:
    """Return the gene in an Ensembl or GENCODE header.

    Examples
    --------
    >>> gene_of("ENST1.1 cdna chromosome:GRCh38:1:5:9:1 gene:ENSG1.2 gene_biotype:TEC")
    'ENSG1.2'
    >>> gene_of("NM_000014.5") is None
    True
    """
    fields = header.split("|")
    if len(fields) > 2 and fields[1].strip():
        return fields[1]
    found = _ENSEMBL_GENE.search(header)
    return found.group(1) if found else None


def read_fasta(path: Path) -> Iterator[tuple[str, str]]:
    """Yield the header and the sequence of each record of a FASTA, plain or gzip.

    Raises
    ------
    InputError
        It is not FASTA, or is damaged; raised when the place is reached.
    """
    try:
        with (
            xopen(path, "rb", threads=0) as stream,
            dnaio.open(stream, fileformat="fasta") as records,
        ):
            for record in records:
                yield record.name, record.sequence
    except FileFormatError as error:
        raise InputError(f"is not FASTA ({error})", path=path) from error
    except UNREADABLE as error:
        raise _damage(path, error) from error


def unpack(path: Path, target: Path) -> Path:
    """Return ``path`` as plain text: itself, or unpacked to ``target`` if its content is gzip.

    Raises
    ------
    InputError
        It cannot be read to its end.
    """
    try:
        with path.open("rb") as raw:
            if raw.read(len(_GZIP_MAGIC)) != _GZIP_MAGIC:
                return path
        with xopen(path, "rb", threads=0, format="gz") as packed, target.open("wb") as plain:
            shutil.copyfileobj(packed, plain)
    except UNREADABLE as error:
        raise _damage(path, error) from error
    return target


def _damage(path: Path, error: Exception) -> LotwiseError:
    if isinstance(error, OSError) and error.errno == errno.ENOSPC:
        return EnvironmentFault(
            "could not be unpacked: the disk is full", path=path, remedy="free disk space"
        )
    return InputError(
        f"cannot be read to its end ({error})", path=path, remedy="download or copy it again"
    )


def _prepare(source: Path, directory: Path) -> None:
    seen: dict[str, int] = {}
    by_sequence: dict[bytes, str] = {}
    genes: list[str | None] = []
    with (
        (directory / "transcripts.fa").open("w", encoding="ascii") as fasta,
        (directory / "identical.tsv").open("w", encoding="ascii") as identical,
    ):
        identical.write("transcript_id\tsame_as\n")
        for number, (header, spelled) in enumerate(read_fasta(source), start=1):
            name, sequence = short_name(header), spelled.upper()
            _require_record(source, number, name, sequence, seen)
            seen[name] = number
            genes.append(gene_of(header))
            fasta.write(f">{name}\n{sequence}\n")
            digest = hashlib.blake2b(sequence.encode("ascii"), digest_size=16).digest()
            first = by_sequence.setdefault(digest, name)
            if first != name:
                identical.write(f"{name}\t{first}\n")
    if not seen:
        raise InputError("contains no transcripts", path=source)
    (directory / "n_transcripts").write_text(str(len(seen)), encoding="ascii")
    if any(genes):
        # Spike-ins are their own genes.
        pairs = zip(seen, genes, strict=True)
        with (directory / "tx2gene.tsv").open("w", encoding="ascii") as table:
            table.writelines(f"{name}\t{gene or name}\n" for name, gene in pairs)


def _require_record(
    source: Path, number: int, name: str, sequence: str, seen: dict[str, int]
) -> None:
    if not name:
        raise InputError(f"record {number:,} has no name", path=source)
    if name in seen:
        raise InputError(
            f"record {number:,} has the same name {name!r} as record {seen[name]:,}",
            path=source,
            remedy="give every transcript a unique name",
        )
    if not (sequence.isascii() and sequence.isalpha()):
        raise InputError(
            f"record {number:,} ({name}) has no sequence, or its sequence contains "
            "characters that are not letters",
            path=source,
        )
