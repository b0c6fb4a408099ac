"""The sample sheet written for an accession, to be checked by the user."""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from lotwise.acquire.select import Chosen
from lotwise.config.acquire import AssumedFragments, Route
from lotwise.errors import InputError
from lotwise.files.atomic import atomic_path
from lotwise.files.rows import text_of_rows
from lotwise.keys import LEVELS, Level
from lotwise.samples import Run

_FILE_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._+-]*")
# The same limit as for reading the sheet.
_LONGEST_NAME = 200


@dataclass(frozen=True)
class SheetRow:
    """A chosen sample with its reads or its quantification."""

    name: str
    chosen: Chosen
    runs: tuple[Run, ...] = ()
    run_names: tuple[str, ...] = ()
    quant: Path | None = None
    origins: Mapping[Level, str] = field(default_factory=dict)
    """For each level, the file and column from which this sample was made."""


def sheet_names(chosen: Sequence[Chosen]) -> dict[str, str]:
    """Return sample names by accession: the batch if each sample has its own, else the accession.

    Raises
    ------
    InputError
        A batch name is too long or contains other than printable ASCII characters.

    Examples
    --------
    >>> from lotwise.acquire.select import Candidate
    >>> sheet_names([Chosen(Candidate("GSM1", "a"), "L1"), Chosen(Candidate("GSM2", "b"), "L2")])
    {'GSM1': 'L1', 'GSM2': 'L2'}
    """
    for one in chosen:
        if not (one.batch.isascii() and one.batch.isprintable() and one.batch.strip()):
            raise InputError(
                f"{one.batch!r} is not a valid batch of {one.candidate.accession}: "
                "only printable ASCII characters are allowed",
                remedy="give the batch of this sample in 'acquire.samples.choose'",
            )
        if len(one.batch) > _LONGEST_NAME:
            raise InputError(
                f"the batch of {one.candidate.accession}, {one.batch[:40]!r}..., has "
                f"{len(one.batch):,} characters, but at most {_LONGEST_NAME} are allowed",
                remedy="give the batch of this sample in 'acquire.samples.choose', or change the "
                "pattern that finds it",
            )
    batches = [one.batch for one in chosen]
    usable = len(set(batches)) == len(batches) and all(map(_FILE_NAME.fullmatch, batches))
    return {
        one.candidate.accession: one.batch if usable else one.candidate.accession for one in chosen
    }


def write_sheet(
    path: Path, rows: Sequence[SheetRow], *, route: Route, fragments: AssumedFragments
) -> None:
    """Write ``samples.tsv``: one row per run, with paths relative to its folder.

    In addition to the columns of a sample sheet, it contains the origin of each sample:
    ``accession``, ``title``, ``characteristics``, ``run``, ``route``, and, for single-end reads,
    in ``assumed`` the values that are assumptions.
    """
    told = {
        name
        for name in ("replicate", "donor", "condition")
        if any(getattr(row.chosen, name) for row in rows)
    }
    with atomic_path(path) as temporary:
        lines = [line for row in rows for line in _lines(row, path.parent, route, fragments, told)]
        temporary.write_bytes(text_of_rows(lines).encode())


def _lines(
    row: SheetRow, folder: Path, route: Route, fragments: AssumedFragments, told: Collection[str]
) -> list[dict[str, str]]:
    candidate = row.chosen.candidate
    chosen = row.chosen
    begin = {"sample": row.name, "batch": chosen.batch}
    begin |= {
        name: _one_line(getattr(chosen, name))
        for name in ("replicate", "donor", "condition")
        if name in told
    }
    end = {
        "accession": candidate.accession,
        "title": _one_line(candidate.title),
        "characteristics": _one_line("; ".join(candidate.characteristics)),
        "route": route,
    }
    if row.quant is not None:
        origins = {f"{level}_from": _one_line(row.origins.get(level, "")) for level in LEVELS}
        return [begin | {"quant": _relative(row.quant, folder)} | end | origins]
    lines = []
    for run, name in zip(row.runs, row.run_names, strict=True):
        single = run.fastq_2 is None
        reads = {
            "fastq_1": _relative(run.fastq_1, folder),
            "fastq_2": "" if run.fastq_2 is None else _relative(run.fastq_2, folder),
            "fragment_length": f"{fragments.fragment_length:g}" if single else "",
            "fragment_sd": f"{fragments.fragment_sd:g}" if single else "",
        }
        told = {"run": name, "assumed": "fragment length and sd" if single else ""}
        lines.append(begin | reads | end | told)
    return lines


def _relative(path: Path, folder: Path) -> str:
    """Return the path relative to ``folder``, with links resolved, because `..` follows them."""
    real = path.parent.resolve() / path.name
    return Path(os.path.relpath(real, folder.resolve())).as_posix()


def _one_line(text: str) -> str:
    return " ".join(text.split())
