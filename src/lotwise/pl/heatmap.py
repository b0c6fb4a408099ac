"""Heatmap of R, in the order of the sample sheet or clustered."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Literal

import numpy as np
import numpy.typing as npt

from lotwise import keys
from lotwise.errors import InputError
from lotwise.expression.computed import correlations_of
from lotwise.expression.features import features_of
from lotwise.expression.labels import conditions_of, unit_of
from lotwise.expression.noted import noted
from lotwise.pl.canvas import Size
from lotwise.pl.correlated import double_zero_shares, level_of, pseudocount_of
from lotwise.pl.style import (
    NOT_DEFINED,
    Palette,
    add_note,
    batch_marks,
    colours_of,
    ink,
    lotwise_style,
    name_inches,
    repeated_colours,
    scaled,
    set_size,
    shorten,
)
from lotwise.wording import format_r

if TYPE_CHECKING:
    from anndata import AnnData
    from matplotlib.axes import Axes
    from matplotlib.collections import QuadMesh
    from matplotlib.figure import Figure
    from matplotlib.patches import Patch

Floats = npt.NDArray[np.float64]
Order = Literal["given", "clustered"]

_MOST_PRINTED: Final = 12
_MOST_NAMED: Final = 80
_LETTERS_A_ROW: Final = 60  # that the names of the columns can have side by side


def heatmap(
    expression: AnnData,
    *,
    order: Order = "given",
    statistic: Literal["pearson", "spearman"] = "pearson",
    decimals: int = 4,
    note: str = "",
    palette: Palette | None = None,
    figsize: Size | None = None,
) -> Figure:
    """Draw the correlations of all samples as colours, with batch and condition at the left.

    The colour scale spans the correlations between different samples, not 0 to 1, so that
    differences near 1 are visible. The diagonal, which is always 1, is left out.

    Parameters
    ----------
    expression
        Samples x features annotated by :func:`lotwise.tl.correlate`.
    order
        ``"given"`` keeps the order of the sample sheet; ``"clustered"`` puts similar samples
        together (average linkage on 1 - R) and draws the tree. Samples without R come last.
    statistic
        Name of the matrix in ``obsp``.
    decimals
        Decimals of the values, which are printed for up to 12 samples.
    note
        A line below.
    palette
        Colours of the batches: by name, as a list, or a palette of seaborn or Matplotlib.
    figsize
        Width and height in inches.

    Returns
    -------
    The figure; it is neither shown nor saved (:func:`lotwise.pl.save_figure`). Above 80 samples the
    figure has no names, and above eight batches the colours repeat; the title states both.

    Raises
    ------
    InputError
        ``obsp`` has no matrix with this name, its features or samples are not those of
        ``expression``, or obs has no column ``batch``.

    Examples
    --------
    >>> import lotwise
    >>> gene = lotwise.datasets.three_batches().gene
    >>> lotwise.tl.correlate(gene)
    >>> figure = lotwise.pl.heatmap(gene, order="clustered")
    """
    r = correlations_of(expression, statistic)
    if keys.BATCH not in expression.obs:
        raise InputError(
            "the AnnData has no obs column 'batch'", remedy="add the batch of each sample to obs"
        )
    rows, linkage = _arrange(r, order)
    shown = r[np.ix_(rows, rows)]
    names = [str(expression.obs_names[row]) for row in rows]
    batches = expression.obs[keys.BATCH].astype(str).to_list()
    colour_of = colours_of(batches, palette)
    with lotwise_style():
        figure, strip, axis, top = _empty_figure(
            figsize or _size(names, batches), linkage is not None
        )
        mesh = _draw_cells(axis, shown, decimals)
        _draw_strip(strip, _row_colours(expression, rows, colour_of))
        _name_samples(axis, names)
        if top is not None:
            _draw_tree(top, linkage)
        bar = figure.colorbar(mesh, ax=[axis] if top is None else [axis, top], shrink=0.5, pad=0.01)
        bar.set_label("Pearson's R" if statistic == "pearson" else "Spearman's rho")
        bar.ax.tick_params(labelsize=scaled(6))
        left_out = [repeated_colours(colour_of)]
        if len(names) > _MOST_NAMED:
            left_out.append(f"names of {len(names):,} samples not shown")
        title = _title(expression, statistic, order)
        more = "; ".join(filter(None, left_out))
        figure.suptitle(f"{title}\n{more}" if more else title, fontsize=scaled(9))
        _show_batches(figure, colour_of, _conditions(expression))
        add_note(figure, note)
        if figsize is not None:
            set_size(figure, figsize)
    return figure


def _empty_figure(size: Size, has_tree: bool) -> tuple[Figure, Axes, Axes, Axes | None]:
    """Return a figure with axes for the strip of colours, the cells and, above them, the tree."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=size, layout="constrained")
    FigureCanvasAgg(figure)
    heights = [0.12, 0.88] if has_tree else [0.001, 0.999]
    grid = figure.add_gridspec(2, 2, width_ratios=[0.04, 0.96], height_ratios=heights)
    axis = figure.add_subplot(grid[1, 1])
    strip = figure.add_subplot(grid[1, 0], sharey=axis)
    top = figure.add_subplot(grid[0, 1], sharex=axis) if has_tree else None
    return figure, strip, axis, top


