"""A number of a result table, and the bound by which it is judged.

This module is light (pydantic only), since the workflow checks criteria when it starts.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from lotwise.config.section import Section
from lotwise.evidence.catalogue import tables
from lotwise.evidence.statistic import ResultTable
from lotwise.files.records import Column
from lotwise.keys import Level
from lotwise.wording import counted, number

Reduction = Literal["every", "lowest", "highest", "median", "share", "count"]

_Number = Annotated[float, Field(strict=True, allow_inf_nan=False)]
Words = Annotated[str, Field(strict=True, pattern=r"\S")]
# A number, or a column of the same table whose number in the same row is the bound.
Bound = _Number | Words
Cell = bool | int | float | str


class Measure(Section):
    """A number of a result table, compared with a bound."""

    level: Level | None = Field(default=None, description="gene or isoform")
    table: str = Field(description="result table, such as pairs or ceilings")
    statistic: str = Field(description="column of that table")
    rows: dict[str, Cell | tuple[Cell, ...]] = Field(
        default_factory=dict, description="the rows judged, as column: value or column: [values]"
    )
    reduce: Reduction = Field(default="every", description="how the rows are reduced to one answer")
    share: Annotated[float, Field(gt=0, le=1)] | None = Field(
        default=None, description="minimum share of the rows that must meet the bound"
    )
    use: Literal["value", "interval"] = Field(
        default="value", description="interval: the whole interval must meet the bound"
    )
    round_to: Annotated[int, Field(ge=0, le=15)] | None = Field(
        default=None,
        description="decimals to which the number is rounded before it is compared; by default it "
        "is compared at full precision",
    )
    at_least: Bound | None = Field(default=None, description="the number must be this or more")
    at_most: Bound | None = Field(default=None, description="the number must be this or less")
    between: tuple[Bound, Bound] | None = Field(
        default=None, description="the number must be between these, bounds included"
    )
    is_: bool | str | None = Field(
        default=None,
        alias="is",
        description="the required answer: true, false, or a word such as yes",
    )

    @model_validator(mode="before")
    @classmethod
    def _yes_is_an_answer(cls, given: Any) -> Any:
        """Restore yes and no, which YAML reads as true and false if unquoted."""
        if not isinstance(given, dict) or not isinstance(given.get("is"), bool):
            return given
        table, statistic = tables().get(str(given.get("table"))), str(given.get("statistic"))
        if table is None or table.kind_of(statistic) != "answer":
            return given
        answer = "yes" if given["is"] else "no"
        return {**given, "is": answer} if answer in table.declared(statistic).answers else given

    @property
    def source(self) -> ResultTable:
        """The table judged."""
        return tables()[self.table]

    @property
    def declared(self) -> Column:
        """The declaration of the column judged."""
        return self.source.declared(self.statistic)

    @property
    def limits(self) -> tuple[Bound | None, Bound | None]:
        """The lower and the upper bound; None where there is none."""
        return self.between or (self.at_least, self.at_most)

    @property
    def bound_columns(self) -> tuple[str, ...]:
        """The bounds that are columns."""
        return tuple(bound for bound in self.limits if isinstance(bound, str))

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns by which rows are chosen and judged."""
        known_with = (self.declared.known_with,) if self.declared.known_with else ()
        return (
            *self.rows,
            self.statistic,
            *self.bound_columns,
            *(self.declared.limits or ()),
            *known_with,
        )

    @property
    def bound(self) -> str:
        """The bound in words, such as '>= 0.95'."""
        low, high = self.limits
        if self.is_ is not None:
            words = f"is {str(self.is_).lower() if isinstance(self.is_, bool) else self.is_}"
        elif self.between is not None:
            words = f"between {_in_words(low)} and {_in_words(high)}"
        else:
            words = f">= {_in_words(low)}" if low is not None else f"<= {_in_words(high)}"
        if self.use == "interval":
            words = f"{words} (whole interval)"
        if self.round_to is not None:
            words = f"{words} (rounded to {counted(self.round_to, 'decimal')})"
        return (
            words if self.share is None else f"{words} in a share of {number(self.share)} or more"
        )

    @property
    def required(self) -> str:
        """What is required, in words, such as 'at least 0.95'.

        Examples
        --------
        >>> Measure(table="libraries", statistic="tpm_sum", between=(9e5, 1.1e6)).required
        'between 900000 and 1100000'
        """
        low, high = self.limits
        if self.share is not None:
            return f"at least {100 * self.share:.6g} % of the rows"
        if self.is_ is not None:
            return str(self.is_).lower()
        if self.between is not None:
            return f"between {_in_words(low)} and {_in_words(high)}"
        return f"at least {_in_words(low)}" if low is not None else f"at most {_in_words(high)}"

    def sentence(self, level: Level) -> str:
        """Return the measure as a sentence that states a requirement, whether it is met or not.

        Examples
        --------
        >>> Measure(table="sex", statistic="agrees", **{"is": "yes"}).sentence("gene")
        'At gene level, agrees must be yes in every row of the table sex'
        """
        chosen = ", ".join(f"{_plain(name)} {_choice(value)}" for name, value in self.rows.items())
        of = f"of the table {self.table}{f' ({chosen})' if chosen else ''}"
        judged = _plain(self.statistic)
        if self.use == "interval":
            judged = f"the whole interval of {judged}"
        if self.reduce == "count":
            return f"At {level} level, {judged} must be known in {self.required} rows {of}"
        if self.reduce in {"lowest", "highest", "median"}:
            return f"At {level} level, the {self.reduce} {judged} {of} must be {self.required}"
        holds = self.model_copy(update={"share": None}).required
        rows = "every row" if self.share is None else self.required
        return f"At {level} level, {judged} must be {holds} in {rows} {of}"


def _in_words(bound: Bound | None) -> str:
    return number(bound) if isinstance(bound, int | float) else f"its {bound}"


def _plain(name: str) -> str:
    return name.replace("_", " ")


def _choice(value: Cell | tuple[Cell, ...]) -> str:
    values = value if isinstance(value, tuple) else (value,)
    return " or ".join(
        number(float(item)) if isinstance(item, float) else str(item) or "none" for item in values
    )
