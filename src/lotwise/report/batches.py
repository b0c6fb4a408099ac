"""Sections of batches against each other: isoform usage, batches, identity panels."""

from __future__ import annotations

import polars as pl

from lotwise.evidence.equivalence import EquivalenceRecord
from lotwise.evidence.identity import MarkerRecord
from lotwise.evidence.pairs import PairRecord
from lotwise.report import columns
from lotwise.report.blocks import (
    Block,
    Section,
    evidence_block,
    figure_of,
    reasons_text,
    switched_off,
)
from lotwise.report.run_tables import Findings, LevelFindings
from lotwise.report.tables import table_of


def isoforms_section(findings: Findings, decimals: int) -> Section | None:
    """Show in which genes batches use other isoforms."""
    level = next((found for found in findings.levels if found.level == "isoform"), None)
    if level is None:
        return None
    section = Section(
        name="isoforms",
        title="Isoform usage",
        lead="Which isoform of a gene is used, between batches: genes detected in both samples, "
        "with two isoforms or more. Without bootstraps of the quantifier there is no p, and most "
        "large distances at low counts are noise of quantification.",
    )
    words = "Usage in the genes with the largest change between batches, chosen for being largest."
    section.blocks.append(figure_of(findings, "isoform_isoform_switches", words))
    usage = level.scan("isoform_usage").head(1).collect().to_dicts()
    if usage and not usage[0]["gene_id"]:
        section.blocks.append(reasons_text(usage, "Usage is not known"))
        section.blocks.append(_strata(level, decimals))
        return section
    section.blocks.append(
        evidence_block(
            level,
            "isoform_usage",
            columns.USAGE,
            "Genes by change of isoform usage between batches",
            where=(pl.col("relation") == "between",),
            by=("p_adjusted", "distance"),
            descending=(False, True),
        )
    )
    section.blocks.append(_strata(level, decimals))
    return section


def _strata(level: LevelFindings, decimals: int) -> Block:
    caption = "R by uncertainty of quantification (InfRV over bootstraps)"
    return evidence_block(level, "uncertainty_strata", columns.STRATA, caption, decimals=decimals)


def batches_section(findings: Findings, decimals: int) -> Section:
    """Show each batch against the others."""
    section = Section(
        name="batches",
        title="Batches",
        lead="Batches are what is judged: each against the others, itself left out.",
    )
    for level in findings.levels:
        name = level.level
        components = "Samples on two principal components, and their tree by 1 - R."
        section.levels[name] = [
            figure_of(findings, f"{name}_batches", "R of each batch to the others."),
            figure_of(findings, f"{name}_components", components),
            table_of(
                level.batch_pairs,
                [*columns.OF_BATCHES, *columns.R],
                name=f"batch-pairs-{name}",
                caption=f"R between batches, replicates averaged on the TPM scale, {name} level",
                record=PairRecord,
                decimals=decimals,
                source=f"correlation/{name}.batch_pairs.tsv",
            ),
            evidence_block(
                level, "batches", columns.BATCH, "Each batch against the others", decimals=decimals
            ),
            _equivalence(level),
            evidence_block(
                level, "signal", columns.SIGNAL, "Signal to noise between groups (Quartet: 12 dB)"
            ),
        ]
        if any(row["batch"] for row in level.rows("reference")):
            caption = "New batches against the reference set"
            section.levels[name].append(
                evidence_block(level, "reference", columns.REFERENCE, caption, decimals=decimals)
            )
        if name == "gene":
            section.levels[name].append(_gene_sets(level))
    return section


def panels_section(findings: Findings, _: int = 4) -> Section | None:
    """Show whether samples express what is expected of them."""
    level = next((found for found in findings.levels if found.level == "gene"), None)
    if level is None:
        return None
    section = Section(
        name="panels",
        title="Identity and purity panels",
        lead="Whether the samples express what is expected of them. A high R does not exclude a "
        "swap. A marker that the annotation lacks is not annotated, never 0.",
    )
    section.blocks.append(evidence_block(level, "sex", columns.SEX, "Sex by expression"))
    rows = level.rows("identity")
    # A figure of one's own panel bears the name of its file, not the one written in it.
    start = "gene_identity_"
    drawn = {path.stem for path in (findings.root / "figures").glob(f"{start}*")}
    panels = dict.fromkeys(f"{start}{row['panel']}" for row in rows if row["panel"])
    for name in [*(name for name in panels if name in drawn), *sorted(drawn - {*panels})] or panels:
        words = f"Markers of the panel {name.removeprefix(start)}."
        section.blocks.append(figure_of(findings, name, words))
    if not level.has("identity"):
        section.blocks.append(switched_off("identity"))
        return section
    odd = {"no": 0, "not annotated": 2, "-": 3}
    table = table_of(
        sorted(rows, key=lambda row: (odd.get(row["holds"], 1), not row["specific"])),
        columns.MARKERS,
        name="markers",
        caption="Markers, expectations that do not hold first",
        record=MarkerRecord,
        source="evidence/gene.identity.tsv",
    )
    section.blocks.append(table)
    return section


def _equivalence(level: LevelFindings) -> Block:
    """Count the outcomes a pair of batches; the table of all features is for a file."""
    if not level.has("equivalence"):
        return switched_off("equivalence")
    counted = (
        level.scan("equivalence")
        .group_by("batch_a", "batch_b", maintain_order=True)
        .agg(
            *((pl.col("outcome") == name).sum().alias(name) for name in columns.OUTCOMES),
            pl.col("reason").first(),
        )
        .collect()
        .to_dicts()
    )
    if all(row["reason"] for row in counted):
        return reasons_text(counted, "Equivalence of single features is not known")
    return table_of(
        counted,
        columns.EQUIVALENCE,
        name=f"equivalence-{level.level}",
        caption=f"{level.level.capitalize()}s equivalent within the margin, by pair of batches",
        record=EquivalenceRecord,
        source=f"evidence/{level.level}.equivalence.tsv",
    )


def _gene_sets(level: LevelFindings) -> Block:
    first = level.scan("gene_sets").head(1).collect().to_dicts()
    if first and not first[0]["gene_set"]:
        return reasons_text(first, "Gene sets were not tested")
    return evidence_block(
        level, "gene_sets", columns.GENE_SETS, "Gene sets that shift", by=("p_adjusted",)
    )
