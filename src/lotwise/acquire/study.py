"""Look-up of an accession: its samples, runs, files, and the available routes."""

from __future__ import annotations

import logging
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Final, get_args

from lotwise.acquire.accession import kind_of
from lotwise.acquire.deposited import looks_like
from lotwise.acquire.download.fetch import Downloader, Source
from lotwise.acquire.download.integrity import Integrity
from lotwise.acquire.download.retry import DownloadError, NotFoundError
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
from lotwise.acquire.select import Candidate, Chosen
from lotwise.acquire.sra import has_toolkit
from lotwise.config.acquire import BaseUrls, Route
from lotwise.errors import EnvironmentFault, InputError

_logger = logging.getLogger(__name__)

_USABLE: Final = ("RSEM", "TPM", "FPKM", "kallisto", "salmon")
_ARCHIVE: Final = "_RAW.tar"
_TABLE = re.compile(r"\.(txt|tsv|csv|tab)(\.gz)?$")
NCBI_GAP: Final = "TPM by NCBI"
"""First words of the entry in ``Study.unknown`` for an NCBI page that was not received."""


@dataclass(frozen=True)
class SuppliedFile:
    """A supplementary file of the series, or a member of its archive."""

    name: str
    looks: str
    size: int | None
    source: Source | None


@dataclass(frozen=True)
class Study:
    """Everything found for an accession.

    ``series`` is empty for an accession of SRA or ENA; if there are several, the first is the
    SuperSeries. ``unknown`` lists what could not be determined, with reasons; ``unreached`` is
    whether an unreachable archive is among the reasons.
    """

    accession: str
    title: str
    series: tuple[Series, ...]
    candidates: tuple[Candidate, ...]
    runs: tuple[EnaRun, ...]
    files: tuple[SuppliedFile, ...]
    ncbi_tpm: Source | None
    unknown: tuple[str, ...] = ()
    unreached: bool = False

    @cached_property
    def _places(self) -> dict[str, list[int]]:
        """Positions in ``runs`` by each accession in them."""
        places: dict[str, list[int]] = {}
        for place, run in enumerate(self.runs):
            for link in {run.experiment, run.sample, run.secondary_sample, run.alias} - {""}:
                places.setdefault(link, []).append(place)
        return places

    def runs_of(self, candidate: Candidate) -> tuple[EnaRun, ...]:
        """Return the runs of a sample, in the order of ENA's report.

        A sample has the runs of its own experiments (SRX). Several samples may share a BioSample
        and its alias; these are used only if no experiment is known. If a sample has RNA-Seq runs,
        runs of another strategy (such as ChIP-Seq) are left out.
        """
        places = {place for link in candidate.links for place in self._places.get(link, ())}
        runs = [self.runs[place] for place in sorted(places)]
        own = [run for run in runs if run.experiment in candidate.links] or runs
        return tuple([run for run in own if run.strategy == "RNA-Seq"] or own)

    def fault(self, problem: str, *, remedy: str) -> InputError | EnvironmentFault:
        """Return the error for missing data: an environment fault if an archive was unreachable."""
        if self.unreached:
            return EnvironmentFault(
                problem, path=self.accession, remedy="run again when the archive can be reached"
            )
        return InputError(problem, path=self.accession, remedy=remedy)

    def routes(self) -> dict[Route, str]:
        """Return the available routes, each with what it would use."""
        routes: dict[Route, str] = {}
        runs = [self.runs_of(candidate) for candidate in self.candidates]
        n_fastq = sum(any(run.fastq for run in members) for members in runs)
        n_dumped = sum(any(not run.fastq for run in members) for members in runs)
        if n_fastq:
            routes["reads"] = f"FASTQ of {n_fastq} of {len(runs)} samples"
        if n_dumped and has_toolkit():
            words = f"download by the SRA toolkit for {n_dumped} of {len(runs)} samples"
            routes["reads"] = f"{routes['reads']}, {words}" if n_fastq else words
        tables = self.tables()
        if tables:
            looks = ", ".join(sorted({file.looks for file in tables}))
            plain = any(file.looks.startswith(_USABLE) for file in tables)
            routes["deposited"] = looks if plain else f"unclear ({looks})"
        if self.ncbi_tpm is not None:
            routes["ncbi"] = "TPM computed by NCBI, gene level only"
        return routes

    def route_bytes(self, route: Route) -> int | None:
        """Return the download size of all samples by one route; None if a size is unknown."""
        if route == "reads":
            sizes = [
                run.n_bytes if run.fastq else None
                for run in self.runs
                if run.fastq or has_toolkit()
            ]
        elif route == "deposited":
            sizes = [file.size for file in self._downloads()]
        else:
            sizes = [self.ncbi_tpm.integrity.size if self.ncbi_tpm else None]
        return None if None in sizes else sum(size for size in sizes if size is not None)

    def tables(self) -> list[SuppliedFile]:
        """Return the files that may contain TPM: those whose names say so, else all tables."""
        usable = [file for file in self.files if file.looks.startswith(_USABLE)]
        return usable or self.possible_tables()

    def possible_tables(self) -> list[SuppliedFile]:
        """Return every file that may contain values of samples, whatever its name."""
        return [
            file
            for file in self.files
            if file.looks.startswith((*_USABLE, "workbook")) or _TABLE.search(file.name.lower())
        ]

    def archives(self) -> list[Source]:
        """Return the archives that contain some of the files."""
        return [file.source for file in self.files if file.source and file.name.endswith(_ARCHIVE)]

    def _downloads(self) -> list[SuppliedFile]:
        """Return the files to download for the tables: the files themselves, or their archives."""
        tables = self.tables()
        found = [file for file in tables if file.source is not None]
        if len(found) < len(tables):
            found += [file for file in self.files if file.name.endswith(_ARCHIVE)]
        return found


