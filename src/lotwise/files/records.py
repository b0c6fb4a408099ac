"""Records: a frozen dataclass is header, types and documentation of a result table.

Does not import pandas: the catalogue of statistics consists of records.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Final, Literal, get_type_hints

Display = Literal["text", "number", "r", "percent", "flag"]
Aspect = Literal["identity", "depth", "size of differences"]
_DISPLAYS: Final[dict[type, Display]] = {str: "text", int: "number", float: "number", bool: "flag"}
_EXTENTS: Final[dict[Display, tuple[float, float]]] = {"r": (-1.0, 1.0), "percent": (0.0, 1.0)}
_UNBOUNDED: Final = (float("-inf"), float("inf"))
_UNKNOWN: Final[dict[type, object]] = {str: "", int: 0, float: float("nan"), bool: False}


@dataclass(frozen=True, kw_only=True, slots=True)
class Column:
    """Meaning of a column, its display in the report, and its use in acceptance criteria.

    Attributes
    ----------
    meaning
        One sentence that describes the values.
    heading
        Heading in the report; empty if the report does not show the column.
    display
        How the report prints it; None: by type.
    unknown
        What the report prints for missing values; empty for the general text.
    answers
        Texts that a criterion can require; any other text means that there is no answer.
    choices
        All possible texts, so that a typing error in a criterion is found.
    must_choose
        True if rows with different values are different statistics; a criterion must choose one.
    limits
        Columns of the lower and upper limit of this statistic in the same row.
    known_with
        For a switch or whole number, which cannot be NaN: known if that column is a number.
    names_row
        True if the column identifies the row, such as a sample.
    covers
        Which of the topics that criteria should cover is covered by judging this column.
    extent
        Lowest and highest possible value; None: by display.
    """

    meaning: str
    heading: str = ""
    display: Display | None = None
    unknown: str = ""
    answers: tuple[str, ...] = ()
    choices: tuple[str, ...] = ()
    must_choose: bool = False
    limits: tuple[str, str] | None = None
    known_with: str = ""
    names_row: bool = False
    covers: Aspect | None = None
    extent: tuple[float, float] | None = None


def column(meaning: str, *, default: Any = dataclasses.MISSING, **declared: Any) -> Any:
    """Declare a column of a record; ``declared`` are the other attributes of :class:`Column`."""
    return field(metadata={"column": Column(meaning=meaning, **declared)}, default=default)


@dataclass(frozen=True, kw_only=True, slots=True)
class Record:
    """Base class of the rows of a result table; subclasses declare the columns.

    ``of_features`` is True if each row is about one feature and some features cannot be tested
    in any experiment. ``suffix`` is the suffix of the table's file.
    """

    table: ClassVar[str] = ""
    of_features: ClassVar[bool] = False
    suffix: ClassVar[str] = "tsv"


# Types are resolved from text, once for each record.
_COLUMNS: Final[dict[type[Record], Mapping[str, type]]] = {}


def columns(record: type[Record]) -> Mapping[str, type]:
    """Return the columns of ``record`` in order, with their Python types."""
    if record not in _COLUMNS:
        hints = get_type_hints(record)
        _COLUMNS[record] = {item.name: hints[item.name] for item in dataclasses.fields(record)}
    return _COLUMNS[record]


def unknown_values(record: type[Record]) -> dict[str, Any]:
    """Return the values of a row of which nothing is known: NaN, 0, no or an empty text."""
    return {name: _UNKNOWN[kind] for name, kind in columns(record).items()}


def declared(record: type[Record]) -> dict[str, Column]:
    """Return the declaration of each column of ``record``, in order."""
    return {item.name: item.metadata["column"] for item in dataclasses.fields(record)}


def meanings(record: type[Record]) -> dict[str, str]:
    """Return the meaning of each column of ``record``, and when its value is not known."""
    return {
        name: f"{one.meaning}; not known if {one.known_with} is NaN"
        if one.known_with
        else one.meaning
        for name, one in declared(record).items()
    }


def display_of(record: type[Record], name: str) -> Display:
    """Return how the report prints a column of ``record``."""
    return declared(record)[name].display or _DISPLAYS[columns(record)[name]]


def extent_of(record: type[Record], name: str) -> tuple[float, float]:
    """Return the lowest and the highest possible value of a column of ``record``."""
    return declared(record)[name].extent or _EXTENTS.get(display_of(record, name), _UNBOUNDED)
