"""Parts of a section, and the functions that several sections use to make them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from lotwise.evidence.catalogue import statistics, tables
from lotwise.evidence.sections import ReportSection
from lotwise.keys import Level
from lotwise.report.columns import columns_of
from lotwise.report.pictures import Picture, picture_of
from lotwise.report.run_tables import Findings, LevelFindings, Row
from lotwise.report.tables import MOST_ROWS, Column, Table, table_of
from lotwise.tree import ResultTree


@dataclass(frozen=True, kw_only=True, slots=True)
class Text:
    """A paragraph."""

    text: str
    block: str = "text"


@dataclass(frozen=True, kw_only=True, slots=True)
class Explorer:
    """A list of pairs, the compressed points of each pair and the charts that plot them."""

    level: str
    packed: str
    cloud: dict[str, Any]
    difference: dict[str, Any]
    note: str
    block: str = "explorer"


@dataclass(frozen=True, kw_only=True, slots=True)
class Chart:
    """A chart, and the picture shown instead on paper or if JavaScript is off."""

    name: str
    label: str
    caption: str
    spec: dict[str, Any]
    picture: Picture | None = None
    block: str = "chart"


Block = Text | Table | Picture | Chart | Explorer


@dataclass(frozen=True, kw_only=True)
class Section:
    """A section of the page: first the blocks of the whole run, then those of each level."""

    name: str
    title: str
    lead: str
    blocks: list[Block] = field(default_factory=list)
    levels: dict[str, list[Block]] = field(default_factory=dict)


def table_block(
    level: LevelFindings,
    name: str,
    *,
    decimals: int = 4,
    where: Iterable[pl.Expr] = (),
    without: tuple[str, ...] = (),
) -> Table | Text:
    """Return a table as the catalogue declares it, or a sentence if the run has none.

    Parameters
    ----------
    level, name
        Level and name of the table.
    decimals
        Decimals of correlations.
    where
        Filters of the rows.
    without
        Columns to leave out, because they are equal in all of these rows.
    """
    if not level.has(name):
        return switched_off(name)
    table = tables()[name]
    found = level.scan(name).filter(*where)
    n_rows: int = found.select(pl.len()).collect().item()
    by, descending = table.shown.by, table.shown.descending
    if by:
        # Unknown values come last.
        found = found.sort(
            [pl.col(key).fill_nan(None) for key in by],
            descending=list(descending) or [False] * len(by),
            nulls_last=True,
            maintain_order=True,
        )
    rows = found.head(MOST_ROWS).collect().to_dicts()
    shown = columns_of(table.record, without=without)
    has_reasons = any(row.get("reason") for row in rows)
    if has_reasons and "reason" not in {column.key for column in shown}:
        shown.append(Column("reason", "reason"))
    return table_of(
        rows,
        shown,
        name=f"{name.replace('_', '-')}-{level.level}",
        caption=f"{table.shown.caption or name}, {level.level} level",
        record=table.record,
        decimals=decimals,
        source=level.name(name),
        unit=level.unit,
        n_rows=n_rows,
    )


def section_from(declared: ReportSection) -> Section:
    """Return a section with its declared title and first sentences."""
    return Section(name=declared.name, title=declared.title, lead=declared.lead)


def figure_block(
    findings: Findings,
    level: Level,
    name: str,
    caption: str = "",
    *,
    most_pixels: int | None = None,
) -> Picture:
    """Return a figure for one level, with its caption from the catalogue."""
    words = caption or next(
        figure.caption for one in statistics() for figure in one.figures if figure.name == name
    )
    stem = ResultTree(findings.root).figure(level, name)
    return picture_of(findings, stem, caption=words, alt=words, most_pixels=most_pixels)


def reasons_text(rows: Iterable[Row], start: str) -> Text:
    """Return a sentence on why a table is empty."""
    reasons = dict.fromkeys(row["reason"] for row in rows if row["reason"])
    return Text(text=f"{start}: {'; '.join(reasons) or 'the table is empty'}.")


def switched_off(name: str) -> Text:
    """Return the sentence for a table that was not requested."""
    statistic = tables()[name].statistic.name
    return Text(text=f"Not computed in this run: the statistic {statistic} is switched off.")
