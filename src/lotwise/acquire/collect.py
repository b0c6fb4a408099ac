"""The files of the chosen samples, fetched by one route and listed in a sample sheet."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Sequence
from functools import partial
from pathlib import Path

from lotwise.acquire.archive import extract
from lotwise.acquire.columns import DepositedTable, read_table
from lotwise.acquire.deposited import columns_of, rsem_results, write_quantification
from lotwise.acquire.download.connection import Stop
from lotwise.acquire.download.fetch import Downloader
from lotwise.acquire.download.locking import locked
from lotwise.acquire.download.manifest import STATE
from lotwise.acquire.ena import EnaRun
from lotwise.acquire.select import Chosen, choose
from lotwise.acquire.sheet import SheetRow, sheet_names, write_sheet
from lotwise.acquire.sra import dump_run, has_toolkit
from lotwise.acquire.study import Study, SuppliedFile, look_up, require_runs
from lotwise.config.acquire import AcquireSettings, DepositedSettings
from lotwise.errors import EnvironmentFault, InputError
from lotwise.samples import Run

_logger = logging.getLogger(__name__)


def collect(
    accession: str,
    settings: AcquireSettings,
    downloader: Downloader,
    *,
    sheet: Path,
    origin: str,
    announce: Callable[[Sequence[Chosen]], None] = lambda _chosen: None,
) -> tuple[SheetRow, ...]:
    """Fetch what is to be compared and write the sample sheet.

    Parameters
    ----------
    accession
        GEO series, or study or experiment of SRA or ENA.
    settings
        Route, samples, base addresses.
    downloader
        Where to.
    sheet
        The sample sheet to write.
    origin
        Where the selection is written, for messages.
    announce
        Is told what was chosen before reads or tables are fetched.

    Returns
    -------
    The rows of the sheet.

    Raises
    ------
    InputError
        The selection does not fit, the route is not open, or a table cannot be used.
    DownloadError
        A file could not be had.
    """
    study = look_up(accession, downloader, settings.urls, routes=(settings.route,))
    chosen = choose(study.candidates, settings.samples, origin=origin)
    names = sheet_names(chosen)
    named = settings.route == "deposited" and settings.deposited.file is not None
    if settings.route not in study.routes() and not named:
        raise _route_not_open(study, settings, downloader)
    announce(chosen)
    if settings.route == "reads":
        rows = _collect_reads(study, chosen, names, settings, downloader)
    else:
        rows = _collect_tables(study, chosen, names, settings, downloader)
    write_sheet(sheet, rows, route=settings.route, fragments=settings.single_end)
    return tuple(rows)


def _route_not_open(
    study: Study, settings: AcquireSettings, downloader: Downloader
) -> InputError | EnvironmentFault:
    whole = look_up(study.accession, downloader, settings.urls)
    offered = "; ".join(f"{route} ({words})" for route, words in whole.routes().items())
    unknown = "".join(f"; not known: {reason}" for reason in whole.unknown)
    return study.fault(
        f"the route {settings.route!r} is not open; open are: {offered or 'none'}{unknown}",
        remedy="set another route",
    )


def _collect_reads(
    study: Study,
    chosen: Sequence[Chosen],
    names: dict[str, str],
    settings: AcquireSettings,
    downloader: Downloader,
) -> list[SheetRow]:
    runs_of = require_runs(study, chosen)
    runs = [run for members in runs_of.values() for run in members]
    others = sorted({run.strategy for run in runs} - {"RNA-Seq", ""})
    if others:
        _logger.warning("some runs are not RNA-Seq by their record: %s", ", ".join(others))
    at_ena = [run for run in runs if run.fastq or not has_toolkit()]
    sources = [
        file.source(settings.urls, run.run)
        for run in at_ena
        for file in run.mates()
        if file is not None
    ]
    downloader.fetch_all(sources)
    return [
        SheetRow(
            names[one.candidate.accession],
            one,
            runs=tuple(_run_files(run, downloader) for run in runs_of[one.candidate.accession]),
            run_names=tuple(run.run for run in runs_of[one.candidate.accession]),
        )
        for one in chosen
    ]


def _run_files(run: EnaRun, downloader: Downloader) -> Run:
    folder = downloader.root / "fastq" / run.run
    if not run.fastq:
        lock = downloader.root / STATE / f"{run.run}.lock"
        # Another process that wants the same run waits and then finds it.
        with locked(lock, folder, Stop()):
            return dump_run(run.run, folder, paired=run.paired, offline=downloader.network.offline)
    first, second = run.mates()
    return Run(fastq_1=folder / first.name, fastq_2=folder / second.name if second else None)


def _collect_tables(
    study: Study,
    chosen: Sequence[Chosen],
    names: dict[str, str],
    settings: AcquireSettings,
    downloader: Downloader,
) -> list[SheetRow]:
    wanted = settings.deposited
    if settings.route == "ncbi" and study.ncbi_tpm is not None:
        table = downloader.fetch_as(study.ncbi_tpm, partial(read_table, level="gene"))
    else:
        results = _fetch_rsem(study, chosen, downloader) if wanted.file is None else {}
        if results:
            return [
                SheetRow(
                    names[one.candidate.accession], one, quant=results[one.candidate.accession]
                )
                for one in chosen
            ]
        table = _fetch_table(study, wanted, downloader)
    folder = downloader.root / "deposited" / study.accession
    return [
        SheetRow(
            names[accession],
            one,
            quant=write_quantification(table, column, names[accession], folder),
        )
        for (accession, column), one in zip(columns_of(table, chosen).items(), chosen, strict=True)
    ]


def _fetch_rsem(study: Study, chosen: Sequence[Chosen], downloader: Downloader) -> dict[str, Path]:
    """Fetch RSEM's results, of the samples themselves or out of the archive."""
    accessions = tuple(one.candidate.accession for one in chosen)
    files = [file for file in study.files if file.looks.startswith("RSEM")]
    own = [f.source for f in files if f.source is not None and f.name.startswith(accessions)]
    found = downloader.fetch_all(own)
    members = {file.name for file in files if file.source is None}
    return rsem_results([*found, *_fetch_members(study, members, downloader)], chosen)


def _fetch_members(study: Study, names: Collection[str], downloader: Downloader) -> list[Path]:
    """Fetch the archives of a study and take the named members out."""
    found = []
    for archive in downloader.fetch_all(study.archives() if names else []):
        found += extract(archive, archive.parent / "raw", wanted=names.__contains__)
    return found


def _fetch_table(study: Study, wanted: DepositedSettings, downloader: Downloader) -> DepositedTable:
    """Fetch and read the one table that was named or that alone comes into question."""
    tables = study.tables()
    if wanted.file is not None:
        tables = [file for file in study.files if file.name == wanted.file]
    else:
        for words in ("TPM table", "FPKM table"):
            if any(file.looks == words for file in tables):
                tables = [file for file in tables if file.looks == words]
                break
    if len(tables) != 1:
        raise study.fault(
            f"{len(tables)} tables come into question: {_names(tables) or 'none'}; "
            f"supplementary files: {_names(study.files) or 'none'}",
            remedy="set deposited.file to one of them",
        )
    [table] = tables
    read = partial(read_table, kind=wanted.kind, level=wanted.level)
    if table.source is not None:
        return downloader.fetch_as(table.source, read)
    members = _fetch_members(study, {table.name}, downloader)
    if len(members) != 1:
        raise InputError(f"{len(members)} archives hold {table.name}", path=study.accession)
    return read(members[0])


def _names(files: Sequence[SuppliedFile]) -> str:
    return ", ".join(f"{file.name} ({file.looks})" for file in files)
