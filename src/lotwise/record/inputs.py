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
from lotwise.record.provenance import InputFile
from lotwise.samples import Sample, read_samples
from lotwise.tree import SAMPLES

# Reading leaves Python's lock; more readers than this only make a disk seek.
_READERS: Final = 4
_CHANGED: Final = "changed after it was read: the checksum is not of what was compared"


@dataclass(frozen=True, slots=True)
class Taken:
    """An input as it was found, and when its file was last changed."""

    file: InputFile
    location: Path
    modified_ns: int


def take_inputs(config: Config, sheet: Path, root: Path) -> list[Taken]:
    """Read every file that a run with ``config`` reads, and take its checksum.

    Parameters
    ----------
    config
        The configuration, paths absolute.
    sheet
        The sample sheet that the expression is read from; where reads are quantified another
        than ``config.samples``.
    root
        Folder of the results: what lies in it is named relative to it.

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
    """Take the checksum of a file of acceptance criteria, or of shipped ones by their name."""
    return _take(path_of_criteria(name), "acceptance criteria", absolute(root), Sources()).file


def mark_changes(taken: Sequence[Taken], *, since_ns: int) -> list[InputFile]:
    """Give the inputs; one that was changed after a time, when it had been read, says so.

    The time of change is the file system's word: a file put in place with an older time is not
    noticed here, only by a replay.
    """
    return [
        item.file.model_copy(update={"note": _CHANGED})
        # The sheet of a user may lie where lotwise writes its copy, and is then written anew.
        if item.modified_ns > since_ns and item.file.path != SAMPLES
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
    """Name a path relative to ``root`` if it lies below it, else as it is.

    Examples
    --------
    >>> name_below(Path("/r/quant/S1/quant.sf"), Path("/r")), name_below(Path("/d/a"), Path("/r"))
    ('quant/S1/quant.sf', '/d/a')
    """
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else str(path)


def _named(config: Config, sheet: Path) -> Iterator[tuple[Path, str]]:
    """Name the files with their roles; of a file with two roles the first counts."""
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
        drawn = path.parent / "aux_info" / "bootstrap"
        if bootstraps and path.name.startswith("quant.sf") and drawn.is_dir():
            yield from ((file, "bootstraps") for file in sorted(drawn.iterdir()))


def _of_quantification(config: Config, sheet: Path) -> Iterator[tuple[Path, str]]:
    """Name what was read before the analysis: reads and their reference."""
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
    """Addresses of fetched files, from the manifests beside or above them."""

    def __init__(self) -> None:
        self._known: dict[Path, dict[str, str]] = {}

    def of(self, path: Path) -> str | None:
        """Give the address that ``path`` was fetched from; None where no manifest names it."""
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
