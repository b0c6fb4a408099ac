"""Acceptance criteria: what must hold of which number, and why; strict about every word.

Light on purpose (pydantic alone): the workflow checks criteria when it starts.
"""

from __future__ import annotations

import hashlib
import json
from typing import Annotated, Any, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from lotwise.acceptance.coherence import check_bound, check_reduction, check_rows, check_table
from lotwise.acceptance.tables import ANSWERS, KNOWN_WITH, LIMITS, TABLES, ResultTable
from lotwise.keys import Level
from lotwise.wording import counted, number

Reduction = Literal["every", "lowest", "highest", "median", "share", "count"]
OVERALL: Final = "overall"

_Number = Annotated[float, Field(strict=True, allow_inf_nan=False)]
_Words = Annotated[str, Field(strict=True, pattern=r"\S")]
# A number, or a column of the same table whose number in the same row is the bound.
Bound = _Number | _Words
Cell = bool | int | float | str


class Measure(BaseModel):
    """A number of a result table, held against a bound."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    level: Level | None = Field(default=None, description="gene or isoform")
    table: str = Field(description="result table, such as pairs or ceilings")
    statistic: str = Field(description="column of that table")
    rows: dict[str, Cell | tuple[Cell, ...]] = Field(
        default_factory=dict, description="column: value, or column: [values], of the rows judged"
    )
    reduce: Reduction = Field(default="every", description="how the rows become one answer")
    share: Annotated[float, Field(gt=0, le=1)] | None = Field(
        default=None, description="least share of the rows that must meet the bound"
    )
    use: Literal["value", "interval"] = Field(
        default="value", description="interval: the limit nearer to failing must meet the bound"
    )
    round_to: Annotated[int, Field(ge=0, le=15)] | None = Field(
        default=None,
        description="decimals that the number is rounded to before it is compared; without, it is "
        "compared at full precision",
    )
    at_least: Bound | None = Field(default=None, description="the number is this or more")
    at_most: Bound | None = Field(default=None, description="the number is this or less")
    between: tuple[Bound, Bound] | None = Field(
        default=None, description="the number lies between these, both included"
    )
    is_: bool | str | None = Field(
        default=None, alias="is", description="the answer, such as yes, or true and false"
    )

    @model_validator(mode="before")
    @classmethod
    def _yes_is_an_answer(cls, given: Any) -> Any:
        """Take back what YAML makes of an unquoted yes or no."""
        if not isinstance(given, dict) or not isinstance(given.get("is"), bool):
            return given
        answers = ANSWERS.get((str(given.get("table")), str(given.get("statistic"))), ())
        answer = "yes" if given["is"] else "no"
        return {**given, "is": answer} if answer in answers else given

    @model_validator(mode="after")
    def _can_be_taken(self) -> Self:
        check_table(self)
        check_rows(self)
        check_bound(self)
        check_reduction(self)
        return self

    @property
    def source(self) -> ResultTable:
        """The table judged."""
        return TABLES[self.table]

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
        judged = (self.table, self.statistic)
        known_with = (KNOWN_WITH[judged],) if judged in KNOWN_WITH else ()
        return (
            *self.rows,
            self.statistic,
            *self.bound_columns,
            *LIMITS.get(judged, ()),
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
        """What must hold, in words, such as 'at least 0.95'.

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
        """Say the measure in words.

        Examples
        --------
        >>> Measure(table="sex", statistic="agrees", **{"is": "yes"}).sentence("gene")
        'At gene level, agrees is yes in every row of the table sex'
        """
        chosen = ", ".join(f"{_plain(name)} {_choice(value)}" for name, value in self.rows.items())
        of = f"of the table {self.table}{f' ({chosen})' if chosen else ''}"
        judged = _plain(self.statistic)
        if self.use == "interval":
            judged = f"the whole interval of {judged}"
        if self.reduce == "count":
            return f"At {level} level, {judged} is known in {self.required} rows {of}"
        if self.reduce in {"lowest", "highest", "median"}:
            return f"At {level} level, the {self.reduce} {judged} {of} is {self.required}"
        holds = self.model_copy(update={"share": None}).required
        rows = "every row" if self.share is None else self.required
        return f"At {level} level, {judged} is {holds} in {rows} {of}"


class Need(Measure):
    """What must hold for a criterion to be assessable."""

    because: _Words = Field(description="why the criterion says nothing without it")


class Criterion(Measure):
    """One line of the acceptance criteria."""

    id: str = Field(
        strict=True,
        max_length=60,
        pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$",
        description="short name, one a file",
    )
    level: Level = Field(description="gene or isoform")
    rationale: _Words = Field(description="why this number, why this bound")
    statement: _Words | None = Field(
        default=None, description="the criterion in your words; without, lotwise words it"
    )
    needs: tuple[Need, ...] = Field(
        default=(), description="what must hold for the criterion to be assessable"
    )

    @model_validator(mode="after")
    def _needs_have_a_level(self) -> Self:
        for need in self.needs:
            level = need.level or self.level
            if level not in need.source.levels:
                msg = f"needs: table {need.table!r} is not there at {level} level; give its level"
                raise ValueError(msg)
        return self

    def sentence(self, level: Level | None = None) -> str:
        """Give the author's statement, or else the measure in words."""
        return self.statement or super().sentence(level or self.level)

    def measures(self) -> tuple[tuple[Level, Measure], ...]:
        """Give what has to be read: the criterion itself and its needs, with their levels."""
        return ((self.level, self), *((need.level or self.level, need) for need in self.needs))


class Criteria(BaseModel):
    """Acceptance criteria of one comparison, in the order of the file."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    title: _Words = Field(description="what these criteria are for")
    source: str = Field(default="", description="who decided them, where they are written down")
    criteria: tuple[Criterion, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _names_are_unique(self) -> Self:
        names = [criterion.id for criterion in self.criteria]
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice is not None:
            msg = f"two criteria are called {twice!r}"
            raise ValueError(msg)
        if OVERALL in names:
            msg = f"{OVERALL!r} is the name of the outcome over all criteria; take another"
            raise ValueError(msg)
        return self

    def content(self) -> dict[str, Any]:
        """Give what the criteria say: no comments, no layout, no defaults that were spelled out."""
        found: dict[str, Any] = self.model_dump(mode="json", by_alias=True, exclude_defaults=True)
        return found

    @property
    def sha256(self) -> str:
        """SHA-256 of the content as JSON, keys sorted: what is the same says the same."""
        text = json.dumps(self.content(), sort_keys=True, separators=(",", ":"), allow_nan=False)
        return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()

    def files(self) -> tuple[str, ...]:
        """Name the result tables that are judged, below the root of the results."""
        read = (
            measure.source.path(level)
            for criterion in self.criteria
            for level, measure in criterion.measures()
        )
        return tuple(dict.fromkeys(read))


def _in_words(bound: Bound | None) -> str:
    return number(bound) if isinstance(bound, int | float) else f"its {bound}"


def _plain(name: str) -> str:
    return name.replace("_", " ")


def _choice(value: Cell | tuple[Cell, ...]) -> str:
    values = value if isinstance(value, tuple) else (value,)
    return " or ".join(
        number(float(item)) if isinstance(item, float) else str(item) or "none" for item in values
    )
