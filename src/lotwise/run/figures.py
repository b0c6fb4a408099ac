"""Figures of a result tree: drawn here, saved in other processes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lotwise import keys
from lotwise.config import CorrelationConfig, EvidenceConfig, FiguresConfig, figures_of, tables_of
from lotwise.evidence.catalogue import tables as catalogue
from lotwise.keys import Level
from lotwise.progress import progress
from lotwise.run.evidence import draw_evidence
from lotwise.run.processes import Beside
from lotwise.tree import ResultTree, drawn_as

if TYPE_CHECKING:
    import pandas as pd
    from anndata import AnnData
    from matplotlib.figure import Figure


def write_figures(
    tree: ResultTree, level: Level, config: FiguresConfig, correlation: CorrelationConfig
) -> list[Path]:
    """Draw one level; write ``figures/``.

    With more samples than a scatter matrix can show, it shows the least and the most similar
    ones; the heatmaps show all.
    """
    from lotwise import tl
    from lotwise.expression import read_level

    expression = read_level(tree.h5ad(level), level)
    if not _has_r(expression, correlation.pseudocount):
        tl.correlate(expression, pseudocount=correlation.pseudocount, sets=("all",))
    tree.forget_figures(level, config.formats)
    with Beside() as beside:
        save_beside(draw_correlation(tree, level, expression, config), config, beside)
    return drawn_as(tree.figures_of_correlation(level), config.formats)


def _has_r(expression: AnnData, pseudocount: float) -> bool:
    """Return whether R is already stored, as `lotwise correlate` leaves it."""
    if keys.PEARSON not in expression.obsp:
        return False
    computed = expression.uns[keys.LOTWISE].get(keys.PARAMETERS, {}).get(keys.PAIRS, {})
    return bool(computed.get("pseudocount") == pseudocount)


def draw_correlation(
    tree: ResultTree, level: Level, expression: AnnData, config: FiguresConfig
) -> Iterator[tuple[Path, Figure]]:
    """Yield the paper's figure and the heatmaps, each with its path without a suffix."""
    from lotwise import pl, tl

    words: dict[str, Any] = {"decimals": config.decimals, "note": config.note}
    for order in ("given", "clustered"):
        yield tree.figure(level, f"heatmap_{order}"), pl.heatmap(expression, order=order, **words)
    title = None
    if expression.n_obs > pl.MOST_SAMPLES:
        title = (
            f"The least and the most similar of {expression.n_obs} samples "
            f"({level} level, Pearson's R over all {expression.n_vars:,} features)"
        )
        expression = tl.least_and_most_alike(expression)
    drawn = pl.scatter_matrix(expression, style=config.style, title=title, **words)
    yield tree.paper_figure(level), drawn


def save_beside(
    drawn: Iterable[tuple[Path, Figure]], config: FiguresConfig, beside: Beside
) -> None:
    """Save figures in other processes, with the rcParams of this one."""
    import matplotlib as mpl

    from lotwise import pl

    of_this_process: Any = mpl.rcParams.copy()
    settings = {
        name: value
        for name, value in of_this_process.items()
        if name not in {"backend", "interactive"} and value != mpl.rcParamsDefault[name]
    }
    for stem, figure in drawn:
        beside.run(pl.save_figure, figure, stem, config.formats, settings)


def draw_evidence_tables(
    tree: ResultTree,
    level: Level,
    config: EvidenceConfig,
    correlation: CorrelationConfig,
    figures: FiguresConfig,
) -> None:
    """Draw the tables of :func:`~lotwise.run.steps.write_evidence_tables`; compute nothing."""
    from lotwise.expression import read_level

    expression = read_level(tree.h5ad(level), level)
    tree.forget_figures_of_evidence(level, figures_of(config, level), figures.formats)
    tables = _WrittenTables(tree, level, tables_of(config, level))
    drawn = draw_evidence(expression, tables, config, correlation)
    with Beside() as beside:
        save_beside(named_figures(tree, level, drawn, config, figures), figures, beside)


class _WrittenTables(Mapping[str, "pd.DataFrame"]):
    """The tables of evidence of one level, each read when it is asked for: most are not drawn."""

    def __init__(self, tree: ResultTree, level: Level, names: Sequence[str]) -> None:
        self._tree, self._level, self._names = tree, level, names

    def __getitem__(self, name: str) -> pd.DataFrame:
        from lotwise.files.tables import read_table

        if name not in self._names:
            raise KeyError(name)
        return read_table(self._tree.table(self._level, name), catalogue()[name].record)

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


def named_figures(
    tree: ResultTree,
    level: Level,
    drawn: Iterable[tuple[str, Figure]],
    config: EvidenceConfig,
    figures: FiguresConfig,
) -> Iterator[tuple[Path, Figure]]:
    """Yield the figures of the evidence with the note of the run, each with its path."""
    from lotwise import pl

    total = len(figures_of(config, level))
    for name, figure in progress(drawn, "drawing", unit="figure", total=total):
        pl.add_note(figure, figures.note)
        yield tree.figure(level, name), figure
