"""The answer at the top of the page: which batches, which R, which verdict."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from lotwise.acceptance import BETWEEN_BATCHES, outcome_over_all
from lotwise.report.run_tables import Findings, LevelFindings, Row
from lotwise.report.words import (
    list_words,
    name_words,
    number_beside,
    percent_words,
    r_words,
)
from lotwise.samples.design import lone_groups
from lotwise.wording import counted

Outcome = Literal["pass", "fail", "not assessable", "none"]
_WORDS: Final[dict[Outcome, str]] = {
    "pass": "Pass",
    "fail": "Fail",
    "not assessable": "Not assessable",
    "none": "No verdict",
}
_LONGEST_STATEMENT: Final = 400
_MOST_MISSED: Final = 8
_SIX_DIGITS: Final = 1e-5
# A bound that is a column and is not followed by its number.
_OPEN_BOUND: Final = re.compile(r"\bits \w+\b(?! \()")


@dataclass(frozen=True, kw_only=True, slots=True)
class Verdict:
    """Outcome of the acceptance criteria in words, with each unmet criterion and its result."""

    outcome: Outcome
    word: str
    sentence: str
    missed: tuple[str, ...] = ()
    notices: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class LevelAnswer:
    """R between the batches at one level."""

    level: str
    lowest: str
    sentence: str
    details: tuple[str, ...]


def verdict_of(found: Mapping[str, Any], *, registered: str = "") -> Verdict:
    """Return a verdict in words; a missing one is reported, and an invalid one never passes.

    Parameters
    ----------
    found
        Content of ``verdict.json``; empty where there is none.
    registered
        Title of the criteria on record, if there are any.

    Examples
    --------
    >>> verdict_of({}).word
    'No verdict'
    >>> verdict_of({"outcome": "pass", "criteria": [{"outcome": "pass"}]}).sentence
    'The one criterion is met. This supports lot consistency under these criteria; it does not
    prove that the batches are identical.'
    """
    if not found:
        why = (
            f"These results were not judged by the registered criteria “{name_words(registered)}”."
            if registered
            else "No acceptance criteria were given."
        )
        sentence = (
            f"{why} The numbers below describe the batches; whether they are close enough is not "
            "decided here."
        )
        return Verdict(outcome="none", word=_WORDS["none"], sentence=sentence)
    criteria = [one for one in criteria_of(found) if one.get("outcome") != "descriptive"]
    n_descriptive = len(criteria_of(found)) - len(criteria)
    of_criteria = outcome_over_all(one.get("outcome") for one in criteria)
    said = found.get("outcome")
    outcome: Outcome = outcome_over_all([of_criteria, said])
    noticed = found.get("notices")
    notices = tuple(map(str, noticed)) if isinstance(noticed, list) else ()
    title = f" of “{name_words(found['title'])}”" if found.get("title") else ""
    sentence = {
        "pass": _passed(
            criteria, title, compared=BETWEEN_BATCHES not in found.get("uncovered", ())
        ),
        "fail": _failed(criteria, title),
        "not assessable": _unassessable(criteria, title),
    }[outcome]
    if n_descriptive:
        what = counted(n_descriptive, "descriptive criterion", "descriptive criteria")
        sentence = f"{sentence} {what} (tier 3) decided nothing."
    return Verdict(
        outcome=outcome,
        word=_WORDS[outcome],
        sentence=sentence,
        missed=tuple(_missed(criteria)),
        notices=notices,
    )


def criteria_of(found: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the criteria of ``verdict.json``; invalid entries are left out."""
    listed = found.get("criteria")
    return [one for one in listed if isinstance(one, Mapping)] if isinstance(listed, list) else []


