"""The section on a change of the process, if lots are marked before and after it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from lotwise.evidence.process_change import ProcessFeatureRecord
from lotwise.evidence.sections import PROCESS
from lotwise.report.blocks import Section, Text, figure_block, section_from, table_block
from lotwise.report.remarks import LONGEST_PART, Remark, State
from lotwise.report.run_tables import Findings, LevelFindings
from lotwise.report.words import list_words, name_words
from lotwise.wording import counted


def process_section(findings: Findings, decimals: int) -> Section | None:
    """Return the section on a change of the process; None if no lot is before or after one."""
    gene = next((level for level in findings.levels if level.level == "gene"), None)
    if gene is None or not _has_phases(gene):
        return None
    section = section_from(PROCESS)
    section.blocks.extend(
        [
            figure_block(findings, "gene", "process_change"),
            table_block(gene, "process_change", decimals=decimals),
            table_block(gene, "quality_range", decimals=decimals),
            Text(text=_features_words(gene)),
        ]
    )
    return section


def process_remarks(level: LevelFindings) -> Iterator[Remark]:
    """Yield the number of attributes that were shown to be equivalent, and the names of others."""
    if not _has_phases(level):
        return
    rows = level.rows("process_change")
    several = len({row["condition"] for row in rows}) > 1
    named = {
        answer: [
            name_words(row["attribute"])
            + (f" of {name_words(row['condition'])}" if several else "")
            for row in rows
            if row["equivalent"] == answer
        ]
        for answer in ("yes", "no", "not assessable")
    }
    if not any(named.values()):
        reason = next((row["reason"] for row in rows if row["reason"]), "not computed")
        yield Remark(topic="Change of the process", text=f"{reason}.", state="unknown")
        return
    n = sum(len(names) for names in named.values())
    of_all = f"{len(named['yes'])} of {counted(n, 'declared attribute')}"
    of_all += ", counted for each condition" if several else ""
    parts = [f"Lots before and after the change are equivalent, within the margins, in {of_all}."]
    if named["no"]:
        parts.append(
            f"Equivalence was not shown for {_listed(named['no'])}. "
            "This does not prove a difference."
        )
    if named["not assessable"]:
        reasons = (row["reason"] for row in rows if row["equivalent"] == "not assessable")
        why = "; ".join(dict.fromkeys(reasons))
        parts.append(f"Not assessable: {_listed(named['not assessable'])} ({why}).")
    state: State = "unknown" if named["not assessable"] else "computed"
    state = "concern" if named["no"] else state
    yield Remark(topic="Change of the process", text=" ".join(parts), state=state)


def _listed(names: Iterable[str]) -> str:
    return list_words(names, longest=LONGEST_PART)


def _has_phases(level: LevelFindings) -> bool:
    """Return whether lots are marked before and after a change."""
    if not level.has("process_features"):
        return False
    first = level.scan("process_features").head(1).collect().to_dicts()
    return bool(first) and bool(first[0]["feature"])


def _features_words(level: LevelFindings) -> str:
    """Count the outcomes of single genes; the page does not show the full table."""
    outcomes = (
        level.scan("process_features")
        .group_by("condition", "outcome", "reason", maintain_order=True)
        .len()
        .collect()
        .to_dicts()
    )
    source = level.name(ProcessFeatureRecord.table)
    several = len({row["condition"] for row in outcomes}) > 1
    said = "; ".join(
        (f"{name_words(row['condition'])}: " if several else "")
        + (f"{row['len']:,} {row['outcome']}" if row["outcome"] != "not tested" else row["reason"])
        for row in outcomes
    )
    return f"Single genes, lots as replicates ({source}): {said}."