@dataclass
class _Gaps:
    """What could not be determined."""

    reasons: list[str] = field(default_factory=list)
    unreached: bool = False

    def add(self, what: str, error: DownloadError) -> None:
        """Record a failed request; a server that answers "not found" was reached."""
        self.reasons.append(f"{what}: {error}")
        self.unreached |= not isinstance(error, NotFoundError)


def look_up(
    accession: str,
    downloader: Downloader,
    urls: BaseUrls,
    *,
    routes: Collection[Route] = get_args(Route),
) -> Study:
    """Look up an accession at GEO and ENA.

    Parameters
    ----------
    accession
        GEO series, or study or experiment of SRA or ENA.
    downloader
        Fetches the records.
    urls
        Base addresses.
    routes
        Routes to look up: runs for ``reads``, files for ``deposited``, NCBI's page for ``ncbi``.

    Raises
    ------
    InputError
        The accession does not exist, or a record is incomplete.
    DownloadError
        GEO (or, for an accession of SRA, ENA) could not be reached.
    """
    if kind_of(accession) != "series":
        return _look_up_runs(accession, downloader, urls)
    series = fetch_parts(accession, downloader, urls)
    candidates = {s.accession: Candidate.of_geo(s) for one in series for s in one.samples}
    gaps = _Gaps()
    runs: tuple[EnaRun, ...] = ()
    files: list[SuppliedFile] = []
    ncbi_tpm = None
    if "reads" in routes:
        runs = _fetch_runs(series, downloader, urls, gaps)
    if "deposited" in routes:
        files = [file for one in series for file in _files(one, downloader, urls, gaps)]
    if "ncbi" in routes:
        ncbi_tpm = _ncbi_tpm(accession, downloader, urls, gaps)
    return Study(
        accession=accession,
        title=series[0].title,
        series=series,
        candidates=tuple(candidates.values()),
        runs=runs,
        files=tuple({file.name: file for file in files}.values()),
        ncbi_tpm=ncbi_tpm,
        unknown=tuple(gaps.reasons),
        unreached=gaps.unreached,
    )


