"""Final output of `lotwise compare`: a table of R per pair of batches, and where the page is."""

from __future__ import annotations

from collections.abc import Iterator
from statistics import median
from typing import TYPE_CHECKING, Any, Final

import click

from lotwise.keys import LEVELS, Level
from lotwise.wording import format_r

if TYPE_CHECKING:
    import pandas as pd

    from lotwise.tree import ResultTree

_MOST_PAIRS: Final = 10
# The kinds of noise that limit R, and the ways to estimate each, the best first
# (docs/methods/ceiling.md).
_NOISES: Final = {
    "counting": ("thinning",),
    "quantification": ("halves", "bootstraps"),
    "preparation": ("replicates",),
}
_ENDS: Final = ("a", "b")


def say_outcome(tree: ResultTree, *, pseudocount: float, decimals: int) -> None:
    """Print R of each pair of batches with its noise ceiling, and the paths of the results."""
    for level in LEVELS:
        if tree.table(level, "batch_pairs").exists():
            for line in _lines_of(tree, level, pseudocount=pseudocount, decimals=decimals):
                click.echo(line)
    if tree.report.exists():
        click.echo(f"Report: {tree.report}")
    click.echo(f"Tables and figures: {tree.root}")


def _lines_of(
    tree: ResultTree, level: Level, *, pseudocount: float, decimals: int
) -> Iterator[str]:
    from lotwise.evidence.pairs import PairRecord
    from lotwise.files.tables import read_table

    table = read_table(tree.table(level, "batch_pairs"), PairRecord)
    chosen = (table["feature_set"] == "all") & (table["relation"] == "between")
    between = table[chosen].sort_values("pearson", kind="stable")
    yield (
        f"{level.capitalize()} level: Pearson's R of log2(TPM + {pseudocount:g}) between batches, "
        f"{table['n_features'].max():,} features"
    )
    if between.empty:
        yield "  no two batches share a condition"
        return
    # Replicates have noise that their average does not have: the ceilings are of single samples.
    beside = _ceilings(tree, level)
    noises = ", ".join(beside)
    averaged = beside and _has_replicates(tree, level)
    if averaged:
        beside = {"R (samples)": _r_of_samples(tree, level), **beside}
    rows = [("batch A", "batch B", "R", *beside)]
    for _, row in between[:_MOST_PAIRS].iterrows():
        known = (of_pair.get(_pair_of(row)) for of_pair in beside.values())
        rows.append(
            (
                str(row["sample_a"]),
                str(row["sample_b"]),
                format_r(row["pearson"], decimals),
                *("not known" if one is None else format_r(one, decimals) for one in known),
            )
        )
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for cells in rows:
        aligned = (f"{cell:<{width}}" for cell, width in zip(cells, widths, strict=True))
        yield f"  {'  '.join(aligned)}".rstrip()
    if len(between) > _MOST_PAIRS:
        yield f"  ... the {_MOST_PAIRS} lowest of {len(between):,} pairs"
    if averaged:
        yield "  R: batch averages. R (samples): median over pairs of single samples."
    if noises:
        yield f"  {noises}: ceiling, the highest R of single samples that this noise allows."


def _has_replicates(tree: ResultTree, level: Level) -> bool:
    return bool((_pairs_of_samples(tree, level)["relation"] == "within").any())


def _r_of_samples(tree: ResultTree, level: Level) -> dict[frozenset[str], float]:
    """Return the median R of single samples of each pair of batches."""
    pairs = _pairs_of_samples(tree, level)
    known = pairs[(pairs["relation"] == "between") & pairs["pearson"].notna()]
    return _medians(known, "pearson")


def _pairs_of_samples(tree: ResultTree, level: Level) -> pd.DataFrame:
    from lotwise.evidence.pairs import PairRecord
    from lotwise.files.tables import read_table

    pairs = read_table(tree.table(level, "pairs"), PairRecord)
    return pairs[pairs["feature_set"] == "all"]


def _ceilings(tree: ResultTree, level: Level) -> dict[str, dict[frozenset[str], float]]:
    """Return the median ceiling of each pair of batches by kind of noise; unknown ones not."""
    from lotwise.evidence.ceilings import FROM_DONORS, CeilingRecord
    from lotwise.files.tables import read_table

    path = tree.table(level, "ceilings")
    if not path.exists():
        return {}
    table = read_table(path, CeilingRecord)
    known = table[(table["relation"] == "between") & table["ceiling"].notna()]
    found: dict[str, dict[frozenset[str], float]] = {}
    for noise, methods in _NOISES.items():
        of_noise = known[known["noise"] == noise]
        method = next((one for one in methods if (of_noise["method"] == one).any()), None)
        of_method = of_noise[of_noise["method"] == method]
        by_pair = _medians(of_method, "ceiling")
        if by_pair:
            several = any(FROM_DONORS in source for source in of_method["source"].unique())
            found[f"{noise} and donors" if several else noise] = by_pair
    return found


def _medians(table: pd.DataFrame, column: str) -> dict[frozenset[str], float]:
    """Return the median of a column for each pair of batches."""
    by_pair: dict[frozenset[str], list[float]] = {}
    for _, row in table.iterrows():
        by_pair.setdefault(_pair_of(row), []).append(float(row[column]))
    return {pair: median(values) for pair, values in by_pair.items()}


def _pair_of(row: pd.Series[Any]) -> frozenset[str]:
    """Return the two batches of a row, each with its condition."""
    return frozenset(f"{row[f'batch_{end}']}\t{row[f'condition_{end}']}" for end in _ENDS)
