"""Transcripts and annotation of a GENCODE or Ensembl release, verified by its checksum file.

GENCODE: ``release_N/MD5SUMS``, in the format of ``md5sum``. Ensembl: ``CHECKSUMS`` in each
folder, in the format of ``sum``: a 16-bit checksum, blocks of 1,024 bytes, the name.
"""

from __future__ import annotations

import logging
import re
from dataclasses import dataclass, replace
from pathlib import Path

from lotwise.acquire.download.fetch import Downloader, Source
from lotwise.acquire.download.integrity import Integrity
from lotwise.acquire.download.retry import WrongAnswerError
from lotwise.acquire.text import lines_of
from lotwise.config.acquire import BaseUrls, ReferenceSettings
from lotwise.errors import InputError

_logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Reference:
    """Files for quantification: transcripts (FASTA, one or two files) and annotation (GTF)."""

    transcripts: tuple[Path, ...]
    annotation: Path


def fetch_reference(
    settings: ReferenceSettings, downloader: Downloader, urls: BaseUrls
) -> Reference:
    """Fetch transcripts and annotation, verified by the release's own checksums.

    Raises
    ------
    InputError
        A file given by the user does not exist, or a checksum file is malformed.
    DownloadError
        A file could not be downloaded (for example, the release does not exist) or does not match
        its checksum.
    """
    if settings.transcripts is not None and settings.annotation is not None:
        for path in (settings.transcripts, settings.annotation):
            if not path.is_file():
                raise InputError("no such file", path=path, remedy="correct 'acquire.reference'")
        return Reference((settings.transcripts,), settings.annotation)
    sources = gencode_sources(settings, urls)
    if settings.source == "ensembl":
        sources = ensembl_sources(settings, urls)
    lists = {source.path: source for source, _ in sources}
    downloader.fetch_all(list(lists.values()))
    read = {path: downloader.fetch_as(source, read_checksums) for path, source in lists.items()}
    checked = []
    for checksums, source in sources:
        name = source.url.rpartition("/")[2]
        integrity = read[checksums.path].get(name)
        if integrity is None:
            _logger.warning(
                "%s does not list %s, so only the checksum inside the gzip file is checked",
                checksums.url,
                name,
            )
        checked.append(replace(source, integrity=integrity or Integrity()))
    *transcripts, annotation = downloader.fetch_all(checked)
    return Reference(tuple(transcripts), annotation)


def gencode_sources(settings: ReferenceSettings, urls: BaseUrls) -> list[tuple[Source, Source]]:
    """Return pairs of checksum file and file of a GENCODE release, the annotation last.

    Examples
    --------
    >>> pairs = gencode_sources(ReferenceSettings(release="44"), BaseUrls())
    >>> [file.url.rpartition("/")[2] for _, file in pairs]
    ['gencode.v44.transcripts.fa.gz', 'gencode.v44.annotation.gtf.gz']
    """
    folder = f"{urls.gencode}/Gencode_{settings.organism}/release_{settings.release}"
    place = f"reference/gencode_{settings.organism}_{settings.release}"
    checksums = Source(f"{folder}/MD5SUMS", f"{place}/MD5SUMS")
    names = (
        f"gencode.v{settings.release}.transcripts.fa.gz",
        f"gencode.v{settings.release}.annotation.gtf.gz",
    )
    return [(checksums, Source(f"{folder}/{name}", f"{place}/{name}")) for name in names]


def ensembl_sources(settings: ReferenceSettings, urls: BaseUrls) -> list[tuple[Source, Source]]:
    """Return pairs of checksum file and file of an Ensembl release: cDNA, ncRNA, annotation.

    Examples
    --------
    >>> human = ReferenceSettings(source="ensembl", release="110", organism="human")
    >>> [file.url.rpartition("/")[2] for _, file in ensembl_sources(human, BaseUrls())]
    ['Homo_sapiens.GRCh38.cdna.all.fa.gz', 'Homo_sapiens.GRCh38.ncrna.fa.gz', \
'Homo_sapiens.GRCh38.110.gtf.gz']
    """
    common = {"human": "homo_sapiens", "mouse": "mus_musculus"}
    organism = common.get(settings.organism, settings.organism)
    stem = f"{organism.capitalize()}.{settings.assembly}"
    release = f"{urls.ensembl}/release-{settings.release}"
    place = f"reference/ensembl_{organism}_{settings.release}"
    pairs = []
    for folder, name in (
        (f"fasta/{organism}/cdna", f"{stem}.cdna.all.fa.gz"),
        (f"fasta/{organism}/ncrna", f"{stem}.ncrna.fa.gz"),
        (f"gtf/{organism}", f"{stem}.{settings.release}.gtf.gz"),
    ):
        kind = folder.rpartition("/")[2] if folder.startswith("fasta") else "gtf"
        checksums = Source(f"{release}/{folder}/CHECKSUMS", f"{place}/CHECKSUMS.{kind}")
        pairs.append((checksums, Source(f"{release}/{folder}/{name}", f"{place}/{name}")))
    return pairs


def read_checksums(path: Path) -> dict[str, Integrity]:
    """Read ``MD5SUMS`` or ``CHECKSUMS``; the form of each line decides.

    Raises
    ------
    InputError
        A line has neither form, or a file has two different checksums.
    """
    found: dict[str, Integrity] = {}
    for number, line in enumerate(lines_of(path), start=1):
        if not line.strip():
            continue
        if match := re.fullmatch(r"([0-9a-fA-F]{32})\s+\*?(?:\./)?(\S+)", line):
            name, integrity = match[2], Integrity(md5=match[1].lower())
        elif match := re.fullmatch(r"\s*([0-9]{1,5})\s+([0-9]{1,15})\s+(?:\./)?(\S+)", line):
            name = match[3]
            integrity = Integrity(bsd_sum=int(match[1]), bsd_blocks=int(match[2]))
        else:
            raise WrongAnswerError(f"{line[:60]!r} is not a checksum", path=path, row=number)
        if found.setdefault(name, integrity) != integrity:
            raise InputError(f"{name} has two checksums", path=path, row=number)
    return found
