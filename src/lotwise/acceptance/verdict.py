"""The verdict on a result tree: the outcome of each criterion, and the overall outcome."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, replace
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from lotwise.acceptance.criteria import BETWEEN_BATCHES, COMPARABLE, DESCRIPTIVE, OVERALL, Criterion
from lotwise.acceptance.files import CriteriaFile
from lotwise.acceptance.judgement import (
    MOST_NAMED,
    Judgement,
    Outcome,
    OverallOutcome,
    decided_by_some,
    judge_rows,
    outcome_over_all,
)
from lotwise.acceptance.measure import Measure
from lotwise.acceptance.reading import (
    ResultTables,
    TablesOnDisk,
    read_judged,
    read_unlisted,
    unlisted,
)
from lotwise.acceptance.selection import select_rows
from lotwise.files.records import Record, column
from lotwise.keys import Level
from lotwise.tree import CRITERIA
from lotwise.wording import counted, number

if TYPE_CHECKING:
    import pandas as pd

FORMAT: Final = 2
WORDS: Final[dict[OverallOutcome, str]] = {
    "pass": "all acceptance criteria are met; this supports lot consistency but does not prove it",
    "fail": "the acceptance criteria are not met",
    "not assessable": "these results are not sufficient to judge some criteria; this is not a pass",
}
_NAN: Final = float("nan")


@dataclass(frozen=True, kw_only=True, slots=True)
class CriterionRecord(Record):
    """The outcome of one criterion; the first row of ``verdict.tsv`` is the overall outcome."""

    table = CRITERIA

    criterion: str = column("id of the criterion, or overall")
    outcome: str = column("pass, fail or not assessable; descriptive in tier 3")
    tier: int = column("1 equivalence, 2 quality range, 3 descriptive; 0 if not given")
    level: str = column("gene or isoform")
    result_table: str = column("result table judged")
    statistic: str = column("column of that table")
    value: float = column("number judged; NaN where there is none")
    bound: str = column("bound with which the number was compared")
    interval_lower: float = column("lower limit of the number's interval, if its table has one")
    interval_upper: float = column("upper limit")
    where: str = column("the row that decided the outcome; empty if no single row did")
    reason: str = column("what was found")
    statement: str = column("the criterion in words; in the row overall, the title of the criteria")
    rationale: str = column("rationale for this number and this bound, as given in the criteria")


@dataclass(frozen=True, slots=True)
class BuiltIn:
    """The built-in criterion of every file: samples must be comparable as batches."""

    id: str = COMPARABLE
    tier: None = None
    rationale: str = (
        "If samples are copies or were quantified in different ways, R does not describe the "
        "batches. To accept such a case, list it in the criteria under the key allow."
    )
    level: str = ""
    table: str = ""
    statistic: str = ""
    bound: str = "no invalid comparison"
    required: str = "no invalid comparison"
    is_: str = "valid"

    def sentence(self) -> str:
        """Return the criterion in words."""
        return "The samples can be compared as batches (criterion built into lotwise)"


@dataclass(frozen=True, kw_only=True, slots=True)
class Assessed:
    """A criterion and its outcome."""

    criterion: Criterion | BuiltIn
    judgement: Judgement

    def as_json(self) -> dict[str, Any]:
        """Return the criterion's entry in ``verdict.json``."""
        judged = self.judgement
        tier = {"tier": self.criterion.tier} if self.criterion.tier else {}
        return {
            "id": self.criterion.id,
            "statement": self.criterion.sentence(),
            "rationale": self.criterion.rationale,
            **tier,
            "level": self.criterion.level,
            "table": self.criterion.table,
            "statistic": self.criterion.statistic,
            "value": judged.value,
            "bound": self.criterion.bound,
            "required": self.criterion.required,
            "interval": None if judged.interval is None else list(judged.interval),
            "where": judged.where,
            "outcome": judged.outcome,
            "reason": judged.reason,
        }

    def as_record(self) -> CriterionRecord:
        """Return the criterion's row of ``verdict.tsv``."""
        given = self.as_json()
        lower, upper = given.pop("interval") or (_NAN, _NAN)
        value = given.pop("value")
        given.pop("required")
        tier = given.pop("tier", 0)
        return CriterionRecord(
            criterion=given.pop("id"),
            result_table=given.pop("table"),
            value=_NAN if value is None else value,
            tier=tier,
            interval_lower=lower,
            interval_upper=upper,
            **{name: " ".join(str(text).split()) for name, text in given.items()},
        )


