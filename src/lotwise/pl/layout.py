"""Where the panels of a scatter matrix are, and the scale that they share."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

_GAP: Final = 0.06  # between panels, in widths of a panel
_MOST_PIXELS: Final = 2_400  # of the whole image, per side
_MOST_PANEL_PIXELS: Final = 480
_SPACE: Final = (
    0.02  # below zero, in the length of an axis, so that the frame cuts no point at zero
)


class Layout(NamedTuple):
    """Positions of panels.

    Panel (row, column) lies in the unit square with the lower left corner (column, n - 1 - row).
    """

    n: int
    size: float
    upper: float
    n_pixels: int

    @classmethod
    def of(cls, n_samples: int, log_tpm: Floats) -> Layout:
        """Choose the scale that all panels share, and the number of pixels per side of a panel."""
        highest = float(log_tpm.max()) if log_tpm.size else 1.0
        upper = max(1.0, np.ceil(highest * 1.02))
        n_pixels = min(_MOST_PANEL_PIXELS, _MOST_PIXELS // n_samples)
        return cls(n_samples, 1.0 - _GAP, float(upper), n_pixels)

    @property
    def lower(self) -> float:
        """The value at the lower edge of a panel."""
        return -_SPACE * self.upper

    def share(self, values: Floats) -> Floats:
        """Return the positions of values along the axis of a panel, from 0 to 1."""
        return (values - self.lower) / (self.upper - self.lower)

    def corner(self, row: int, column: int) -> tuple[float, float]:
        """Return the lower left corner of a panel."""
        return column + _GAP / 2, self.n - 1 - row + _GAP / 2

    def centre(self, row: int, column: int) -> tuple[float, float]:
        """Return the middle of a panel."""
        return column + 0.5, self.n - row - 0.5

    def extent(self, row: int, column: int) -> tuple[float, float, float, float]:
        """Return left, right, lower and upper edge of a panel."""
        left, below = self.corner(row, column)
        return left, left + self.size, below, below + self.size

    def ticks(self) -> Floats:
        """Return round values of log2(TPM + 1) for the ticks of a panel."""
        step = 5 if self.n <= 12 else 10
        return np.arange(0, self.upper + 1e-9, step)

    def tick_places(self) -> Floats:
        """Return the positions of the ticks along a side of the matrix, one row per panel."""
        within = self.share(self.ticks()) * self.size
        return np.arange(self.n)[:, None] + _GAP / 2 + within[None, :]
