"""``lotwise fetch``: download and verify the samples of an accession, or the reference."""

from __future__ import annotations

import gzip
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, get_args

import click

from lotwise.cli.acquiring import (
    acquiring_options,
    origin_of,
    settings_of,
    wants_bar,
    with_cap,
)
from lotwise.cli.step import Step
from lotwise.config.acquire import AcquireSettings, Route, SampleSelection
from lotwise.errors import InputError
from lotwise.keys import LEVELS, Level

if TYPE_CHECKING:
    from lotwise.acquire.download.fetch import Downloader
    from lotwise.acquire.select import Chosen


@click.command("fetch", cls=Step)
@click.argument("accession", required=False)
@click.option("--route", type=click.Choice(get_args(Route)), help="Source of the TPM values.")
@click.option("--pattern", help="Regular expression that finds the batch in a sample title.")
@click.option("--n-batches", type=click.IntRange(1), help="Required number of batches.")
@click.option(
    "--samples",
    "sheet",
    type=click.Path(path_type=Path, dir_okay=False),
    default=Path("results/fetched.tsv"),
    show_default=True,
    help="Sample sheet to write.",
)
@click.option(
    "--reference",
    "reference_folder",
    type=click.Path(path_type=Path, file_okay=False),
    help="Fetch the reference instead; write transcripts.fa.gz and annotation.gtf.gz here.",
)
@click.option(
    "--level",
    "levels",
    type=click.Choice(LEVELS),
    multiple=True,
    help="Level that deposited tables must have; may be given twice.  [default: any]",
)
@click.option(
    "--results",
    type=click.Path(path_type=Path, file_okay=False),
    help="Results folder; this call is added to its record.",
)
@acquiring_options
def command(  # noqa: PLR0913, one parameter an option
    *,
    accession: str | None,
    route: Route | None,
    pattern: str | None,
    n_batches: int | None,
    sheet: Path,
    reference_folder: Path | None,
    levels: tuple[Level, ...],
    results: Path | None,  # noqa: ARG001, read by Step
    config: Path | None,
    settings: str | None,
    downloads: Path | None,
    base_urls: tuple[str, ...],
    offline: bool,
    yes: bool,
) -> None:
    """Fetch the samples of ACCESSION and write a sample sheet, or fetch the reference.

    Every file is verified by size, checksum and content and kept in the downloads folder,
    so that a second run needs no network. An interrupted download continues where it
    stopped.
    """
    from lotwise.acquire.download.fetch import Downloader

    configured = settings_of(
        config, settings, downloads=downloads, base_urls=base_urls, offline=offline
    )
    configured = _with_options(configured, route=route, pattern=pattern, n_batches=n_batches)
    accession = accession or configured.accession

    def attempt(over_cap: bool) -> str:
        with Downloader(
            configured.downloads,
            network=configured.network,
            over_cap=over_cap,
            progress=wants_bar(),
        ) as downloader:
            if reference_folder is not None:
                return _fetch_reference(configured, downloader, reference_folder)
            if accession is None:
                raise InputError(
                    "no accession was given", remedy="give an accession, or set 'acquire.accession'"
                )
            origin = origin_of(config, settings)
            return _fetch_samples(
                accession, configured, downloader, sheet, origin=origin, levels=levels
            )

    click.echo(with_cap(attempt, yes=yes))


def _with_options(
    settings: AcquireSettings, *, route: Route | None, pattern: str | None, n_batches: int | None
) -> AcquireSettings:
    from pydantic import ValidationError

    changes: dict[str, object] = {}
    if route is not None:
        changes["route"] = route
    if pattern is not None or n_batches is not None:
        try:
            changes["samples"] = SampleSelection(
                pattern=pattern if pattern is not None else settings.samples.pattern,
                choose=() if pattern is not None else settings.samples.choose,
                n_batches=n_batches if n_batches is not None else settings.samples.n_batches,
            )
        except ValidationError as error:
            words = error.errors()[0]["msg"].removeprefix("Value error, ")
            raise InputError(
                f"--pattern {pattern!r} {words}",
                remedy="escape special characters with \\",
            ) from None
    return settings.model_copy(update=changes)


def _fetch_samples(
    accession: str,
    settings: AcquireSettings,
    downloader: Downloader,
    sheet: Path,
    *,
    origin: str,
    levels: Sequence[Level],
) -> str:
    from lotwise.acquire.collect import collect

    def announce(chosen: Sequence[Chosen]) -> None:
        """Print what was found before the large downloads, while the user can still stop."""
        click.echo(
            f"{len(chosen)} samples of {accession} will be downloaded; press Ctrl-C to stop:"
        )
        for one in chosen:
            click.echo(f"  batch {one.batch}  {one.candidate.describe()}")
        sys.stdout.flush()

    rows = collect(
        accession,
        settings,
        downloader,
        sheet=sheet,
        origin=origin,
        levels=levels,
        announce=announce,
    )
    lines = [f"{len(rows)} samples of {accession} (route {settings.route!r}), written to {sheet}:"]
    for row in rows:
        runs = f"  {', '.join(row.run_names)}" if row.run_names else ""
        lines.append(f"  {row.name}  batch {row.chosen.batch}{runs}")
        lines += [
            f"      {level} level: {row.chosen.candidate.accession} "
            f"{row.chosen.candidate.title!r} <- {origin}"
            for level, origin in row.origins.items()
        ]
    single = [row.name for row in rows if any(run.fastq_2 is None for run in row.runs)]
    if single:
        fragments = settings.single_end
        lines.append(
            f"single-end reads: a fragment length of {fragments.fragment_length:g} bases "
            f"(sd {fragments.fragment_sd:g}) is assumed, not known"
        )
    if settings.route == "ncbi":
        lines.append("TPM computed by NCBI: gene level only, no isoform level")
    return "\n".join(lines)


def _fetch_reference(settings: AcquireSettings, downloader: Downloader, folder: Path) -> str:
    from lotwise.acquire.reference import fetch_reference
    from lotwise.files.atomic import atomic_path

    if settings.reference is None:
        raise InputError("no reference is configured", remedy="set 'acquire.reference'")
    reference = fetch_reference(settings.reference, downloader, settings.urls)
    for target, parts in (
        (folder / "transcripts.fa.gz", reference.transcripts),
        (folder / "annotation.gtf.gz", (reference.annotation,)),
    ):
        # Concatenated gzip files are one valid gzip file (RFC 1952, 2.2).
        with atomic_path(target) as temporary, temporary.open("wb") as out:
            for part in parts:
                _append_gzipped(part, out)
    return f"reference in {folder}"


def _append_gzipped(part: Path, out: BinaryIO) -> None:
    """Append a file as gzip: unchanged if it is gzip, compressed if it is plain."""
    with part.open("rb") as stream:
        is_gzip = stream.read(2) == b"\x1f\x8b"
        stream.seek(0)
        if is_gzip:
            shutil.copyfileobj(stream, out, 1 << 20)
            return
        # Without file name and time, so that equal text gives an equal file.
        with gzip.GzipFile(filename="", mode="wb", compresslevel=6, fileobj=out, mtime=0) as packed:
            shutil.copyfileobj(stream, packed, 1 << 20)
