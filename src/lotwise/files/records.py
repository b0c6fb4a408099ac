"""Records: a frozen dataclass is the header, the types and the documentation of a result table.

Light on purpose (no pandas): the catalogue of statistics is made of them.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from typing import Any, ClassVar, Final, Literal, get_type_hints

Display = Literal["text", "number", "r", "percent", "flag"]
Aspect = Literal["identity", "depth", "size of differences"]
_DISPLAYS: Final[dict[type, Display]] = {str: "text", int: "number", float: "number", bool: "flag"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Column:
    """What a column holds, how it is shown, and what acceptance criteria may ask of it.

    Attributes
    ----------
    meaning
        One sentence that says what it holds.
    heading
        Its heading in the report; empty where the report does not show it.
    display
        How the report prints it; None takes what its type says.
    unknown
        What the report prints where there is no number; empty for the general words.
    answers
        Texts that a criterion can ask for; any other text says that there is no answer.
    choices
        Every text that the column can hold, so that a slip in a criterion is found.
    must_choose
        True where rows of several values are not the same statistic: a criterion says which.
    limits
        Columns of the lower and upper limit of this statistic, in the same row.
    known_with
        Of a switch or whole number, which has no NaN: it is known where that column is a number.
    names_row
        True where it says what a row is about, such as a sample.
    covers
        What criteria that judge it cover, of what no criteria should leave out.
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


def column(meaning: str, *, default: Any = dataclasses.MISSING, **declared: Any) -> Any:
    """Declare a column of a record; ``declared`` are the further attributes of :class:`Column`."""
    return field(metadata={"column": Column(meaning=meaning, **declared)}, default=default)


@dataclass(frozen=True, kw_only=True, slots=True)
class Record:
    """Base of a row of a result table; subclasses declare the columns.

    ``of_features`` is True where a row is about one feature, and some features cannot be tested
    in any experiment. ``suffix`` is that of the table's file.
    """

    table: ClassVar[str] = ""
    of_features: ClassVar[bool] = False
    suffix: ClassVar[str] = "tsv"


def columns(record: type[Record]) -> dict[str, type]:
    """Give the columns of ``record`` in order, with their Python types."""
    hints = get_type_hints(record)
    return {item.name: hints[item.name] for item in dataclasses.fields(record)}


def declared(record: type[Record]) -> dict[str, Column]:
    """Return what ``record`` declares of each column, in order."""
    return {item.name: item.metadata["column"] for item in dataclasses.fields(record)}


def meanings(record: type[Record]) -> dict[str, str]:
    """Return what each column of ``record`` holds, one sentence each."""
    return {name: one.meaning for name, one in declared(record).items()}


def display_of(record: type[Record], name: str) -> Display:
    """Return how the report prints a column of ``record``."""
    return declared(record)[name].display or _DISPLAYS[columns(record)[name]]
