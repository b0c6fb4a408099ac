"""The series of an accession: from SOFT, else matrix; the parts of a SuperSeries."""

from __future__ import annotations

import logging
from functools import partial
from pathlib import Path

from lotwise.acquire.accession import kind_of
from lotwise.acquire.download.fetch import Downloader
from lotwise.acquire.download.retry import DownloadError, NotFoundError
from lotwise.acquire.geo.layout import matrix_listing_source, matrix_sources, soft_source
from lotwise.acquire.geo.matrix import read_matrix
from lotwise.acquire.geo.record import Series
from lotwise.acquire.geo.soft import read_soft
from lotwise.config.acquire import BaseUrls
from lotwise.errors import InputError

_logger = logging.getLogger(__name__)


def fetch_series(accession: str, downloader: Downloader, urls: BaseUrls) -> Series:
    """Fetch and read the record of one series.

    Raises
    ------
    InputError
        The accession is not a series, GEO does not have it, or the record is incomplete.
    DownloadError
        GEO could not be reached.
    """
    if kind_of(accession) != "series":
        raise InputError(f"{accession} is not a GEO series", remedy="give a GSE accession")
    soft = soft_source(accession, urls)
    if downloader.missing([soft]) and _has_matrices(accession, downloader, urls):
        # An earlier run found no SOFT file; the file it used instead is used again.
        return _read_matrices(accession, downloader, urls)
    try:
        return downloader.fetch_as(soft, partial(read_soft, accession=accession))
    except DownloadError as error:
        _logger.info("no SOFT file (%s); trying the series matrix", error)
        return _fetch_matrix(accession, downloader, urls, error)


def fetch_parts(accession: str, downloader: Downloader, urls: BaseUrls) -> tuple[Series, ...]:
    """Fetch a series and, for a SuperSeries, all its parts.

    Returns
    -------
    The series itself first. Each series occurs once, however the series refer to each other.
    """
    found: dict[str, Series] = {}
    waiting = [accession]
    while waiting:
        name = waiting.pop(0)
        if name not in found:
            found[name] = fetch_series(name, downloader, urls)
            waiting += found[name].subseries
    return tuple(found.values())


def _fetch_matrix(
    accession: str, downloader: Downloader, urls: BaseUrls, without_soft: DownloadError
) -> Series:
    try:
        return _read_matrices(accession, downloader, urls)
    except DownloadError as error:
        if isinstance(error, NotFoundError) and isinstance(without_soft, NotFoundError):
            raise InputError(
                f"GEO has no series {accession}, or it is not public yet",
                path=without_soft.path,
                remedy="check the accession",
            ) from error
        raise without_soft from error


def _has_matrices(accession: str, downloader: Downloader, urls: BaseUrls) -> bool:
    """Return whether the listing and all matrices in it were downloaded."""
    listing = matrix_listing_source(accession, urls)
    if downloader.missing([listing]):
        return False
    sources = matrix_sources(accession, _text(downloader.fetch(listing)), urls)
    return bool(sources) and not downloader.missing(sources)


def _read_matrices(accession: str, downloader: Downloader, urls: BaseUrls) -> Series:
    source = matrix_listing_source(accession, urls)
    listing = downloader.fetch(source)
    text = _text(listing)
    sources = matrix_sources(accession, text, urls)
    if not sources:
        # Not kept: it may be the error page of a server, and matrices may be added later.
        listing.unlink(missing_ok=True)
        if "Index of" not in text:
            raise DownloadError(
                "the received page is not a list of files",
                path=source.url,
                remedy="try again later",
            )
        raise NotFoundError("lists no series matrix", path=source.url)
    found = downloader.fetch_all(sources)
    _logger.warning("%s: there is no SOFT file; the series matrix is used", accession)
    try:
        return read_matrix(found, accession)
    except InputError:
        if not downloader.network.offline:
            # Not kept: the next run fetches it again, and it may then be complete.
            for path in found:
                path.unlink(missing_ok=True)
        raise


def _text(listing: Path) -> str:
    return listing.read_text(encoding="utf-8", errors="replace")
