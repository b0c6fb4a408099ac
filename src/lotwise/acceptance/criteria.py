"""Acceptance criteria: what each number must be, and why. Unknown words are refused.

This module is light (pydantic only), since the workflow checks criteria when it starts.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any, Final, Literal, Self, get_args

from pydantic import Field, model_validator

from lotwise.acceptance.coherence import (
    check_bound,
    check_can_fail,
    check_reduction,
    check_rows,
    check_table,
)
from lotwise.acceptance.measure import Measure, Words
from lotwise.config.section import Section
from lotwise.files.records import Aspect
from lotwise.keys import InvalidCode, Level
from lotwise.tree import ResultTree

OVERALL: Final = "overall"
COMPARABLE: Final = "valid-comparison"
DESCRIPTIVE: Final = 3
BETWEEN_BATCHES: Final = "differences between batches"
"""The aspect that no criterion covers if all of them are about replicates, identity or depth."""
_APPROVAL: Final = ("protocol", "version", "approved_by", "change_reason")
_TAKEN: Final = {
    OVERALL: "the outcome over all criteria",
    COMPARABLE: "the built-in criterion about invalid comparisons",
}


class CheckedMeasure(Measure):
    """A measure whose table, columns, rows and bound were checked."""

    @model_validator(mode="after")
    def _can_be_taken(self) -> Self:
        check_table(self)
        check_rows(self)
        check_bound(self)
        check_reduction(self)
        return self


class Need(CheckedMeasure):
    """A condition for a criterion to be assessable."""

    because: Words = Field(
        description="why the criterion is not assessable if the condition is not met"
    )


class Criterion(CheckedMeasure):
    """One line of the acceptance criteria."""

    id: str = Field(
        strict=True,
        max_length=60,
        pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$",
        description="short name, unique in the file",
    )
    level: Level = Field(description="gene or isoform")
    rationale: Words = Field(description="why this number and this bound")
    statement: Words | None = Field(
        default=None, description="the criterion in your words; by default lotwise writes it"
    )
    tier: Literal[1, 2, 3] | None = Field(
        default=None,
        description="1 equivalence, 2 quality range, 3 descriptive (printed, never judged)",
    )
    needs: tuple[Need, ...] = Field(
        default=(), description="conditions without which the criterion is not assessable"
    )

    @model_validator(mode="after")
    def _can_fail(self) -> Self:
        if self.tier != DESCRIPTIVE:
            check_can_fail(self)
        return self

    @model_validator(mode="after")
    def _needs_have_a_level(self) -> Self:
        for need in self.needs:
            level = need.level or self.level
            if level not in need.source.levels:
                msg = f"needs: table {need.table!r} does not exist at {level} level; give a level"
                raise ValueError(msg)
        return self

    def sentence(self, level: Level | None = None) -> str:
        """Return the author's statement, or a sentence made from the measure."""
        return self.statement or super().sentence(level or self.level)

    def measures(self) -> tuple[tuple[Level, Measure], ...]:
        """Return the measures of the criterion and its needs, with their levels."""
        return ((self.level, self), *((need.level or self.level, need) for need in self.needs))


def _compares_batches(measure: Measure) -> bool:
    """Return whether a measure can differ because batches differ from each other."""
    relations = measure.rows.get("relation", ())
    chosen = set(relations) if isinstance(relations, tuple) else {relations}
    return measure.declared.covers not in {"identity", "depth"} and chosen != {"within"}


class Criteria(Section):
    """Acceptance criteria of one comparison, in the order of the file."""

    title: Words = Field(description="what these criteria are for")
    source: str = Field(default="", description="who decided them and where they are documented")
    protocol: str = Field(default="", description="number of the protocol with these criteria")
    version: str = Field(
        default="", description="version of these criteria in that protocol; write it in quotes"
    )
    approved_by: str = Field(default="", description="who approved them, and when")
    change_reason: str = Field(
        default="", description="why these criteria differ from the previous version"
    )
    criteria: tuple[Criterion, ...] = Field(min_length=1)
    allow: dict[InvalidCode, Words] = Field(
        default_factory=dict,
        description="invalid comparisons that these criteria accept, each with its rationale",
    )

    @model_validator(mode="after")
    def _names_are_unique(self) -> Self:
        names = [criterion.id for criterion in self.criteria]
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice is not None:
            msg = f"two criteria are called {twice!r}"
            raise ValueError(msg)
        for name, meaning in _TAKEN.items():
            if name in names:
                msg = f"{name!r} is reserved for {meaning}; choose another id"
                raise ValueError(msg)
        return self

    @model_validator(mode="after")
    def _some_decide(self) -> Self:
        if all(criterion.tier == DESCRIPTIVE for criterion in self.criteria):
            msg = "every criterion is of tier 3 (descriptive), so there is nothing to judge"
            raise ValueError(msg)
        return self

    @property
    def uncovered(self) -> tuple[str, ...]:
        """What criteria should cover and no judged criterion covers."""
        judged = [criterion for criterion in self.criteria if criterion.tier != DESCRIPTIVE]
        covered = {
            measure.declared.covers for criterion in judged for _, measure in criterion.measures()
        }
        compared = () if any(map(_compares_batches, judged)) else (BETWEEN_BATCHES,)
        return (*compared, *(aspect for aspect in get_args(Aspect) if aspect not in covered))

    @property
    def approval(self) -> dict[str, str]:
        """The entries on protocol and approval that the file has."""
        said = {name: getattr(self, name) for name in _APPROVAL}
        return {name: text for name, text in said.items() if text}

    def content(self) -> dict[str, Any]:
        """Return the content of the criteria, without comments, layout and explicit defaults."""
        found: dict[str, Any] = self.model_dump(mode="json", by_alias=True, exclude_defaults=True)
        return found

    @property
    def sha256(self) -> str:
        """SHA-256 of the content as JSON with sorted keys; equal content gives an equal value."""
        text = json.dumps(self.content(), sort_keys=True, separators=(",", ":"), allow_nan=False)
        return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()

    def files(self) -> tuple[str, ...]:
        """Return the paths of the result tables that are judged, below the root of the results."""
        read = (
            ResultTree(Path()).table(level, measure.table).as_posix()
            for criterion in self.criteria
            for level, measure in criterion.measures()
        )
        return tuple(dict.fromkeys(read))
