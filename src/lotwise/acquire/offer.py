"""Deposited files that may contain the samples: one for all samples, or one per sample."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeVar

from lotwise.acquire.columns import level_in
from lotwise.acquire.select import Chosen
from lotwise.acquire.study import Study, SuppliedFile
from lotwise.config.acquire import DepositedSettings
from lotwise.errors import InputError
from lotwise.keys import Level

_Value = TypeVar("_Value")
# Lower ranks are preferred.
_RANK_OF: Final = {
    "RSEM genes results": 0,
    "RSEM isoforms results": 0,
    "TPM table": 1,
    "kallisto abundances": 2,
    "salmon quantification": 2,
    "FPKM table": 3,
    "workbook": 4,
    "other": 4,
    "counts table": 5,
}
UNSURE: Final = 4
"""A file of this or a higher rank may be something other than a table of samples."""
# More files of all samples than this are not downloaded only to be inspected.
_MOST_TRIED: Final = 8
_GSM: Final = re.compile(r"(GSM\d+)(?=[_.\-])")


@dataclass(frozen=True)
class Offer:
    """A file, or one file per sample, that may contain the samples; not read yet."""

    rank: int
    name: str
    files: Mapping[str, SuppliedFile | Path]
    """The file of each sample, by accession; one file of all samples has an empty key."""
    level: Level | None = None
    """The level according to the name; the level found in the contents takes precedence."""
    stated: Level | None = None
    """The level according to the configuration."""


def told_offers(study: Study, wanted: DepositedSettings) -> Iterator[Offer]:
    """Yield the files given in the configuration."""
    if wanted.path is not None:
        for path, level in by_level(wanted.path):
            if not path.is_file():
                raise InputError(
                    "no such file", path=path, remedy="correct 'acquire.deposited.path'"
                )
            yield Offer(0, path.name, {"": path}, level, stated=level)
        return
    for pattern, level in by_level(wanted.file):
        fitting = [file for file in study.files if fnmatch.fnmatchcase(file.name, pattern)]
        if not fitting:
            raise study.fault(
                f"no supplementary file matches {pattern!r}; files: {names_of(study.files)}",
                remedy="correct acquire.deposited.file",
            )
        own = _by_sample(fitting)
        if own and len(fitting) == sum(map(len, own.values())):
            twice = {key: files for key, files in own.items() if len(files) > 1}
            if twice:
                accession, files = next(iter(twice.items()))
                raise InputError(
                    f"{accession} has {len(files)} files that match {pattern!r}: {names_of(files)}",
                    path=study.accession,
                    remedy="make 'acquire.deposited.file' more specific",
                )
            yield Offer(0, pattern, {key: file for key, [file] in own.items()}, level, level)
        elif len(fitting) == 1:
            yield Offer(0, fitting[0].name, {"": fitting[0]}, level, level)
        else:
            raise InputError(
                f"{len(fitting)} files match {pattern!r}: {names_of(fitting)}",
                path=study.accession,
                remedy="make 'acquire.deposited.file' more specific",
            )


def by_level(
    value: _Value | Mapping[Level, _Value] | None,
) -> Iterator[tuple[_Value, Level | None]]:
    """Yield the values of a configuration key, with the level if it is given."""
    if isinstance(value, Mapping):
        yield from ((part, level) for level, part in value.items())
    elif value is not None:
        yield value, None


def likely_offers(study: Study, chosen: Sequence[Chosen]) -> Iterator[Offer]:
    """Yield files that may contain the samples: files of each sample, and files of all samples."""
    tables = study.possible_tables()
    own = _by_sample(tables)
    accessions = [one.candidate.accession for one in chosen]
    groups: dict[tuple[int, Level | None], dict[str, list[SuppliedFile]]] = {}
    for accession in accessions:
        for file in own.get(accession, ()):
            group = (_rank(file), level_in(_tail(file.name)))
            groups.setdefault(group, {}).setdefault(accession, []).append(file)
    whole = {group: files for group, files in groups.items() if set(files) == set(accessions)}
    for (rank, level), files in whole.items():
        single = _one_each(study, files, must_be=rank < UNSURE)
        if single:
            yield Offer(rank, next(iter(single.values())).name, single, level)
    common = [file for file in tables if not _GSM.match(file.name)]
    if len(common) > _MOST_TRIED:
        common = [file for file in common if _rank(file) < UNSURE]
    if not whole and not common:
        _require_each(study, chosen, groups)
    for file in common:
        yield Offer(_rank(file), file.name, {"": file}, level_in(file.name))


def _one_each(
    study: Study, files: Mapping[str, Sequence[SuppliedFile]], *, must_be: bool
) -> dict[str, SuppliedFile]:
    """Yield the one file of each sample; nothing if a sample has several of unclear kind."""
    single = {}
    for accession, several in files.items():
        # kallisto writes the same values twice, as text and as HDF5.
        text = [file for file in several if ".h5" not in file.name] or several
        if len(text) > 1:
            if must_be:
                raise InputError(
                    f"{accession} has several files: {names_of(text)}",
                    path=study.accession,
                    remedy="choose one file per sample: `acquire.deposited.file: "
                    f"{_pattern(text)}`",
                )
            return {}
        single[accession] = text[0]
    return single


def _require_each(
    study: Study,
    chosen: Sequence[Chosen],
    groups: Mapping[tuple[int, Level | None], Mapping[str, Sequence[SuppliedFile]]],
) -> None:
    """Raise an error if only some of the samples have files and there is nothing else."""
    for (rank, _), files in groups.items():
        lacking = next((one for one in chosen if one.candidate.accession not in files), None)
        if rank < UNSURE and lacking is not None:
            looks = next(iter(files.values()))[0].looks
            raise InputError(
                f"there is a file ({looks}) for {', '.join(sorted(files))}, but none for "
                + lacking.candidate.describe(),
                path=study.accession,
                remedy="exclude this sample with `acquire.samples.exclude: "
                f"[{lacking.candidate.accession}]`, or use the route 'reads'",
            )


def _by_sample(files: Sequence[SuppliedFile]) -> dict[str, list[SuppliedFile]]:
    own: dict[str, list[SuppliedFile]] = {}
    for file in files:
        if match := _GSM.match(file.name):
            own.setdefault(match[1], []).append(file)
    return own


def _rank(file: SuppliedFile) -> int:
    return _RANK_OF.get(file.looks, UNSURE)


def _tail(name: str) -> str:
    """Return a name without its accession; the rest shows the level."""
    return _GSM.sub("", name, count=1)


def _pattern(files: Sequence[SuppliedFile]) -> str:
    """Return a pattern that matches the first of a sample's files but not the others."""
    tails = [_tail(file.name) for file in files]
    end = tails[0]
    while len(end) > 1 and not any(other.endswith(end[1:]) for other in tails[1:]):
        end = end[1:]
    return f"'*{end}'"


def names_of(files: Sequence[SuppliedFile]) -> str:
    """Return files as text: their names and what they look like."""
    return ", ".join(f"{file.name} ({file.looks})" for file in files)
