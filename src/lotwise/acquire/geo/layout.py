"""Addresses of GEO's files of a series (its README: ftp.ncbi.nlm.nih.gov/geo/README.txt).

``series/GSE52nnn/GSE52778/{soft,matrix,suppl}/``: the last three digits are replaced by ``nnn``.
"""

from __future__ import annotations

import html
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit

from lotwise.acquire.download.fetch import Source
from lotwise.acquire.download.integrity import Integrity
from lotwise.acquire.download.names import name_of_url, safe_name
from lotwise.acquire.download.retry import WrongAnswerError
from lotwise.acquire.text import lines_of, number_in
from lotwise.config.acquire import BaseUrls
from lotwise.errors import InputError


def series_folder(accession: str, urls: BaseUrls) -> str:
    """Return the address of a series' folder.

    Examples
    --------
    >>> series_folder("GSE150969", BaseUrls())
    'https://ftp.ncbi.nlm.nih.gov/geo/series/GSE150nnn/GSE150969'
    >>> series_folder("GSE12", BaseUrls())
    'https://ftp.ncbi.nlm.nih.gov/geo/series/GSEnnn/GSE12'
    """
    stub = re.sub(r"\d{1,3}$", "nnn", accession)
    return f"{urls.geo}/series/{stub}/{accession}"


def soft_source(accession: str, urls: BaseUrls) -> Source:
    """Return the source of the family SOFT file."""
    name = f"{accession}_family.soft.gz"
    return Source(f"{series_folder(accession, urls)}/soft/{name}", f"geo/{accession}/{name}")


def matrix_listing_source(accession: str, urls: BaseUrls) -> Source:
    """Return the source of the listing of the series matrices: one file per platform."""
    return Source(
        f"{series_folder(accession, urls)}/matrix/", f"geo/{accession}/matrix.listing.html"
    )


def matrix_sources(accession: str, listing: str, urls: BaseUrls) -> list[Source]:
    """Return the series matrices in a listing of their folder."""
    names = re.findall(rf'href="({accession}(?:-GPL\d+)?_series_matrix\.txt\.gz)"', listing)
    folder = f"{series_folder(accession, urls)}/matrix"
    return [Source(f"{folder}/{name}", f"geo/{accession}/{name}") for name in dict.fromkeys(names)]


def file_list_source(accession: str, urls: BaseUrls) -> Source:
    """Return the source of the list of files in the ``_RAW.tar``."""
    return Source(
        f"{series_folder(accession, urls)}/suppl/filelist.txt", f"geo/{accession}/filelist.txt"
    )


def ncbi_page_source(accession: str, urls: BaseUrls) -> Source:
    """Return the source of the page that offers counts and TPM computed by NCBI."""
    return Source(f"{urls.geo_download}/?acc={accession}", f"geo/{accession}/ncbi.html")


def ncbi_tpm_source(accession: str, page: str, urls: BaseUrls) -> Source | None:
    """Return the source of NCBI's gene-level TPM on that page; None if it offers none.

    See https://www.ncbi.nlm.nih.gov/geo/info/rnaseqcounts.html: HISAT2, featureCounts and NCBI
    gene identifiers; there is no isoform level.
    """
    for link in re.findall(r'href="([^"]+)"', page):
        query = html.unescape(link)
        match = re.search(rf"[?&]file=({accession}_norm_counts_TPM_[\w.-]+\.tsv\.gz)(&|$)", query)
        if match:
            url = (
                f"{urls.geo_download}/?type=rnaseq_counts&acc={accession}"
                f"&format=file&file={match[1]}"
            )
            return Source(url, f"geo/{accession}/{match[1]}")
    return None


def supplementary_source(accession: str, address: str, urls: BaseUrls) -> Source:
    """Return the source of a supplementary file, over HTTPS and the configured base address.

    Records contain ``ftp://ftp.ncbi.nlm.nih.gov/geo/...``, older ones ``.../pub/geo/DATA/
    supplementary/series/GSE.../NAME``, which no longer exists: the present address is used.

    Raises
    ------
    InputError
        The address is not one of GEO's files, or its name is not a plain file name.
    """
    name = name_of_url(address)
    path = unquote(urlsplit(address).path)
    current = re.fullmatch(r"/geo/(series|samples)/([\w/]+)/suppl/[^/]+", path)
    old = re.fullmatch(r"/pub/geo/DATA/supplementary/(series|samples)/([\w/]+)/[^/]+", path)
    if current:
        folder = f"{urls.geo}/{current[1]}/{current[2]}/suppl"
    elif old:
        record = old[2].rpartition("/")[2]
        stub = re.sub(r"\d{1,3}$", "nnn", record)
        folder = f"{urls.geo}/{old[1]}/{stub}/{record}/suppl"
    else:
        raise InputError(f"{address} is not an address of a GEO file")
    return Source(f"{folder}/{quote(name)}", f"geo/{accession}/suppl/{name}")


@dataclass(frozen=True)
class ListedFile:
    """A row of ``filelist.txt``: the archive, or a file in it."""

    name: str
    size: int
    in_archive: bool


def read_file_list(path: Path) -> tuple[ListedFile, ...]:
    """Read ``filelist.txt``: ``#Archive/File, Name, Time, Size, Type``, separated by tabs.

    Raises
    ------
    WrongAnswerError
        A row does not have that form.
    InputError
        A name is not a plain file name.
    """
    files = []
    for number, line in enumerate(lines_of(path), start=1):
        if not line.strip() or line.startswith("#"):
            continue
        cells = line.split("\t")
        size = number_in(cells[3]) if len(cells) >= 4 else None
        if cells[0] not in {"Archive", "File"} or size is None:
            raise WrongAnswerError(
                f"{line[:60]!r} is not a row of a file list", path=path, row=number
            )
        name = safe_name(cells[1], origin=f"{path}, row {number}")
        files.append(ListedFile(name, size, in_archive=cells[0] == "File"))
    if not files:
        raise WrongAnswerError("lists no files", path=path)
    return tuple(files)


def with_listed_size(source: Source, files: Sequence[ListedFile]) -> Source:
    """Return the source with the size given in the file list."""
    name = source.path.rpartition("/")[2]
    for file in files:
        if file.name == name and not file.in_archive:
            return Source(source.url, source.path, Integrity(size=file.size))
    return source
