"""Figure of the equivalence of batches."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from lotwise.pl.canvas import Size, need_rows, nothing, one_axes
from lotwise.pl.style import OKABE_ITO, ink, lotwise_style, scaled

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


_ANSWERS: Final = {
    "yes": "equivalence shown",
    "no": "equivalence not shown",
    "not assessable": "equivalence not assessable",
}


def batch_equivalence(
    table: pd.DataFrame,
    *,
    features: str = "features",
    ax: Axes | None = None,
    figsize: Size | None = None,
) -> Figure:
    """Draw 1 - R between batches minus 1 - R within batches, with its interval and margin.

    Parameters
    ----------
    table
        ``lotwise.get.evidence(expression, "batch_equivalence")``.
    features
        What the features are, for the axis: ``"genes"`` or ``"isoforms"``.
    ax
        Axes to draw into; by default a new figure.
    figsize
        Width and height in inches.

    Returns
    -------
    The figure; where there is no difference, it shows the reason.

    Raises
    ------
    InputError
        The table is empty.

    Examples
    --------
    >>> import lotwise
    >>> gene = lotwise.datasets.three_batches().gene
    >>> lotwise.tl.batch_equivalence(gene, margin=0.01)
    >>> len(lotwise.pl.batch_equivalence(lotwise.get.evidence(gene, "batch_equivalence")).axes)
    1
    """
    need_rows(table, "batch_equivalence")
    row = table.iloc[0]
    if not np.isfinite(row["lower"]):
        return nothing(str(row["reason"]), ax=ax)
    with lotwise_style():
        figure, axis = one_axes(width=4.2, height=2.2, figsize=figsize, ax=ax)
        if np.isfinite(row["margin"]):
            axis.axvspan(-row["margin"], row["margin"], color=OKABE_ITO[2], alpha=0.2, lw=0)
            axis.axvline(row["margin"], color=OKABE_ITO[2], lw=1)
            axis.axvline(-row["margin"], color=OKABE_ITO[2], lw=1)
        axis.axvline(0, color="grey", lw=0.8, ls=":")
        error = [[row["difference"] - row["lower"]], [row["upper"] - row["difference"]]]
        axis.errorbar([row["difference"]], [0], xerr=error, fmt="o", color=ink(), capsize=3)
        axis.set_yticks([])
        axis.set_ylim(-1, 1)
        axis.set_xlabel(
            f"median of 1 \N{MINUS SIGN} R over all {features},\n"
            "between batches minus within batches"
        )
        margin = f"margin {row['margin']:g} (shaded)" if np.isfinite(row["margin"]) else "no margin"
        axis.set_title(
            f"{row['n_batches']} batches, {row['n_samples']} samples, {margin}:\n"
            f"{_ANSWERS[row['equivalent']]}",
            fontsize=scaled(8),
        )
    return figure
