"""Points of a scatter panel as an image, which stays small for any number of points."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.ndimage import convolve

Pixels = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


def pixels_of(values: Floats, *, upper: float, n_pixels: int) -> Pixels:
    """Return the pixel of each value on an axis from 0 to ``upper``.

    Examples
    --------
    >>> pixels_of(np.array([0.0, 5.0, 10.0]), upper=10, n_pixels=10)
    array([0, 5, 9])
    """
    pixels = np.floor(values / upper * n_pixels).astype(np.int64)
    return np.clip(pixels, 0, n_pixels - 1)


def count_pixels(x: Pixels, y: Pixels, n_pixels: int) -> Pixels:
    """Count the features in each pixel; rows are y, from the bottom.

    Examples
    --------
    >>> count_pixels(np.array([0, 0, 1]), np.array([1, 1, 0]), 2)
    array([[0, 1],
           [2, 0]])
    """
    flat = np.bincount(y * n_pixels + x, minlength=n_pixels * n_pixels)
    return flat.reshape(n_pixels, n_pixels)


def points(counts: Pixels, *, radius: float, alpha: float) -> Floats:
    """Return the darkness of overlapping translucent round points, in [0, 1).

    Parameters
    ----------
    counts
        Number of features in each pixel.
    radius
        Radius of a point, in pixels.
    alpha
        Darkness of a single point; k points in one place give 1 - (1 - alpha)^k.
    """
    reach = int(np.ceil(radius))
    offsets = np.arange(-reach, reach + 1)
    disc = (offsets[:, None] ** 2 + offsets[None, :] ** 2 <= radius**2).astype(np.float64)
    covered = convolve(counts.astype(np.float64), disc, mode="constant")
    darkness: Floats = 1.0 - (1.0 - alpha) ** covered
    return darkness
