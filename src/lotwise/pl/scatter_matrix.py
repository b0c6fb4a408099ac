"""Scatter plots of all pairs of samples with Pearson's R, as in Extended Data Figs 1 and 2.

All panels are drawn in one Matplotlib ``Axes``. The point clouds are one image, and the rest is
vector graphics. A figure of 24 samples therefore takes only seconds and a few megabytes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Literal

import numpy as np
import numpy.typing as npt

from lotwise import keys
from lotwise.config import Style
from lotwise.errors import InputError
from lotwise.expression.computed import correlations_of
from lotwise.expression.features import features_of
from lotwise.expression.labels import unit_of
from lotwise.expression.layers import tpm_of
from lotwise.pl.canvas import Size, one_axes
from lotwise.pl.cloud import count_pixels, pixels_of, points
from lotwise.pl.correlated import (
    double_zero_shares,
    layer_correlated,
    level_of,
    pseudocount_of,
)
from lotwise.pl.layout import Layout
from lotwise.pl.style import (
    IDENTITY_LINE,
    Palette,
    add_note,
    colours_of,
    ink,
    lotwise_style,
    scaled,
    set_size,
)
from lotwise.wording import format_r

if TYPE_CHECKING:
    from anndata import AnnData
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Floats = npt.NDArray[np.float64]

MOST_SAMPLES: Final = 40
_POINT = 0.0045  # radius of a point, in widths of a panel
_ALPHA = 0.35


def scatter_matrix(
    expression: AnnData,
    *,
    style: Style = "paper",
    decimals: int = 4,
    title: str | None = None,
    note: str = "",
    diagonal: Literal["name", "density"] = "name",
    palette: Palette | None = None,
    figsize: Size | None = None,
) -> Figure:
    """Draw scatter plots of all pairs of samples, with Pearson's R printed.

    Below the diagonal are scatter plots of log2(TPM / c + 1) with the identity line, where c is the
    pseudo-count of R. The batch and the sample are named on the diagonal. R over all features is
    above the diagonal.

    Parameters
    ----------
    expression
        Samples x features annotated by :func:`lotwise.tl.correlate`.
    style
        ``"paper"`` draws a translucent point per feature; ``"density"`` colours each
        pixel by the number of features in it.
    decimals
        Decimals of R; 1 is printed only for identical samples.
    title, note
        Lines above and below; the default title says what is shown.
    diagonal
        ``"name"`` prints the name; ``"density"`` also draws the distribution of the values above 0.
    palette
        Colours of the batches on the diagonal: by name, as a list, or a palette of seaborn or
        Matplotlib. By default the batches are not coloured.
    figsize
        Width and height in inches.

    Returns
    -------
    The figure; it is neither shown nor saved (:func:`lotwise.pl.save_figure`).

    Raises
    ------
    InputError
        ``obsp`` has no R, R was computed from other features or samples, or there are more than
        40 samples (the panels would be illegible; use :func:`lotwise.pl.heatmap`).

    References
    ----------
    Bloor et al. 2020, Nature Medicine 26:1720, Extended Data Figs 1 and 2.

    Examples
    --------
    >>> import lotwise
    >>> gene = lotwise.datasets.three_batches().gene
    >>> lotwise.tl.correlate(gene)
    >>> figure = lotwise.pl.scatter_matrix(gene)
    >>> len(figure.axes)
    1
    """
    r, pseudocount = correlations_of(expression), pseudocount_of(expression)
    n_samples = expression.n_obs
    if n_samples > MOST_SAMPLES:
        raise InputError(
            f"a scatter matrix is legible up to {MOST_SAMPLES} samples, got {n_samples}",
            remedy="use lotwise.pl.heatmap, or select fewer samples",
        )
    layer = layer_correlated(expression)
    log_tpm = np.log2(tpm_of(expression, layer) + pseudocount)
    log_tpm -= np.log2(pseudocount)
    layout = Layout.of(n_samples, log_tpm)
    with lotwise_style():
        figure, axes = _empty_figure(n_samples, figsize)
        _draw_clouds(figure, axes, layout, log_tpm, style)
        if palette is not None:
            _colour_batches(axes, layout, expression.obs[keys.BATCH].astype(str).to_list(), palette)
        if diagonal == "density":
            _draw_distributions(axes, layout, log_tpm)
        _draw_frames(axes, layout)
        _write_names(axes, layout, _labels(expression))
        _write_r(axes, layout, r, decimals)
        unit = unit_of(expression) if layer == keys.TPM else layer
        _draw_ticks(axes, layout, pseudocount, unit=unit)
        size = scaled(max(9.0, 0.75 * float(figure.get_size_inches()[0])))
        # Not of the figure: the square of panels is lower than the figure may be.
        axes.set_title(title if title is not None else _title(expression), fontsize=size)
        add_note(figure, note, size=size)
        if figsize is not None:
            set_size(figure, figsize)
    return figure


def _empty_figure(n_samples: int, figsize: Size | None) -> tuple[Figure, Axes]:
    side = min(16.0, max(5.0, 1.9 * n_samples + 1.0))
    figure, axes = one_axes(width=side, height=side + 0.5, figsize=figsize)
    axes.set_xlim(0, n_samples)
    axes.set_ylim(0, n_samples)
    axes.set_aspect("equal")
    for spine in axes.spines.values():
        spine.set_visible(False)
    return figure, axes


def _draw_clouds(figure: Figure, axes: Axes, layout: Layout, log_tpm: Floats, style: Style) -> None:
    pixels = [
        pixels_of(
            sample - layout.lower, upper=layout.upper - layout.lower, n_pixels=layout.n_pixels
        )
        for sample in log_tpm
    ]
    counts = {
        (row, column): count_pixels(pixels[column], pixels[row], layout.n_pixels)
        for row in range(layout.n)
        for column in range(row)
    }
    if style == "density":
        _draw_density(figure, axes, layout, counts)
        return
    from matplotlib.colors import to_rgb

    radius = max(0.8, _POINT * layout.n_pixels)
    for place, counted in counts.items():
        shade = np.zeros((*counted.shape, 4))
        shade[..., :3] = to_rgb(ink())
        shade[..., 3] = points(counted, radius=radius, alpha=_ALPHA)
        axes.imshow(_as_bytes(shade), extent=layout.extent(*place), **_IMAGE)


def _draw_density(
    figure: Figure,
    axes: Axes,
    layout: Layout,
    counts: dict[tuple[int, int], npt.NDArray[np.int64]],
) -> None:
    from matplotlib.colors import LogNorm
    from matplotlib.ticker import LogFormatter

    # Features that are zero in both samples share one pixel and would dominate the colour scale.
    highest = max((int(np.sort(counted, axis=None)[-2]) for counted in counts.values()), default=2)
    norm = LogNorm(vmin=1, vmax=max(highest, 2), clip=True)
    image = None
    for place, counted in counts.items():
        shown = np.ma.masked_equal(counted, 0)
        image = axes.imshow(
            shown, extent=layout.extent(*place), norm=norm, cmap="viridis", **_IMAGE
        )
    if image is not None:
        bar = figure.colorbar(
            image, ax=axes, shrink=0.4, pad=0.01, extend="max", format=LogFormatter()
        )
        # The default formatter writes powers as formulas, which are not parsed here.
        bar.minorformatter = LogFormatter()
        bar.set_label("features per pixel")


_IMAGE: Final[dict[str, Any]] = {
    "origin": "lower",
    "interpolation": "none",
    "aspect": "equal",
    "zorder": 2,
}


def _as_bytes(shade: Floats) -> npt.NDArray[np.uint8]:
    """Return the image as bytes, an eighth of the size and enough for print."""
    return np.round(shade * 255).astype(np.uint8)


def _colour_batches(axes: Axes, layout: Layout, batches: list[str], palette: Palette) -> None:
    """Fill the panels of the diagonal with the colours of their batches."""
    from matplotlib.patches import Rectangle

    colour_of = colours_of(batches, palette)
    for index, batch in enumerate(batches):
        corner = layout.corner(index, index)
        axes.add_patch(
            Rectangle(corner, layout.size, layout.size, color=colour_of[batch], alpha=0.35, lw=0)
        )


def _draw_distributions(axes: Axes, layout: Layout, log_tpm: Floats) -> None:
    """Draw into the diagonal how the features above zero are distributed, on the common axis."""
    for index, sample in enumerate(log_tpm):
        heights, edges = np.histogram(sample[sample > 0], bins=40, range=(0, layout.upper))
        left, below = layout.corner(index, index)
        x = left + layout.share(edges) * layout.size
        y = below + 0.9 * layout.size * heights / max(1, heights.max())
        axes.stairs(y, x, baseline=below, fill=True, color="0.5", alpha=0.5)


def _draw_frames(axes: Axes, layout: Layout) -> None:
    from matplotlib.collections import LineCollection, PatchCollection
    from matplotlib.patches import Rectangle

    frames = [
        Rectangle(layout.corner(row, column), layout.size, layout.size)
        for row in range(layout.n)
        for column in range(layout.n)
    ]
    axes.add_collection(
        PatchCollection(frames, facecolor="none", edgecolor="0.6", linewidth=0.5, zorder=1)
    )
    corners = [layout.corner(row, column) for row in range(layout.n) for column in range(row)]
    identity = LineCollection(
        [[(x, y), (x + layout.size, y + layout.size)] for x, y in corners],
        colors=IDENTITY_LINE,
        linewidths=0.6,
        zorder=3,
        label="identity",
    )
    axes.add_collection(identity)
    axes.set_xlim(0, layout.n)
    axes.set_ylim(0, layout.n)


def _labels(expression: AnnData) -> list[str]:
    """Return the batch and the name of each sample; once if they are equal."""
    batches = expression.obs[keys.BATCH].astype(str)
    return [
        batch if batch == name else f"{batch}\n{name}"
        for batch, name in zip(batches, expression.obs_names, strict=True)
    ]


def _write_names(axes: Axes, layout: Layout, labels: list[str]) -> None:
    # The batch and the name of the sample are on separate lines.
    wrapped = ["\n".join(map(_wrap, label.split("\n"))) for label in labels]
    longest = max(1, *(len(line) for label in wrapped for line in label.split("\n")))
    points_wide = _panel_points(axes, layout)
    size = float(np.clip(points_wide / (0.8 * longest), 2.0, 12.0))
    for index, label in enumerate(wrapped):
        axes.text(
            *layout.centre(index, index),
            label,
            ha="center",
            va="center",
            fontsize=size,
            fontweight="bold",
            gid="name",
        )


def _wrap(label: str) -> str:
    """Break long names at their own separators, so that they stay legible in a panel."""
    if len(label) <= 14:
        return label
    pieces = label.replace("-", "-\0").replace("_", "_\0").replace(" ", " \0").split("\0")
    lines = [""]
    for piece in (long[at : at + 28] for long in pieces for at in range(0, len(long), 28)):
        if lines[-1] and len(lines[-1]) + len(piece) > 14:
            lines.append("")
        lines[-1] += piece
    return "\n".join(lines)


def _write_r(axes: Axes, layout: Layout, r: Floats, decimals: int) -> None:
    size = float(np.clip(_panel_points(axes, layout) / (0.68 * (decimals + 6)), 2.0, 14.0))
    for row in range(layout.n):
        for column in range(row + 1, layout.n):
            text = format_r(float(r[row, column]), decimals)
            defined = not np.isnan(r[row, column])
            axes.text(
                *layout.centre(row, column),
                f"R = {text}" if defined else f"R {text}",
                ha="center",
                va="center",
                fontsize=size,
                gid="r",
            )


def _panel_points(axes: Axes, layout: Layout) -> float:
    """Return the approximate width of a panel in points; the layout is computed later."""
    figure = axes.get_figure(root=True)
    width = 6.0 if figure is None else figure.get_size_inches()[0]
    return float(width) * 0.85 * 72 / layout.n * layout.size


def _draw_ticks(axes: Axes, layout: Layout, pseudocount: float, *, unit: str) -> None:
    # Only panels below the diagonal have scales: not the last column, not the first row.
    places = layout.tick_places()[: max(1, layout.n - 1)]
    words = [f"{value:g}" for value in layout.ticks()] * len(places)
    axes.set_xticks(places.ravel(), words)
    axes.set_yticks(places.ravel(), words)
    axes.tick_params(length=2, width=0.5, labelsize=max(3.0, 7.0 - layout.n / 8))
    label = f"log2({unit} + 1)" if pseudocount == 1 else f"log2({unit}/{pseudocount:g} + 1)"
    axes.set_xlabel(label)
    axes.set_ylabel(label)


def _title(expression: AnnData) -> str:
    level, both_zero = level_of(expression), double_zero_shares(expression)
    return (
        f"{level.capitalize()} level: Pearson's R over all {expression.n_vars:,} "
        f"{features_of(expression)} ({both_zero} of them are zero in both samples)"
    )
