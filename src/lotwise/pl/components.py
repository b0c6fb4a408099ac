"""Figure of samples on principal components, and of their clustering tree by 1 - R."""

from __future__ import annotations

from itertools import cycle
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from lotwise.errors import InputError
from lotwise.pl.canvas import MOST_ROWS, Size, need_rows, subplots, write_below, write_reason
from lotwise.pl.labels import name_points
from lotwise.pl.style import (
    Palette,
    batch_marks,
    colours_of,
    ink,
    log_tpm_words,
    lotwise_style,
    name_inches,
    repeated_colours,
    scaled,
    shorten,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D

_NAMED: Final = 30
_MARKERS: Final = "os^DvPX*"
_LEGEND_WIDTH: Final = 120  # characters of its font size in the width of the figure
# A thin line around each mark, since yellow on white needs one.
_EDGE: Final[Any] = {"linewidths": 0.4, "edgecolors": "0.3"}


def components(
    table: pd.DataFrame,
    *,
    merges: pd.DataFrame,
    pseudocount: float | None = None,
    unit: str = "TPM",
    features: str = "features",
    palette: Palette | None = None,
    figsize: Size | None = None,
) -> Figure:
    """Draw the samples on the first two principal components, and the tree of their clustering.

    Parameters
    ----------
    table
        ``lotwise.get.evidence(expression, "components")``.
    merges
        ``lotwise.get.evidence(expression, "clustering")``.
    pseudocount
        c of log2(TPM + c), for the title.
    unit
        Unit of the values, if not TPM (:func:`lotwise.from_frame`).
    features
        What the features are, for the titles: ``"genes"`` or ``"isoforms"``.
    palette
        Colours of the batches: by name, as a list, or a palette of seaborn or Matplotlib.
    figsize
        Width and height in inches.

    Returns
    -------
    The figure, with components on the left and the tree on the right. The colour of points and
    leaves shows the batch; the marker of points shows the condition. If components or clustering
    are not defined, the reason is shown instead. The tree shows names of up to 60 samples, and the
    points show names of up to 30. With more samples, the title states that no names are shown. With
    more than eight batches, colours repeat, and a sentence replaces the legend.

    Raises
    ------
    InputError
        A table is empty, or the two tables do not have the same samples.

    Examples
    --------
    >>> import lotwise
    >>> gene = lotwise.datasets.three_batches().gene
    >>> lotwise.tl.components(gene)
    >>> figure = lotwise.pl.components(lotwise.get.evidence(gene, "components"),
    ...                     merges=lotwise.get.evidence(gene, "clustering"))
    >>> sorted(label.get_text() for label in figure.axes[1].get_yticklabels())
    ['lot1', 'lot2', 'lot3']
    """
    need_rows(table, "components")
    need_rows(merges, "clustering")
    with lotwise_style():
        height = max(3.0, 1.0 + 0.16 * min(len(table), MOST_ROWS))
        width = 7.0 + name_inches(table["sample"].astype(str), size=6)
        figure, (points, tree) = subplots(1, 2, width=width, height=height, figsize=figsize)
        colours = colours_of(table["batch"].tolist(), palette)
        if table["pc1"].isna().any():
            write_reason(points, str(table["reason"].iloc[0]))
        else:
            _points(points, table, colours, log_tpm_words(pseudocount, unit), features)
        if merges["height"].isna().any():
            write_reason(tree, str(merges["reason"].iloc[0]))
        else:
            _tree(tree, merges, table.set_index("sample")["batch"].map(colours))
            words = f"samples clustered by R over all {features}"
            tree.set_title(f"{words}{_left_out(len(table), MOST_ROWS)}", fontsize=scaled(8))
        if points.collections or tree.collections:
            _explain(figure, points, colours, figsize)
        marks = _condition_marks(table) if points.collections else []
        if marks:
            points.legend(
                handles=marks, title="condition", fontsize=scaled(6), title_fontsize=scaled(6)
            )
    return figure


def _explain(figure: Figure, axis: Axes, colours: dict[str, str], figsize: Size | None) -> None:
    """Name the batches of the colours above both halves, or say that colours are repeated."""
    marks = batch_marks(colours)
    if not marks:
        write_below(figure, axis, repeated_colours(colours), ax=None, figsize=figsize)
        return
    longest = max(len(str(mark.get_label())) for mark in marks)
    n_columns = max(1, min(len(marks), _LEGEND_WIDTH // (longest + 6)))
    figure.legend(
        handles=marks,
        title="batch",
        loc="outside upper center",
        ncols=n_columns,
        fontsize=scaled(6),
        title_fontsize=scaled(6),
        frameon=False,
    )


def _conditions(table: pd.DataFrame) -> pd.Series[str]:
    if "condition" in table:
        return table["condition"].astype(str)
    return pd.Series("", index=table.index)


def _markers(table: pd.DataFrame) -> dict[str, str]:
    """Return a marker for each condition, in order of first occurrence; they repeat after 8."""
    return dict(zip(dict.fromkeys(_conditions(table)), cycle(_MARKERS), strict=False))


def _condition_marks(table: pd.DataFrame) -> list[Line2D]:
    """Return the legend entries of conditions; none if there is one condition, or too many."""
    from matplotlib.lines import Line2D

    markers = _markers(table)
    if not 1 < len(markers) <= len(_MARKERS):
        return []
    return [
        Line2D([], [], linestyle="", marker=marker, color="0.5", markersize=4,
               label=shorten(condition or "no condition"))
        for condition, marker in markers.items()
    ]  # fmt: skip


def _left_out(n_samples: int, most: int) -> str:
    return f"\nnames of {n_samples:,} samples not shown" if n_samples > most else ""


def _points(
    axis: Axes, table: pd.DataFrame, colours: dict[str, str], scale: str, features: str
) -> None:
    for condition, marker in _markers(table).items():
        part = table[_conditions(table) == condition]
        axis.scatter(
            part["pc1"], part["pc2"], c=part["batch"].map(colours), s=22, marker=marker, **_EDGE
        )
    axis.margins(0.15)
    if len(table) <= _NAMED:
        names = table["sample"].astype(str).tolist()
        name_points(axis, table["pc1"], table["pc2"], names, size=scaled(6))
    first = table.iloc[0]
    axis.set_xlabel(f"PC1 ({100 * first['variance_share_1']:.0f} % of variance)")
    axis.set_ylabel(f"PC2 ({100 * first['variance_share_2']:.0f} %)")
    words = f"{scale} of {first['n_features']:,} detected {features}"
    axis.set_title(f"{words}{_left_out(len(table), _NAMED)}", fontsize=scaled(8))


def _tree(axis: Axes, merges: pd.DataFrame, colours: pd.Series) -> None:
    """Draw leaves from the bottom in the order of the tree; a merge is three sides of a box."""
    members: list[list[str]] = []
    for left, right in zip(merges["left"], merges["right"], strict=True):
        members.append([*_leaves(left, members), *_leaves(right, members)])
    order = {name: place for place, name in enumerate(members[-1])}
    if set(order) != set(colours.index):
        raise InputError(
            "the table of the clustering and the table of the components do not have the same "
            "samples; take both tables from the same run"
        )
    centres: list[float] = []
    heights: list[float] = []
    for left, right, height in zip(merges["left"], merges["right"], merges["height"], strict=True):
        low = _place(left, order, centres, heights)
        high = _place(right, order, centres, heights)
        axis.plot(
            [low[1], height, height, high[1]],
            [low[0], low[0], high[0], high[0]],
            color=ink(),
            linewidth=0.8 if len(order) <= MOST_ROWS else 0.3,
        )
        centres.append((low[0] + high[0]) / 2)
        heights.append(float(height))
    # Markers carry the colours and not letters, because thin yellow letters are hard to read.
    axis.scatter(
        np.zeros(len(order)),
        np.arange(len(order)),
        c=[colours[name] for name in order],
        s=18 if len(order) <= MOST_ROWS else 4,
        clip_on=False,
        zorder=3,
        **_EDGE,
    )
    axis.tick_params(axis="y", length=0, pad=5)
    if len(order) <= MOST_ROWS:
        axis.set_yticks(np.arange(len(order)), [*map(shorten, order)], fontsize=scaled(6))
    else:
        axis.set_yticks([])
        axis.set_ylabel(f"{len(order):,} samples", rotation=270, labelpad=10)
        axis.yaxis.set_label_position("right")
    axis.yaxis.tick_right()
    axis.set_xlim(max(heights) * 1.05 or 1.0, 0)
    axis.set_xlabel("mean 1 \N{MINUS SIGN} R between clusters")


def _leaves(node: str, members: list[list[str]]) -> list[str]:
    number = _merge_of(node)
    return [node] if number is None else members[number]


def _place(
    node: str, order: dict[str, int], centres: list[float], heights: list[float]
) -> tuple[float, float]:
    number = None if node in order else _merge_of(node)
    return (float(order[node]), 0.0) if number is None else (centres[number], heights[number])


def _merge_of(node: str) -> int | None:
    return int(node[1:]) - 1 if node.startswith("#") and node[1:].isdigit() else None
