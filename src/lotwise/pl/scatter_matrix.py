"""Extended Data Figs 1 and 2: every sample against every other, with Pearson's R.

One pair of axes carries all panels: the clouds are one image and the rest is
vector text, so that 24 samples take seconds and few megabytes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from lotwise import keys
from lotwise.config import Style
from lotwise.errors import InputError
from lotwise.expression.labels import unit_of
from lotwise.expression.noted import correlations_of
from lotwise.files.figures import lotwise_style
from lotwise.pl.cloud import count_pixels, pixels_of, points
from lotwise.pl.correlated import double_zero_shares, level_of, pseudocount_of
from lotwise.pl.style import IDENTITY_LINE, add_note
from lotwise.tl.pairs import layer_of
from lotwise.wording import format_r

if TYPE_CHECKING:
    from anndata import AnnData
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Floats = npt.NDArray[np.float64]

MOST_SAMPLES: Final = 40
_GAP = 0.06  # between panels, in widths of a panel
_MOST_PIXELS = 2_400  # of the whole image, a side
_MOST_PANEL_PIXELS = 480
_POINT = 0.0045  # radius of a point, in widths of a panel
_ALPHA = 0.35
_LEVEL_WORDS = {"gene": "genes", "isoform": "isoforms"}


class Layout(NamedTuple):
    """Where panels lie: panel (row, column) has its corner at (column, n - 1 - row)."""

    n: int
    size: float
    upper: float
    n_pixels: int

    @classmethod
    def of(cls, n_samples: int, log_tpm: Floats) -> Layout:
        """Choose the scale that all panels share, and how finely clouds are drawn."""
        highest = float(log_tpm.max()) if log_tpm.size else 1.0
        upper = max(1.0, np.ceil(highest * 1.02))
        n_pixels = min(_MOST_PANEL_PIXELS, _MOST_PIXELS // n_samples)
        return cls(n_samples, 1.0 - _GAP, float(upper), n_pixels)

    def corner(self, row: int, column: int) -> tuple[float, float]:
        """Give the lower left corner of a panel."""
        return column + _GAP / 2, self.n - 1 - row + _GAP / 2

    def centre(self, row: int, column: int) -> tuple[float, float]:
        """Give the middle of a panel."""
        return column + 0.5, self.n - row - 0.5

    def ticks(self) -> Floats:
        """Give round values of log2(TPM + 1) for the ticks of a panel."""
        step = 5 if self.n <= 12 else 10
        return np.arange(0, self.upper + 1e-9, step)


def scatter_matrix(
    expression: AnnData,
    *,
    style: Style = "paper",
    decimals: int = 4,
    title: str | None = None,
    note: str = "",
) -> Figure:
    """Draw every sample against every other, with Pearson's R printed.

    Below the diagonal are the clouds of log2(TPM + 1) with the identity line, on the
    diagonal the batches, above it R over all features.

    Parameters
    ----------
    expression
        Samples x features that :func:`lotwise.tl.correlate` annotated.
    style
        ``"paper"`` draws a translucent point a feature; ``"density"`` colours each
        pixel by the number of features in it.
    decimals
        Decimals of R; 1 is printed for identical samples alone.
    title, note
        Lines above and below; the default title says what is shown.

    Returns
    -------
    The figure; nothing is shown or saved (:func:`lotwise.pl.save_figure`).

    Raises
    ------
    InputError
        There is no R in ``obsp``, it is of other features or samples, or there are more than
        40 samples: nobody could read the panels, and :func:`lotwise.pl.heatmap` shows them all.

    References
    ----------
    Bloor et al. 2020, Nature Medicine 26:1720, Extended Data Figs 1 and 2.

    Examples
    --------
    >>> import lotwise
    >>> gene = getfixture("three_batches").gene
    >>> lotwise.tl.correlate(gene)
    >>> figure = lotwise.pl.scatter_matrix(gene)
    >>> len(figure.axes)
    1
    """
    r, pseudocount = _correlation_of(expression)
    n_samples = expression.n_obs
    if n_samples > MOST_SAMPLES:
        raise InputError(
            f"{n_samples} samples came; a scatter matrix is legible up to {MOST_SAMPLES}",
            remedy="draw lotwise.pl.heatmap, or choose samples",
        )
    log_tpm = np.log2(np.asarray(layer_of(expression, keys.TPM), dtype=np.float64) + pseudocount)
    log_tpm -= np.log2(pseudocount)
    layout = Layout.of(n_samples, log_tpm)
    with lotwise_style():
        figure, axes = _empty_figure(n_samples)
        _draw_clouds(figure, axes, layout, log_tpm, style)
        _draw_frames(axes, layout)
        _write_names(axes, layout, _labels(expression))
        _write_r(axes, layout, r, decimals)
        _draw_ticks(axes, layout, pseudocount, unit=unit_of(expression))
        _write_words(figure, title if title is not None else _title(expression), note)
    return figure


def _correlation_of(expression: AnnData) -> tuple[Floats, float]:
    if keys.PEARSON not in expression.obsp:
        raise InputError(
            "the AnnData has no Pearson's R in obsp", remedy="call lotwise.tl.correlate first"
        )
    return correlations_of(expression, keys.PEARSON), pseudocount_of(expression)


def _empty_figure(n_samples: int) -> tuple[Figure, Axes]:
    from matplotlib.figure import Figure

    side = min(16.0, max(5.0, 1.9 * n_samples + 1.0))
    figure = Figure(figsize=(side, side + 0.5), layout="constrained")
    axes = figure.add_subplot()
    axes.set_xlim(0, n_samples)
    axes.set_ylim(0, n_samples)
    axes.set_aspect("equal")
    for spine in axes.spines.values():
        spine.set_visible(False)
    return figure, axes


def _draw_clouds(figure: Figure, axes: Axes, layout: Layout, log_tpm: Floats, style: Style) -> None:
    pixels = [pixels_of(sample, upper=layout.upper, n_pixels=layout.n_pixels) for sample in log_tpm]
    counts = {
        (row, column): count_pixels(pixels[column], pixels[row], layout.n_pixels)
        for row in range(layout.n)
        for column in range(row)
    }
    if style == "density":
        _draw_density(figure, axes, layout, counts)
        return
    radius = max(0.8, _POINT * layout.n_pixels)
    for place, counted in counts.items():
        shade = np.zeros((*counted.shape, 4))
        shade[..., 3] = points(counted, radius=radius, alpha=_ALPHA)
        axes.imshow(_as_bytes(shade), extent=_extent(layout, *place), **_IMAGE)


def _draw_density(
    figure: Figure,
    axes: Axes,
    layout: Layout,
    counts: dict[tuple[int, int], npt.NDArray[np.int64]],
) -> None:
    from matplotlib.colors import LogNorm
    from matplotlib.ticker import LogFormatter

    # Double zeros share one pixel; they would take the whole scale of colours.
    highest = max((int(np.sort(counted, axis=None)[-2]) for counted in counts.values()), default=2)
    norm = LogNorm(vmin=1, vmax=max(highest, 2), clip=True)
    image = None
    for place, counted in counts.items():
        shown = np.ma.masked_equal(counted, 0)
        image = axes.imshow(
            shown, extent=_extent(layout, *place), norm=norm, cmap="viridis", **_IMAGE
        )
    if image is not None:
        bar = figure.colorbar(
            image, ax=axes, shrink=0.4, pad=0.01, extend="max", format=LogFormatter()
        )
        # Those that come with the scale write powers as formulas, which are not parsed here.
        bar.minorformatter = LogFormatter()
        bar.set_label("features a pixel")


_IMAGE: Final[dict[str, Any]] = {
    "origin": "lower",
    "interpolation": "none",
    "aspect": "equal",
    "zorder": 2,
}


def _as_bytes(shade: Floats) -> npt.NDArray[np.uint8]:
    """Give the image as bytes, which are an eighth of the size and all that is printed."""
    return np.round(shade * 255).astype(np.uint8)


def _extent(layout: Layout, row: int, column: int) -> tuple[float, float, float, float]:
    left, below = layout.corner(row, column)
    return left, left + layout.size, below, below + layout.size


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
    """Give the batch of each sample, with the sample's own name where a batch has several."""
    batches = expression.obs[keys.BATCH].astype(str).to_list()
    names = expression.obs_names.to_list()
    return [
        batch if batches.count(batch) == 1 else f"{batch}\n{name}"
        for batch, name in zip(batches, names, strict=True)
    ]


