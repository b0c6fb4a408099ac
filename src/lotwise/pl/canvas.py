"""The sheet that figures are drawn on, and the check that there is something to draw."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from lotwise.errors import InputError

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


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