def with_sizes(study: Study, downloader: Downloader) -> Study:
    """Request the sizes of files that no record gives; nothing is downloaded."""
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
    """Return the runs of each chosen sample by accession.

    Raises
    ------
    InputError
        A sample has no run, a run belongs to several samples, or a sample has single and paired
        runs.
    EnvironmentFault
        A sample has no run, and not all of ENA's reports could be fetched.
    """
    owners: dict[str, str] = {}
    found = {}
    for one in chosen:
        accession = one.candidate.accession
        runs = study.runs_of(one.candidate)
        if not runs:
            why = "; ".join(study.unknown) or f"ENA's report has {len(study.runs)} other runs"
            raise study.fault(
                f"no run found for {one.candidate.describe()} ({why})",
                remedy="use another route or other samples",
            )
        if len({run.paired for run in runs}) > 1:
            raise InputError(
                f"{accession} has both single-end and paired-end runs: "
                f"{', '.join(run.run for run in runs)}",
                path=study.accession,
            )
        for run in runs:
            if owners.setdefault(run.run, accession) != accession:
                raise InputError(
                    f"the run {run.run} belongs to two samples, {owners[run.run]} and {accession}",
                    path=study.accession,
                )
        found[accession] = runs
    return found


def _look_up_runs(accession: str, downloader: Downloader, urls: BaseUrls) -> Study:
    if kind_of(accession) == "geo_sample":
        raise InputError(
            f"{accession} is a single sample",
            remedy="give the series of the sample (GSE...) and choose the sample",
        )
    try:
        runs = _fetch_report(accession, downloader, urls)
    except NotFoundError as error:
        raise InputError(
            f"ENA has no record of {accession}", remedy="check the accession"
        ) from error
    if not runs:
        raise InputError(f"ENA has no runs of {accession}", remedy="check the accession")
    candidates = tuple(Candidate.of_runs(members) for members in runs_by_sample(runs).values())
    return Study(accession, "", (), candidates, runs, (), None)


def _fetch_report(accession: str, downloader: Downloader, urls: BaseUrls) -> tuple[EnaRun, ...]:
    """Fetch one report; an empty report is not kept, because runs may be added later."""
    source = report_source(accession, urls)
    runs = downloader.fetch_as(source, read_report)
    if not runs:
        downloader.fetch(source).unlink(missing_ok=True)
    return runs


def _fetch_runs(
    series: Sequence[Series], downloader: Downloader, urls: BaseUrls, gaps: _Gaps
) -> tuple[EnaRun, ...]:
    """Fetch ENA's reports of the studies, or of each experiment if no study is given."""
    accessions = list(dict.fromkeys(study for one in series for study in one.studies))
    if not accessions:
        linked = (link for one in series for s in one.samples for link in s.linked("SRA"))
        accessions = list(dict.fromkeys(linked))
    if not accessions:
        gaps.reasons.append("runs: the record contains no SRA study or experiment")
    runs: dict[str, EnaRun] = {}
    for accession in accessions:
        try:
            found = _fetch_report(accession, downloader, urls)
        except DownloadError as error:
            gaps.add("runs", error)
            continue
        if not found:
            gaps.reasons.append(f"runs: ENA's report of {accession} is empty")
        runs |= {run.run: run for run in found}
    return tuple(runs.values())


def _files(
    series: Series, downloader: Downloader, urls: BaseUrls, gaps: _Gaps
) -> list[SuppliedFile]:
    """List the supplementary files of a series and its samples, including archive members."""
    if series.subseries:
        return []
    listed: tuple[ListedFile, ...] = ()
    archives = any(address.endswith(_ARCHIVE) for address in series.supplementary)
    if archives:
        try:
            source = file_list_source(series.accession, urls)
            listed = downloader.fetch_as(source, read_file_list)
        except DownloadError as error:
            gaps.add("members of the archive", error)
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


def _ncbi_tpm(accession: str, downloader: Downloader, urls: BaseUrls, gaps: _Gaps) -> Source | None:
    source = ncbi_page_source(accession, urls)
    try:
        path = downloader.fetch(source)
    except NotFoundError:
        return None
    except DownloadError as error:
        gaps.add(NCBI_GAP, error)
        return None
    page = path.read_text(encoding="utf-8", errors="replace")
    if f"acc={accession}" not in page:
        path.unlink(missing_ok=True)
        other = DownloadError(f"the received page is not the page of {accession}", path=source.url)
        gaps.add(NCBI_GAP, other)
        return None
    return ncbi_tpm_source(accession, page, urls)
