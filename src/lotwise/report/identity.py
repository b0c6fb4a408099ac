"""Remarks on whether samples of a donor have the same sex and express the expected markers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from lotwise.report.remarks import LONGEST_PART, Remark, State, not_computed, sentence
from lotwise.report.run_tables import LevelFindings, Row
from lotwise.report.words import list_words, name_words
from lotwise.wording import counted


def sex_remark(gene: LevelFindings) -> Remark:
    """Return whether the samples of a donor agree in expression of Y genes, and what is unknown."""
    topic = "Identity: sex"
    if not gene.has("sex"):
        return not_computed(topic, "identity")
    rows = gene.rows("sex")
    against = [row for row in rows if row["agrees"] == "no"]
    mixed = [row for row in rows if row["sex"] == "mixed" and row["agrees"] != "no"]
    agreeing = [row for row in rows if row["agrees"] == "yes"]
    parts = [*_against_words(against), *_mixed_words(mixed)]
    if agreeing:
        verb = "agrees" if len(agreeing) == 1 else "agree"
        parts.append(
            f"{len(agreeing)} of {counted(len(rows), 'sample')} {verb} in sex with the other "
            "samples of the same donor. That does not prove identity, because half of all "
            "pairs of donors have the same sex."
        )
    parts.extend(_untold_words(rows))
    state: State = "computed" if agreeing else "unknown"
    return Remark(topic=topic, text=" ".join(parts), state="concern" if against or mixed else state)


def _against_words(against: Sequence[Row]) -> Iterator[str]:
    """Yield samples whose expression of Y genes differs from the donor's other samples."""
    if against:
        named = list_words(
            (f"{name_words(row['sample'])} ({row['sex']})" for row in against),
            longest=LONGEST_PART,
        )
        verb, whose = ("disagrees", "its") if len(against) == 1 else ("disagree", "their")
        yield (
            f"{named} {verb} with the other samples of {whose} donor in the expression of Y genes. "
            "Possible causes: exchanged samples, or cells that lost chromosome Y."
        )


def _mixed_words(mixed: Sequence[Row]) -> Iterator[str]:
    """Yield samples that express genes of both sexes, which is unusual for any donor."""
    if mixed:
        named = list_words(row["sample"] for row in mixed)
        verb = "expresses" if len(mixed) == 1 else "express"
        yield (
            f"{named} {verb} XIST and genes of Y. Possible causes: a mixture of two donors, or "
            "male cells that express XIST."
        )


def _untold_words(rows: Sequence[Row]) -> Iterator[str]:
    """Yield for how many samples it is unknown whether they agree in sex, for each reason."""
    untold = [row for row in rows if row["agrees"] not in {"yes", "no"}]
    if not untold:
        return
    by_reason = Counter(str(row["agrees"] or row["reason"]) for row in untold)
    # A table without samples has one row, with the reason.
    why = "; ".join(
        f"{reason} ({counted(n, 'sample')})" if untold[0]["sample"] else reason
        for reason, n in by_reason.items()
    )
    if len(untold) == len(rows):
        yield f"It is unknown whether the samples of a donor agree in sex: {why or 'no panel'}."
    else:
        n = f"{len(untold)} of {counted(len(rows), 'sample')}"
        yield f"For {n} it is unknown whether they agree in sex: {why}."


def panels_remark(gene: LevelFindings) -> Remark:
    """Return whether the samples express the markers that their panels expect."""
    topic = "Identity: markers"
    if not gene.has("identity"):
        return not_computed(topic, "identity")
    found = gene.rows("identity")
    every = [row for row in found if row["sample"]]
    # A marker of one sex is not expected by itself; the remark on sex uses it.
    rows = [
        row for row in every if row["holds"] != "-" and row["expected"] not in {"female", "male"}
    ]
    told = [row for row in rows if row["holds"] in {"yes", "no"}]
    if not told:
        return Remark(topic=topic, text=_no_marker_told(found, rows), state="unknown")
    specific = [row for row in told if row["specific"]]
    failing = [row for row in specific if row["holds"] == "no"]
    parts = [f"All {len(specific):,} expectations of the panels are met."]
    if len(specific) == 1:
        parts = ["The one expectation of the panels is met."]
    if failing:
        by_panel = list_words(
            (
                f"{name_words(panel)} ({_failing(failing, panel)})"
                for panel in dict.fromkeys(row["panel"] for row in failing)
            ),
            longest=LONGEST_PART,
        )
        verb = "is" if len(failing) == 1 else "are"
        n = f"{len(failing):,} of {len(specific):,}"
        parts = [f"{n} expectations of the panels {verb} not met: {by_panel}."]
    unspecific = [row for row in told if not row["specific"] and row["holds"] == "no"]
    if unspecific:
        markers = list_words(dict.fromkeys(row["marker"] for row in unspecific))
        parts.append(
            "These markers are not as expected, but they are unspecific and never count as a "
            "finding: "
            f"{markers}."
        )
    n_unknown = len(rows) - len(told)
    if n_unknown:
        parts.append(f"{counted(n_unknown, 'expectation')} could not be checked.")
    notes = dict.fromkeys(row["note"] for row in failing or specific if row["note"])
    if notes:
        parts.append(sentence(f"note: {'; '.join(notes)}"))
    return Remark(topic=topic, text=" ".join(parts), state="concern" if failing else "computed")


def _no_marker_told(found: Sequence[Row], asked: Sequence[Row]) -> str:
    """Return why no expectation of the panels could be checked in any sample."""
    every = [row for row in found if row["sample"]]
    if not every:
        # A row without a sample has the reason in place of an answer.
        why = "; ".join(dict.fromkeys(row["holds"] for row in found if row["holds"]))
        return f"Identity cannot be checked by markers: {why or 'no panel was used'}."
    if all(row["holds"] == "not annotated" for row in every):
        return "The annotation contains no marker of the panels, so identity cannot be checked."
    if asked:
        return (
            "The annotation contains no marker that the panels expect to be present or absent, so "
            "identity cannot be checked."
        )
    panels = list_words(dict.fromkeys(row["panel"] for row in every))
    return (
        f"The panels used ({panels}) do not declare any gene as present or absent, so nothing "
        "can be checked."
    )


def _failing(failing: Sequence[Row], panel: str) -> str:
    markers = dict.fromkeys(row["marker"] for row in failing if row["panel"] == panel)
    return list_words(markers)
