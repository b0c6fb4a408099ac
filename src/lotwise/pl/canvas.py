"""The canvas of a figure, and the check that there is something to draw."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Final

import pandas as pd

from lotwise.errors import InputError

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Up to this many rows are labelled; with more, a figure shows a selection or omits the names.
MOST_ROWS: Final = 60
_REASON_WIDTH: Final = 42  # characters in half the width of a figure


def subplots(
    n_rows: int, n_columns: int, *, width: float, height: float
) -> tuple[Figure, list[Axes]]:
    """Return a figure with its axes as one list; sizes are in inches."""
    # pyplot is not used: a figure belongs to the caller and is not shown by the library.
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
    """Return a figure that tells why there is nothing to draw.

    Examples
    --------
    >>> import lotwise
    >>> [text.get_text() for text in lotwise.pl.nothing("no bootstraps").axes[0].texts]
    ['not drawn: no bootstraps']
    """
    from lotwise.pl.style import lotwise_style

    with lotwise_style():
        figure, (axis,) = subplots(1, 1, width=4.4, height=1.6)
        write_reason(axis, reason)
    return figure


def write_reason(axis: Axes, reason: str) -> None:
    """Write into the axes why nothing is drawn there."""
    axis.set_axis_off()
    # Matplotlib's own wrapping reads $ as the start of a formula, whatever its settings.
    words = textwrap.fill(f"not drawn: {reason}", _REASON_WIDTH)
    axis.text(0.5, 0.5, words, ha="center", va="center", transform=axis.transAxes)