@dataclass(frozen=True, kw_only=True, slots=True, repr=False)
class Verdict:
    """Outcome of acceptance criteria for a comparison.

    Attributes
    ----------
    criteria
        The criteria, and the name by which they were requested.
    assessed
        Each criterion with its outcome, in the order of the file.
    notices
        What a reader must know before trusting the outcome, such as criteria changed after the
        results existed.
    """

    criteria: CriteriaFile
    assessed: tuple[Assessed, ...]
    notices: tuple[str, ...] = ()

    def __repr__(self) -> str:
        """Return the outcome, and that of each criterion; the whole file of criteria is long."""
        lines = [
            f"  {one.criterion.id}: {one.judgement.outcome} ({one.judgement.reason})"
            for one in self.assessed
        ]
        return "\n".join([f"Verdict: {self.words}", *lines, *self.notices])

    @property
    def outcome(self) -> OverallOutcome:
        """The overall outcome: fail if any fails, else not assessable if any is, else pass."""
        return outcome_over_all(one.judgement.outcome for one in self.assessed)

    @property
    def words(self) -> str:
        """The outcome as a sentence."""
        return f"{self.outcome}: {self.meaning}"

    @property
    def meaning(self) -> str:
        """What the outcome means, and what it does not."""
        if self.outcome == "pass" and BETWEEN_BATCHES in self.criteria.criteria.uncovered:
            return "all acceptance criteria are met, but none of them compares batches"
        return WORDS[self.outcome]

    def named(self, outcome: Outcome) -> tuple[str, ...]:
        """Return the names of the criteria with this outcome."""
        return tuple(one.criterion.id for one in self.assessed if one.judgement.outcome == outcome)

    def as_json(self) -> dict[str, Any]:
        """Return the content of ``verdict.json``."""
        return {
            "verdict_format": FORMAT,
            "outcome": self.outcome,
            "words": self.words,
            "title": self.criteria.criteria.title,
            "source": self.criteria.criteria.source,
            **self.criteria.criteria.approval,
            "criteria_file": self.criteria.name,
            "criteria_sha256": self.criteria.criteria.sha256,
            "criteria_file_sha256": self.criteria.file_sha256,
            "notices": list(self.notices),
            "criteria": [one.as_json() for one in self.assessed],
            "lotwise_version": version("lotwise"),
        }

    def as_records(self) -> list[CriterionRecord]:
        """Return the rows of ``verdict.tsv``."""
        overall = CriterionRecord(
            criterion=OVERALL,
            outcome=self.outcome,
            tier=0,
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
    """Judge the tables of a result tree by criteria.

    Parameters
    ----------
    criteria
        The criteria, from :func:`lotwise.acceptance.read_criteria`.
    root
        Folder of the results. Criteria of a missing table are not assessable.

    Raises
    ------
    InputError
        A table exists but cannot be read.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import mkdtemp
    >>> folder = Path(mkdtemp())
    >>> from lotwise.acceptance import read_criteria
    >>> verdict = judge(read_criteria("encode_isogenic"), folder)
    >>> verdict.outcome, verdict.assessed[0].judgement.reason
    ('not assessable', 'evidence/gene.libraries.tsv does not exist')
    """
    return judge_tables(criteria, TablesOnDisk(root))


def judge_tables(criteria: CriteriaFile, results: ResultTables) -> Verdict:
    """Judge result tables by criteria, as :func:`judge` does.

    Raises
    ------
    InputError
        A table exists but cannot be read.
    """
    asked: dict[tuple[str, Level], list[Measure]] = {}
    for criterion in criteria.criteria.criteria:
        for level, measure in criterion.measures():
            asked.setdefault((measure.table, level), []).append(measure)
    tables = {
        (name, level): read_judged(results, level, measures)
        for (name, level), measures in asked.items()
    }

    @cache
    def without_row(table: str, level: Level) -> pd.DataFrame:
        return read_unlisted(results, table, level)

    def take(measure: Measure, level: Level) -> Judgement:
        table = tables[measure.table, level]
        if isinstance(table, str):
            return Judgement(outcome="not assessable", reason=table)
        selected = select_rows(measure, table)
        if not selected.rows:
            return Judgement(outcome="not assessable", reason=selected.why_none)
        judged = judge_rows(measure, selected.rows)
        # Pairs whose rows give a reason are reported before pairs that have no row.
        missing = selected.lost or unlisted(
            measure, selected.rows, level=level, pairs_of=without_row
        )
        if missing and not decided_by_some(measure, judged.outcome):
            judged = replace(judged, outcome="not assessable", reason=missing)
        if selected.n_left_out:
            left_out = counted(selected.n_left_out, "row")
            words = f"{judged.reason}; not judged: {left_out} without a number"
            judged = replace(judged, reason=words)
        return judged

    assessed = (
        Assessed(criterion=criterion, judgement=_assess(criterion, take))
        for criterion in criteria.criteria.criteria
    )
    invalid = _invalid(results, allowed=criteria.criteria.allow)
    return Verdict(criteria=criteria, assessed=(*assessed, *invalid))


def _invalid(results: ResultTables, *, allowed: Collection[str]) -> Iterator[Assessed]:
    """Yield the built-in criterion if there are invalid comparisons that are not accepted.

    If it is not known whether there are, the criterion is not assessable.
    """
    found = results.invalid_comparisons()
    told = dict.fromkeys(one.sentence for one in found if one.code not in allowed)
    if unknown := results.why_validity_unknown():
        told[unknown] = None
    if told:
        # Samples that share reads give a sentence per pair; the h5ad files contain all.
        named = [*told][:MOST_NAMED]
        more = [f"{len(told) - len(named)} more"] if len(told) > len(named) else []
        judged = Judgement(outcome="not assessable", reason="; ".join([*named, *more]))
        yield Assessed(criterion=BuiltIn(), judgement=judged)


def _assess(criterion: Criterion, take: Callable[[Measure, Level], Judgement]) -> Judgement:
    """Judge a criterion; if one of its needs is not met, it is not assessable.

    The result of a descriptive criterion has no outcome.
    """
    judged = _judged(criterion, take)
    return replace(judged, outcome="descriptive") if criterion.tier == DESCRIPTIVE else judged


def _judged(criterion: Criterion, take: Callable[[Measure, Level], Judgement]) -> Judgement:
    judged = take(criterion, criterion.level)
    if judged.outcome == "not assessable":
        return judged
    for need in criterion.needs:
        level = need.level or criterion.level
        found = take(need, level)
        if found.outcome != "pass":
            value = "" if found.value is None else f"{number(found.value)}, "
            asked = f"a{need.sentence(level).removeprefix('A')}"
            # Only a condition that is not met shows what its author wrote under because.
            reason = (
                f"{need.because}; condition not met: {asked}; found: {value}{found.reason}"
                if found.outcome == "fail"
                else f"it is unknown whether this condition is met: {asked}; {found.reason}"
            )
            return replace(judged, outcome="not assessable", reason=reason)
    return judged