def level_answer(level: LevelFindings, *, decimals: int) -> LevelAnswer:
    """Return R between the batches at one level, the lowest first."""
    between = [row for row in level.batch_pairs if row["relation"] == "between"]
    defined = [row for row in between if not math.isnan(row["pearson"])]
    if not defined:
        return LevelAnswer(
            level=level.level,
            lowest="not defined",
            sentence=f"R between batches is not defined: {_why_undefined(between)}.",
            details=(),
        )
    lowest, highest = defined[0], defined[-1]
    words = f"{name_words(lowest['sample_a'])} and {name_words(lowest['sample_b'])}"
    r = r_words(lowest["pearson"], decimals)
    across = any(row["relation"] == "across" for row in level.batch_pairs)
    scope = " of one condition" if across else ""
    if len(defined) == 1:
        sentence = f"R between {words} is {r}."
    else:
        sentence = (
            f"R is lowest between {words}. Over all {counted(len(defined), 'pair')} of "
            f"batches{scope}, R is {r} to {r_words(highest['pearson'], decimals)}."
        )
    return LevelAnswer(
        level=level.level,
        lowest=r,
        sentence=sentence,
        details=tuple(_details(level, between, lowest, decimals)),
    )


def remarks_scope(findings: Findings) -> str:
    """Return which R the remarks refer to if it is not the R at the top of the page, or ""."""
    if all(len(samples) == 1 for samples in findings.batches.values()):
        return ""
    return (
        "R at the top of the page is between batches, with the samples of each batch averaged. R "
        "in the remarks is between the two least similar samples of different batches. It is "
        "usually lower, because averaging reduces noise."
    )


def _why_undefined(between: list[Row]) -> str:
    """Return why no pair of batches has an R."""
    if not between:
        return "no two batches share a condition"
    return next((row["reason"] for row in between if row["reason"]), "the reason is not known")


def batches_sentence(findings: Findings) -> str:
    """Return which batches were compared, and with how many samples.

    One sample per batch is stated explicitly: a difference between batches then cannot be
    distinguished from one between preparations. So are conditions, which are not compared.
    """
    batches = findings.batches
    if not batches:
        return (
            "The results do not contain the sample sheet (samples.tsv). Run `lotwise compare` "
            "again to write it."
        )
    sizes = {len(samples) for samples in batches.values()}
    if sizes == {1}:
        each = "one sample each"
    elif len(sizes) == 1:
        each = f"{sizes.pop()} samples each"
    else:
        each = f"{min(sizes)} to {max(sizes)} samples each"
    n = counted(len(batches), "batch", "batches")
    verb = "was" if len(batches) == 1 else "were"
    said = f"{n} {verb} compared, {each}: {list_words(batches)}."
    conditions = list(dict.fromkeys(row.get("condition") or "" for row in findings.samples))
    if len(conditions) < 2:
        return said
    said = (
        f"{said} They have {len(conditions)} conditions ({list_words(conditions)}), and R is "
        "computed only between batches of one condition."
    )
    alone = _never_compared(findings)
    return f"{said} There is no other batch to compare with {list_words(alone)}." if alone else said


def _never_compared(findings: Findings) -> list[str]:
    """Return the batches that share no condition with another batch."""
    groups = [(row.get("batch", ""), row.get("condition") or "") for row in findings.samples]
    alone = lone_groups(groups)
    shared = {group[0] for group in groups if group not in alone}
    return [batch for batch in findings.batches if batch not in shared]


def _details(level: LevelFindings, between: list[Row], lowest: Row, decimals: int) -> list[str]:
    zero = percent_words(lowest["n_double_zero"] / max(1, lowest["n_features"]))
    c = lowest["pseudocount"]
    scale = f"log2({level.unit} + {c:g})"
    scope = f"Pearson's R of {scale} over all {lowest['n_features']:,} {level.level}s"
    details = [f"{scope}; {zero} of them are zero in both batches."]
    undefined = sum(math.isnan(row["pearson"]) for row in between)
    if undefined:
        verb = "has" if undefined == 1 else "have"
        details.append(f"{counted(undefined, 'pair')} of batches {verb} no defined R.")
    single = [row for row in level.pairs if not math.isnan(row["pearson"])]
    within = [row for row in single if row["relation"] == "within"]
    across = [row for row in single if row["relation"] == "between"]
    if within and across:
        details.append(
            "The samples of a batch are averaged. R of two samples from different "
            f"batches is {r_words(across[0]['pearson'], decimals)} to "
            f"{r_words(across[-1]['pearson'], decimals)}. R of two samples from the same batch is "
            f"{r_words(within[0]['pearson'], decimals)} to "
            f"{r_words(within[-1]['pearson'], decimals)}."
        )
    return details


