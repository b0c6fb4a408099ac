"""All sections of the page in order; those on samples and published coefficients are made here."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final

from lotwise.acquire.published import Verification
from lotwise.evidence.catalogue import statistics
from lotwise.evidence.sections import SAMPLES
from lotwise.evidence.statistic import Statistic
from lotwise.quantify import Intake, Yield
from lotwise.report import batches, columns, genotype, pairs, process
from lotwise.report.blocks import Section, Text, figure_block, section_from, table_block
from lotwise.report.run_tables import Findings, Row
from lotwise.report.summary import criteria_of
from lotwise.report.tables import UNKNOWN, Cell, Column, Table, table_of
from lotwise.report.words import NOT_KNOWN, bound_words, exact_words, number_beside
from lotwise.wording import counted
from lotwise.workers import in_threads


def sections_of(findings: Findings, *, decimals: int) -> list[Section]:
    """Return every section for the levels of the run; a section says which parts are missing."""
    # Most of the time is spent packing pictures and reading tables, which threads do at once.
    made = list(in_threads(lambda make: make(findings, decimals), _SECTIONS))
    sections = {section.name: section for section in made if section is not None}
    for statistic in statistics():
        if statistic.name not in ARRANGED:
            add_statistic(sections, statistic, findings, decimals=decimals)
    # One run has one unit.
    unit = findings.levels[0].unit
    return [replace(one, lead=one.lead.replace("TPM", unit)) for one in sections.values()]


def add_statistic(
    sections: dict[str, Section], statistic: Statistic, findings: Findings, *, decimals: int
) -> None:
    """Add figures and tables of a statistic to its section, as the catalogue declares them."""
    declared = statistic.section
    section = sections.setdefault(declared.name, section_from(declared))
    for level in findings.levels:
        if level.level not in statistic.levels:
            continue
        section.levels.setdefault(level.level, []).extend(
            [
                *(
                    figure_block(findings, level.level, figure.name)
                    for figure in statistic.figures
                    if not figure.each
                ),
                *(
                    table_block(level, shown.name or shown.record.table, decimals=decimals)
                    for shown in statistic.tables
                    # A table without headings is the input of a figure.
                    if len(columns.columns_of(shown.record)) > 0
                ),
            ]
        )


def samples_section(findings: Findings, _: int = 4) -> Section:
    """Return the section on the samples and on checks of their reads and libraries."""
    section = section_from(SAMPLES)
    if findings.samples:
        every = [Column(key, key) for key in findings.samples[0]]
        caption = "Samples compared"
        section.blocks.append(
            table_of(findings.samples, every, name="samples", caption=caption, source="samples.tsv")
        )
    for rows, record, caption in (
        (findings.intake, Intake, "Reads present, each file read to its end"),
        (findings.yields, Yield, "Reads used by the quantifier"),
    ):
        if rows:
            section.blocks.append(
                table_of(
                    rows,
                    columns.columns_of(record),
                    name=record.table.removesuffix(".tsv"),
                    caption=caption,
                    record=record,
                    source=record.table,
                )
            )
    if not findings.intake:
        text = "The run started from quantifications, so no reads were checked here."
        section.blocks.append(Text(text=text))
    for level in findings.levels:
        table = table_block(level, "libraries")
        section.levels[level.level] = [table]
    return section


def published_section(findings: Findings, decimals: int) -> Section | None:
    """Return the section on published and computed coefficients; None if none were published."""
    rows = findings.verification
    if not rows:
        return None
    by_status: dict[str, int] = {}
    for row in rows:
        by_status[row["status"]] = by_status.get(row["status"], 0) + 1
    by_words = ", ".join(f"{n} {status}" for status, n in by_status.items())
    table = table_of(
        rows,
        columns.columns_of(Verification),
        name="verification",
        caption="Published and computed R",
        record=Verification,
        decimals=max(decimals, 6),
        source=Verification.table,
    )
    return Section(
        name="published",
        title="Published and computed coefficients",
        lead=f"{counted(len(rows), 'published coefficient')}: {by_words}. A coefficient "
        f"{rows[0]['rule']}. A coefficient that nobody entered has the status 'not on "
        "file', which does not count as agreement.",
        blocks=[table],
    )


def criteria_table(verdict: Mapping[str, Any], *, decimals: int) -> Table | None:
    """Return each acceptance criterion with its value, its bound and its outcome."""
    criteria = criteria_of(verdict)
    if not criteria:
        return None
    rows: list[Row] = [
        {
            **item,
            "value": _value(item, decimals),
            "interval": _interval(item, decimals),
            "bound": bound_words(str(item.get("bound") or "")),
            "tier": str(item.get("tier") or ""),
        }
        for item in map(dict, criteria)
    ]
    caption = "Each criterion, and what was found"
    empty = {name for name in ("interval", "tier") if not any(row.get(name) for row in rows)}
    shown_here = [column for column in columns.CRITERIA if column.key not in empty]
    return table_of(rows, shown_here, name="criteria", caption=caption, source="verdict.json")


def _value(item: Row, decimals: int) -> Cell:
    """Print a value so that it appears on the same side of its bound as before rounding."""
    value = item.get("value")
    if value is None:
        return Cell(NOT_KNOWN, UNKNOWN)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return Cell(str(value), str(value))
    text = number_beside(value, str(item.get("bound") or ""), decimals)
    return Cell(text, UNKNOWN if math.isnan(value) else exact_words(value))


def _interval(item: Row, decimals: int) -> str:
    ends = item.get("interval")
    if not isinstance(ends, list) or not all(isinstance(end, int | float) for end in ends):
        return ""
    bound = str(item.get("bound") or "")
    return " to ".join(dict.fromkeys(number_beside(end, bound, decimals) for end in ends))


# Statistics whose position in their section is set in this package; others come at its end.
ARRANGED: Final = frozenset(
    {
        *("pairs", "replicate_qc", "contributions", "libraries", "identity", "components"),
        *("sensitivity", "agreement", "intervals", "ceilings", "detectable", "batches"),
        *("reference", "equivalence", "process_change", "signal", "gene_sets", "isoform_usage"),
        "genotype",
    }
)
_SECTIONS: Final[tuple[Callable[[Findings, int], Section | None], ...]] = (
    samples_section,
    published_section,
    pairs.figures_section,
    pairs.heatmaps_section,
    pairs.limits_section,
    pairs.agreement_section,
    pairs.contributions_section,
    batches.isoforms_section,
    batches.batches_section,
    process.process_section,
    genotype.genotype_section,
    batches.panels_section,
)
