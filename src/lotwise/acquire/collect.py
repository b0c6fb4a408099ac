"""Download of the files of the chosen samples by one route, and the sample sheet."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import Final

from lotwise.acquire.cautions import cautions
from lotwise.acquire.deposited import write_quantification
from lotwise.acquire.download.connection import Stop
from lotwise.acquire.download.fetch import Downloader
from lotwise.acquire.download.locking import locked
from lotwise.acquire.download.manifest import STATE
from lotwise.acquire.ena import EnaRun
from lotwise.acquire.select import Chosen, choose
from lotwise.acquire.sheet import SheetRow, sheet_names, write_sheet
from lotwise.acquire.sra import dump_run, has_toolkit
from lotwise.acquire.study import Study, look_up, require_runs
from lotwise.acquire.tables import Holding, find_tables, require_table
from lotwise.config.acquire import AcquireSettings, DepositedSettings
from lotwise.errors import EnvironmentFault, InputError
from lotwise.keys import Level
from lotwise.samples import Run

_logger = logging.getLogger(__name__)


def collect(
    accession: str,
    settings: AcquireSettings,
    downloader: Downloader,
    *,
    sheet: Path,
    origin: str,
    levels: Collection[Level] = (),
    announce: Callable[[Sequence[Chosen]], None] = lambda _chosen: None,
) -> tuple[SheetRow, ...]:
    """Fetch the files of the samples to compare and write the sample sheet.

    Parameters
    ----------
    accession
        GEO series, or study or experiment of SRA or ENA.
    settings
        Route, samples, base addresses.
    downloader
        Downloads into its folder.
    sheet
        The sample sheet to write.
    origin
        Where the selection is written, for messages.
    levels
        Levels required of deposited tables; empty accepts any.
    announce
        Called with the chosen samples before reads or tables are fetched.

    Returns
    -------
    The rows of the sample sheet.

    Raises
    ------
    InputError
        The selection does not fit, the route is not available, or a table cannot be used.
    DownloadError
        A file could not be downloaded.
    """
    study = look_up(accession, downloader, settings.urls, routes=(settings.route,))
    chosen = choose(study.candidates, settings.samples, origin=origin)
    names = sheet_names(chosen)
    deposited = settings.deposited
    named = settings.route == "deposited" and (
        deposited.file is not None or deposited.path is not None
    )
    if settings.route not in study.routes() and not named:
        raise _route_not_open(study, settings, downloader)
    for caution in cautions([one.candidate for one in chosen], settings.reference):
        _logger.warning("%s: %s", accession, caution)
    announce(chosen)
    if settings.route == "reads":
        rows = _collect_reads(study, chosen, names, settings, downloader)
    else:
        rows = _collect_tables(study, chosen, names, settings, downloader, levels=levels)
    write_sheet(sheet, rows, route=settings.route, fragments=settings.single_end)
    return tuple(rows)


def _route_not_open(
    study: Study, settings: AcquireSettings, downloader: Downloader
) -> InputError | EnvironmentFault:
    whole = look_up(study.accession, downloader, settings.urls)
    offered = "; ".join(f"{route} ({words})" for route, words in whole.routes().items())
    unknown = "".join(f"; unknown: {reason}" for reason in whole.unknown)
    return study.fault(
        f"the route {settings.route!r} is not available; available: {offered or 'none'}{unknown}",
        remedy="choose another route",
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
    _refuse_other_strategies(study, runs_of)
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


# What the archives call a library of RNA whose transcripts are all there; blank is not told.
_TRANSCRIPTOMES: Final = frozenset({"rna-seq", "ssrna-seq", "fl-cdna", "est", "other", ""})


def _refuse_other_strategies(study: Study, runs_of: Mapping[str, Sequence[EnaRun]]) -> None:
    """Raise an error for samples that only have runs of another kind, such as ATAC-seq."""
    for accession, runs in runs_of.items():
        others = [run for run in runs if run.strategy.lower() not in _TRANSCRIPTOMES]
        if others:
            raise InputError(
                f"{accession} only has runs of {others[0].strategy} ({others[0].run}), "
                "which do not measure transcripts",
                path=study.accession,
                remedy=f"exclude this sample: `exclude: [{accession}]`",
            )


def _run_files(run: EnaRun, downloader: Downloader) -> Run:
    folder = downloader.root / "fastq" / run.run
    if not run.fastq and run.paired is not None:
        lock = downloader.root / STATE / f"{run.run}.lock"
        # Another process that fetches the same run waits and then uses the result.
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
    *,
    levels: Collection[Level],
) -> list[SheetRow]:
    wanted = settings.deposited
    if settings.route == "ncbi" and study.ncbi_tpm is not None:
        path = downloader.fetch_as(study.ncbi_tpm, require_table)
        wanted = DepositedSettings(path=path, level="gene", columns=wanted.columns)
    found = find_tables(study, chosen, wanted, downloader, levels=levels)
    _require_levels(study, found, levels)
    folder = downloader.root / "deposited" / study.accession
    return [_write_row(one, names[one.candidate.accession], found, folder) for one in chosen]


def _write_row(one: Chosen, name: str, found: Mapping[Level, Holding], folder: Path) -> SheetRow:
    accession = one.candidate.accession
    direct = [holding.direct.get(accession) for holding in found.values()]
    parts = [holding.parts[accession]() for holding in found.values()]
    quant = direct[0] if len(direct) == 1 else None
    for part in parts:
        if "computed from" in part.origin:
            _logger.warning("%s: %s", accession, part.origin)
    return SheetRow(
        name,
        one,
        quant=quant or write_quantification(parts, name, folder),
        origins={part.level: part.origin for part in parts},
    )


def _require_levels(
    study: Study, found: Mapping[Level, Holding], levels: Collection[Level]
) -> None:
    """Raise an error if a level is missing; genes can be summed from isoforms."""
    if "isoform" in levels and "isoform" not in found:
        raise study.fault(
            "the isoform level was requested, but the tables have the gene level only "
            f"({found['gene'].name})",
            remedy="set `levels: [gene]`, or give a table of isoforms in acquire.deposited.file",
        )