def _draw_cells(axis: Axes, shown: Floats, decimals: int) -> QuadMesh:
    import matplotlib as mpl

    n = len(shown)
    without_diagonal = np.where(np.eye(n, dtype=bool), np.nan, shown)
    edges = np.arange(n + 1) - 0.5
    # As shapes, a quarter of a million cells would be files of 30 MB.
    mesh = axis.pcolormesh(
        edges, edges, np.ma.masked_invalid(without_diagonal), **_colours(shown),
        rasterized=n > _MOST_NAMED,
    )  # fmt: skip
    axis.set_facecolor(NOT_DEFINED)
    axis.set_xlim(-0.5, n - 0.5)
    axis.set_ylim(n - 0.5, -0.5)
    if n <= _MOST_PRINTED:
        levels = np.asarray(mesh.norm(np.nan_to_num(without_diagonal)))
        colours = np.asarray(mpl.colormaps[mesh.get_cmap().name](levels))
        dark = colours[..., :3] @ np.array([0.299, 0.587, 0.114]) < 0.5
        for row, column in zip(*np.nonzero(~np.isnan(without_diagonal)), strict=True):
            axis.text(
                column,
                row,
                format_r(float(shown[row, column]), decimals),
                ha="center",
                va="center",
                fontsize=scaled(6.5),
                color="white" if dark[row, column] else "black",
            )
    return mesh


def _draw_strip(strip: Axes, colours: list[list[str]]) -> None:
    """Draw a column of colours for the batches, and one of greys for the conditions."""
    from matplotlib.colors import to_rgb

    image = np.array([[to_rgb(colour) for colour in column] for column in colours])
    strip.imshow(image.transpose(1, 0, 2), aspect="auto", interpolation="none")
    words = ["batch", "condition"][: len(colours)]
    strip.set_xticks(range(len(words)), words, rotation=90, fontsize=scaled(6))
    strip.tick_params(length=0, labelleft=False)


def _name_samples(axis: Axes, names: list[str]) -> None:
    axis.tick_params(length=0, labelsize=scaled(7))
    axis.yaxis.tick_right()
    if len(names) > _MOST_NAMED:
        axis.set_xticks([])
        axis.set_yticks([])
        return
    size = scaled(float(np.clip(7 - (len(names) - 24) / 14, 3.5, 7)))
    shown = [shorten(name) for name in names]
    rotation = 90 if _is_upright(names) else 0
    axis.set_xticks(range(len(names)), shown, rotation=rotation, fontsize=size)
    axis.set_yticks(range(len(names)), shown, fontsize=size)


def _is_upright(names: list[str]) -> bool:
    """Return whether the names of the columns are too long to be side by side."""
    return max(len(shorten(name)) for name in names) * len(names) > _LETTERS_A_ROW


def _draw_tree(top: Axes, linkage: Any) -> None:
    """Draw the tree above the cells; its leaves are at the places of the columns."""
    from scipy.cluster.hierarchy import dendrogram

    tree = dendrogram(linkage, no_plot=True)
    for across, up in zip(tree["icoord"], tree["dcoord"], strict=True):
        # SciPy puts leaves at 5, 15, 25.
        top.plot((np.array(across) - 5) / 10, up, color=ink(), linewidth=0.7)
    top.set_ylim(bottom=0)
    top.set_axis_off()


