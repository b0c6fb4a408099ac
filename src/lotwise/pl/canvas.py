"""The canvas of a figure, and the check that there is something to draw."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import pandas as pd

from lotwise.errors import InputError
from lotwise.evidence.catalogue import tables
from lotwise.expression.given import kind_of
from lotwise.files.records import declared

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Up to this many rows are labelled; with more, a figure shows a selection or omits the names.
MOST_ROWS: Final = 60
_REASON_WIDTH: Final = 42  # characters in half the width of a figure
_LETTER_WIDTH: Final = 0.58  # of the size of the font

Size = tuple[float, float]


def subplots(
    n_rows: int, n_columns: int, *, width: float, height: float, figsize: Size | None = None
) -> tuple[Figure, list[Axes]]:
    """Return a figure and its axes, of ``figsize`` or by default ``width`` x ``height`` inches."""
    # Not pyplot: a figure of a library belongs to its caller, and to nobody's screen.
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=figsize or (width, height), layout="constrained")
    FigureCanvasAgg(figure)
    return figure, list(figure.subplots(n_rows, n_columns, squeeze=False).ravel())


def one_axes(
    *, width: float, height: float, figsize: Size | None = None, ax: Axes | None = None
) -> tuple[Figure, Axes]:
    """Return the figure of ``ax`` and ``ax``; without ``ax``, a new figure with one ``Axes``.

    Raises
    ------
    InputError
        Both ``ax`` and ``figsize`` are given.
    """
    if ax is None:
        figure, (axis,) = subplots(1, 1, width=width, height=height, figsize=figsize)
        return figure, axis
    if figsize is not None:
        raise InputError(
            "give either 'ax' or 'figsize', because the figure of 'ax' already has a size"
        )
    of_axes = ax.get_figure(root=True)
    if of_axes is None:
        raise InputError("ax belongs to no figure")
    return of_axes, ax


def need_rows(table: pd.DataFrame, name: str, *, take: str = "", names: Sequence[str] = ()) -> None:
    """Raise an error if a table has no rows, or is another table or no table at all.

    Parameters
    ----------
    table
        What the user gave.
    name
        Name of the table that a figure draws.
    take
        How to get this table; by default with :func:`lotwise.get.evidence`.
    names
        Columns of which it must have one; by default those that name a row.

    Raises
    ------
    InputError
        It is empty or not this table.

    Examples
    --------
    >>> import lotwise
    >>> lotwise.pl.batches(lotwise.datasets.three_batches().gene)
    Traceback (most recent call last):
    lotwise.errors.InputError: expected the table 'batches', got AnnData; give
        lotwise.get.evidence(expression, 'batches')
    """
    take = take or f"lotwise.get.evidence(expression, {name!r})"
    if not isinstance(table, pd.DataFrame):
        raise InputError(
            f"expected the table {name!r}, got {kind_of(table)}", remedy=f"give {take}"
        )
    if table.empty:
        raise InputError(f"the table {name!r} is empty")
    if not names:
        own = declared(tables()[name].record)
        names = [column for column, one in own.items() if one.names_row] or list(own)
    if not {*names} & {*table.columns}:
        raise InputError(
            f"expected the table {name!r}, got a DataFrame without its column {names[0]!r}",
            remedy=f"give {take}",
        )


def nothing(reason: str, *, ax: Axes | None = None) -> Figure:
    """Return a figure that states why there is nothing to draw.

    Examples
    --------
    >>> import lotwise
    >>> [text.get_text() for text in lotwise.pl.nothing("no bootstraps").axes[0].texts]
    ['not drawn: no bootstraps']
    """
    from lotwise.pl.style import lotwise_style

    with lotwise_style():
        figure, axis = one_axes(width=4.4, height=1.6, ax=ax)
        write_reason(axis, reason)
    return figure


def write_below(
    figure: Figure, axis: Axes, words: str, *, ax: Axes | None, figsize: Size | None
) -> None:
    """Write words below the figure, or below the axes if the user gave them (``ax``).

    The lines are no longer than the figure is wide.
    """
    from lotwise.pl.style import add_line, scaled, set_size

    letters = figure.get_size_inches()[0] * 72 / (_LETTER_WIDTH * scaled(7))
    words = textwrap.fill(words, int(letters))
    if ax is not None:
        axis.set_xlabel(f"{axis.get_xlabel()}\n{words}")
        return
    add_line(figure, words, size=scaled(7))
    if figsize is not None:
        set_size(figure, figsize)


def write_reason(axis: Axes, reason: str) -> None:
    """Write into the axes why nothing is drawn there."""
    axis.set_axis_off()
    # Matplotlib's own wrapping reads $ as the start of a formula, whatever its settings.
    words = textwrap.fill(f"not drawn: {reason}", _REASON_WIDTH)
    axis.text(0.5, 0.5, words, ha="center", va="center", transform=axis.transAxes)
