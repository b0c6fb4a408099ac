"""Clouds as images."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from lotwise.pl.cloud import count_pixels, pixels_of, points


@given(arrays(np.float64, (2, 50), elements=st.floats(0, 20)))
def test_count_pixels__equals_numpys_histogram(samples):
    x, y = (pixels_of(sample, upper=20, n_pixels=16) for sample in samples)
    edges = np.linspace(0, 20, 17)
    wanted = np.histogram2d(samples[1], samples[0], bins=[edges, edges])[0]
    assert np.array_equal(count_pixels(x, y, 16), wanted)


def test_points__darkness_by_hand():
    counts = np.zeros((7, 7), dtype=np.int64)
    counts[3, 3], counts[3, 5] = 1, 2
    dark = points(counts, radius=1, alpha=0.5)
    assert dark[3, 3] == dark[2, 3] == dark[4, 3] == dark[3, 2] == 0.5
    assert dark[2, 2] == 0
    assert dark[3, 5] == 0.75
    # One point from the left and two from the right lie on it.
    assert dark[3, 4] == 1 - 0.5**3
