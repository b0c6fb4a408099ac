"""Differences between count libraries beyond counting noise."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from lotwise.metrics.moments import as_matrix, refuse_negative

NAN = float("nan")


class Sere(NamedTuple):
    """Simple error ratio estimate: 0 for duplicates, 1 for Poisson noise, > 1 overdispersed."""

    sere: float
    n_features: int
    reason: str


def sere(counts: npt.ArrayLike) -> Sere:
    """Return the overdispersion between samples beyond counting noise (simple error ratio).

    Parameters
    ----------
    counts
        Samples x features, unnormalised counts. Features with a total <= 1 are left out, and
        library totals are those of the features kept.

    Returns
    -------
    ``sere`` >= 0: 0 for duplicated samples, 1 for technical replicates (Poisson), > 1 where
    samples differ. NaN with fewer than two samples, no feature, or a sample without counts.

    Raises
    ------
    InputError
        Not a matrix, or a value is negative or not finite.

    References
    ----------
    Schulze et al. 2012, BMC Genomics 13:524, 10.1186/1471-2164-13-524.

    Examples
    --------
    >>> sere([[10, 20, 30], [10, 20, 30]]).sere
    0.0
    """
    matrix = as_matrix(counts, name="counts")
    refuse_negative(matrix, name="counts")
    # Not by a mask in brackets: that transposes in memory, and each further step takes longer.
    kept = matrix.compress(matrix.sum(axis=0) > 1, axis=1)
    n_samples, n_features = kept.shape
    if n_samples < 2:
        return Sere(NAN, n_features, "fewer than two samples")
    if n_features == 0:
        return Sere(NAN, 0, "no feature has more than one count")
    totals = np.cumsum(kept, axis=1)[:, -1]
    if (totals == 0).any():
        return Sere(NAN, n_features, "a sample has no counts")
    expected = np.outer(totals / totals.sum(), kept.sum(axis=0))
    excess = float(((kept - expected) ** 2 / expected).sum())
    return Sere(float(np.sqrt(excess / (n_features * (n_samples - 1)))), n_features, "")
