"""Figures of the limits of R: sensitivity, agreement, detectable change.

Each function draws a tidy table (``lotwise.get.evidence``) and computes nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from lotwise.errors import InputError
from lotwise.pl.canvas import Size, need_rows, one_axes, subplots
from lotwise.pl.style import (
    IDENTITY_LINE,
    OKABE_ITO,
    log_tpm_words,
    lotwise_style,
    paper,
    scaled,
)
from lotwise.wording import format_r

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D

_NORMAL_95: Final = 1.96
# In the order of their colours.
_RELATIONS: Final = ("between", "within", "across")
_RELATIONS_IN_WORDS: Final = {
    "between": "between batches",
    "within": "within batches",
    "across": "across conditions",
}


def sensitivity(
    table: pd.DataFrame,
    *,
    agreement: pd.DataFrame | None = None,
    unit: str = "TPM",
    features: str = "features",
    figsize: Size | None = None,
) -> Figure:
    """Draw R by feature set and pseudo-count, and the spread of log ratios by expression.

    Each mark summarises the pairs of one relation: median (point), middle half (thick line) and
    range (thin line). For levels of expression, the figure shows the spread of M instead of R,
    because R within a narrow range of expression is always low.

    Parameters
    ----------
    table
        ``lotwise.get.evidence(expression, "sensitivity")``.
    agreement
        ``lotwise.get.evidence(expression, "agreement")``; without it the spread is not drawn.
    unit
        Unit of the values, if not TPM (:func:`lotwise.from_frame`).
    features
        What the features are, for the labels: ``"genes"`` or ``"isoforms"``.
    figsize
        Width and height in inches.

    Returns
    -------
    The figure; each feature set is labelled with its smallest and largest number of features.

    Raises
    ------
    InputError
        The table is empty.

    Examples
    --------
    >>> import lotwise
    >>> gene = lotwise.datasets.three_batches().gene
    >>> lotwise.tl.sensitivity(gene)
    >>> lotwise.tl.agreement(gene)
    >>> tables = [lotwise.get.evidence(gene, name) for name in ("sensitivity", "agreement")]
    >>> len(lotwise.pl.sensitivity(tables[0], agreement=tables[1]).axes)
    4
    """
    need_rows(table, "sensitivity")
    if agreement is not None:
        need_rows(agreement, "agreement")
    whole = table[~table["feature_set"].str.startswith("decile_")]
    counts = sorted(set(whole["pseudocount"]), reverse=True)
    sets = list(dict.fromkeys(whole["feature_set"]))
    relations = [name for name in _RELATIONS if name in set(whole["relation"])]
    n_panels = len(counts) + (agreement is not None)
    with lotwise_style():
        width = 2.5 * n_panels + 1.2
        figure, axes = subplots(1, n_panels, width=width, height=2.9, figsize=figsize)
        for axis, c in zip(axes, counts, strict=False):
            at_c = whole[whole["pseudocount"] == c]
            for place, name in enumerate(sets):
                of_set = at_c[at_c["feature_set"] == name]
                _summaries(axis, of_set, "pearson", place, relations)
            axis.set_title(log_tpm_words(c, unit), fontsize=scaled(8))
            axis.set_xlabel("Pearson's R", fontsize=scaled(7))
            axis.set_yticks(np.arange(len(sets)))
            axis.set_ylim(len(sets) - 0.5, -0.5)
            axis.grid(visible=True, axis="x", color="#EEEEEE", linewidth=0.6)
            axis.tick_params(labelleft=axis is axes[0], labelsize=scaled(6))
        sizes = whole.groupby("feature_set")["n_features"].agg(["min", "max"])
        axes[0].set_yticklabels(
            [f"{name.replace('_', ' ')}\n({_range(*sizes.loc[name])} {features})" for name in sets]
        )
        if agreement is not None:
            xlabel = f"mean log2 {unit}\n(one point per tenth of the {features})"
            _spread(axes[-1], agreement, relations, xlabel)
        marks = [_mark(name) for name in relations]
        figure.legend(
            handles=marks, loc="outside upper center", ncols=3, fontsize=scaled(7), frameon=False
        )
    return figure


def _spread(axis: Axes, agreement: pd.DataFrame, relations: list[str], xlabel: str) -> None:
    """Draw the robust SD of M by tenth of expression, over the pairs of each relation."""
    bins = agreement[(agreement["bin"] > 0) & (agreement["n_features"] > 0)]
    bins = bins.assign(
        spread=(bins["robust_upper"] - bins["robust_lower"]) / (2 * _NORMAL_95),
        level=(bins["mean_from"] + bins["mean_to"]) / 2,
    )
    for name in relations:
        of_bin = bins[bins["relation"] == name].groupby("bin")
        if not of_bin.ngroups:
            continue
        level, spread = of_bin["level"].median(), of_bin["spread"]
        colour = OKABE_ITO[_RELATIONS.index(name)]
        axis.plot(level, spread.median(), "o-", color=colour, markersize=3, linewidth=1)
        axis.fill_between(
            level,
            spread.quantile(0.25),
            spread.quantile(0.75),
            color=colour,
            alpha=0.2,
            linewidth=0,
        )
    axis.set_ylim(bottom=0)
    axis.set_title("spread of log ratios by expression", fontsize=scaled(8))
    axis.set_xlabel(xlabel, fontsize=scaled(7))
    axis.set_ylabel("robust SD of log2 ratio", fontsize=scaled(7))
    axis.tick_params(labelsize=scaled(6))


def _summaries(
    axis: Axes, rows: pd.DataFrame, column: str, place: float, relations: list[str]
) -> None:
    """Draw median, middle half and range of the pairs of each relation, one below the other."""
    for number, name in enumerate(relations):
        values = rows.loc[rows["relation"] == name, column].dropna()
        if values.empty:
            continue
        at = place + 0.22 * (number - (len(relations) - 1) / 2)
        colour = OKABE_ITO[_RELATIONS.index(name)]
        axis.hlines(at, values.min(), values.max(), color=colour, linewidth=0.8)
        axis.hlines(at, *values.quantile([0.25, 0.75]), color=colour, linewidth=3)
        axis.plot(values.median(), at, "o", color=colour, markersize=4, markeredgecolor=paper())


def _mark(relation: str) -> Line2D:
    from matplotlib.lines import Line2D

    return Line2D(
        [], [], marker="o", linewidth=3, markersize=4, markeredgecolor=paper(),
        color=OKABE_ITO[_RELATIONS.index(relation)], label=_RELATIONS_IN_WORDS[relation],
    )  # fmt: skip


def detectable(
    table: pd.DataFrame,
    *,
    r: float,
    title: str = "",
    features: str = "features",
    ax: Axes | None = None,
    figsize: Size | None = None,
) -> Figure:
    """Draw contours of R after a fold change of a share of the features.

    Parameters
    ----------
    table
        The rows of ``lotwise.get.evidence(expression, "detectable")`` for one pair.
    r
        Observed R, or the smallest R that passes; drawn as a line.
    title
        First line of the title. The second line states which changes remain undetected.
    features
        What the features are, for the label: ``"genes"`` or ``"isoforms"``.
    ax
        Axes to draw into; by default a new figure.
    figsize
        Width and height in inches.

    Returns
    -------
    The figure: changes below the line would not have been detected. If all changes tried are
    detected, or none is, there is no line, and the title states this.

    Raises
    ------
    InputError
        The table is empty, does not contain exactly one pair, or has fewer than two shares or
        folds.

    Examples
    --------
    >>> import lotwise
    >>> gene = lotwise.datasets.three_batches().gene
    >>> lotwise.tl.detectable(gene)
    >>> table = lotwise.get.evidence(gene, "detectable")
    >>> one = table[(table["sample_a"] == "lot1") & (table["sample_b"] == "lot2")]
    >>> figure = lotwise.pl.detectable(one, r=0.98)
    >>> figure.axes[0].get_ylabel()
    '% of expressed features changed'
    """
    from matplotlib.patheffects import Normal, Stroke

    need_rows(table, "detectable", names=("share", "fold"))
    grid = table.pivot_table(index="share", columns="fold", values="pearson", dropna=False)
    if len(table) != grid.size or min(grid.shape) < 2:
        raise InputError(
            "the table must contain one pair of samples, with at least two values of 'share' and "
            "of 'fold'",
            remedy="select the rows of one pair (sample_a and sample_b)",
        )
    with lotwise_style():
        figure, axis = one_axes(width=4.4, height=3.4, figsize=figsize, ax=ax)
        x, y = np.log2(grid.columns.to_numpy()), 100 * grid.index.to_numpy()
        values = grid.to_numpy()
        filled = axis.contourf(x, y, values, levels=_levels(values), cmap="cividis")
        figure.colorbar(filled, ax=axis, label="Pearson's R after the change")
        if np.nanmin(values) < r <= np.nanmax(values):
            line = axis.contour(x, y, values, levels=[r], colors=[IDENTITY_LINE], linewidths=1.6)
            # On any colour of the scale; its R is in the title, where it is never cut.
            line.set_path_effects([Stroke(linewidth=3, foreground="white"), Normal()])
        axis.set_xticks(x, [f"{fold:g}" for fold in grid.columns])
        axis.set_xlabel("fold change, up or down")
        axis.set_ylabel(f"% of expressed {features} changed")
        unseen = _unseen_words(values, r)
        axis.set_title(f"{title}:\n{unseen}" if title else unseen, fontsize=scaled(8))
    return figure


def _unseen_words(values: np.ndarray, r: float) -> str:
    """Return which changes leave R at the observed R or above, for the title."""
    if np.nanmin(values) >= r:
        return "every change tried remains undetected"
    if np.nanmax(values) < r:
        return "every change tried is detected"
    return f"changes below the line (R = {format_r(r, 4)}) remain undetected"


def _levels(r: np.ndarray) -> list[float]:
    """Return round levels that cover R and do not exceed 1."""
    from matplotlib.ticker import MaxNLocator

    low, high = float(np.nanmin(r)), float(np.nanmax(r))
    if high - low < 1e-9:
        low = high - 1e-6
    levels = [
        float(level)
        for level in MaxNLocator(12, steps=[1, 2, 5, 10]).tick_values(low, high)
        if level < 1
    ]
    levels[0] = min(levels[0], low)
    return [*levels, 1.0] if high > levels[-1] else levels


def _range(low: int, high: int) -> str:
    return f"{low:,}" if low == high else f"{low:,}\N{EN DASH}{high:,}"
