"""The recorded inputs, found again and linked as they were.

The repetition reads links in a folder of its own, which contains only what the record lists. If a
run read a file without recording it, this folder does not contain the file, and the repetition
reports this.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from lotwise.config import Config
from lotwise.errors import InputError
from lotwise.files.atomic import atomic_path, make_directory
from lotwise.files.checksums import checksum
from lotwise.record.configuration import absolute
from lotwise.record.fixity import fault_of
from lotwise.record.provenance import ANALYSED, InputFile, Provenance
from lotwise.samples import read_samples, write_samples


@dataclass(frozen=True, slots=True)
class Stage:
    """The folder from which the repetition reads, and the sample sheet in it."""

    folder: Path
    sheet: Path

    def place(self, path: Path) -> Path:
        """Return the place of a recorded, absolute path on the stage."""
        return place_of(path, self.folder)


def stage_inputs(
    provenance: Provenance,
    config: Config,
    root: Path,
    folder: Path,
    *,
    inputs_from: Path | None,
) -> Stage:
    """Check every input that the analysis read and link it below ``folder``.

    Parameters
    ----------
    provenance, config
        The record and the configuration in it.
    root
        Present folder of the results.
    folder
        Folder for the links.
    inputs_from
        Folder to search, by checksum, for moved files.

    Raises
    ------
    InputError
        Inputs are missing or changed; all are listed, with both checksums.
    """
    needed = [item for item in provenance.inputs if item.role in ANALYSED]
    sheets = [item for item in needed if item.role == "sample sheet"]
    if len(sheets) != 1:
        raise InputError(
            f"the record of this folder must list one sample sheet, but it lists {len(sheets)}",
            path=root,
            remedy="give a folder of results that was computed from one sample sheet",
        )
    offered = _Offered(inputs_from)
    faults: list[str] = []
    for item in needed:
        here = root / item.path
        fault = fault_of(item, here)
        found = offered.find(item) if fault else here
        if found is None:
            faults.append(f"{here} {fault}")
        else:
            _link(found, place_of(config.results / item.path, folder))
    if faults:
        raise InputError(
            f"{len(faults)} of {len(needed)} recorded inputs cannot be used: {' | '.join(faults)}",
            remedy="restore these files, give a folder that contains them (--inputs-from), or run "
            "lotwise compare again with the present files",
        )
    recorded = place_of(config.results / sheets[0].path, folder)
    return Stage(folder, _stage_sheet(recorded, folder))


def unused_inputs(provenance: Provenance, root: Path) -> Iterator[str]:
    """Yield inputs that a repetition does not read and that are missing or changed."""
    for item in provenance.inputs:
        if item.role not in ANALYSED and (fault := fault_of(item, root / item.path)):
            yield (
                f"{root / item.path} {fault}; a replay does not read this file (role: {item.role})"
            )


def place_of(path: Path, folder: Path) -> Path:
    """Return the place of an absolute path below ``folder``.

    Examples
    --------
    >>> place_of(Path("/data/S1/quant.sf"), Path("/stage"))
    PosixPath('/stage/data/S1/quant.sf')
    """
    where = absolute(path)
    return folder / where.relative_to(where.anchor)


def _link(found: Path, place: Path) -> None:
    make_directory(place.parent)
    place.symlink_to(absolute(found))


def _stage_sheet(recorded: Path, folder: Path) -> Path:
    """Write a sheet with the paths of the quantifications on the stage."""
    samples = []
    for sample in read_samples(recorded):
        quant = None if sample.quant is None else absolute(sample.quant)
        if quant is not None and not quant.is_relative_to(folder):
            quant = place_of(quant, folder)
        samples.append(replace(sample, quant=quant))
    sheet = folder / "samples.tsv"
    with atomic_path(sheet) as temporary:
        write_samples(temporary, samples)
    return sheet


class _Offered:
    """Files of a folder, found by their content."""

    def __init__(self, folder: Path | None) -> None:
        if folder is not None and not folder.is_dir():
            raise InputError("no such folder", path=folder)
        self._by_size: dict[int, list[Path]] = {}
        self._checksums: dict[Path, str] = {}
        for path in _files(folder) if folder is not None else ():
            self._by_size.setdefault(path.stat().st_size, []).append(path)

    def find(self, item: InputFile) -> Path | None:
        for path in self._by_size.get(item.bytes, ()):
            if path not in self._checksums:
                self._checksums[path] = checksum(path)
            if self._checksums[path] == item.sha256:
                return path
        return None


def _files(folder: Path) -> Iterable[Path]:
    for parent, _, names in os.walk(folder):
        yield from (path for name in sorted(names) if (path := Path(parent) / name).is_file())
