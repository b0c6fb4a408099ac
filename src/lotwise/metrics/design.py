"""Test of the design: replicates should be more alike than samples of different batches."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from lotwise.errors import InputError
from lotwise.metrics.moments import FloatArray

NAN: Final = float("nan")
# With equal batches the expected ratio is 1, whatever the noise of single samples, and it exceeds
# this in less than 1 % of runs of 6 to 24 samples (benchmarks/design_rates.py).
MOST: Final = 1.05
_ROUNDING: Final = 1e-12
# Of the mean that samples add: the least that one is taken to add.
_LEAST_ADDED: Final = 0.1
_FEWEST_SPREAD: Final = 4


class ReplicateAgreement(NamedTuple):
    """Ratio of 1 - R of replicates to 1 - R of samples of different batches, and its meaning."""

    ratio: float
    sentence: str
    reason: str


def replicate_agreement(
    correlations: npt.ArrayLike, *, batches: npt.ArrayLike, most: float = MOST
) -> ReplicateAgreement:
    """Compare 1 - R of replicates with 1 - R of samples of different batches.

    A linear model of 1 - R is fitted to all pairs by least squares. It has one effect per sample,
    and one effect of belonging to the same batch. The effect of one bad sample in the batch with
    most replicates is therefore not attributed to all replicates.

    Parameters
    ----------
    correlations
        Samples x samples, symmetric. Samples whose R is not defined are left out.
    batches
        Name of the batch of each sample.
    most
        Ratio above which replicates are called less alike than samples of different batches.

    Returns
    -------
    ``ratio`` is 1 - R of replicates divided by 1 - R of samples of different batches, both for
    average samples. It is NaN, with a reason, if fewer than two batches have replicates or if R
    between batches is always 1. ``sentence`` states what to check if the ratio is above ``most``
    and the mean R of replicates is below the mean R between batches; otherwise it is empty.

    Raises
    ------
    InputError
        The matrix is not square, or there is not one batch per sample.

    Examples
    --------
    >>> r = np.full((4, 4), 0.96) + np.diag(np.full(4, 0.04))
    >>> r[0, 1] = r[1, 0] = r[2, 3] = r[3, 2] = 0.92
    >>> found = replicate_agreement(r, batches=["A", "A", "B", "B"])
    >>> round(found.ratio, 3), found.sentence
    (2.0, 'Samples of one batch are less alike (mean R 0.9200) than samples of different ...')
    """
    r, names = np.asarray(correlations, dtype=np.float64), np.asarray(batches)
    if r.shape != (names.size, names.size):
        raise InputError(f"got {names.size} batches, but the matrix of R has shape {r.shape}")
    defined = np.isfinite(r).sum(axis=1) > 1
    r, names = r[np.ix_(defined, defined)], names[defined]
    same = names[:, None] == names
    np.fill_diagonal(same, val=False)
    n_replicated = len({*names[same.any(axis=1)].tolist()})
    if n_replicated < 2 or n_replicated == names.size:
        return ReplicateAgreement(NAN, "", "fewer than two batches have replicates")
    distance, off = 1 - r, ~np.eye(names.size, dtype=bool)
    between = float(distance[off & ~same].mean())
    shared = _without_samples(same.astype(np.float64))
    if between <= _ROUNDING:
        return ReplicateAgreement(NAN, "", "R between batches is 1 throughout")
    effect = float((shared * _without_samples(distance)).sum() / (shared**2).sum())
    ratio = 1 + effect / between
    within = float(r[same].mean())
    if ratio <= most or within >= 1 - between:
        return ReplicateAgreement(ratio, "", "")
    sentence = (
        f"Samples of one batch are less alike (mean R {within:.4f}) than samples of "
        f"different batches (mean R {1 - between:.4f}). A condition is probably missing "
        "from the sample sheet, or samples were exchanged."
    )
    return ReplicateAgreement(ratio, sentence, "")


def noise_spread(correlations: npt.ArrayLike, *, batches: npt.ArrayLike) -> float:
    """Return how unequal the noise of samples is, from the part of 1 - R that each sample adds.

    The model ``1 - R_ij = a_i + a_j``, plus one constant for pairs of different batches, is fitted
    by least squares. If a sample is in the wrong batch, its ``a_i`` hardly changes. The largest
    ``a_i`` is left out, so that one bad sample is not mistaken for unequal noise.

    Parameters
    ----------
    correlations
        Samples x samples, symmetric. Samples whose R is not defined are left out.
    batches
        Name of the batch of each sample.

    Returns
    -------
    The standard deviation of ln a; 0 if there are fewer than four samples or if R is always 1.
    Every ``a_i`` below a tenth of the mean ``a`` is set to this tenth.

    Examples
    --------
    >>> a = np.array([0.01, 0.02, 0.04, 0.02])
    >>> r = 1 - (a[:, None] + a)
    >>> round(noise_spread(r, batches=["A", "A", "B", "B"]), 3)
    0.4
    """
    r, names = np.asarray(correlations, dtype=np.float64), np.asarray(batches)
    defined = np.isfinite(r).sum(axis=1) > 1
    r, names = r[np.ix_(defined, defined)], names[defined]
    n = names.size
    if n < _FEWEST_SPREAD:
        return 0.0
    apart = (names[:, None] != names).astype(np.float64)
    distance, shared = 1 - r, _without_samples(apart)
    scale = float((shared**2).sum())
    if scale > _ROUNDING:
        distance = distance - apart * float((shared * _without_samples(distance)).sum()) / scale
    np.fill_diagonal(distance, 0.0)
    sums = distance.sum(axis=1)
    mean = float(sums.sum()) / (n * (n - 1))
    if mean <= _ROUNDING:
        return 0.0
    added = mean / 2 + (sums - (n - 1) * mean) / (n - 2)
    log_added = np.log(np.maximum(np.sort(added)[:-1], _LEAST_ADDED * mean / 2))
    return float(np.std(log_added, ddof=1))


def _without_samples(pairs: FloatArray) -> FloatArray:
    """Remove the additive effects of samples from a symmetric matrix of pairs; diagonal is 0.

    This is the closed form of least squares over all pairs of n > 2 samples.
    """
    n = len(pairs)
    values = np.where(np.eye(n, dtype=bool), 0.0, pairs)
    sums = values.sum(axis=1)
    mean = float(sums.sum()) / (n * (n - 1))
    effects = (sums - (n - 1) * mean) / (n - 2)
    left: FloatArray = values - mean - effects[:, None] - effects
    np.fill_diagonal(left, 0.0)
    return left
