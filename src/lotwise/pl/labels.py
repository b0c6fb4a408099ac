"""Names next to points, placed so that they overlap neither each other nor the frame."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from lotwise.pl.style import ink, shorten

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.patheffects import AbstractPathEffect

Side = Literal["left", "right", "center"]
Floats = npt.NDArray[np.float64]
Segment = tuple[float, float, float]

_LETTER: Final = 0.62  # mean width of a letter, in font sizes
_LINE: Final = 1.25  # height of a line, in font sizes
_GAP: Final = 3.0  # points between a point and its name
_RINGS: Final = 14
_LONG: Final = 6.0  # from this distance in points on, a line connects name and point
_LEADER: Final[Any] = {
    "arrowstyle": "-", "linewidth": 0.4, "color": "0.5", "shrinkA": 0, "shrinkB": 1,
}  # fmt: skip


class _Box(NamedTuple):
    left: float
    below: float
    width: float
    height: float

    def overlap(self, other: _Box) -> float:
        """Return the area that both cover."""
        wide = min(self.left + self.width, other.left + other.width) - max(self.left, other.left)
        high = min(self.below + self.height, other.below + other.height) - max(
            self.below, other.below
        )
        return max(wide, 0.0) * max(high, 0.0)


def name_points(
    axis: Axes,
    x: npt.ArrayLike,
    y: npt.ArrayLike,
    names: Sequence[str],
    *,
    size: float,
    lines: Sequence[Segment] = (),
) -> None:
    """Write each name next to its point, or link both by a short line; ``size`` in points.

    Call this function when the limits and size of the axes are final, because positions depend on
    them. Names avoid the horizontal ``lines``, each given as (first x, last x, y).
    """
    if not names:
        return
    figure = axis.get_figure(root=True)
    per_point = (figure.dpi if figure is not None else 100) / 72
    axis.set_xlim(axis.get_xlim())
    axis.set_ylim(axis.get_ylim())
    where: Floats = axis.transData.transform(np.column_stack([x, y])) / per_point
    frame = axis.get_window_extent()
    inside = _Box(*(edge / per_point for edge in (frame.x0, frame.y0, frame.width, frame.height)))
    marks = [_Box(px - 2, py - 2, 4, 4) for px, py in where]
    drawn = [_box_of(axis, line, per_point) for line in lines]
    placed: list[_Box] = []
    for at in np.argsort(-where[:, 1], kind="stable"):
        name = shorten(str(names[at]))
        width, height = _LETTER * size * len(name), _LINE * size
        px, py = (float(value) for value in where[at])
        others = [mark for number, mark in enumerate(marks) if number != at]
        box, _ = min(
            (
                (candidate, _cost(candidate, [*placed, *others, *drawn], inside, far))
                for candidate, far in _candidates(px, py, width, height)
            ),
            key=lambda found: found[1],
        )
        placed.append(box)
        across, rise, side = _offset(box, px, py)
        apart = np.hypot(across, rise) > _LONG + (height if side == "center" else 0)
        axis.annotate(
            name,
            (float(np.ravel(x)[at]), float(np.ravel(y)[at])),
            xytext=(across, rise),
            textcoords="offset points",
            ha=side,
            va="center",
            fontsize=size,
            color=ink(),
            path_effects=halo(axis),
            annotation_clip=False,
            arrowprops=_LEADER if apart else None,
        )


def halo(axis: Axes) -> list[AbstractPathEffect]:
    """Return an outline in the colour of the background, for text over points and lines."""
    from matplotlib.patheffects import Normal, Stroke

    return [Stroke(linewidth=1.8, foreground=axis.get_facecolor()), Normal()]


def _box_of(axis: Axes, line: Segment, per_point: float) -> _Box:
    """Return the place of a horizontal line, in points."""
    start, end, height = line
    ends: Floats = axis.transData.transform([(start, height), (end, height)]) / per_point
    return _Box(ends[0, 0], ends[0, 1] - 1, ends[1, 0] - ends[0, 0], 2)


def _candidates(x: float, y: float, width: float, height: float) -> Iterator[tuple[_Box, float]]:
    """Yield positions around a point, the nearest first, each with its distance."""
    for ring in range(_RINGS):
        away = ring * height * 0.6
        for side, rise in ((1, 0), (-1, 0), (1, 1), (-1, 1), (1, -1), (-1, -1), (0, 1), (0, -1)):
            if rise == 0 and ring:
                continue
            reach = _GAP + 0.4 * away
            left = x + reach if side > 0 else x - reach - width if side < 0 else x - width / 2
            shift = rise * (away + (height / 2 + _GAP if side == 0 else height * 0.6))
            yield _Box(left, y - height / 2 + shift, width, height), float(ring + abs(rise) * 0.1)


def _cost(box: _Box, taken: list[_Box], inside: _Box, far: float) -> float:
    outside = box.width * box.height - box.overlap(inside)
    return 100 * outside + 100 * sum(box.overlap(other) for other in taken) + far


def _offset(box: _Box, x: float, y: float) -> tuple[float, float, Side]:
    """Return the offset of a name from its point, and the side on which it is."""
    rise = box.below + box.height / 2 - y
    if box.left >= x:
        return box.left - x, rise, "left"
    if box.left + box.width <= x:
        return box.left + box.width - x, rise, "right"
    return 0.0, rise, "center"
