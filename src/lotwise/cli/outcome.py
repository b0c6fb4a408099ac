"""Final output of `lotwise compare`: R per pair of batches, and the path of the page."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

import click

from lotwise.keys import LEVELS, Level
from lotwise.wording import format_r

if TYPE_CHECKING:
    from lotwise.tree import ResultTree

_MOST_PAIRS: Final = 10
# The noise that limits R at each level (docs/methods/ceiling.md).
_NOISE: Final = {"gene": "counting", "isoform": "quantification"}


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
    of_all = table[table["feature_set"] == "all"].sort_values("pearson", kind="stable")
    shown = of_all[:_MOST_PAIRS]
    ceilings = _ceilings(tree, level)
    yield (
        f"{level.capitalize()} level: Pearson's R of log2(TPM + {pseudocount:g}) between batches, "
        f"{of_all['n_features'].max():,} features"
    )
    width = max(
        (len(str(name)) for name in shown[["sample_a", "sample_b"]].to_numpy().flat), default=0
    )
    for _, row in shown.iterrows():
        names = f"{row['sample_a']:<{width}}  {row['sample_b']:<{width}}"
        ceiling = ceilings.get(frozenset((row["batch_a"], row["batch_b"])))
        limit = (
            ""
            if ceiling is None
            else f"  {_NOISE[level]} noise alone allows {format_r(ceiling, decimals)}"
        )
        yield f"  {names}  R {format_r(row['pearson'], decimals)}{limit}"
    if len(of_all) > len(shown):
        yield f"  ... the {len(shown)} lowest of {len(of_all):,} pairs"


def _ceilings(tree: ResultTree, level: Level) -> dict[frozenset[str], float]:
    """Return the median ceiling of each pair of batches; empty if it was not computed."""
    from lotwise.evidence.ceilings import CeilingRecord
    from lotwise.files.tables import read_table

    path = tree.table(level, "ceilings")
    if not path.exists():
        return {}
    table = read_table(path, CeilingRecord)
    known = table[(table["noise"] == _NOISE[level]) & table["ceiling"].notna()]
    found: dict[frozenset[str], float] = {}
    for (batch_a, batch_b), of_pair in known.groupby(["batch_a", "batch_b"], sort=False):
        if batch_a != batch_b:
            found[frozenset((str(batch_a), str(batch_b)))] = float(of_pair["ceiling"].median())
    return found
