"""Principal components of samples, and their clustering by R."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.cluster.hierarchy import linkage, optimal_leaf_ordering
from scipy.spatial.distance import squareform

from lotwise.errors import InputError
from lotwise.metrics.moments import FloatArray, as_matrix

NAN = float("nan")


class Components(NamedTuple):
    """Scores of each sample (rows) on each component, and each component's share of variance."""

    scores: FloatArray
    shares: FloatArray
    n_features: int
    reason: str


class Tree(NamedTuple):
    """Merges in the format of ``scipy.cluster.hierarchy.linkage``: left, right, height, size."""

    merges: FloatArray
    reason: str


def principal_components(log_tpm: npt.ArrayLike, *, n_components: int = 2) -> Components:
    """Return the principal components of samples; features are centred but not scaled.

    Parameters
    ----------
    log_tpm
        Samples x features; leave out features that no sample expresses.
    n_components
        Number of components.

    Returns
    -------
    ``scores``: samples x components; the sign of each component makes its largest score positive.
    ``shares``: each component's share of the variance, in [0, 1]. Both are NaN if there is one
    sample or no feature varies. Components beyond the rank have scores and shares of 0.

    Raises
    ------
    InputError
        Not a matrix, or a value is not finite.

    References
    ----------
    Hotelling 1933, J Educ Psychol 24:417, 10.1037/h0071325.

    Examples
    --------
    >>> found = principal_components([[0.0, 0.0], [2.0, 0.0], [4.0, 0.0]])
    >>> found.scores[:, 0].round(6).tolist()[::2], found.shares.tolist()
    ([2.0, -2.0], [1.0, 0.0])
    """
    matrix = as_matrix(log_tpm, name="log_tpm")
    n_samples, n_features = matrix.shape
    scores = np.full((n_samples, n_components), NAN)
    shares = np.full(n_components, NAN)
    if n_samples < 2:
        return Components(scores, shares, n_features, "one sample has no components")
    if n_features == 0 or not np.ptp(matrix, axis=0).any():
        return Components(scores, shares, n_features, "no feature varies")
    centred = matrix - matrix.mean(axis=0)
    # There are few samples and many features: decompose the samples x samples matrix.
    values, vectors = np.linalg.eigh(centred @ centred.T)
    values, vectors = np.maximum(values[::-1], 0), vectors[:, ::-1]
    values[values < values[0] * 1e-12] = 0
    kept = min(n_components, n_samples)
    scores[:] = 0
    shares[:] = 0
    scores[:, :kept] = vectors[:, :kept] * np.sqrt(values[:kept])
    shares[:kept] = values[:kept] / values.sum()
    # The first of equal scores, within rounding: mirrored samples get the same sign everywhere.
    size = np.abs(scores)
    top = np.argmax(size >= size.max(axis=0) * (1 - 1e-9), axis=0)
    scores *= np.where(scores[top, np.arange(n_components)] < 0, -1.0, 1.0)
    return Components(scores, shares, n_features, "")


def cluster_by_r(r: npt.ArrayLike) -> Tree:
    """Cluster samples by 1 - R with average linkage; similar leaves are placed next to each other.

    Parameters
    ----------
    r
        Square matrix of correlations.

    Returns
    -------
    The merges, (samples - 1) x 4; empty with one sample or where an R is not defined.

    Raises
    ------
    InputError
        The matrix is not square.

    References
    ----------
    Sokal and Michener 1958 (average linkage); Bar-Joseph et al. 2001,
    10.1093/bioinformatics/17.suppl_1.S22 (order of leaves).

    Examples
    --------
    >>> cluster_by_r([[1, 0.9, 0.5], [0.9, 1, 0.5], [0.5, 0.5, 1]]).merges[:, 2].round(2).tolist()
    [0.1, 0.5]
    """
    matrix = np.asarray(r, dtype=np.float64)
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1]:
        raise InputError(f"r must be a square matrix, got shape {matrix.shape}")
    if matrix.shape[0] < 2:
        return Tree(np.empty((0, 4)), "one sample cannot be clustered")
    if np.isnan(matrix).any():
        return Tree(np.empty((0, 4)), "R of a sample is not defined")
    distance = np.clip(1 - (matrix + matrix.T) / 2, 0, None)
    np.fill_diagonal(distance, 0)
    condensed = squareform(distance, checks=False)
    return Tree(optimal_leaf_ordering(linkage(condensed, "average"), condensed), "")
