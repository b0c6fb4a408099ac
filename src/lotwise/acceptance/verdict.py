"""The verdict on a result tree: each criterion's outcome and the one over all."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from lotwise.acceptance.criteria import OVERALL, Criterion, Measure
from lotwise.acceptance.files import CriteriaFile
from lotwise.acceptance.judgement import Judgement, Outcome, judge_rows
from lotwise.acceptance.selection import select_rows
from lotwise.acceptance.tables import UNITS
from lotwise.acceptance.wording import counted, number
from lotwise.errors import InputError
from lotwise.keys import Level
from lotwise.records import Record, column, read_table

if TYPE_CHECKING:
    import pandas as pd

WORDS: Final[dict[Outcome, str]] = {
    "pass": "the evidence supports comparability under these criteria, and proves nothing more",
    "fail": "the evidence does not support comparability under these criteria",
    "not assessable": "these criteria cannot all be judged on this evidence, and that is no pass",
}
SAMPLES: Final = "samples.tsv"
_NAN: Final = float("nan")


@dataclass(frozen=True, kw_only=True, slots=True)
class CriterionRecord(Record):
    """The outcome of one criterion, the first row that over all: a row of ``verdict.tsv``."""

    table = "verdict.tsv"

    criterion: str = column("id of the criterion; overall for the outcome over all")
    outcome: str = column("pass, fail or not assessable")
    level: str = column("gene or isoform")
    result_table: str = column("result table judged")
    statistic: str = column("column of it")
    value: float = column("the number judged; NaN where there is none")
    bound: str = column("what it was held against")
    interval_lower: float = column("lower limit of the number, where its table has one")
    interval_upper: float = column("upper limit")
    where: str = column("the row that decided; empty where all did")
    reason: str = column("what was found")
    statement: str = column("the criterion in words; for overall, the title of the criteria")
    rationale: str = column("why this number and this bound, as the criteria say")


@dataclass(frozen=True, kw_only=True, slots=True)
class Assessed:
    """A criterion and what came out of it."""

    criterion: Criterion
    judgement: Judgement

    def as_json(self) -> dict[str, Any]:
        """Give the criterion's entry in ``verdict.json``."""
        judged = self.judgement
        return {
            "id": self.criterion.id,
            "statement": self.criterion.sentence(),
            "rationale": self.criterion.rationale,
            "level": self.criterion.level,
            "table": self.criterion.table,
            "statistic": self.criterion.statistic,
            "value": judged.value,
            "bound": self.criterion.bound,
            "interval": None if judged.interval is None else list(judged.interval),
            "where": judged.where,
            "outcome": judged.outcome,
            "reason": judged.reason,
        }

    def as_record(self) -> CriterionRecord:
        """Give the criterion's row of ``verdict.tsv``."""
        given = self.as_json()
        lower, upper = given.pop("interval") or (_NAN, _NAN)
        value = given.pop("value")
        return CriterionRecord(
            criterion=given.pop("id"),
            result_table=given.pop("table"),
            value=_NAN if value is None else value,
            interval_lower=lower,
            interval_upper=upper,
            **{name: " ".join(str(text).split()) for name, text in given.items()},
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Verdict:
    """What acceptance criteria say of a comparison.

    Attributes
    ----------
    criteria
        The criteria, and the name under which they were asked for.
    assessed
        Each criterion with its outcome, in the order of the file.
    notices
        What must be known before the outcome is believed, such as criteria changed after the
        results were there.
    """

    criteria: CriteriaFile
    assessed: tuple[Assessed, ...]
    notices: tuple[str, ...] = ()

    @property
    def outcome(self) -> Outcome:
        """The outcome over all: fail if any fails, else not assessable if any is, else pass."""
        found = {one.judgement.outcome for one in self.assessed}
        return (
            "fail" if "fail" in found else "not assessable" if "not assessable" in found else "pass"
        )

    @property
    def words(self) -> str:
        """The outcome in a sentence."""
        return f"{self.outcome}: {WORDS[self.outcome]}"

    def named(self, outcome: Outcome) -> tuple[str, ...]:
        """Name the criteria with an outcome."""
        return tuple(one.criterion.id for one in self.assessed if one.judgement.outcome == outcome)

    def as_json(self) -> dict[str, Any]:
        """Give the content of ``verdict.json``."""
        return {
            "outcome": self.outcome,
            "words": self.words,
            "title": self.criteria.criteria.title,
            "source": self.criteria.criteria.source,
            "criteria_file": self.criteria.name,
            "criteria_sha256": self.criteria.criteria.sha256,
            "notices": list(self.notices),
            "criteria": [one.as_json() for one in self.assessed],
            "lotwise_version": version("lotwise"),
        }

    def as_records(self) -> list[CriterionRecord]:
        """Give the rows of ``verdict.tsv``."""
        overall = CriterionRecord(
            criterion=OVERALL,
            outcome=self.outcome,
            level="",
            result_table="",
            statistic="",
            value=_NAN,
            bound="",
            interval_lower=_NAN,
            interval_upper=_NAN,
            where="",
            reason="; ".join([self.words, *self.notices]),
            statement=" ".join(self.criteria.criteria.title.split()),
            rationale="",
        )
        return [overall, *(one.as_record() for one in self.assessed)]


def judge(criteria: CriteriaFile, root: Path) -> Verdict:
    """Hold criteria against the tables of a result tree.

    Parameters
    ----------
    criteria
        As :func:`lotwise.acceptance.read_criteria` gives them.
    root
        Folder of the results. A table that is not there makes its criteria not assessable.

    Raises
    ------
    InputError
        A table is there and cannot be read.

    Examples
    --------
    >>> folder = getfixture("tmp_path")
    >>> from lotwise.acceptance import read_criteria
    >>> verdict = judge(read_criteria("encode_isogenic"), folder)
    >>> verdict.outcome, verdict.assessed[0].judgement.reason
    ('not assessable', 'evidence/gene.libraries.tsv is not there')
    """
    asked: dict[str, list[Measure]] = {}
    for criterion in criteria.criteria.criteria:
        for level, measure in criterion.measures():
            asked.setdefault(measure.source.path(level), []).append(measure)
    tables = {name: _read(root, name, measures) for name, measures in asked.items()}
    assessed = (
        Assessed(criterion=criterion, judgement=_assess(criterion, tables))
        for criterion in criteria.criteria.criteria
    )
    return Verdict(criteria=criteria, assessed=tuple(assessed))


def _assess(criterion: Criterion, tables: dict[str, pd.DataFrame | str]) -> Judgement:
    """Judge a criterion; where what it needs does not hold, it is not assessable."""
    judged = _take(criterion, criterion.level, tables)
    if judged.outcome == "not assessable":
        return judged
    for need in criterion.needs:
        level = need.level or criterion.level
        found = _take(need, level, tables)
        if found.outcome != "pass":
            value = "" if found.value is None else f"{number(found.value)}, "
            reason = f"{need.because} ({need.sentence(level)}; found: {value}{found.reason})"
            return replace(judged, outcome="not assessable", reason=reason)
    return judged


def _take(measure: Measure, level: Level, tables: dict[str, pd.DataFrame | str]) -> Judgement:
    table = tables[measure.source.path(level)]
    if isinstance(table, str):
        return Judgement(outcome="not assessable", reason=table)
    selected = select_rows(measure, table)
    if not selected.rows:
        return Judgement(outcome="not assessable", reason=selected.why_none)
    judged = judge_rows(measure, selected.rows)
    if selected.n_left_out:
        left_out = counted(selected.n_left_out, "row")
        words = f"{judged.reason}; {left_out} without a number left out"
        return replace(judged, reason=words)
    return judged


def _read(root: Path, name: str, measures: Sequence[Measure]) -> pd.DataFrame | str:
    """Read what measures need of a result table; in its stead say why it cannot be judged."""
    source = measures[0].source
    only = {*UNITS, "reason", "warning", *(column for one in measures for column in one.columns)}
    path = root / name
    if not path.is_file():
        return f"{name} is not there"
    try:
        table = read_table(path, source.record, only=only)
    except (ValueError, OSError) as error:
        raise InputError(
            f"cannot be read as a result table ({' '.join(str(error).split())})",
            path=path,
            remedy="write it anew",
        ) from error
    # An earlier run in this folder may have left a table that the last one did not make.
    compared = _compared(root / SAMPLES)
    spoken_of = {
        str(sample)
        for unit in ("sample", "sample_a", "sample_b")
        if unit in table and source.name != "batch_pairs"
        for sample in table[unit].unique()
        if sample
    }
    if compared and spoken_of and spoken_of != compared:
        return f"{name} is about other samples than {SAMPLES}: an earlier run left it"
    return table


def _compared(sheet: Path) -> frozenset[str]:
    """Name the samples that were compared; none where that is not on file."""
    if not sheet.is_file():
        return frozenset()
    with sheet.open(encoding="utf-8", newline="") as text:
        rows = csv.DictReader(text, delimiter="\t")
        return frozenset(row["sample"] for row in rows if row.get("sample"))
