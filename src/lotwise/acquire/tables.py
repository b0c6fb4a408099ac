"""The samples in the deposited files, by level.

Authors deposit one table of all samples or one file per sample, one level or both, as text or
as sheets of a workbook. Each file that may contain the samples is tried; for each level the best
kind is used (RSEM, then TPM, kallisto or salmon, FPKM, then others). If two files of one kind
match, an error names them and the configuration line that chooses between them.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Final, NamedTuple

from lotwise.acquire.archive import extract
from lotwise.acquire.columns import is_workbook, read_table, sheets_of
from lotwise.acquire.deposited import (
    SamplePart,
    column_part,
    columns_of,
    is_rsem,
    quantifier_part,
    rsem_part,
)
from lotwise.acquire.download.fetch import Downloader
from lotwise.acquire.download.integrity import first_line
from lotwise.acquire.download.retry import WrongAnswerError
from lotwise.acquire.offer import UNSURE, Offer, by_level, likely_offers, names_of, told_offers
from lotwise.acquire.select import Chosen
from lotwise.acquire.study import Study, SuppliedFile
from lotwise.config.acquire import DepositedSettings
from lotwise.errors import InputError, LotwiseError
from lotwise.keys import LEVELS, Level

_logger = logging.getLogger(__name__)

_TEXT: Final = re.compile(r"\.(txt|tsv|csv|tab)(\.gz)?$")

Parts = Mapping[str, Callable[[], SamplePart]]
"""Maps the accession of a sample to the function that reads its values at one level."""


class Holding(NamedTuple):
    """What one file, or one file per sample, contains of all samples.

    ``direct`` are files of kallisto and salmon, which are read without conversion.
    """

    level: Level
    name: str
    parts: Parts
    direct: Mapping[str, Path]


def find_tables(
    study: Study,
    chosen: Sequence[Chosen],
    wanted: DepositedSettings,
    downloader: Downloader,
    *,
    levels: Collection[Level] = LEVELS,
) -> dict[Level, Holding]:
    """Fetch the deposited files and find the samples in them, by level.

    Parameters
    ----------
    study
        The accession looked up.
    chosen
        The samples.
    wanted
        What the configuration says about the files.
    downloader
        Downloads the files.
    levels
        The required levels; once they are found, nothing more is downloaded.

    Raises
    ------
    InputError
        No file contains the samples, or several of one kind do.
    DownloadError
        A file could not be downloaded.
    """
    reader = _Reader(study, chosen, wanted, downloader)
    found: dict[Level, Holding] = {}
    problems: list[InputError] = []
    given = wanted.path if wanted.path is not None else wanted.file
    if given is not None:
        _search(reader, list(told_offers(study, wanted)), found, levels=levels, must_fit=True)
    # If the configuration gives a file for one level, the other level is still searched for.
    if given is None or (isinstance(given, Mapping) and set(levels) - found.keys()):
        offers = [o for o in likely_offers(study, chosen) if o.level not in found]
        problems = _search(reader, offers, found, levels=levels)
    if not found:
        raise problems[0] if problems else _no_table(study)
    return found


def _search(
    reader: _Reader,
    offers: Sequence[Offer],
    found: dict[Level, Holding],
    *,
    levels: Collection[Level],
    must_fit: bool = False,
) -> list[InputError]:
    """Read offers, the best kind first, until each level is found; return the problems."""
    problems: list[InputError] = []
    for rank in sorted({offer.rank for offer in offers}):
        some = [o for o in offers if o.rank == rank and (o.level is None or o.level not in found)]
        tried, failed = _try(reader, some, must_fit=must_fit)
        problems += [problem for _, problem in failed]
        for level, several in tried.items():
            if level not in found:
                found[level] = _only(reader.study, level, several)
        for offer, problem in failed:
            if rank < UNSURE and _is_lacking(offer, found):
                raise problem
        if found and set(levels) <= found.keys():
            break
    return problems


def _try(
    reader: _Reader, offers: Sequence[Offer], *, must_fit: bool
) -> tuple[dict[Level, list[Holding]], list[tuple[Offer, InputError]]]:
    """Read offers of one kind; return their contents by level, and the problems of the others."""
    tried: dict[Level, list[Holding]] = {}
    failed = []
    for offer in offers:
        try:
            for holding in reader.read(offer):
                tried.setdefault(holding.level, []).append(holding)
        except InputError as problem:
            if must_fit:
                raise
            _logger.info("left out: %s", problem)
            failed.append((offer, problem))
    return tried, failed


def _is_lacking(offer: Offer, found: Mapping[Level, Holding]) -> bool:
    """Return whether an offer may contain a level that no other offer of its kind contains."""
    return offer.level not in found if offer.level else not found


class _Reader:
    """Fetches and reads offers for the chosen samples."""

    def __init__(
        self,
        study: Study,
        chosen: Sequence[Chosen],
        wanted: DepositedSettings,
        downloader: Downloader,
    ) -> None:
        self.study, self._chosen, self._wanted = study, chosen, wanted
        self._downloader = downloader

    def read(self, offer: Offer) -> Iterator[Holding]:
        """Yield the contents of an offer; a workbook may contain both levels."""
        paths = self._fetch(offer)
        if "" in paths:
            yield from self._read_common(paths[""], offer)
        else:
            yield self._read_own(paths, offer)

    def _fetch(self, offer: Offer) -> dict[str, Path]:
        """Fetch the files of an offer by accession; an archive is fetched once for all members."""
        paths = {key: file for key, file in offer.files.items() if isinstance(file, Path)}
        files = {key: f for key, f in offer.files.items() if isinstance(f, SuppliedFile)}
        own = {key: file for key, file in files.items() if file.source is not None}
        sources = {key: file.source for key, file in own.items() if file.source is not None}
        self._downloader.fetch_all(list(sources.values()))
        for key, source in sources.items():
            paths[key] = self._downloader.fetch_as(source, require_table)
        members = {file.name: key for key, file in files.items() if file.source is None}
        if members:
            for archive in self._downloader.fetch_all(self.study.archives()):
                for path in extract(archive, archive.parent / "raw", wanted=members.__contains__):
                    paths[members[path.name]] = path
        lacking = [name for name, key in members.items() if key not in paths]
        if lacking:
            raise InputError(f"no archive contains {lacking[0]}", path=self.study.accession)
        return paths

    def _read_common(self, path: Path, offer: Offer) -> Iterator[Holding]:
        if not is_workbook(path):
            yield self._read_columns(path, "", offer.stated)
            return
        problems = []
        sheets = sheets_of(path)
        stated = [sheet for sheet, _ in by_level(self._wanted.sheet)]
        for missing in (sheet for sheet in stated if sheet not in sheets):
            raise InputError(
                f"has no sheet {missing!r}; the sheets are {', '.join(sheets)}",
                path=path,
                remedy="correct 'acquire.deposited.sheet'",
            )
        for sheet in stated or sheets:
            level = next(
                (at for at, name in _levels_of(self._wanted.sheet).items() if name == sheet),
                offer.stated if len(sheets) == 1 else None,
            )
            try:
                yield self._read_columns(path, sheet, level)
            except InputError as problem:
                if stated:
                    raise
                problems.append(problem)
        if len(problems) == len(stated or sheets):
            raise problems[0]

    def _read_columns(self, path: Path, sheet: str, level: Level | None) -> Holding:
        wanted = self._wanted
        table = read_table(path, sheet=sheet, level=level or wanted.level)
        columns = columns_of(table, self._chosen, kind=wanted.kind, stated=wanted.columns)
        sums = wanted.duplicates == "sum"
        if sums and table.n_duplicates:
            _logger.warning(
                "%s: %d rows repeat a feature; their TPM are summed",
                table.name,
                table.n_duplicates,
            )
        parts: Parts = {
            accession: partial(column_part, table, column, sum_duplicates=sums)
            for accession, column in columns.items()
        }
        # Checked now, not when the first sample is written: another file may be the right one.
        next(iter(parts.values()))()
        return Holding(table.level, table.name, parts, {})

    def _read_own(self, paths: Mapping[str, Path], offer: Offer) -> Holding:
        """Read one file per sample: files of RSEM, kallisto or salmon, else tables."""
        from lotwise.expression.formats import is_quantification

        parts: dict[str, Callable[[], SamplePart]] = {}
        direct: dict[str, Path] = {}
        levels: set[Level] = set()
        for one in self._chosen:
            accession = one.candidate.accession
            if accession not in paths:
                raise InputError(
                    f"there is no file {offer.name!r} for {one.candidate.describe()}",
                    path=self.study.accession,
                    remedy=f"exclude this sample: `acquire.samples.exclude: [{accession}]`",
                )
            path = paths[accession]
            if is_rsem(path):
                levels.add(rsem_part(path).level)
                parts[accession] = partial(rsem_part, path)
            elif is_quantification(path):
                levels.add(quantifier_part(path).level)
                parts[accession] = partial(quantifier_part, path)
                if not set(str(path)) & set("{}"):  # wildcards to Snakemake
                    direct[accession] = path
            else:
                table = read_table(path, level=offer.stated or self._wanted.level)
                column = columns_of(table, [one], kind=self._wanted.kind)[accession]
                levels.add(table.level)
                sums = self._wanted.duplicates == "sum"
                parts[accession] = partial(column_part, table, column, sum_duplicates=sums)
        if len(levels) > 1:
            raise InputError(
                f"files such as {offer.name} contain genes for some samples and isoforms for "
                "others",
                path=self.study.accession,
            )
        [level] = levels
        return Holding(level, offer.name, parts, direct if len(direct) == len(parts) else {})


def require_table(path: Path) -> Path:
    """Return the path of a table; raise an error if an error message was received instead.

    Raises
    ------
    WrongAnswerError
        It is JSON, or a text whose first line has only one cell.
    """
    begins = first_line(path)
    is_text = _TEXT.search(path.name.lower()) is not None
    if is_text and (not set(begins) & set("\t,; ") or begins.startswith("{")):
        raise WrongAnswerError("is not a table", path=path)
    return path


def _levels_of(sheet: str | Mapping[Level, str] | None) -> Mapping[Level, str]:
    return sheet if isinstance(sheet, Mapping) else {}


def _only(study: Study, level: Level, several: Sequence[Holding]) -> Holding:
    """Return the one holding of a level.

    Raises
    ------
    InputError
        There are several candidates.
    """
    if len(several) == 1:
        return several[0]
    names = [holding.name for holding in several]
    first, _, sheet = names[0].partition(", sheet ")
    line = f"`acquire.deposited.file: {{{level}: '{first}'}}`"
    if sheet and all(name.startswith(f"{first}, sheet ") for name in names):
        line = f"`acquire.deposited.sheet: {{{level}: '{sheet}'}}`"
    raise InputError(
        f"{len(names)} tables may contain the {level} level: {', '.join(names)}",
        path=study.accession,
        remedy=f"choose one, for example {line}",
    )


def _no_table(study: Study) -> LotwiseError:
    return study.fault(
        f"no suitable table; supplementary files: {names_of(study.files) or 'none'}",
        remedy="choose a file with 'acquire.deposited.file', give your own table with "
        "'acquire.deposited.path', or use the route 'reads'",
    )
