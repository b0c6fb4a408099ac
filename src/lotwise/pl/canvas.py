"""The sheet that figures are drawn on, and the check that there is something to draw."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Final

import pandas as pd

from lotwise.errors import InputError

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Rows of which each can have a name; of more, a figure shows some, or none by name.
MOST_ROWS: Final = 60
_REASON_WIDTH: Final = 42  # letters, which half of a figure holds


def subplots(
    n_rows: int, n_columns: int, *, width: float, height: float
) -> tuple[Figure, list[Axes]]:
    """Give a figure with its axes in one list; sizes are in inches."""
    # Not pyplot: a figure of a library belongs to its caller, and to nobody's screen.
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    return figure, list(figure.subplots(n_rows, n_columns, squeeze=False).ravel())


def need_rows(table: pd.DataFrame, name: str) -> None:
    """Raise where a table has no rows.

    Raises
    ------
    InputError
        The table is empty.
    """
    if table.empty:
        raise InputError(f"the table {name!r} is empty")


def nothing(reason: str) -> Figure:
    """Give a figure that says why there is nothing to draw.

    Examples
    --------
    >>> [text.get_text() for text in nothing("no bootstraps").axes[0].texts]
    ['not drawn: no bootstraps']
    """
    from lotwise.files.figures import lotwise_style

    with lotwise_style():
        figure, (axis,) = subplots(1, 1, width=4.4, height=1.6)
        write_reason(axis, reason)
    return figure


def write_reason(axis: Axes, reason: str) -> None:
    """Write into axes why nothing is drawn there."""
    axis.set_axis_off()
    # Matplotlib's own wrapping reads $ as the mark of a formula, whatever its settings say.
    words = textwrap.fill(f"not drawn: {reason}", _REASON_WIDTH)
    axis.text(0.5, 0.5, words, ha="center", va="center", transform=axis.transAxes)
