"""Sections on pairs of samples: scatter plots, heatmaps, limits of R, and agreement."""

from __future__ import annotations

import math
from typing import Final

import polars as pl

from lotwise.evidence.contributions import ContributionRecord
from lotwise.evidence.pairs import PairRecord
from lotwise.evidence.sections import AGREEMENT, CONTRIBUTIONS, FIGURES, SENSITIVITY
from lotwise.keys import Level
from lotwise.report import charts, columns
from lotwise.report.blocks import (
    Block,
    Explorer,
    Section,
    Text,
    figure_block,
    section_from,
    switched_off,
    table_block,
)
from lotwise.report.pair_explorer import MOST_PAIRS, pack_pairs
from lotwise.report.pictures import NARROW, WIDE, picture_of
from lotwise.report.run_tables import Findings, LevelFindings, Row
from lotwise.report.tables import MOST_ROWS, Table, table_of
from lotwise.tree import ResultTree

_PAPER: Final[dict[Level, str]] = {
    "gene": "Extended Data Fig. 1",
    "isoform": "Extended Data Fig. 2",
}


def figures_section(findings: Findings, decimals: int) -> Section:
    """Return the section with the figures of the paper, in which a reader can choose a pair."""
    section = section_from(FIGURES)
    for level in findings.levels:
        picture = picture_of(
            findings,
            ResultTree(findings.root).paper_figure(level.level),
            caption=f"{level.level.capitalize()} level, as {_PAPER[level.level]}.",
            alt=f"Scatter plots of every pair of samples at {level.level} level with Pearson's R; "
            "the table of pairs contains the same values of R.",
            most_pixels=WIDE,
        )
        section.levels[level.level] = [
            picture,
            _explorer(level, decimals),
            _pairs_table(level, decimals),
        ]
    return section


def heatmaps_section(findings: Findings, decimals: int) -> Section:
    """Return the section with heatmaps of R of all pairs."""
    section = Section(
        name="heatmaps",
        title="Heatmaps",
        lead="Pearson's R of all pairs of samples. Colours span the range of R between different "
        "samples, not 0 to 1, so that differences near 1 are visible.",
    )
    for level in findings.levels:
        given, clustered = (
            figure_block(
                findings,
                level.level,
                f"heatmap_{order}",
                f"Heatmap of Pearson's R, {level.level} level, samples {words}; the values "
                "of R are in the table of pairs.",
                # The chart stands for the first one wherever scripts run.
                most_pixels=NARROW if order == "given" else WIDE,
            )
            for order, words in (("given", "as given"), ("clustered", "clustered"))
        )
        drawn = charts.heatmap_chart(level, decimals=decimals, picture=given)
        section.levels[level.level] = [drawn, clustered]
    return section


def limits_section(findings: Findings, decimals: int) -> Section:
    """Return the section on what R depends on and which changes R would miss."""
    section = section_from(SENSITIVITY)
    for level in findings.levels:
        section.levels[level.level] = [
            *_chosen_pairs(level),
            figure_block(findings, level.level, "sensitivity"),
            _sensitivity(level, decimals),
            _detectable(findings, level, decimals),
            table_block(level, "ceilings", decimals=decimals),
            table_block(level, "intervals", decimals=decimals),
        ]
    return section


def agreement_section(findings: Findings, decimals: int) -> Section:
    """Return the section on differences between samples."""
    section = section_from(AGREEMENT)
    for level in findings.levels:
        section.levels[level.level] = [
            *_chosen_pairs(level),
            figure_block(findings, level.level, "mean_difference"),
            table_block(level, "agreement", decimals=decimals, where=(pl.col("bin") == 0,)),
        ]
        if level.has("replicate_qc"):
            section.levels[level.level].append(
                table_block(level, "replicate_qc", decimals=decimals)
            )
    return section


def contributions_section(findings: Findings, _: int = 4) -> Section:
    """Return the section on the features that lower R most."""
    section = section_from(CONTRIBUTIONS)
    for level in findings.levels:
        n_rows: int = level.scan("contributions").select(pl.len()).collect().item()
        rows = _contributions_of(level)
        table = table_of(
            rows,
            columns.columns_of(ContributionRecord),
            name=f"contributions-{level.level}",
            caption=f"{level.level.capitalize()}s that lower R most",
            record=ContributionRecord,
            source=level.name("contributions"),
            unit=level.unit,
            n_rows=n_rows,
        )
        section.levels[level.level] = [*_chosen_pairs(level), table]
        if n_rows > MOST_ROWS:
            section.levels[level.level].insert(-1, _contributions_over_pairs(level))
    return section


