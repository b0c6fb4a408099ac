"""Sections on batches: isoform usage, comparison of batches, identity panels."""

from __future__ import annotations

import math

import polars as pl

from lotwise.evidence.catalogue import tables
from lotwise.evidence.equivalence import EquivalenceRecord
from lotwise.evidence.identity import MarkerRecord
from lotwise.evidence.pairs import PairRecord
from lotwise.evidence.sections import BATCHES, ISOFORMS, PANELS
from lotwise.report import columns
from lotwise.report.blocks import (
    Block,
    Section,
    figure_block,
    reasons_text,
    section_from,
    switched_off,
    table_block,
)
from lotwise.report.run_tables import Findings, LevelFindings
from lotwise.report.tables import table_of
from lotwise.tree import ResultTree


def isoforms_section(findings: Findings, decimals: int) -> Section | None:
    """Return the section on genes whose isoform usage differs between batches."""
    level = next((found for found in findings.levels if found.level == "isoform"), None)
    if level is None:
        return None
    section = section_from(ISOFORMS)
    section.blocks.append(figure_block(findings, "isoform", "isoform_switches"))
    usage = level.scan("isoform_usage").head(1).collect().to_dicts()
    if usage and not usage[0]["gene_id"]:
        section.blocks.append(reasons_text(usage, "Usage is not known"))
        section.blocks.append(table_block(level, "uncertainty_strata", decimals=decimals))
        return section
    section.blocks.append(
        # All are between batches.
        table_block(
            level,
            "isoform_usage",
            where=(pl.col("relation") == "between",),
            without=("relation",),
        )
    )
    section.blocks.append(table_block(level, "uncertainty_strata", decimals=decimals))
    return section


def batches_section(findings: Findings, decimals: int) -> Section:
    """Return the section that compares each batch with the others."""
    section = section_from(BATCHES)
    for level in findings.levels:
        name = level.level
        section.levels[name] = [
            figure_block(findings, name, "batches"),
            figure_block(findings, name, "components"),
            table_of(
                level.batch_pairs,
                [*columns.OF_BATCHES, *columns.columns_of(PairRecord, *columns.R)],
                name=f"batch-pairs-{name}",
                caption=f"{tables()['batch_pairs'].shown.caption}, {name} level",
                record=PairRecord,
                decimals=decimals,
                source=level.name("batch_pairs"),
                unit=level.unit,
            ),
            table_block(level, "batches", decimals=decimals),
            _equivalence(level),
            table_block(level, "signal"),
        ]
        if any(row["batch"] for row in level.rows("reference")):
            section.levels[name].append(table_block(level, "reference", decimals=decimals))
        if name == "gene":
            section.levels[name].extend(_gene_sets(level))
    return section


def panels_section(findings: Findings, _: int = 4) -> Section | None:
    """Return the section on the expression of expected markers."""
    level = next((found for found in findings.levels if found.level == "gene"), None)
    if level is None:
        return None
    section = section_from(PANELS)
    section.blocks.append(table_block(level, "sex"))
    rows = level.rows("identity")
    # A figure of the user's own panel is named after its file, not by the name written in it.
    drawn = {
        path.stem.removeprefix("gene_identity_")
        for path in ResultTree(findings.root).figures.glob("gene_identity_*")
        if findings.made(path)
    }
    panels = dict.fromkeys(row["panel"] for row in rows if row["panel"])
    for name in [*(name for name in panels if name in drawn), *sorted(drawn - {*panels})] or panels:
        section.blocks.append(
            figure_block(findings, "gene", f"identity_{name}", f"Markers of the panel {name}.")
        )
    if not level.has("identity"):
        section.blocks.append(switched_off("identity"))
        return section
    odd = {"no": 0, "not annotated": 2, "-": 3}
    table = table_of(
        sorted(rows, key=lambda row: (odd.get(row["holds"], 1), not row["specific"])),
        columns.columns_of(MarkerRecord),
        name="markers",
        caption=tables()["identity"].shown.caption,
        record=MarkerRecord,
        source=level.name("identity"),
    )
    section.blocks.append(table)
    return section


def _equivalence(level: LevelFindings) -> Block:
    """Count the outcomes of each pair of batches; the page does not show the table of features."""
    if not level.has("equivalence"):
        return switched_off("equivalence")
    counted = (
        level.scan("equivalence")
        .group_by("batch_a", "batch_b", "condition", maintain_order=True)
        .agg(
            *((pl.col("outcome") == name).sum().alias(name) for name in columns.OUTCOMES),
            # A row of the whole pair has a reason in place of an outcome.
            (pl.col("feature") == "*").any().alias("whole"),
            pl.col("reason").first(),
        )
        .with_columns(pl.when("whole").then("reason").otherwise(pl.lit("")).alias("reason"))
        .collect()
        .to_dicts()
    )
    counted = [
        row | (dict.fromkeys(columns.OUTCOMES, math.nan) if row["whole"] else {}) for row in counted
    ]
    if all(row["reason"] for row in counted):
        return reasons_text(counted, "Equivalence of single features is unknown")
    return table_of(
        counted,
        columns.EQUIVALENCE,
        name=f"equivalence-{level.level}",
        caption=(
            f"{level.level.capitalize()}s equivalent within the margin, for each pair of batches"
        ),
        record=EquivalenceRecord,
        source=level.name("equivalence"),
        unit=level.unit,
    )


def _gene_sets(level: LevelFindings) -> list[Block]:
    first = level.scan("gene_sets").head(1).collect().to_dicts()
    if first and not first[0]["gene_set"]:
        return [reasons_text(first, "Gene sets were not tested")]
    pairs = table_block(level, "gene_sets", without=("relation",))
    return [table_block(level, "gene_set_batches"), pairs]
