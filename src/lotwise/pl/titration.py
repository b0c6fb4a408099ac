"""Figure of a titration: how often criteria detect a share of another profile."""

from __future__ import annotations

from itertools import cycle
from typing import TYPE_CHECKING, Final

import pandas as pd

from lotwise.pl.canvas import Size, need_rows, one_axes
from lotwise.pl.style import OKABE_ITO, ink, lotwise_style, scaled

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_OVERALL: Final = "overall"
_WIDEST: Final = 6.0


def titration(
    curve: pd.DataFrame, *, ax: Axes | None = None, figsize: Size | None = None
) -> Figure:
    """Draw a curve for each criterion: the fraction of mixtures that it detects at each share.

    Parameters
    ----------
    curve
        The ``curve`` of :func:`lotwise.run.titration.titrate`.
    ax
        Axes to draw into; by default a new figure.
    figsize
        Width and height in inches.

    Returns
    -------
    The figure; the overall verdict is drawn in black, above the others. Where curves are equal, the
    wider ones are seen at both sides of the narrower ones.

    Raises
    ------
    InputError
        The table is empty.

    Examples
    --------
    >>> import lotwise
    >>> curve = pd.DataFrame(
    ...     {"criterion": "r", "profile": "x", "share": [0.1, 0.5], "caught": [0.0, 1.0]}
    ... )
    >>> len(lotwise.pl.titration(curve).axes)
    1
    """
    need_rows(
        curve,
        "titration_curve",
        take="the curve that lotwise.titrate returns",
        names=("criterion",),
    )
    # The whole verdict is drawn last.
    names = sorted(dict.fromkeys(curve["criterion"]), key=_OVERALL.__eq__)
    # Curves are often equal: the first is the widest, so that each is seen beside those above it.
    step = min(1.2, _WIDEST / len(names))
    with lotwise_style():
        figure, axis = one_axes(width=5.6, height=3.4, figsize=figsize, ax=ax)
        colours = cycle(OKABE_ITO)
        for n_above, name in zip(reversed(range(len(names))), names, strict=True):
            of_criterion = curve[curve["criterion"] == name]
            colour = ink() if name == _OVERALL else next(colours)
            axis.plot(
                100 * of_criterion["share"],
                100 * of_criterion["caught"],
                marker="o",
                ms=3 + step * n_above,
                lw=1.2 + step * n_above,
                color=colour,
                label="whole verdict" if name == _OVERALL else name,
            )
        axis.set_xscale("log")
        axis.xaxis.set_major_formatter("{x:g}")
        axis.set_xticks([0.5, 1, 2, 5, 10, 20, 50])
        axis.minorticks_off()
        axis.set_ylim(-4, 104)
        axis.set_xlabel(f"share of {curve['profile'].iloc[0]} mixed in, %")
        axis.set_ylabel("mixtures detected, %")
        axis.legend(
            loc="center left", bbox_to_anchor=(1.01, 0.5), fontsize=scaled(7), frameon=False
        )
        axis.set_title("Detection by the criteria", fontsize=scaled(9))
    return figure