def _chosen_pairs(level: LevelFindings) -> list[Text]:
    """Return a sentence if the tables contain only some of the pairs, otherwise nothing."""
    n_listed = sum(pair["in_detail"] for pair in level.pairs)
    if n_listed == len(level.pairs):
        return []
    text = (
        f"These are {n_listed:,} of the {len(level.pairs):,} pairs of samples. They were chosen at "
        "even steps along the order of R, including the lowest and the highest R (most_pairs). R "
        f"of every pair is in {level.name('pairs')}."
    )
    return [Text(text=text)]


def _contributions_over_pairs(level: LevelFindings) -> Table:
    """Summarise each feature over all pairs, since the page has rows for some pairs only."""
    feature = pl.col("feature", "gene_name")
    grouped = (
        level.scan("contributions")
        .filter(pl.col("feature") != "")
        .group_by(feature, maintain_order=True)
        .agg(
            pl.len().alias("n_pairs"),
            pl.col("share").max().alias("largest"),
            pl.col("share").median().alias("median"),
        )
        .sort("n_pairs", "largest", descending=True, maintain_order=True)
        .collect()
    )
    return table_of(
        grouped.head(MOST_ROWS).to_dicts(),
        columns.CONTRIBUTION_FEATURES,
        name=f"contribution-features-{level.level}",
        caption=f"{level.level.capitalize()}s, sorted by the number of pairs in which they lower R "
        "most",
        source=level.name("contributions"),
        unit=level.unit,
        n_rows=grouped.height,
    )


def _contributions_of(level: LevelFindings) -> list[Row]:
    """Return the first contributions in the order of the pairs; the file is read only once."""
    ends = ("sample_a", "sample_b")
    detailed = [pair for pair in level.pairs if pair["in_detail"]]
    # Each pair has at least one row, so that no further pair can be among the first.
    first = [{end: pair[end] for end in ends} for pair in detailed[:MOST_ROWS]]
    order = pl.LazyFrame(first, schema=dict.fromkeys(ends, pl.String)).with_row_index("place")
    found = level.scan("contributions").join(order, on=ends, how="inner").sort("place", "rank")
    return found.drop("place").head(MOST_ROWS).collect().to_dicts()


def _explorer(level: LevelFindings, decimals: int) -> Explorer | Text:
    if not level.h5ad.is_file():
        where = level.h5ad.relative_to(level.root).as_posix()
        text = f"Single pairs cannot be shown, because {where} is missing from the results."
        return Text(text=text)
    # The features of the other pairs are not on file.
    offered = [pair for pair in level.pairs if pair["in_detail"]][:MOST_PAIRS]
    note = (
        f"The list contains {len(offered)} of the {len(level.pairs):,} pairs; the other "
        f"pairs are in {level.name('pairs')}."
        if len(level.pairs) > len(offered)
        else ""
    )
    return Explorer(
        level=level.level,
        packed=pack_pairs(level, offered, decimals=decimals),
        cloud=charts.cloud_spec(level.level, level.unit),
        difference=charts.difference_spec(level.level, level.unit),
        note=note,
    )


def _pairs_table(level: LevelFindings, decimals: int) -> Table:
    return table_of(
        level.pairs,
        columns.columns_of(PairRecord, "sample_a", "sample_b", "relation", *columns.R),
        name=f"pairs-{level.level}",
        caption=f"R of all pairs of samples, {level.level} level, lowest first",
        record=PairRecord,
        decimals=decimals,
        source=level.name("pairs"),
        unit=level.unit,
    )


def _detectable(findings: Findings, level: LevelFindings, decimals: int) -> Block:
    picture = figure_block(findings, level.level, "detectable")
    between = (row for row in level.pairs if row["relation"] == "between")
    pair = next((row for row in between if not math.isnan(row["pearson"])), None)
    if not level.has("detectable"):
        return switched_off("detectable")
    if pair is None:
        return picture
    return charts.detectable_chart(level, pair, decimals=decimals, picture=picture)


def _sensitivity(level: LevelFindings, decimals: int) -> Table | Text:
    """Return lowest, median and highest R between batches for each feature set and pseudo-count."""
    if not level.has("sensitivity"):
        return switched_off("sensitivity")
    known = pl.col("pearson").filter(pl.col("pearson").is_not_nan())
    grouped = (
        level.scan("sensitivity")
        .filter(
            pl.col("relation") == "between",
            # R of features chosen by their mean is low by construction; the figure shows the
            # spread of their log ratios instead.
            ~pl.col("feature_set").str.starts_with("decile"),
        )
        .group_by("feature_set", "pseudocount", maintain_order=True)
        .agg(
            known.min().alias("lowest"),
            known.median().alias("median"),
            known.max().alias("highest"),
            pl.col("n_features").min(),
            pl.col("double_zero_share").max(),
        )
        .collect()
        .to_dicts()
    )
    return table_of(
        grouped,
        columns.SENSITIVITY,
        name=f"sensitivity-{level.level}",
        caption=f"R between samples of different batches, {level.level} level",
        decimals=decimals,
        source=level.name("sensitivity"),
        unit=level.unit,
    )
