"""The samples with the highest R to each sample, collected block by block."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from lotwise.files.records import Record, column
from lotwise.metrics.moments import FloatArray, IntArray


@dataclass(frozen=True, kw_only=True, slots=True)
class NeighbourRecord(Record):
    """A sample and one of its nearest samples in the store: ``{method}.nearest.tsv``."""

    sample: str = column("sample whose neighbours are wanted")
    rank: int = column("1 for the nearest sample; 0 if there is no neighbour")
    nearest: str = column("sample of the store; empty if there is no neighbour")
    correlation: float = column("Pearson's R or Spearman's rho of the two, in [-1, 1]")
    reason: str = column("why there is no neighbour; empty otherwise")


class NeighbourTable:
    """The k highest R of each row of a matrix, collected from its blocks.

    If columns have equal R, the column with the smaller number is preferred. The result therefore
    does not depend on the blocks or their order.

    Examples
    --------
    >>> table = NeighbourTable(1, k=2)
    >>> table.offer(np.array([[0.1, 0.9]]), rows_from=0, columns_from=0)
    >>> table.offer(np.array([[0.5, np.nan]]), rows_from=0, columns_from=2)
    >>> table.index.tolist(), table.r.tolist()
    ([[1, 2]], [[0.9, 0.5]])
    """

    def __init__(self, n_rows: int, *, k: int) -> None:
        # -inf and -1 where fewer than k were found.
        self.r: FloatArray = np.full((n_rows, k), -np.inf)
        self.index: IntArray = np.full((n_rows, k), -1, dtype=np.intp)

    def offer(self, r: FloatArray, *, rows_from: int, columns_from: int) -> None:
        """Collect from a block of the matrix; NaN is never a neighbour."""
        n_rows, n_columns = r.shape
        k = self.r.shape[1]
        known = np.where(np.isnan(r), -np.inf, r)
        bound = self.r[rows_from : rows_from + n_rows, -1]
        if n_columns > k and np.isneginf(bound).any():
            # Nothing is known yet, so only the k highest of the block can stay.
            within = np.partition(known, n_columns - k, axis=1)[:, n_columns - k]
            bound = np.maximum(bound, within)
        rows, columns = np.nonzero((known >= bound[:, None]) & (known > -np.inf))
        self.merge(rows + rows_from, columns + columns_from, known[rows, columns])

    def merge(self, rows: IntArray, columns: IntArray, r: FloatArray) -> None:
        """Collect single entries of the matrix, each at most once."""
        k = self.r.shape[1]
        touched = np.unique(rows)
        every_row = np.concatenate([np.repeat(touched, k), rows])
        every_r = np.concatenate([self.r[touched].ravel(), r])
        every_column = np.concatenate([self.index[touched].ravel(), columns])
        order = np.lexsort((every_column, -every_r, every_row))
        begins = np.searchsorted(every_row[order], touched)
        best = order[begins[:, None] + np.arange(k)]
        self.r[touched] = every_r[best]
        self.index[touched] = every_column[best]

    def entries(self) -> dict[str, npt.NDArray[np.generic]]:
        """Return the collected entries as arguments of :meth:`merge`."""
        rows, places = np.nonzero(self.index >= 0)
        return {
            "rows": rows,
            "columns": self.index[rows, places],
            "r": self.r[rows, places],
        }
