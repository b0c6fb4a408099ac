"""What a section is made of, and the makers that several sections share."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from lotwise.evidence.catalogue import tables
from lotwise.report.charts import Chart
from lotwise.report.pictures import Picture, picture_of
from lotwise.report.run_tables import Findings, LevelFindings, Row
from lotwise.report.tables import MOST_ROWS, Column, Table, table_of


@dataclass(frozen=True, kw_only=True, slots=True)
class Text:
    """A paragraph."""

    text: str
    block: str = "text"


@dataclass(frozen=True, kw_only=True, slots=True)
class Explorer:
    """Choose a pair and look at its cloud: packed clouds and the charts to draw them with."""

    level: str
    packed: str
    cloud: dict[str, Any]
    difference: dict[str, Any]
    note: str
    block: str = "explorer"


Block = Text | Table | Picture | Chart | Explorer


@dataclass(frozen=True, kw_only=True)
class Section:
    """A section: blocks of the whole run, then those of each level."""

    name: str
    title: str
    lead: str
    blocks: list[Block] = field(default_factory=list)
    levels: dict[str, list[Block]] = field(default_factory=dict)


def figure_of(findings: Findings, name: str, caption: str) -> Picture:
    """Take a figure of the run, by its name without suffix; its caption is what it shows."""
    return picture_of(findings.root / "figures" / name, caption=caption, alt=caption)


def evidence_block(
    level: LevelFindings,
    name: str,
    shown: Iterable[Column],
    caption: str,
    *,
    decimals: int = 4,
    where: Iterable[pl.Expr] = (),
    by: Iterable[str] = (),
    descending: tuple[bool, ...] = (),
) -> Table | Text:
    """Make a table of evidence; a sentence where the run has none.

    Parameters
    ----------
    level, name
        Which table.
    shown
        Its columns; that of reasons is added where there is any.
    caption
        What it holds; the level is added.
    decimals
        Of correlations.
    where
        Which rows.
    by, descending
        Their order; what is not known comes last.
    """
    if not level.has(name):
        return switched_off(name)
    found = level.scan(name).filter(*where)
    n_rows: int = found.select(pl.len()).collect().item()
    keys = [pl.col(key).fill_nan(None) for key in by]
    if keys:
        order = list(descending) or [False] * len(keys)
        found = found.sort(keys, descending=order, nulls_last=True, maintain_order=True)
    rows = found.head(MOST_ROWS).collect().to_dicts()
    columns = list(shown)
    if any(row.get("reason") for row in rows):
        columns.append(Column("reason", "why not known"))
    return table_of(
        rows,
        columns,
        name=f"{name}-{level.level}",
        caption=f"{caption}, {level.level} level",
        record=tables()[name].record,
        decimals=decimals,
        source=f"evidence/{level.level}.{name}.tsv",
        n_rows=n_rows,
    )


def reasons_text(rows: Iterable[Row], start: str) -> Text:
    """Say why a table holds nothing."""
    reasons = dict.fromkeys(row["reason"] for row in rows if row["reason"])
    return Text(text=f"{start}: {'; '.join(reasons) or 'the table is empty'}.")


def switched_off(name: str) -> Text:
    """Say that a table was not asked for."""
    statistic = tables()[name].statistic.name
    return Text(text=f"Not computed in this run: the statistic {statistic} is switched off.")
