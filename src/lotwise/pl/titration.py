"""Figure of a titration: how often criteria catch a share of another profile."""

from __future__ import annotations

from itertools import cycle
from typing import TYPE_CHECKING

import pandas as pd
from matplotlib.ticker import FuncFormatter

from lotwise.files.figures import lotwise_style
from lotwise.pl.canvas import need_rows, subplots
from lotwise.pl.style import OKABE_ITO

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_OVERALL = "overall"


def titration(curve: pd.DataFrame) -> Figure:
    """Draw an operating curve per criterion: the fraction of mixtures caught by the share.

    Parameters
    ----------
    curve
        The ``curve`` of :func:`lotwise.run.titration.titrate`.

    Returns
    -------
    The figure; the whole verdict is drawn in black.

    Raises
    ------
    InputError
        The table is empty.

    Examples
    --------
    >>> curve = pd.DataFrame(
    ...     {"criterion": "r", "profile": "x", "share": [0.1, 0.5], "caught": [0.0, 1.0]}
    ... )
    >>> len(titration(curve).axes)
    1
    """
    need_rows(curve, "titration_curve")
    names = list(dict.fromkeys(curve["criterion"]))
    with lotwise_style():
        figure, (axis,) = subplots(1, 1, width=5.6, height=3.4)
        colours = cycle(OKABE_ITO)
        for name in names:
            of_criterion = curve[curve["criterion"] == name]
            colour = "black" if name == _OVERALL else next(colours)
            axis.plot(
                100 * of_criterion["share"],
                100 * of_criterion["caught"],
                marker="o",
                ms=3,
                lw=2 if name == _OVERALL else 1,
                color=colour,
                label="whole verdict" if name == _OVERALL else name,
            )
        axis.set_xscale("log")
        axis.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:g}"))
        axis.set_xticks([0.5, 1, 2, 5, 10, 20, 50])
        axis.minorticks_off()
        axis.set_ylim(-4, 104)
        axis.set_xlabel(f"share of {curve['profile'].iloc[0]} mixed in, %")
        axis.set_ylabel("mixtures caught, %")
        axis.legend(loc="center left", bbox_to_anchor=(1.01, 0.5), fontsize=7, frameon=False)
        axis.set_title("What the criteria catch", fontsize=9)
    return figure
