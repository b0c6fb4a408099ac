"""Result tables of lotwise as plain lists and numbers, read with the standard library only."""

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
# A gene name may be longer than 131,072 characters, the limit of csv on some systems.
csv.field_size_limit(min(sys.maxsize, 2**31 - 1))
# The flags of a library, and the number without which each is unknown.
_KNOWN_WITH: Final = {"shallow": "share_of_median", "outlier": "outlier_score"}


class Place(NamedTuple):
    """The run and the level to which a file of the result tree belongs."""

    run: str
    level: str


def place_of(folder: str, file: str) -> Place:
    """Return run and level from the path of a file such as ``correlation/gene.pairs.tsv``.

    Examples
    --------
    >>> place_of("/data/lots/correlation", "gene.pairs.tsv")
    Place(run='/data/lots', level='gene')
    """
    return Place(str(PurePath(folder).parent), file.partition(".")[0])


def read_rows(text: str) -> list[Row]:
    """Read a table written by :func:`lotwise.files.tables.write_table`."""
    return list(csv.DictReader(io.StringIO(text), delimiter="\t"))


def number(cell: str | None) -> float | None:
    """Return a cell as a number; None where it is NaN or absent.

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
    """Return each sample's lowest and median R, over all features, to samples of other batches."""
    found: dict[str, list[float]] = {}
    for row in rows:
        r = number(row["pearson"])
        if row["relation"] == "between" and row["feature_set"] == "all" and r is not None:
            for name in (row["sample_a"], row["sample_b"]):
                found.setdefault(name, []).append(r)
    return {name: {"lowest": min(r), "median": median(r)} for name, r in found.items()}


def library_state(row: Row) -> str:
    """Return in a few words what is unusual about a library, or could not be computed.

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
    # The flag is also False if its number was not computed.
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
    """Read a JSON object; return an empty one if it is invalid."""
    try:
        found = json.loads(text)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
