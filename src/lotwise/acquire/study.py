"""An accession looked up: its samples, their runs, its files, and the routes open to it."""

from __future__ import annotations

import logging
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Final, get_args

from lotwise.acquire.accession import kind_of
from lotwise.acquire.choice import Candidate, Chosen
from lotwise.acquire.deposited import looks_like
from lotwise.acquire.download import Downloader, Source
from lotwise.acquire.ena import EnaRun, read_report, report_source, runs_by_sample
from lotwise.acquire.geo.layout import (
    ListedFile,
    file_list_source,
    ncbi_page_source,
    ncbi_tpm_source,
    read_file_list,
    supplementary_source,
    with_listed_size,
)
from lotwise.acquire.geo.record import Series
from lotwise.acquire.geo.resolve import fetch_parts
from lotwise.acquire.integrity import Integrity
from lotwise.acquire.retry import DownloadError, NotFoundError
from lotwise.config.acquire import BaseUrls, Route
from lotwise.errors import InputError

_logger = logging.getLogger(__name__)

_USABLE: Final = ("RSEM", "TPM", "FPKM")


@dataclass(frozen=True)
class SuppliedFile:
    """A supplementary file: of the series, or a member of its archive."""

    name: str
    looks: str
    size: int | None
    source: Source | None


@dataclass(frozen=True)
class Study:
    """All that was found under an accession.

    ``series`` is empty for an accession of SRA or ENA; with several, the first is the
    SuperSeries. ``unknown`` tells what could not be found out, with its reason.
    """

    accession: str
    title: str
    series: tuple[Series, ...]
    candidates: tuple[Candidate, ...]
    runs: tuple[EnaRun, ...]
    files: tuple[SuppliedFile, ...]
    ncbi_tpm: Source | None
    unknown: tuple[str, ...]

    def runs_of(self, candidate: Candidate) -> tuple[EnaRun, ...]:
        """Give the runs of a sample, in the order of ENA's report."""
        return tuple(
            run
            for run in self.runs
            if candidate.links & {run.experiment, run.sample, run.secondary_sample, run.alias}
        )

    def routes(self) -> dict[Route, str]:
        """Give the open routes, each with what it would use."""
        routes: dict[Route, str] = {}
        with_reads = [c for c in self.candidates if any(r.fastq for r in self.runs_of(c))]
        if with_reads:
            routes["reads"] = f"FASTQ of {len(with_reads)} of {len(self.candidates)} samples"
        usable = [file for file in self.files if file.looks.startswith(_USABLE)]
        if usable:
            routes["deposited"] = ", ".join(sorted({file.looks for file in usable}))
        if self.ncbi_tpm is not None:
            routes["ncbi"] = "TPM computed by NCBI, gene level only"
        return routes

    def route_bytes(self, route: Route) -> int | None:
        """Give what all samples by one route would download; None where a size is not known."""
        if route == "reads":
            sizes = [run.n_bytes for run in self.runs if run.fastq]
        elif route == "deposited":
            sizes = [file.size for file in self._tables()]
        else:
            sizes = [self.ncbi_tpm.integrity.size if self.ncbi_tpm else None]
        return None if None in sizes else sum(size for size in sizes if size is not None)

    def _tables(self) -> list[SuppliedFile]:
        """Give the files that hold tables: themselves, or the archive where they are members."""
        usable = [file for file in self.files if file.looks.startswith(_USABLE)]
        found = [file for file in usable if file.source is not None]
        if len(found) < len(usable):
            found += [file for file in self.files if file.name.endswith("_RAW.tar")]
        return found


def look_up(
    accession: str,
    downloader: Downloader,
    urls: BaseUrls,
    *,
    routes: Collection[Route] = get_args(Route),
) -> Study:
    """Look an accession up at GEO and ENA.

    Parameters
    ----------
    accession
        GEO series, or study or experiment of SRA or ENA.
    downloader
        Fetches the records.
    urls
        Base addresses.
    routes
        What to look for: runs for ``reads``, files for ``deposited``, NCBI's page for ``ncbi``.

    Raises
    ------
    InputError
        There is no such accession, or a record is not whole.
    DownloadError
        GEO, or for an accession of SRA also ENA, could not be reached.
    """
    if kind_of(accession) != "series":
        return _look_up_runs(accession, downloader, urls)
    series = fetch_parts(accession, downloader, urls)
    candidates = {s.accession: Candidate.of_geo(s) for one in series for s in one.samples}
    unknown: list[str] = []
    runs: tuple[EnaRun, ...] = ()
    files: list[SuppliedFile] = []
    ncbi_tpm = None
    if "reads" in routes:
        runs = _fetch_runs(series, downloader, urls, unknown)
    if "deposited" in routes:
        files = [file for one in series for file in _files(one, downloader, urls, unknown)]
    if "ncbi" in routes:
        ncbi_tpm = _ncbi_tpm(accession, downloader, urls, unknown)
    return Study(
        accession=accession,
        title=series[0].title,
        series=series,
        candidates=tuple(candidates.values()),
        runs=runs,
        files=tuple({file.name: file for file in files}.values()),
        ncbi_tpm=ncbi_tpm,
        unknown=tuple(unknown),
    )


