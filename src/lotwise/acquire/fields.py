"""The fields of sample records, by which samples are chosen and named."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import yaml

from lotwise.acquire.geo.record import GeoSample

Fields = tuple[tuple[str, str], ...]

# GEO's names of sample fields other than title and characteristics.
_OF_GEO: Final = (
    ("source_name", "source name"),
    ("organism", "organism"),
    ("description", "description"),
    ("library_name", "library name"),
    ("platform_id", "platform"),
)
_LIBRARY: Final = re.compile(r"library (?:name|id)\s*[:=]\s*(.+)", re.IGNORECASE)
# A field with such a name is likely to contain the batch.
_LIKE_BATCH: Final = re.compile(r"\b(batch|lot|production run|manufactur)", re.IGNORECASE)
_LIKE_DONOR: Final = re.compile(r"\b(line|clone|donor|subject|patient|individual)", re.IGNORECASE)
_LIKE_CONDITION: Final = re.compile(r"treat|condition|agent|stimul|compound", re.IGNORECASE)
_CONTROL: Final = re.compile(r"untreat|control|ctrl|vehicle|mock|none|naive", re.IGNORECASE)
_LONGEST_BATCH: Final = 60
_MOST_NAMED: Final = 6


def fields_of_geo(sample: GeoSample) -> Fields:
    """Return the fields of a GEO sample other than title and characteristics."""
    found = []
    for key, name in _OF_GEO:
        for field, values in sample.fields.items():
            if re.fullmatch(rf"{key}(_ch\d+)?", field):
                found += [(name, value) for value in values if value.strip()]
    for _, value in tuple(found):
        if match := _LIBRARY.match(value):
            found.append(("library name", match[1].strip()))
    return tuple(dict.fromkeys(found))


def normal(text: str) -> str:
    """Return a name or value in the form used for comparison, without case, underscores, spaces.

    Examples
    --------
    >>> normal("Cell_Line") == normal("cell line")
    True
    """
    return " ".join(text.casefold().replace("_", " ").split())


@dataclass(frozen=True)
class Distinct:
    """The values of one field over all samples, in the order of the series."""

    name: str
    values: tuple[str, ...]
    n_samples: int

    def in_words(self) -> str:
        """Return the field with its number of values and the first values."""
        named = ", ".join(map(shortened, self.values[:_MOST_NAMED]))
        more = ", ..." if len(self.values) > _MOST_NAMED else ""
        return f"{self.name} ({len(self.values)}: {named}{more})"


def shortened(text: str) -> str:
    """Return a text cut to a length suitable for a message.

    Examples
    --------
    >>> len(shortened("x" * 1000))
    60
    """
    return text if len(text) <= _LONGEST_BATCH else f"{text[: _LONGEST_BATCH - 3]}..."


def distinct(samples: Sequence[Fields]) -> list[Distinct]:
    """Return all fields, each with its distinct values over all samples.

    Examples
    --------
    >>> distinct([(("lot", "A"),), (("Lot", "B"), ("dose", "1"))])[0].in_words()
    'lot (2: A, B)'
    """
    names: dict[str, str] = {}
    values: dict[str, dict[str, None]] = {}
    owners: dict[str, set[int]] = {}
    for place, fields in enumerate(samples):
        for name, value in fields:
            key = normal(name)
            names.setdefault(key, name)
            values.setdefault(key, {})[value] = None
            owners.setdefault(key, set()).add(place)
    return [Distinct(names[key], tuple(values[key]), len(owners[key])) for key in names]


def suggest(samples: Sequence[Fields]) -> str:
    """Return a selection that works, as one line of YAML; empty if there is none.

    The batch is a field that looks like one and that every sample has, else the title. If the
    samples of a batch have different treatments, one treatment is selected.

    Examples
    --------
    >>> suggest([(("title", "MSC a"), ("lot", "A")), (("title", "MSC b"), ("lot", "B"))])
    "{batch: '{lot}', n_batches: 2}"
    """
    usable = [
        found
        for found in distinct(samples)
        if found.n_samples == len(samples)
        and len(found.values) > 1
        and re.fullmatch(r"[A-Za-z][^{}':\"]*", found.name)
        and all(
            len(value) <= _LONGEST_BATCH and value.isascii() and value.isprintable()
            for value in found.values
        )
    ]
    ranked = [
        *(found for found in usable if _LIKE_BATCH.search(found.name)),
        *(found for found in usable if _LIKE_DONOR.search(found.name)),
        *(found for found in usable if found.name == "title"),
        *(found for found in usable if found.name != "title"),
    ]
    if not ranked:
        return ""
    best = ranked[0]
    where = _one_condition(samples, usable, best.name)
    kept = [fields for fields in samples if all(_joined(fields, k) == v for k, v in where.items())]
    line: dict[str, object] = {"where": where} if where else {}
    line["batch"] = f"{{{best.name}}}"
    line["n_batches"] = len({_joined(fields, best.name) for fields in kept})
    text: str = yaml.safe_dump(line, default_flow_style=True, sort_keys=False, width=10**6)
    return text.strip()


def _one_condition(
    samples: Sequence[Fields], usable: Sequence[Distinct], batch: str
) -> dict[str, str]:
    """Return one condition to select if samples of a batch differ in treatment; else nothing."""
    n_by_batch = Counter(_joined(fields, batch) for fields in samples)
    for found in usable:
        if not _LIKE_CONDITION.search(found.name) or max(n_by_batch.values()) == 1:
            continue
        control = next((value for value in found.values if _CONTROL.search(value)), found.values[0])
        kept = {_joined(f, batch) for f in samples if _joined(f, found.name) == control}
        if len(kept) > 1:
            return {found.name: control}
    return {}


def _joined(fields: Fields, name: str) -> str:
    return "; ".join(value for key, value in fields if normal(key) == normal(name))
