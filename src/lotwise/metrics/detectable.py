"""Changes of expression that would not lower R below a threshold."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from lotwise.errors import InputError
from lotwise.metrics.moments import (
    FloatArray,
    as_pair,
    refuse_negative,
    why_undefined,
)

# R of identical samples is 1 up to rounding, and must not fall below a threshold of 1.
_ROUNDING = 1e-12


@dataclass(frozen=True, kw_only=True, slots=True)
class Perturbation:
    """The grid of changes to try.

    Parameters
    ----------
    shares
        Fractions of the expressed features to change, in [0, 1].
    folds
        Fold changes, >= 1.
    n_repeats
        Number of random choices of features.
    expressed_from
        Smallest TPM of an expressed feature; > 0, because a multiple of 0 TPM is 0.
    pseudocount
        c of log2(TPM + c).

    Raises
    ------
    InputError
        A number is out of range.

    Examples
    --------
    >>> Perturbation(folds=(0.5,))
    Traceback (most recent call last):
    lotwise.errors.InputError: folds must be >= 1, got (0.5,)
    """

    shares: tuple[float, ...] = (0.0, 0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5)
    folds: tuple[float, ...] = (1.25, 1.5, 2.0, 4.0, 8.0)
    n_repeats: int = 5
    expressed_from: float = 1.0
    pseudocount: float = 1.0

    def __post_init__(self) -> None:
        if not self.shares or any(not 0 <= share <= 1 for share in self.shares):
            raise InputError(f"shares must be in [0, 1], got {self.shares}")
        if not self.folds or any(not fold >= 1 for fold in self.folds):
            raise InputError(f"folds must be >= 1, got {self.folds}")
        if self.n_repeats < 1:
            raise InputError(f"n_repeats must be >= 1, got {self.n_repeats}")
        if not self.expressed_from > 0:
            raise InputError(f"expressed_from must be > 0 TPM, got {self.expressed_from}")
        if not self.pseudocount > 0:
            raise InputError(f"pseudocount must be > 0, got {self.pseudocount}")


class PerturbedR(NamedTuple):
    """R after a share (rows) of the expressed features was changed by a fold (columns).

    ``pearson`` and ``sd`` are the mean and standard deviation over repeats.
    """

    shares: FloatArray
    folds: FloatArray
    pearson: FloatArray
    sd: FloatArray
    n_expressed: int
    n_repeats: int
    reason: str


class UnseenChange(NamedTuple):
    """For each fold, the largest share of changed features that keeps R >= ``threshold``.

    ``at_least`` marks folds for which even the largest share tried kept R above the threshold.
    ``reasons`` states why a share is NaN.
    """

    threshold: float
    folds: FloatArray
    shares: FloatArray
    at_least: tuple[bool, ...]
    reasons: tuple[str, ...]


def perturbed_r(
    tpm_x: npt.ArrayLike,
    tpm_y: npt.ArrayLike,
    *,
    rng: np.random.Generator,
    perturbation: Perturbation = Perturbation(),
) -> PerturbedR:
    """Change one sample by known amounts, and return its R with the other sample.

    A random share of the features of ``tpm_x`` is multiplied or divided by the fold, with equal
    probability. The sample is scaled back to its sum, and R of log2(TPM + c) with ``tpm_y`` is
    computed over all features. With ``tpm_y = tpm_x`` the result shows how much change an observed
    R allows when nothing else differs.

    Parameters
    ----------
    tpm_x, tpm_y
        One TPM per feature.
    rng
        Random number generator.
    perturbation
        The shares, the folds and the number of repeats.

    Returns
    -------
    R for each share and fold; all NaN where R is not defined or nothing is expressed.

    Raises
    ------
    InputError
        The lengths differ, or a TPM is negative or not finite.

    Examples
    --------
    >>> tpm = np.arange(1.0, 1001.0)
    >>> changes = Perturbation(shares=(0, 0.5), folds=(4,))
    >>> grid = perturbed_r(tpm, tpm, rng=np.random.default_rng(1), perturbation=changes)
    >>> bool(grid.pearson[0, 0] > 0.999999 > 0.9 > grid.pearson[1, 0])
    True
    """
    first, second = as_pair(tpm_x, tpm_y)
    refuse_negative(first, name="tpm_x")
    refuse_negative(second, name="tpm_y")
    log_x = np.log2(first + perturbation.pseudocount)
    log_y = np.log2(second + perturbation.pseudocount)
    expressed = np.flatnonzero(first >= perturbation.expressed_from)
    reason = why_undefined(log_x, log_y)
    if not reason and expressed.size == 0:
        reason = f"no feature reaches {perturbation.expressed_from:g} TPM in x"
    n_repeats = perturbation.n_repeats
    found = np.full((n_repeats, len(perturbation.shares), len(perturbation.folds)), np.nan)
    if not reason:
        for repeat, stream in enumerate(rng.spawn(n_repeats)):
            found[repeat] = _one_grid(first, second, expressed, perturbation, stream)
    return PerturbedR(
        shares=np.asarray(perturbation.shares, dtype=np.float64),
        folds=np.asarray(perturbation.folds, dtype=np.float64),
        pearson=found.mean(axis=0),
        sd=found.std(axis=0, ddof=1) if n_repeats > 1 else np.full(found.shape[1:], np.nan),
        n_expressed=int(expressed.size),
        n_repeats=n_repeats,
        reason=reason,
    )


def less_visible(one: PerturbedR, other: PerturbedR) -> PerturbedR:
    """Return the larger R of two grids in each cell: R of the less visible change.

    A change may be hidden in one sample of a pair and visible in the other. Neither is preferred.

    Parameters
    ----------
    one, other
        Results of :func:`perturbed_r` for the same changes, of one sample and of the other.

    Returns
    -------
    Mean and standard deviation over repeats from the grid with the larger mean, cell by cell.
    Where one grid is not defined, the other is returned.

    Examples
    --------
    >>> one = PerturbedR(np.array([0, 0.1]), np.array([2.0]), np.array([[1.0], [0.9]]),
    ...                  np.zeros((2, 1)), 100, 1, "")
    >>> less_visible(one, one._replace(pearson=np.array([[0.99], [0.95]]))).pearson.ravel()
    array([1.  , 0.95])
    """
    if one.reason or other.reason:
        return other if one.reason else one
    larger = other.pearson > one.pearson
    return one._replace(
        pearson=np.where(larger, other.pearson, one.pearson),
        sd=np.where(larger, other.sd, one.sd),
        n_expressed=max(one.n_expressed, other.n_expressed),
    )


def unseen_change(grid: PerturbedR, *, threshold: float) -> UnseenChange:
    """Return the largest share of changed features that still keeps R >= ``threshold``.

    Shares between those tried are interpolated linearly, up to the first share whose mean R
    is below ``threshold``.

    Parameters
    ----------
    grid
        Result of :func:`perturbed_r`.
    threshold
        Lowest R that passes, in [-1, 1].

    Returns
    -------
    One share per fold, in [0, 1]; NaN where R was below the threshold at the smallest share.

    Raises
    ------
    InputError
        The threshold is outside [-1, 1].

    Examples
    --------
    >>> grid = PerturbedR(np.array([0, 0.1]), np.array([2.0]), np.array([[1.0], [0.9]]),
    ...                   np.zeros((2, 1)), 100, 1, "")
    >>> round(float(unseen_change(grid, threshold=0.95).shares[0]), 6)
    0.05
    """
    if not -1 <= threshold <= 1:
        raise InputError(f"threshold must be in [-1, 1], got {threshold}")
    order = np.argsort(grid.shares)
    shares = grid.shares[order]
    found, at_least, reasons = [], [], []
    for r in grid.pearson[order].T:
        below = np.flatnonzero(~(r >= threshold - _ROUNDING))
        if grid.reason or below.size == shares.size or (below.size and below[0] == 0):
            found.append(np.nan)
            at_least.append(False)
            reasons.append(grid.reason or "R is below the threshold at the smallest share tried")
            continue
        reasons.append("")
        at_least.append(below.size == 0)
        if below.size == 0:
            found.append(shares[-1])
            continue
        high, low = r[below[0] - 1], r[below[0]]
        step = shares[below[0]] - shares[below[0] - 1]
        found.append(shares[below[0] - 1] + step * max(high - threshold, 0) / (high - low))
    return UnseenChange(threshold, grid.folds, np.asarray(found), tuple(at_least), tuple(reasons))


def _one_grid(
    tpm: FloatArray,
    other: FloatArray,
    expressed: npt.NDArray[np.intp],
    perturbation: Perturbation,
    rng: np.random.Generator,
) -> FloatArray:
    """Compute one repeat with the same features and directions in all cells, for a smooth grid.

    R does not change when both logs are shifted so that zeros map to 0; then only the
    features of x that are not 0 enter its sums.
    """
    c, n = perturbation.pseudocount, tpm.size
    support = np.flatnonzero(tpm)
    values = tpm[support]
    total = values.sum()
    log_other = np.log1p(other / c)
    centred = log_other - log_other.mean()
    spread = _dot(centred, centred)
    centred = centred[support]
    total_centred = float(centred.sum())
    order = rng.permutation(np.searchsorted(support, expressed))
    is_lower = (rng.choice((-1.0, 1.0), size=order.size) < 0).astype(np.intp)
    found = np.empty((len(perturbation.shares), len(perturbation.folds)))
    for row, share in enumerate(perturbation.shares):
        changed = order[: round(share * order.size)]
        for column, fold in enumerate(perturbation.folds):
            if column and not changed.size:
                # Nothing is changed, whatever the fold.
                found[row, column] = found[row, 0]
                continue
            perturbed = values.copy()
            perturbed[changed] *= (fold ** np.array([1.0, -1.0])).take(is_lower[: changed.size])
            perturbed *= total / perturbed.sum() / c
            log_x = np.log1p(perturbed, out=perturbed)
            # Centred on the mean over all features, including the n - support zeros.
            mean = log_x.sum() / n
            shifted = log_x - mean
            own = _dot(shifted, shifted) + (n - log_x.size) * mean**2
            product = _dot(shifted, centred) + mean * total_centred
            found[row, column] = product / np.sqrt(own * spread) if own > 0 else np.nan
    return np.clip(found, -1, 1)


def _dot(x: FloatArray, y: FloatArray) -> float:
    """Return the sum of products without BLAS, whose threads cost more than they save here."""
    return float(np.einsum("i,i->", x, y))
