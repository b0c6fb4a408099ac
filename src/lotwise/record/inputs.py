"""The files that a run reads, with size, checksum and source."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from lotwise.acceptance import path_of_criteria
from lotwise.config import Config, inputs_of
from lotwise.errors import InputError
from lotwise.record.configuration import absolute
from lotwise.record.provenance import WRITTEN_HERE, InputFile
from lotwise.samples import Sample, read_samples
from lotwise.tree import halves_of

# Reading releases Python's lock; more readers than this only slow down a disk.
_READERS: Final = 4
_CHANGED: Final = "changed after it was read, so the checksum may be that of the new content"


@dataclass(frozen=True, slots=True)
class Taken:
    """An input as it was found, and when its file was last changed."""

    file: InputFile
    location: Path
    modified_ns: int


def take_inputs(config: Config, sheet: Path, root: Path) -> list[Taken]:
    """Return every file that a run with ``config`` reads, with its checksum.

    Parameters
    ----------
    config
        The configuration, with absolute paths.
    sheet
        The sample sheet from which the expression is read; if reads are quantified, it is not
        ``config.samples``.
    root
        Folder of the results; paths in it are recorded relative to it.

    Raises
    ------
    InputError
        A file is missing or cannot be read.
    """
    named = dict(_named(config, absolute(sheet)))
    sources = Sources()
    with ThreadPoolExecutor(_READERS) as readers:
        return list(
            readers.map(
                lambda item: _take(item[0], item[1], absolute(root), sources), named.items()
            )
        )


def take_criteria(name: str, root: Path) -> InputFile:
    """Return a file of acceptance criteria, or built-in ones by name, with its checksum."""
    return _take(path_of_criteria(name), "acceptance criteria", absolute(root), Sources()).file


def mark_changes(taken: Sequence[Taken], *, since_ns: int) -> list[InputFile]:
    """Return the inputs, with a note on each that changed after the given time, when it was read.

    The time of change comes from the file system: a file put in place with an older time is not
    noticed here, but by a replay.
    """
    return [
        item.file.model_copy(update={"note": _CHANGED})
        # The user's sheet may be where lotwise writes its copy, and is then rewritten; the run
        # itself writes the allele counts, while it reads the expression.
        if item.modified_ns > since_ns and item.file.path not in WRITTEN_HERE
        else item.file
        for item in taken
    ]


def _take(path: Path, role: str, root: Path, sources: Sources) -> Taken:
    from lotwise.files.checksums import checksum

    try:
        status = path.stat()
    except OSError as error:
        raise InputError(f"cannot be read ({error.strerror})", path=path) from None
    return Taken(
        file=InputFile(
            path=name_below(path, root),
            bytes=status.st_size,
            sha256=checksum(path),
            source=sources.of(path),
            role=role,
        ),
        location=path,
        modified_ns=status.st_mtime_ns,
    )


def name_below(path: Path, root: Path) -> str:
    """Return a path relative to ``root`` if it is below it, otherwise unchanged.

    Examples
    --------
    >>> name_below(Path("/r/quant/S1/quant.sf"), Path("/r")), name_below(Path("/d/a"), Path("/r"))
    ('quant/S1/quant.sf', '/d/a')
    """
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else str(path)


def _named(config: Config, sheet: Path) -> Iterator[tuple[Path, str]]:
    """Yield the files with their roles; a file with two roles gets the first."""
    named: list[tuple[Path, str]] = [(sheet, "sample sheet")]
    named += _of_analysis(config, read_samples(sheet))
    if config.acceptance is not None:
        named.append((path_of_criteria(config.acceptance), "acceptance criteria"))
    if config.source != "quant":
        named += _of_quantification(config, sheet)
    seen: set[Path] = set()
    for path, role in named:
        where = absolute(path)
        if where not in seen:
            seen.add(where)
            yield where, role


def _of_analysis(config: Config, samples: Sequence[Sample]) -> Iterator[tuple[Path, str]]:
    for sample in samples:
        if sample.quant is not None:
            yield from _of_sample(sample.quant, bootstraps=config.expression.bootstraps)
    if config.expression.tx2gene is not None:
        yield config.expression.tx2gene, "transcripts to genes"
    yield from ((path, given.role) for path, given in inputs_of(config.evidence))


def _of_sample(quant: Path, *, bootstraps: bool) -> Iterator[tuple[Path, str]]:
    from lotwise.expression.locate import locate

    for path in locate(quant, bootstraps=bootstraps):
        if path is None:
            continue
        yield path, "quantification"
        if (parts := halves_of(path.parent)).is_file():
            yield parts, "halves of the reads"
        drawn = path.parent / "aux_info" / "bootstrap"
        if bootstraps and path.name.startswith("quant.sf") and drawn.is_dir():
            yield from ((file, "bootstraps") for file in sorted(drawn.iterdir()))


def _of_quantification(config: Config, sheet: Path) -> Iterator[tuple[Path, str]]:
    """Yield what was read before the analysis: reads and their reference."""
    if absolute(config.samples) == sheet:
        return
    yield config.samples, "sheet of reads"
    for sample in read_samples(config.samples):
        for run in sample.runs:
            yield run.fastq_1, "reads"
            if run.fastq_2 is not None:
                yield run.fastq_2, "reads"
    references: tuple[tuple[Path | None, str], ...] = (
        (config.reads.transcripts, "transcripts"),
        (config.reads.genome, "genome"),
        (config.reads.gtf, "annotation"),
    )
    yield from ((path, role) for path, role in references if path is not None)


class Sources:
    """URLs of fetched files, from the manifests in their folder or a folder above."""

    def __init__(self) -> None:
        self._known: dict[Path, dict[str, str]] = {}

    def of(self, path: Path) -> str | None:
        """Return the URL from which ``path`` was fetched; None if no manifest lists it."""
        real = path.resolve()
        for folder in real.parents:
            address = self._in(folder).get(real.relative_to(folder).as_posix())
            if address is not None:
                return address
        return None

    def _in(self, folder: Path) -> dict[str, str]:
        from lotwise.acquire.download.manifest import MANIFEST, Manifest

        if folder not in self._known:
            found: dict[str, str] = {}
            if (folder / MANIFEST).is_file():
                try:
                    found = {name: entry.url for name, entry in Manifest(folder).read().items()}
                except InputError:
                    found = {}  # another program's manifest.tsv
            self._known[folder] = found
        return self._known[folder]
