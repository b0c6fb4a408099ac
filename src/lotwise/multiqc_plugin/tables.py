"""Result tables of lotwise as plain lists and numbers, read with the standard library alone."""

from __future__ import annotations

import csv
import io
import json
import math
import sys
from collections.abc import Iterable, Mapping
from pathlib import PurePath
from statistics import median
from typing import Any, Final, NamedTuple

Row = Mapping[str, str]
# A gene may have a longer name than csv's bound of 131,072 characters allows on some systems.
csv.field_size_limit(min(sys.maxsize, 2**31 - 1))
# What a library is flagged as, and the number without which that is not known.
_KNOWN_WITH: Final = {"shallow": "share_of_median", "outlier": "outlier_score"}


class Place(NamedTuple):
    """The run and the level that a file of the result tree is of."""

    run: str
    level: str


def place_of(folder: str, file: str) -> Place:
    """Tell run and level from the place of ``correlation/gene.pairs.tsv`` and the like.

    Examples
    --------
    >>> place_of("/data/lots/correlation", "gene.pairs.tsv")
    Place(run='/data/lots', level='gene')
    """
    return Place(str(PurePath(folder).parent), file.partition(".")[0])


def read_rows(text: str) -> list[Row]:
    """Read a table as :func:`lotwise.files.tables.write_table` writes it."""
    return list(csv.DictReader(io.StringIO(text), delimiter="\t"))


def number(cell: str | None) -> float | None:
    """Give a cell as a number; None where it is NaN or absent.

    Examples
    --------
    >>> number("0.5"), number("NaN"), number(None)
    (0.5, None, None)
    """
    try:
        found = float(cell) if cell is not None else math.nan
    except ValueError:
        return None
    return None if math.isnan(found) else found


def between_batches(rows: Iterable[Row]) -> dict[str, dict[str, float]]:
    """Give each sample's lowest and median R, over all features, to samples of other batches."""
    found: dict[str, list[float]] = {}
    for row in rows:
        r = number(row["pearson"])
        if row["relation"] == "between" and row["feature_set"] == "all" and r is not None:
            for name in (row["sample_a"], row["sample_b"]):
                found.setdefault(name, []).append(r)
    return {name: {"lowest": min(r), "median": median(r)} for name, r in found.items()}


def library_state(row: Row) -> str:
    """Say in a word what is odd about a library, and what could not be computed.

    Examples
    --------
    >>> library_state({"shallow": "True", "share_of_median": "0.05", "outlier": "False"})
    'shallow'
    >>> library_state({"shallow": "False", "share_of_median": "NaN", "outlier": "False"})
    'not known'
    """
    odd = [name for name in _KNOWN_WITH if row.get(name) == "True"]
    if odd:
        return " and ".join(odd)
    # The switch is False as well where its number was not computed.
    unknown = [name for name, score in _KNOWN_WITH.items() if number(row.get(score)) is None]
    if len(unknown) == len(_KNOWN_WITH):
        return "not known"
    return f"not known: {unknown[0]}" if unknown else "unremarkable"


def read_matrix(text: str) -> tuple[list[str], list[list[float | None]]]:
    """Read a square matrix: the names of the samples, and its rows."""
    _, *names = text.partition("\n")[0].rstrip("\r").split("\t")
    rows = [list(row.values()) for row in read_rows(text)]
    return names, [[number(cell) for cell in cells[1:]] for cells in rows]


def read_object(text: str) -> dict[str, Any]:
    """Read a JSON object; an empty one where it is none."""
    try:
        found = json.loads(text)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
