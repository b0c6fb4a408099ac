"""The nearest samples do not depend on how the matrix is divided."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from lotwise.outofcore.neighbours import NeighbourTable


def _offered(r, k, *, rows, columns, order):
    table = NeighbourTable(len(r), k=k)
    blocks = [(a, b) for a in range(0, r.shape[0], rows) for b in range(0, r.shape[1], columns)]
    for i in order.permutation(len(blocks)):
        a, b = blocks[i]
        table.offer(r[a : a + rows, b : b + columns], rows_from=a, columns_from=b)
    return table


@settings(max_examples=60, deadline=None)
@given(
    st.integers(0, 10**6), st.integers(1, 8), st.integers(1, 9), st.integers(1, 9), st.booleans()
)
def test_offer__finds_the_highest_however_cut(seed, k, rows, columns, tied):
    rng = np.random.default_rng(seed)
    r = rng.integers(0, 4, (7, 13)) / 4 if tied else rng.normal(size=(7, 13))
    r[rng.random(r.shape) < 0.2] = np.nan
    table = _offered(r, k, rows=rows, columns=columns, order=rng)
    for row in range(7):
        known = np.flatnonzero(~np.isnan(r[row]))
        # Highest first; of equal ones the smaller number.
        expected = known[np.lexsort((known, -r[row, known]))][:k]
        found = table.index[row][table.index[row] >= 0]
        assert found.tolist() == expected.tolist()
        assert table.r[row, : found.size].tolist() == r[row, expected].tolist()
