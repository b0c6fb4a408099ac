"""Figure of the composition of samples."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from lotwise.metrics.composition import LARGEST_FACTOR
from lotwise.pl.canvas import MOST_ROWS, Size, need_rows, nothing, one_axes
from lotwise.pl.style import OKABE_ITO, ink, lotwise_style, name_inches, scaled, shorten

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_INCH_A_ROW: Final = 0.2
_TICKS: Final = (0.1, 0.2, 0.5, 1 / LARGEST_FACTOR, 1, LARGEST_FACTOR, 2, 5, 10)


def composition(
    table: pd.DataFrame,
    *,
    unit: str = "TPM",
    features: str = "features",
    ax: Axes | None = None,
    figsize: Size | None = None,
) -> Figure:
    """Draw the median-ratio factor of each sample and, with spike-ins, its total RNA.

    Parameters
    ----------
    table
        ``lotwise.get.evidence(expression, "composition")``.
    unit
        Unit of the values, if not TPM (:func:`lotwise.from_frame`).
    features
        What the features are, for the title: ``"genes"`` or ``"isoforms"``.
    ax
        Axes to draw into; by default a new figure.
    figsize
        Width and height in inches.

    Returns
    -------
    The figure. If there are more than 60 samples, it shows the 60 with the largest shift. If no
    factor is known, it shows the reason.

    Raises
    ------
    InputError
        The table is empty.

    Examples
    --------
    >>> import lotwise
    >>> gene = lotwise.datasets.three_batches().gene
    >>> lotwise.tl.composition(gene)
    >>> len(lotwise.pl.composition(lotwise.get.evidence(gene, "composition")).axes)
    1
    """
    need_rows(table, "composition")
    known = table[table["factor"].notna() | table["global_change"].notna()]
    if known.empty:
        return nothing(str(table["reason"].iloc[0]), ax=ax)
    title = f"{unit} of unchanged {features}, relative to the other samples"
    if len(known) > MOST_ROWS:
        title = f"{title}:\nthe {MOST_ROWS} of {len(known):,} with the largest shift"
        largest = np.log(known["factor"]).abs().nlargest(MOST_ROWS).index
        known = known[known.index.isin(largest)]
    rows = np.arange(len(known))
    with lotwise_style():
        height = 1.3 + _INCH_A_ROW * len(known)
        samples = known["sample"].astype(str)
        width = 5 + name_inches(samples, size=8)
        figure, axis = one_axes(width=width, height=height, figsize=figsize, ax=ax)
        axis.axvspan(1 / LARGEST_FACTOR, LARGEST_FACTOR, color=OKABE_ITO[2], alpha=0.15, lw=0)
        axis.axvline(1, color="grey", lw=0.8, ls=":")
        axis.plot(known["factor"], rows, "o", color=ink(), ms=4, label="median-ratio factor")
        if known["global_change"].notna().any():
            axis.plot(
                known["global_change"],
                rows,
                "D",
                color=OKABE_ITO[1],
                ms=4,
                label="RNA per spike-in",
            )
            axis.legend(fontsize=scaled(6), frameon=False, loc="best")
        axis.set_xscale("log")
        shown = known[["factor", "global_change"]].to_numpy()
        low, high = np.nanmin(shown), np.nanmax(shown)
        axis.set_xlim(min(0.7, low / 1.15), max(1.43, high * 1.15))
        axis.set_xticks(
            [tick for tick in _TICKS if axis.get_xlim()[0] <= tick <= axis.get_xlim()[1]]
        )
        axis.xaxis.set_major_formatter("{x:g}")
        axis.minorticks_off()
        axis.set_yticks(rows, [*map(shorten, samples)])
        axis.set_ylim(len(known) - 0.4, -0.6)
        axis.set_xlabel(f"ratio (shaded: {1 / LARGEST_FACTOR:g} to {LARGEST_FACTOR:g})")
        axis.set_title(title, fontsize=scaled(8))
    return figure
