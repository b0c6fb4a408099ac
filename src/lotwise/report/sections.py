"""The sections of the page, in order; those of samples and of published coefficients."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from lotwise.acquire.published import Verification
from lotwise.quantify import Intake, Yield
from lotwise.report import lots, shown, similarity
from lotwise.report.answer import criteria_of
from lotwise.report.blocks import Section, Text, evidence_block
from lotwise.report.findings import Findings, Row
from lotwise.report.tables import Column, Table, table_of
from lotwise.report.words import count_words, r_words, range_words


def sections_of(findings: Findings, *, decimals: int) -> list[Section]:
    """Make every section that the levels of the run have; what is missing in one, it says."""
    made = [make(findings, decimals) for make in _SECTIONS]
    return [section for section in made if section is not None]


def samples_section(findings: Findings, _: int = 4) -> Section:
    """Show what was compared, and whether its reads and libraries are sound."""
    section = Section(
        name="samples",
        title="Samples and intake",
        lead="What was compared, whether its reads were whole, and how deep each library is. Read "
        "this before any R: TPM of a failed library still sum to a million.",
    )
    keys = list(findings.samples[0]) if findings.samples else []
    every = [Column(key, key) for key in keys]
    caption = "Samples compared"
    section.blocks.append(
        table_of(findings.samples, every, name="samples", caption=caption, source="samples.tsv")
    )
    for rows, record, columns, caption in (
        (findings.intake, Intake, shown.INTAKE, "Reads present, each file read to its end"),
        (findings.yields, Yield, shown.YIELD, "Reads used by the quantifier"),
    ):
        if rows:
            section.blocks.append(
                table_of(
                    rows,
                    columns,
                    name=record.table.removesuffix(".tsv"),
                    caption=caption,
                    record=record,
                    source=record.table,
                )
            )
    if not findings.intake:
        text = "The run began from quantifications, so no reads were checked here."
        section.blocks.append(Text(text=text))
    for level in findings.levels:
        table = evidence_block(level, "libraries", shown.LIBRARIES, "Libraries")
        section.levels[level.level] = [table]
    return section


def published_section(findings: Findings, decimals: int) -> Section | None:
    """Show published beside computed coefficients, where any were expected."""
    rows = findings.verification
    if not rows:
        return None
    by_status: dict[str, int] = {}
    for row in rows:
        by_status[row["status"]] = by_status.get(row["status"], 0) + 1
    counted = ", ".join(f"{n} {status}" for status, n in by_status.items())
    table = table_of(
        rows,
        shown.VERIFICATION,
        name="verification",
        caption="Published and computed R",
        record=Verification,
        decimals=max(decimals, 6),
        source=Verification.table,
    )
    return Section(
        name="published",
        title="Published against computed",
        lead=f"{count_words(len(rows), 'published coefficient')}: {counted}. A coefficient "
        f"{rows[0]['rule']}; one that nobody transcribed is not on file, never agreement.",
        blocks=[table],
    )


def criteria_table(verdict: Mapping[str, Any], *, decimals: int) -> Table | None:
    """Give each acceptance criterion with its value, its bound and its outcome."""
    criteria = criteria_of(verdict)
    if not criteria:
        return None
    rows: list[Row] = [
        {
            **item,
            "value": _value(item.get("value"), decimals),
            "interval": _interval(item.get("interval"), decimals),
        }
        for item in criteria
    ]
    caption = "Each criterion, and what was found"
    empty = {"interval"} if not any(row["interval"] for row in rows) else set()
    shown_here = [column for column in shown.CRITERIA if column.key not in empty]
    return table_of(rows, shown_here, name="criteria", caption=caption, source="verdict.json")


def _value(value: Any, decimals: int) -> str:
    if value is None:
        return "not known"
    if isinstance(value, bool) or not isinstance(value, int | float):
        return str(value)
    return r_words(float(value), decimals) if abs(value) <= 1 else f"{value:,.6g}"


def _interval(value: Any, decimals: int) -> str:
    if not isinstance(value, list) or not all(isinstance(end, int | float) for end in value):
        return ""
    return range_words([float(end) for end in value], decimals)


_SECTIONS: Final[tuple[Callable[[Findings, int], Section | None], ...]] = (
    samples_section,
    published_section,
    similarity.figures_section,
    similarity.heatmaps_section,
    similarity.limits_section,
    similarity.agreement_section,
    similarity.culprits_section,
    lots.isoforms_section,
    lots.batches_section,
    lots.panels_section,
)
