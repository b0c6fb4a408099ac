"""Declaration of a statistic.

This module is light (no pandas, no NumPy), since every cluster job imports it. Functions that
compute and draw are declared by name and imported when they are called.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from lotwise import keys
from lotwise.evidence.sections import ReportSection
from lotwise.files.records import Column, Record, columns, declared
from lotwise.keys import LEVELS, Level

Kind = Literal["number", "switch", "answer"]
Folder = Literal["correlation", "evidence"]


@dataclass(frozen=True, slots=True)
class Call:
    """A function by name, and the sources of its arguments.

    Attributes
    ----------
    function
        Module and function, such as ``lotwise.tl.batches:batches``.
    of
        Path of the positional argument in the context of a run, such as ``expression`` or
        ``tables.batches``.
    options
        Keyword and path of each further argument, such as ``evidence.coverage``.
    """

    function: str
    of: str
    options: Mapping[str, str]

    def __call__(self, context: Mapping[str, Any]) -> Any:
        """Call the function with the values found in ``context``."""
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
    """Return the value at a path of a context: keys of mappings, otherwise attributes.

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
        Record that declares its columns.
    name
        Its name if another table has the same columns; by default that of the record.
    caption
        Heading of the table in the report.
    tool
        Function that a user calls to get it; by default that of its statistic.
    of
        Function to whose result ``tool`` is applied, for a table that an AnnData of samples does
        not contain. The result contains it under the name of its record.
    by, descending
        Order of the rows in the report; by default that of the file.
    """

    record: type[Record]
    name: str = ""
    caption: str = ""
    tool: str = ""
    of: str = ""
    by: tuple[str, ...] = ()
    descending: tuple[bool, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Figure:
    """A figure of a statistic.

    Attributes
    ----------
    name
        Stem of its file ``figures/LEVEL_NAME``; ``{}`` is replaced by a value of ``each``.
    draw
        Call that draws it, from ``expression``, ``tables``, ``evidence``, ``correlation`` and, if
        there is one figure per value of an option, ``each``.
    caption
        Text below the figure in the report.
    each
        Option of the configuration with several values, each of which gets a figure.
    """

    name: str
    draw: Call
    caption: str = ""
    each: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class OptionalInput:
    """A file that a statistic reads if the configuration names one.

    ``shipped`` are values of the option that are built into lotwise and not files of the user.
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
        Word that switches it on in the configuration.
    summary
        Its description in one sentence.
    tables, figures
        Its results.
    compute
        Call that computes it, from ``expression``, ``evidence``, ``correlation`` and
        ``with_scanpy``; None if the correlation step computes it.
    section
        Section of the report in which it is shown.
    page
        Page of the documentation, below ``docs``.
    levels
        Levels for which it is defined.
    inputs
        Files that it reads in addition to the expression.
    design
        Columns of ``obs`` that it uses, besides batch and condition.
    needs
        Option without which there is nothing to compute: no table, no figure.
    folder
        Folder of its tables. Those in ``correlation`` are always made.
    place
        Its position in lists, in computing and in the workbook; by default the last.
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
    design: tuple[str, ...] = ()
    folder: Folder = "evidence"
    place: int = 1_000


@dataclass(frozen=True, kw_only=True, slots=True)
class ResultTable:
    """A table of the result tree: its columns, and which of them a criterion can judge."""

    name: str
    record: type[Record]
    statistic: Statistic
    shown: Table

    @property
    def meaning(self) -> str:
        """One sentence on its content; tables that share a record differ in their captions."""
        if self.shown.name:
            return self.shown.caption
        return (self.record.__doc__ or "").partition("\n")[0].replace("`", "")

    @property
    def levels(self) -> tuple[Level, ...]:
        """The levels for which it exists."""
        return self.statistic.levels

    @property
    def folder(self) -> Folder:
        """The folder of the results that contains it."""
        return self.statistic.folder

    @property
    def of_features(self) -> bool:
        """Whether a row is about one feature, and some features cannot be tested at all."""
        return self.record.of_features

    @property
    def tool(self) -> str:
        """The function that a user calls to get it."""
        return self.shown.tool or f"lotwise.tl.{self.statistic.name}"

    def declared(self, column: str) -> Column:
        """Return the declaration of a column."""
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
        """The columns for which a criterion must state the value it uses."""
        return tuple(name for name, one in declared(self.record).items() if one.must_choose)

    @property
    def row_columns(self) -> dict[str, tuple[str, ...]]:
        """The columns by which a criterion can choose rows, with their values if these are fixed.

        Columns of which a value must be chosen come first.
        """
        found = {}
        for name, one in declared(self.record).items():
            values = one.choices or one.answers
            if columns(self.record)[name] is bool:
                values = ("true", "false")
            is_label = name.removesuffix("_a").removesuffix("_b") in {keys.CONDITION, keys.DONOR}
            if values or one.names_row or one.must_choose or is_label:
                found[name] = values
        return {name: found[name] for name in (*self.to_choose, *found)}