def _conditions(expression: AnnData) -> dict[str, str]:
    """Return a shade of grey for each condition; none if there is only one."""
    conditions = list(dict.fromkeys(conditions_of(expression)))
    shades = np.linspace(0.15, 0.9, len(conditions))
    found = {name: f"{shade:.3f}" for name, shade in zip(conditions, shades, strict=True)}
    return found if len(found) > 1 else {}


def _row_colours(
    expression: AnnData, rows: npt.NDArray[np.int64], colour_of: dict[str, str]
) -> list[list[str]]:
    """Return the colours of the batches and, if there are several, of the conditions."""
    batches = expression.obs[keys.BATCH].astype(str).to_list()
    found = [[colour_of[batches[row]] for row in rows]]
    shades, conditions = _conditions(expression), conditions_of(expression)
    if shades:
        found.append([shades[conditions[row]] for row in rows])
    return found


def _arrange(r: Floats, order: Order) -> tuple[npt.NDArray[np.int64], Any]:
    """Return the samples' order, and their tree if R is defined for all of them."""
    from scipy.cluster.hierarchy import leaves_list
    from scipy.cluster.hierarchy import linkage as link
    from scipy.spatial.distance import squareform

    defined = ~np.isnan(np.diag(r))
    rows = np.arange(len(r), dtype=np.int64)
    if order == "given" or defined.sum() < 2:
        return rows, None
    kept = rows[defined]
    distance = squareform(1.0 - r[np.ix_(kept, kept)], checks=False)
    tree = link(np.maximum(distance, 0.0), method="average", optimal_ordering=True)
    ordered = np.concatenate([kept[leaves_list(tree)], rows[~defined]])
    return ordered, tree if defined.all() else None


def _colours(shown: Floats) -> dict[str, Any]:
    between = shown[~np.eye(len(shown), dtype=bool)]
    between = between[~np.isnan(between)]
    if between.size == 0:
        return {"cmap": "viridis", "vmin": 0.0, "vmax": 1.0}
    low, high = float(between.min()), float(between.max())
    if high - low < 1e-12:
        low -= 1e-6
    return {"cmap": "viridis", "vmin": low, "vmax": high}


def _size(names: list[str], batches: list[str]) -> tuple[float, float]:
    n_samples = len(names)
    # Cells with numbers need more room. Without them, names must stay legible on a page.
    inch_a_sample = 0.45 if n_samples <= _MOST_PRINTED else 0.16
    side = float(np.clip(3.5 + inch_a_sample * n_samples, 5.5, 16.0))
    beside = name_inches(names, size=7) if n_samples <= _MOST_NAMED else 0.0
    below = beside if _is_upright(names) else 0.0
    return side + 1.0 + beside + name_inches(batches, size=7), side + below


def _title(expression: AnnData, statistic: str, order: Order) -> str:
    name = "Pearson's R" if statistic == "pearson" else "Spearman's rho"
    words = f"{level_of(expression).capitalize()} level: {name}"
    if keys.PAIRS in noted(expression):  # not if the matrix was computed elsewhere
        if statistic == "pearson":
            words += f" of log2({unit_of(expression)} + {pseudocount_of(expression):g})"
        words += f" over all {expression.n_vars:,} {features_of(expression)}\n"
        words += f"({double_zero_shares(expression)} of them are zero in both samples)"
    return f"{words}, {'in the order given' if order == 'given' else 'clustered'}"


def _show_batches(figure: Figure, colour_of: dict[str, str], shade_of: dict[str, str]) -> None:
    """Explain the colours where there are no more batches than colours, and the conditions."""
    from matplotlib.patches import Patch

    marks: list[Patch] = batch_marks(colour_of)
    if marks:
        marks.insert(0, Patch(alpha=0, label="batch"))
    if shade_of:
        named = {name or "no condition": shade for name, shade in shade_of.items()}
        marks += [Patch(alpha=0, label="condition"), *batch_marks(named)]
    if marks:
        figure.legend(handles=marks, loc="outside right upper", fontsize=scaled(7), frameon=False)