def _passed(criteria: list[Mapping[str, Any]], title: str, *, compared: bool) -> str:
    met = (
        f"The one criterion{title} is met."
        if len(criteria) == 1
        else f"All {len(criteria)} criteria{title} are met."
    )
    if not compared:
        return f"{met} No criterion compares batches, so this does not support lot consistency."
    return (
        f"{met} This supports lot consistency under these criteria; it does not prove that the "
        "batches are identical."
    )


def _failed(criteria: list[Mapping[str, Any]], title: str) -> str:
    missed = [item for item in criteria if item.get("outcome") == "fail"]
    unknown = sum(item.get("outcome") == "not assessable" for item in criteria)
    verb = "is" if len(missed) == 1 else "are"
    sentence = (
        f"{len(missed)} of {counted(len(criteria), 'criterion', 'criteria')}{title} {verb} "
        "not met. The evidence does not support lot consistency under these criteria."
    )
    return f"{sentence} {unknown} could not be assessed." if unknown else sentence


def _unassessable(criteria: list[Mapping[str, Any]], title: str) -> str:
    n_unknown = sum(item.get("outcome") != "pass" for item in criteria)
    what = (
        f"{n_unknown} of {counted(len(criteria), 'criterion', 'criteria')}{title} could not "
        "be assessed. A criterion that cannot be assessed never counts as passed"
        if n_unknown
        else f"The verdict{title} cannot be trusted in its present state"
    )
    return f"{what}, so there is no verdict on these batches."


def _missed(criteria: list[Mapping[str, Any]]) -> Iterator[str]:
    """Yield for each unmet criterion what was required, what was found, and where."""
    open_ = [item for item in criteria if item.get("outcome") != "pass"]
    open_.sort(key=lambda item: item.get("outcome") != "fail")
    for item in open_[:_MOST_MISSED]:
        outcome = "Not met" if item.get("outcome") == "fail" else "Not assessable"
        said = str(item.get("statement") or item.get("id") or "a criterion").rstrip(".")
        yield f"{outcome}: “{name_words(said, _LONGEST_STATEMENT)}”. {_found(item)}."
    if len(open_) > _MOST_MISSED:
        more = counted(len(open_) - _MOST_MISSED, "more criterion", "more criteria")
        yield f"{more} in the table of criteria below."


def _found(item: Mapping[str, Any]) -> str:
    value, reason = item.get("value"), str(item.get("reason") or "no reason on file").rstrip(".")
    if item.get("outcome") != "fail":
        return f"Reason: {name_words(reason, _LONGEST_STATEMENT)}"
    required = str(item.get("required") or "")
    if isinstance(value, int | float) and not isinstance(value, bool):
        required = _with_numbers(required, reason, value)
        bounded = required.startswith(("at least", "at most", "between"))
        if bounded and "%" not in required and not _OPEN_BOUND.search(required):
            at = f" ({name_words(item['where'], _LONGEST_STATEMENT)})" if item.get("where") else ""
            return f"Found {number_beside(value, required)}{at}, required {required}"
    asked = f", required {required}" if required else ""
    return f"Found {name_words(reason, _LONGEST_STATEMENT)}{asked}"


def _with_numbers(required: str, reason: str, value: float) -> str:
    """Put its number after each bound that is a column; the reason has it, to six digits.

    A number so close that rounding may have moved it past the value found is left out.
    """
    for name, number in re.findall(r"; there its (\S+) is (-?[\d.]+(?:e[+-]?\d+)?)", reason):
        if not math.isclose(float(number), value, rel_tol=_SIX_DIGITS):
            required = re.sub(rf"\bits {re.escape(name)}\b", rf"\g<0> ({number})", required)
    return required
