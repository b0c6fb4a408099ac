"""The choice of samples for figures."""

from __future__ import annotations

import numpy as np

import lotwise


def test_least_and_most_alike__keeps_the_ends_in_order(expression):
    lotwise.tl.correlate(expression)
    r = np.full((4, 4), 0.5)
    r[0, 2], r[1, 3], r[0, 1] = 0.1, np.nan, 0.9
    expression.obsp["pearson"] = r
    kept = lotwise.tl.least_and_most_alike(expression, n_pairs=1)
    assert kept.obs_names.to_list() == ["A1", "A2", "B1"]
    assert lotwise.pl.scatter_matrix(kept).axes