def _write_names(axes: Axes, layout: Layout, labels: list[str]) -> None:
    # The batch and the name of the sample stand on lines of their own.
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
    """Break long names at their own marks, so that they stay legible in a panel."""
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
    """Give the width of a panel in typographic points, roughly: the layout comes later."""
    figure = axes.get_figure(root=True)
    width = 6.0 if figure is None else figure.get_size_inches()[0]
    return float(width) * 0.85 * 72 / layout.n * layout.size


def _draw_ticks(axes: Axes, layout: Layout, pseudocount: float, *, unit: str) -> None:
    values = layout.ticks()
    within = values / layout.upper * layout.size
    offsets = (np.arange(layout.n)[:, None] + _GAP / 2 + within[None, :]).ravel()
    words = [f"{value:g}" for value in values] * layout.n
    # Only panels below the diagonal have scales: not the last column, not the first row.
    keep = slice(0, len(values) * max(1, layout.n - 1))
    axes.set_xticks(offsets[keep], words[keep])
    axes.set_yticks(offsets[keep], words[keep])
    axes.tick_params(length=2, width=0.5, labelsize=max(3.0, 7.0 - layout.n / 8))
    label = f"log2({unit} + 1)" if pseudocount == 1 else f"log2({unit}/{pseudocount:g} + 1)"
    axes.set_xlabel(label)
    axes.set_ylabel(label)


def _title(expression: AnnData) -> str:
    level, both_zero = level_of(expression), double_zero_shares(expression)
    return (
        f"{level.capitalize()} level: Pearson's R over all {expression.n_vars:,} "
        f"{_LEVEL_WORDS.get(level, 'features')}, zero in both samples for {both_zero}"
    )


def _write_words(figure: Figure, title: str, note: str) -> None:
    size = max(9.0, 0.75 * float(figure.get_size_inches()[0]))
    figure.suptitle(title, fontsize=size)
    add_note(figure, note, size=size)
