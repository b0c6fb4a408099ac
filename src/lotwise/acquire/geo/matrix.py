"""A series from GEO's series matrix, used if the SOFT file is not available."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path

from lotwise.acquire.download.retry import WrongAnswerError
from lotwise.acquire.geo.record import Fields, Series, assemble
from lotwise.acquire.text import LONGEST_LINE, MOST_TEXT, MOST_UNPACKED, lines_of
from lotwise.errors import InputError


def read_matrix(paths: Sequence[Path], accession: str) -> Series:
    """Read ``GSE..._series_matrix.txt(.gz)``, one file per platform.

    Raises
    ------
    InputError
        A file is damaged, belongs to another series, or has a line with a wrong number of cells.
    """
    series: dict[str, list[str]] = {}
    samples: dict[str, Fields] = {}
    for path in paths:
        own_series, own_samples = _read_one(path)
        again = samples.keys() & own_samples
        if again:
            raise InputError(
                f"contains samples that are also in another file: {', '.join(sorted(again))}",
                path=path,
            )
        samples |= own_samples
        for name, values in own_series.items():
            series.setdefault(name, [])
            series[name] += [value for value in values if value not in series[name]]
    whole = {name: tuple(values) for name, values in series.items()}
    return assemble(accession, whole, samples, origin=", ".join(map(str, paths)))


def _read_one(path: Path) -> tuple[dict[str, list[str]], dict[str, Fields]]:
    series: dict[str, list[str]] = {}
    columns: list[dict[str, list[str]]] = []
    for number, cells in _metadata(path):
        kind, _, name = cells[0][1:].partition("_")
        values = [cell.strip() for cell in cells[1:]]
        if kind == "Series":
            series.setdefault(name, []).extend(values)
        elif kind == "Sample":
            columns = columns or [{} for _ in values]
            if len(values) != len(columns):
                raise InputError(
                    f"{cells[0]} has {len(values)} cells, but there are {len(columns)} samples",
                    path=path,
                    row=number,
                    remedy="the file is damaged: remove it and run again",
                )
            for column, value in zip(columns, values, strict=True):
                # A missing value is an empty cell here, but a missing line in SOFT.
                if value:
                    column.setdefault(name, []).append(value)
    if not series:
        raise WrongAnswerError("is not a series matrix", path=path)
    return series, _by_accession(columns, path)


def _metadata(path: Path) -> Iterator[tuple[int, list[str]]]:
    """Yield the rows before the table of values, split into cells, with their numbers."""
    csv.field_size_limit(LONGEST_LINE)
    rows = csv.reader(_before_table(path), delimiter="\t")
    try:
        for cells in rows:
            if cells and cells[0].startswith("!"):
                yield rows.line_num, cells
    except csv.Error as error:
        raise WrongAnswerError(f"is not a table ({error})", path=path, row=rows.line_num) from error


def _before_table(path: Path) -> Iterator[str]:
    n_bytes, in_table = 0, False
    for line in lines_of(path, most=MOST_UNPACKED):
        # The rest is read to its end, to detect damage.
        in_table = in_table or line.startswith("!series_matrix_table_begin")
        if not in_table:
            n_bytes += len(line)
            if n_bytes > MOST_TEXT:
                raise WrongAnswerError(
                    f"contains no table in the first {MOST_TEXT:,} bytes", path=path
                )
            yield line + "\n"


def _by_accession(columns: Sequence[dict[str, list[str]]], path: Path) -> dict[str, Fields]:
    samples: dict[str, Fields] = {}
    for column in columns:
        accession = column.get("geo_accession", [""])[0]
        if not accession:
            raise InputError("a sample has no accession", path=path)
        if accession in samples:
            raise InputError(f"the sample {accession} occurs twice", path=path)
        samples[accession] = {name: tuple(values) for name, values in column.items()}
    return samples