def with_sizes(study: Study, downloader: Downloader) -> Study:
    """Ask for the sizes of the files that no record tells, of which none is fetched."""
    asked = [f.source for f in study.files if f.size is None and f.source is not None]
    if study.ncbi_tpm is not None and study.ncbi_tpm.integrity.size is None:
        asked.append(study.ncbi_tpm)
    answers = downloader.sizes(asked)
    found = {path: answer for path, answer in answers.items() if isinstance(answer, int)}
    files = (
        replace(file, size=found[file.source.path])
        if file.source is not None and file.source.path in found
        else file
        for file in study.files
    )
    unknown = [f"size of {path.rpartition('/')[2]}: {answer}" for path, answer in answers.items()
               if isinstance(answer, str)]  # fmt: skip
    ncbi_tpm = study.ncbi_tpm
    if ncbi_tpm is not None and ncbi_tpm.path in found:
        ncbi_tpm = replace(ncbi_tpm, integrity=Integrity(size=found[ncbi_tpm.path]))
    return replace(study, files=tuple(files), ncbi_tpm=ncbi_tpm, unknown=(*study.unknown, *unknown))


def require_runs(study: Study, chosen: Sequence[Chosen]) -> dict[str, tuple[EnaRun, ...]]:
    """Give the runs of each chosen sample by its accession.

    Raises
    ------
    InputError
        A sample has no run, a run belongs to several samples, or single and paired runs
        belong to one sample.
    """
    owners: dict[str, str] = {}
    found = {}
    for one in chosen:
        accession = one.candidate.accession
        runs = study.runs_of(one.candidate)
        if not runs:
            why = "; ".join(study.unknown) or f"ENA's report has {len(study.runs)} other runs"
            raise InputError(
                f"no run is known of {one.candidate.describe()} ({why})",
                path=study.accession,
                remedy="choose another route or other samples",
            )
        if len({run.paired for run in runs}) > 1:
            raise InputError(
                f"{accession} has single and paired runs: {', '.join(run.run for run in runs)}",
                path=study.accession,
            )
        for run in runs:
            if owners.setdefault(run.run, accession) != accession:
                raise InputError(
                    f"the run {run.run} belongs to {owners[run.run]} and {accession}",
                    path=study.accession,
                )
        found[accession] = runs
    return found


def _look_up_runs(accession: str, downloader: Downloader, urls: BaseUrls) -> Study:
    if kind_of(accession) == "geo_sample":
        raise InputError(
            f"{accession} is one sample", remedy="give its series (GSE...) and choose the sample"
        )
    try:
        runs = read_report(downloader.fetch(report_source(accession, urls)))
    except NotFoundError as error:
        raise InputError(f"ENA knows no {accession}", remedy="check the accession") from error
    if not runs:
        raise InputError(f"ENA has no runs of {accession}", remedy="check the accession")
    candidates = tuple(Candidate.of_runs(members) for members in runs_by_sample(runs).values())
    return Study(accession, "", (), candidates, runs, (), None, ())


def _fetch_runs(
    series: Sequence[Series], downloader: Downloader, urls: BaseUrls, unknown: list[str]
) -> tuple[EnaRun, ...]:
    """Fetch ENA's reports: of the studies, or of each experiment where no study is named."""
    accessions = list(dict.fromkeys(study for one in series for study in one.studies))
    if not accessions:
        linked = (link for one in series for s in one.samples for link in s.linked("SRA"))
        accessions = list(dict.fromkeys(linked))
    if not accessions:
        unknown.append("runs: the record names no study and no experiment of SRA")
    runs: dict[str, EnaRun] = {}
    for accession in accessions:
        try:
            path = downloader.fetch(report_source(accession, urls))
        except DownloadError as error:
            unknown.append(f"runs: {error}")
            continue
        runs |= {run.run: run for run in read_report(path)}
    return tuple(runs.values())


def _files(
    series: Series, downloader: Downloader, urls: BaseUrls, unknown: list[str]
) -> list[SuppliedFile]:
    """List the supplementary files of a series and its samples, archive members included."""
    if series.subseries:
        return []
    listed: tuple[ListedFile, ...] = ()
    archives = any(address.endswith("_RAW.tar") for address in series.supplementary)
    if archives:
        try:
            listed = read_file_list(downloader.fetch(file_list_source(series.accession, urls)))
        except DownloadError as error:
            unknown.append(f"members of the archive: {error}")
    files = []
    addresses = [*series.supplementary, *(a for s in series.samples for a in s.supplementary)]
    members = {file.name for file in listed if file.in_archive}
    for address in dict.fromkeys(addresses):
        try:
            source = supplementary_source(series.accession, address, urls)
        except InputError as error:
            _logger.info("left out: %s", error)
            continue
        source = with_listed_size(source, listed)
        name = source.path.rpartition("/")[2]
        if name not in members:
            files.append(SuppliedFile(name, looks_like(name), source.integrity.size, source))
    files += [
        SuppliedFile(file.name, looks_like(file.name), file.size, None)
        for file in listed
        if file.in_archive
    ]
    return files


def _ncbi_tpm(
    accession: str, downloader: Downloader, urls: BaseUrls, unknown: list[str]
) -> Source | None:
    try:
        page = downloader.fetch(ncbi_page_source(accession, urls))
    except NotFoundError:
        return None
    except DownloadError as error:
        unknown.append(f"TPM by NCBI: {error}")
        return None
    return ncbi_tpm_source(accession, page.read_text(encoding="utf-8", errors="replace"), urls)
