"""What a statistic declares of itself.

Light on purpose (no pandas, no NumPy): every cluster job imports it. Functions that compute and
draw are named, and imported when they are called.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from lotwise.evidence.sections import ReportSection
from lotwise.files.records import Column, Record, columns, declared
from lotwise.keys import LEVELS, Level

Kind = Literal["number", "switch", "answer"]
Folder = Literal["correlation", "evidence"]


@dataclass(frozen=True, slots=True)
class Call:
    """A function by name, and where its arguments come from.

    Attributes
    ----------
    function
        Module and function, such as ``lotwise.tl.batches:batches``.
    of
        Place of the positional argument in the context of a run, such as ``expression`` or
        ``tables.batches``.
    options
        Keyword and place of each further argument, such as ``evidence.coverage``.
    """

    function: str
    of: str
    options: Mapping[str, str]

    def __call__(self, context: Mapping[str, Any]) -> Any:
        """Call the function with what ``context`` holds in the places declared."""
        module, _, name = self.function.partition(":")
        function = getattr(importlib.import_module(module), name)
        options = {name: find(context, place) for name, place in self.options.items()}
        return function(find(context, self.of), **options)


def call(function: str, of: str, **options: str) -> Call:
    """Declare a call.

    Examples
    --------
    >>> call("math:sqrt", "numbers.four")({"numbers": {"four": 4}})
    2.0
    """
    return Call(function, of, options)


def find(context: Mapping[str, Any], place: str) -> Any:
    """Return what stands in a place of a context: keys of mappings, else attributes.

    Examples
    --------
    >>> find({"tables": {"batches": 1}}, "tables.batches")
    1
    """
    found: Any = context
    for name in place.split("."):
        found = found[name] if isinstance(found, Mapping) else getattr(found, name)
    return found


@dataclass(frozen=True, kw_only=True, slots=True)
class Table:
    """A table of a statistic, and how the report shows it.

    Attributes
    ----------
    record
        Its columns.
    name
        Its name where another table has the same columns; by default that of the record.
    caption
        What the report says above it.
    tool
        The function that a user calls for it; by default that of its statistic.
    by, descending
        Order of the rows in the report; by default that of the file.
    """

    record: type[Record]
    name: str = ""
    caption: str = ""
    tool: str = ""
    by: tuple[str, ...] = ()
    descending: tuple[bool, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Figure:
    """A figure of a statistic.

    Attributes
    ----------
    name
        Its file is ``figures/LEVEL_NAME``; ``{}`` stands for the name of a value of ``each``.
    draw
        What draws it, from ``expression``, ``tables``, ``evidence``, ``correlation`` and, where
        there is one for each value of an option, ``each``.
    caption
        What the report says below it.
    each
        Option of the configuration that has several values, with a figure for each.
    """

    name: str
    draw: Call
    caption: str = ""
    each: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class OptionalInput:
    """A file that a statistic reads where the configuration names one.

    ``shipped`` are values of the option that come with lotwise and are no files of the user.
    """

    option: str
    role: str
    shipped: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Statistic:
    """A statistic: what it computes, draws and reads, and where it is shown.

    Attributes
    ----------
    name
        The word that switches it on in the configuration.
    summary
        What it is, in one sentence.
    tables, figures
        What it makes.
    compute
        What computes it, from ``expression``, ``evidence`` and ``correlation``; None where the
        step of the correlations does.
    section
        Where the report shows it.
    page
        Page of the documentation, below ``docs``.
    levels
        Levels at which it is defined.
    inputs
        Files that it reads beside the expression.
    needs
        Option without which there is nothing to compute: no table, no figure.
    folder
        Where its tables lie. Those of ``correlation`` are always made.
    place
        Its place in lists, in computing and in the workbook; by default the last.
    """

    name: str
    summary: str
    tables: tuple[Table, ...]
    compute: Call | None
    section: ReportSection
    page: str
    figures: tuple[Figure, ...] = ()
    levels: tuple[Level, ...] = LEVELS
    inputs: tuple[OptionalInput, ...] = ()
    needs: str = ""
    folder: Folder = "evidence"
    place: int = 1_000


@dataclass(frozen=True, kw_only=True, slots=True)
class ResultTable:
    """A table of the result tree: its columns, and what of them a criterion can judge."""

    name: str
    record: type[Record]
    statistic: Statistic
    shown: Table

    @property
    def levels(self) -> tuple[Level, ...]:
        """The levels that have it."""
        return self.statistic.levels

    @property
    def folder(self) -> Folder:
        """The folder of the results that holds it."""
        return self.statistic.folder

    @property
    def of_features(self) -> bool:
        """Whether a row is about one feature, and some features cannot be tested at all."""
        return self.record.of_features

    @property
    def tool(self) -> str:
        """The function that a user calls for it."""
        return self.shown.tool or f"lotwise.tl.{self.statistic.name}"

    def declared(self, column: str) -> Column:
        """Return what is declared of a column."""
        return declared(self.record)[column]

    def kind_of(self, column: str) -> Kind | None:
        """Return how a criterion can judge a column; None where it cannot."""
        kind = columns(self.record).get(column)
        if kind is str:
            return "answer" if self.declared(column).answers else None
        return None if kind is None else "switch" if kind is bool else "number"

    @property
    def statistics(self) -> tuple[str, ...]:
        """The columns that a criterion can judge."""
        return tuple(name for name in columns(self.record) if self.kind_of(name) is not None)

    @property
    def to_choose(self) -> tuple[str, ...]:
        """Columns of which a criterion must say which value it means."""
        return tuple(name for name, one in declared(self.record).items() if one.must_choose)
