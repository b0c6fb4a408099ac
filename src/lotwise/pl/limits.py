"""Figures of what R depends on and does not see: sensitivity, agreement, detectable change.

Each takes a tidy table (``lotwise.get.evidence``) and draws it; none computes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from lotwise.errors import InputError
from lotwise.files.figures import lotwise_style
from lotwise.pl.canvas import need_rows, subplots
from lotwise.pl.style import IDENTITY_LINE, OKABE_ITO, log_tpm_words
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
    "within": "within batches (replicates)",
    "across": "across conditions",
}


def sensitivity(
    table: pd.DataFrame, *, agreement: pd.DataFrame | None = None, unit: str = "TPM"
) -> Figure:
    """Draw R by feature set and pseudo-count, and the spread of log ratios by expression.

    Each mark sums up the pairs of one relation: median (point), middle half (thick line) and range
    (thin line). By level of expression it is the spread of M that is drawn, not R: choosing
    features by their mean makes R of them low by itself.

    Parameters
    ----------
    table
        ``lotwise.get.evidence(expression, "sensitivity")``.
    agreement
        ``lotwise.get.evidence(expression, "agreement")``; without it there is no spread.
    unit
        What the numbers are, where they are not TPM (:func:`lotwise.from_frame`).

    Returns
    -------
    The figure; beside each feature set the smallest and largest number of features.

    Raises
    ------
    InputError
        The table is empty.

    Examples
    --------
    >>> import lotwise
    >>> gene = getfixture("three_batches").gene
    >>> lotwise.tl.sensitivity(gene)
    >>> lotwise.tl.agreement(gene)
    >>> tables = [lotwise.get.evidence(gene, name) for name in ("sensitivity", "agreement")]
    >>> len(sensitivity(tables[0], agreement=tables[1]).axes)
    4
    """
    need_rows(table, "sensitivity")
    whole = table[~table["feature_set"].str.startswith("decile_")]
    counts = sorted(set(whole["pseudocount"]), reverse=True)
    sets = list(dict.fromkeys(whole["feature_set"]))
    relations = [name for name in _RELATIONS if name in set(whole["relation"])]
    n_panels = len(counts) + (agreement is not None)
    with lotwise_style():
        figure, axes = subplots(1, n_panels, width=2.5 * n_panels + 1.2, height=2.9)
        for axis, c in zip(axes, counts, strict=False):
            at_c = whole[whole["pseudocount"] == c]
            for place, name in enumerate(sets):
                of_set = at_c[at_c["feature_set"] == name]
                _summaries(axis, of_set, "pearson", place, relations)
            axis.set_title(log_tpm_words(c, unit), fontsize=8)
            axis.set_xlabel("Pearson's R", fontsize=7)
            axis.set_yticks(np.arange(len(sets)))
            axis.set_ylim(len(sets) - 0.5, -0.5)
            axis.grid(visible=True, axis="x", color="#EEEEEE", linewidth=0.6)
            axis.tick_params(labelleft=axis is axes[0], labelsize=6)
        sizes = whole.groupby("feature_set")["n_features"].agg(["min", "max"])
        axes[0].set_yticklabels(
            [f"{name.replace('_', ' ')}\n({_range(*sizes.loc[name])})" for name in sets]
        )
        if agreement is not None:
            _spread(axes[-1], agreement, relations, unit)
        marks = [_mark(name) for name in relations]
        figure.legend(handles=marks, loc="outside lower center", ncols=3, fontsize=7, frameon=False)
    return figure


def _spread(axis: Axes, agreement: pd.DataFrame, relations: list[str], unit: str) -> None:
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
    axis.set_title("spread of log ratios by expression", fontsize=8)
    axis.set_xlabel(f"mean log2 {unit} (tenths of the features)", fontsize=7)
    axis.set_ylabel("robust SD of log2 ratio", fontsize=7)
    axis.tick_params(labelsize=6)


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
        axis.plot(values.median(), at, "o", color=colour, markersize=4, markeredgecolor="white")


def _mark(relation: str) -> Line2D:
    from matplotlib.lines import Line2D

    return Line2D(
        [], [], marker="o", linewidth=3, markersize=4, markeredgecolor="white",
        color=OKABE_ITO[_RELATIONS.index(relation)], label=_RELATIONS_IN_WORDS[relation],
    )  # fmt: skip


def mean_difference(
    log_tpm_a: np.ndarray,
    log_tpm_b: np.ndarray,
    *,
    table: pd.DataFrame,
    named: dict[str, int],
    unit: str = "TPM",
) -> Figure:
    """Draw the difference of two samples against their mean, with limits of agreement.

    Parameters
    ----------
    log_tpm_a, log_tpm_b
        log2 TPM of the features detected in both samples, the median ratio divided out, as
        :func:`lotwise.metrics.differences.log_ratios` gives them.
    table
        The rows of ``lotwise.get.evidence(expression, "agreement")`` for this pair.
    named
        Features to name, by their position in the vectors; the most deviating ones.
    unit
        What the numbers are, where they are not TPM (:func:`lotwise.from_frame`).

    Returns
    -------
    The figure: one point per feature, bias and limits over all (lines) and by tenths (steps).

    Raises
    ------
    InputError
        The table is not of one pair.

    Examples
    --------
    >>> import lotwise
    >>> gene = getfixture("three_batches").gene
    >>> lotwise.tl.agreement(gene)
    >>> table = lotwise.get.evidence(gene, "agreement")
    >>> one = table[(table["sample_a"] == "S1") & (table["sample_b"] == "S2")]
    >>> from lotwise.metrics.differences import log_ratios
    >>> tpm = gene.layers["tpm"][:2]
    >>> x, y, _ = log_ratios(*tpm[:, (tpm >= 1).all(axis=0)])
    >>> figure = mean_difference(x, y, table=one, named={"g1": 1})
    >>> [text.get_text() for text in figure.axes[0].texts if text.get_text() == "g1"]
    ['g1']
    """
    if len(table[["sample_a", "sample_b"]].drop_duplicates()) != 1:
        raise InputError("the table is not of one pair of samples")
    whole = table[table["bin"] == 0].iloc[0]
    bins = table[(table["bin"] > 0) & (table["n_features"] > 0)]
    mean, difference = (log_tpm_a + log_tpm_b) / 2, log_tpm_a - log_tpm_b
    with lotwise_style():
        figure, (axis,) = subplots(1, 1, width=4.6, height=3.4)
        axis.scatter(
            mean, difference, s=3, color="#777777", alpha=0.35, linewidths=0, rasterized=True
        )
        axis.axhline(0, color="black", linewidth=0.5)
        axis.axhline(whole["bias"], color=OKABE_ITO[0], linewidth=1.2, label="bias")
        for name, label in (("lower", "bias and 1.96 sd"), ("upper", "_nolegend_")):
            axis.axhline(whole[name], color=OKABE_ITO[0], linewidth=1, linestyle="--", label=label)
        for name, label in (
            ("robust_lower", "robust limits by tenth"),
            ("robust_upper", "_nolegend_"),
        ):
            axis.hlines(
                bins[name],
                bins["mean_from"],
                bins["mean_to"],
                color=IDENTITY_LINE,
                linewidth=1.2,
                label=label,
            )
        _name_points(axis, mean, difference, named)
        axis.set_xlabel(f"mean log2 {unit}")
        axis.set_ylabel(
            f"log2 of {unit} {whole['sample_a']} / {whole['sample_b']}\nover the median ratio"
        )
        axis.legend(frameon=False, loc="upper left", fontsize=6)
        axis.set_title(
            f"{100 * whole['share_over_2_fold']:.1f} % of {whole['n_features']:,} features "
            f"differ more than 2-fold in {unit}",
            fontsize=8,
        )
    return figure


def detectable(table: pd.DataFrame, *, r: float, title: str = "") -> Figure:
    """Draw the R that is left after changing a share of the features by a fold, as contours.

    Parameters
    ----------
    table
        The rows of ``lotwise.get.evidence(expression, "detectable")`` for one pair.
    r
        The R observed, or the one that passes; drawn as a line of its own.
    title
        What the figure is of; which changes pass unseen stands behind it.

    Returns
    -------
    The figure: changes below the line would have passed unseen. Where every change tried leaves R
    at ``r`` or above, or none does, there is no line and the title says so.

    Raises
    ------
    InputError
        The table is not of one pair, or has fewer than two shares or folds.

    Examples
    --------
    >>> import lotwise
    >>> gene = getfixture("three_batches").gene
    >>> lotwise.tl.detectable(gene)
    >>> table = lotwise.get.evidence(gene, "detectable")
    >>> one = table[(table["sample_a"] == "S1") & (table["sample_b"] == "S2")]
    >>> figure = detectable(one, r=0.98)
    >>> figure.axes[0].get_ylabel()
    '% of expressed features changed'
    """
    grid = table.pivot_table(index="share", columns="fold", values="pearson", dropna=False)
    if len(table) != grid.size or min(grid.shape) < 2:
        raise InputError("needed are the rows of one pair, with two shares and folds or more")
    with lotwise_style():
        figure, (axis,) = subplots(1, 1, width=4.4, height=3.4)
        x, y = np.log2(grid.columns.to_numpy()), 100 * grid.index.to_numpy()
        values = grid.to_numpy()
        filled = axis.contourf(x, y, values, levels=_levels(values), cmap="cividis")
        figure.colorbar(filled, ax=axis, label="Pearson's R after the change")
        if np.nanmin(values) < r <= np.nanmax(values):
            line = axis.contour(x, y, values, levels=[r], colors=[IDENTITY_LINE], linewidths=1.6)
            axis.clabel(line, fmt={r: f"R = {format_r(r, 4)}"}, fontsize=7)
        axis.set_xticks(x, [f"{fold:g}" for fold in grid.columns])
        axis.set_xlabel("fold change, up or down")
        axis.set_ylabel("% of expressed features changed")
        unseen = _unseen_words(values, r)
        axis.set_title(f"{title}: {unseen}" if title else unseen, fontsize=8)
    return figure


def _unseen_words(values: np.ndarray, r: float) -> str:
    """Say which changes leave R at the one observed, or above."""
    if np.nanmin(values) >= r:
        return "every change tried passes unseen"
    if np.nanmax(values) < r:
        return "no change tried passes unseen"
    return "changes below the line pass unseen"


def _levels(r: np.ndarray) -> list[float]:
    """Give round levels that cover R and end at 1 at the latest, as R does."""
    from matplotlib.ticker import MaxNLocator

    low, high = float(np.nanmin(r)), float(np.nanmax(r))
    if high - low < 1e-9:
        low = high - 1e-6
    levels = [float(level) for level in MaxNLocator(12).tick_values(low, high) if level < 1]
    levels[0] = min(levels[0], low)
    return [*levels, 1.0] if high > levels[-1] else levels


def _range(low: int, high: int) -> str:
    return f"{low:,}" if low == high else f"{low:,}\N{EN DASH}{high:,}"


def _name_points(
    axis: Axes, mean: np.ndarray, difference: np.ndarray, named: dict[str, int]
) -> None:
    """Write names in the right margin, apart from each other, with a line to their points."""
    low, high = axis.get_ylim()
    step = (high - low) / 26
    right = axis.get_xlim()[1]
    ordered = sorted(named.items(), key=lambda item: float(difference[item[1]]))
    heights: list[float] = []
    for _, i in ordered:
        heights.append(max(float(difference[i]), (heights[-1] if heights else low) + step))
    # Pushed up from below, many names of high points would leave the axes at the top.
    top = high
    for place in reversed(range(len(heights))):
        heights[place] = min(heights[place], top)
        top = heights[place] - step
    for (name, i), height in zip(ordered, heights, strict=True):
        axis.annotate(
            name,
            (mean[i], difference[i]),
            xytext=(right, height),
            fontsize=6,
            va="center",
            annotation_clip=False,
            arrowprops={"arrowstyle": "-", "linewidth": 0.3, "color": "#999999"},
        )
