"""Figure of lots before and after a change of the process."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from lotwise.pl.canvas import need_rows, nothing, subplots
from lotwise.pl.style import OKABE_ITO, lotwise_style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_INCH_A_ROW: Final = 0.34
_LONGEST: Final = 3.0  # limits are drawn up to this many margins


def process_change(table: pd.DataFrame, *, lots: pd.DataFrame) -> Figure:
    """Draw each difference of lot means with its margin, and the lots in the quality range.

    Parameters
    ----------
    table, lots
        ``lotwise.get.evidence(expression, "process_change")`` and ``"quality_range"``.

    Returns
    -------
    The figure. The left side shows the differences with their intervals, in units of the margin.
    The right side shows the distance of each lot from the mean of the lots before the change, in
    standard deviations of these lots. If there is nothing to draw, the figure shows the reason.

    Raises
    ------
    InputError
        A table is empty.

    Examples
    --------
    >>> import lotwise
    >>> gene = lotwise.datasets.three_batches().gene
    >>> lotwise.tl.process_change(gene, attributes=None)
    >>> names = ("process_change", "quality_range")
    >>> tables = [lotwise.get.evidence(gene, name) for name in names]
    >>> len(process_change(tables[0], lots=tables[1]).axes)
    1
    """
    need_rows(table, "process_change")
    need_rows(lots, "quality_range")
    known = table[table["difference"].notna()].reset_index(drop=True)
    if known.empty:
        return nothing(str(table["reason"].iloc[0]))
    several = len(set(known["condition"])) > 1
    names = [
        f"{row['attribute']}, {row['condition']}" if several else str(row["attribute"])
        for _, row in known.iterrows()
    ]
    with lotwise_style():
        figure, axes = subplots(1, 2, width=7.2, height=1.5 + _INCH_A_ROW * len(known))
        _differences(axes[0], known)
        _lots(axes[1], known, lots)
        axes[0].set_yticks(np.arange(len(known)), names)
        axes[1].set_yticks(np.arange(len(known)), [""] * len(known))
        for axis in axes:
            axis.set_ylim(len(known) - 0.5, -0.5)
    return figure


def _differences(axis: Axes, known: pd.DataFrame) -> None:
    rows = np.arange(len(known))
    axis.axvspan(-1, 1, color=OKABE_ITO[2], alpha=0.15, lw=0)
    axis.axvline(0, color="grey", lw=0.8, ls=":")
    scaled = {name: known[name] / known["margin"] for name in ("difference", "lower", "upper")}
    shown = pd.concat(list(scaled.values()))
    limit = min(_LONGEST, max(1.3, 1.1 * float(shown.abs().max())))
    axis.hlines(rows, scaled["lower"], scaled["upper"], color="black", lw=1.2)
    axis.plot(scaled["difference"], rows, "o", color="black", ms=4)
    axis.set_xlim(-limit, limit)
    axis.set_xlabel("(after \N{MINUS SIGN} before) / margin, with its interval")
    axis.set_title("difference of lot means (shaded: margin)", fontsize=8)


def _lots(axis: Axes, known: pd.DataFrame, lots: pd.DataFrame) -> None:
    for at, (_, row) in enumerate(known.iterrows()):
        chosen = (lots["attribute"] == row["attribute"]) & (lots["condition"] == row["condition"])
        of_row = lots[chosen & lots["value"].notna()]
        if of_row.empty or not row["pre_sd"] > 0:
            continue
        k = float(of_row["k"].iloc[0])
        axis.fill_between([-k, k], at - 0.4, at + 0.4, color="#DDDDDD", lw=0)
        for phase, marker, shift, colour in (
            ("pre", "o", -0.15, OKABE_ITO[4]),
            ("post", "D", 0.15, OKABE_ITO[1]),
        ):
            values = of_row.loc[of_row["phase"] == phase, "value"]
            axis.plot(
                (values - row["pre_mean"]) / row["pre_sd"],
                np.full(len(values), at + shift),
                marker,
                ls="",
                ms=4,
                color=colour,
                label={"pre": "before", "post": "after"}[phase] if at == 0 else None,
            )
    axis.set_xlabel("distance from mean of lots before (SD)")
    axis.set_title("each lot (shaded: quality range)", fontsize=8)
    if axis.get_legend_handles_labels()[0]:
        axis.legend(fontsize=6, frameon=False, loc="best")
