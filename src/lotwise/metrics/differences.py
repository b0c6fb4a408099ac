"""Differences between two samples on the log scale: bias, limits and fold changes."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from lotwise.errors import InputError
from lotwise.metrics.moments import FloatArray, as_pair

NAN = float("nan")
NORMAL_95 = 1.96
MAD_TO_SD = 1.4826
# A ratio of exactly the fold does not exceed it; this absorbs rounding.
_ROUNDING = 1e-9


class BlandAltman(NamedTuple):
    """Bias and 95 % limits of agreement, classical and robust, in units of the input.

    ``mean_from`` and ``mean_to`` are the smallest and largest mean (A) of the features.
    """

    bias: float
    sd: float
    lower: float
    upper: float
    median: float
    robust_sd: float
    robust_lower: float
    robust_upper: float
    n_features: int
    mean_from: float
    mean_to: float
    reason: str


class LogRatios(NamedTuple):
    """log2 TPM of two samples; half of the log2 median ratio is subtracted from x and added to y.

    ``median_ratio`` is the median of x / y over features, the shift in composition; NaN without
    features.
    """

    x: FloatArray
    y: FloatArray
    median_ratio: float


class FoldChangeShares(NamedTuple):
    """Share of features that differ by more than each of ``folds``."""

    folds: tuple[float, ...]
    shares: tuple[float, ...]
    n_features: int
    reason: str


def log_ratios(tpm_x: npt.ArrayLike, tpm_y: npt.ArrayLike) -> LogRatios:
    """Return log2 TPM of two samples, without pseudo-count and corrected for their median ratio.

    A two-fold change is then exactly two-fold. With a pseudo-count of 1, a change from 1 to 2 TPM
    would be 1.5-fold. TPM is a share of the total, so one very high feature lowers all others; the
    median ratio corrects for that.

    Parameters
    ----------
    tpm_x, tpm_y
        TPM of features that both samples express.

    Returns
    -------
    Two vectors of log2 TPM. Their difference is log2 of the TPM ratio divided by the median ratio.

    Raises
    ------
    InputError
        x and y are not vectors of one length, or a TPM is not finite and > 0.

    References
    ----------
    Anders and Huber 2010, Genome Biol 11:R106, 10.1186/gb-2010-11-10-r106 (median of ratios).

    Examples
    --------
    >>> found = log_ratios([2, 4, 80], [1, 2, 10])
    >>> (found.x - found.y).round(9).tolist(), found.median_ratio
    ([0.0, 0.0, 2.0], 2.0)
    """
    first, second = as_pair(tpm_x, tpm_y)
    if (first <= 0).any() or (second <= 0).any():
        raise InputError("every TPM must be > 0 to take log2, got one that is 0 or negative")
    if first.size == 0:
        return LogRatios(first, second, NAN)
    log_x, log_y = np.log2(first), np.log2(second)
    middle = float(np.median(log_x - log_y))
    return LogRatios(log_x - middle / 2, log_y + middle / 2, float(2**middle))


def bland_altman(x: npt.ArrayLike, y: npt.ArrayLike) -> BlandAltman:
    """Return bias and limits of agreement of two samples, classical and robust.

    Parameters
    ----------
    x, y
        One value per feature, on the log2 scale.

    Returns
    -------
    With M = x - y: ``bias`` is the mean of M, ``sd`` its standard deviation (1/(n-1)), the limits
    are bias -+ 1.96 sd. ``median`` is the median of M, ``robust_sd`` is 1.4826 MAD(M), the robust
    limits are median -+ 1.96 robust_sd. All are in log2 units. Without features everything is NaN;
    with one feature ``sd`` and its limits are NaN.

    Raises
    ------
    InputError
        x and y are not vectors of one length, or a value is not finite.

    References
    ----------
    Bland and Altman 1986, Lancet 327:307, 10.1016/S0140-6736(86)90837-8.

    Examples
    --------
    >>> agreement = bland_altman([1, 2, 3], [0, 2, 4])
    >>> agreement.bias, agreement.sd, agreement.upper
    (0.0, 1.0, 1.96)
    """
    first, second = as_pair(x, y)
    return _summary(first - second, (first + second) / 2)


def bland_altman_by_expression(
    x: npt.ArrayLike, y: npt.ArrayLike, *, n_bins: int = 10
) -> tuple[BlandAltman, ...]:
    """Return bias and limits in bins of equal size by mean expression, lowest first.

    Features of equal mean keep the given order and may fall in different bins. With fewer features
    than bins, the empty bins are NaN with a reason.

    Parameters
    ----------
    x, y
        One value per feature, on the log2 scale.
    n_bins
        Number of bins, 10 for deciles.

    Raises
    ------
    InputError
        As :func:`bland_altman`, or ``n_bins`` < 1.

    Examples
    --------
    >>> low, high = bland_altman_by_expression([1, 2, 8, 9], [1, 2, 7, 8], n_bins=2)
    >>> low.bias, high.bias
    (0.0, 1.0)
    """
    if n_bins < 1:
        raise InputError(f"n_bins must be >= 1, got {n_bins}")
    first, second = as_pair(x, y)
    difference, mean = first - second, (first + second) / 2
    order = np.argsort(mean, kind="stable")
    return tuple(
        _summary(difference[members], mean[members]) for members in np.array_split(order, n_bins)
    )


def fold_change_shares(
    x: npt.ArrayLike, y: npt.ArrayLike, *, folds: tuple[float, ...] = (1.5, 2.0, 4.0)
) -> FoldChangeShares:
    """Return the share of features whose ratio exceeds each fold, up or down.

    Parameters
    ----------
    x, y
        One value per feature, on the log2 scale; usually features detected in both samples.
    folds
        Fold changes > 1; a ratio of exactly that fold does not exceed it.

    Returns
    -------
    Shares in [0, 1], in the order of ``folds``; NaN without features.

    Raises
    ------
    InputError
        x and y are not vectors of one length, a value is not finite, or a fold is <= 1.

    Examples
    --------
    >>> fold_change_shares([0, 1.5, 3, 1], [0, 0, 0, 1]).shares
    (0.5, 0.5, 0.25)
    """
    if any(not fold > 1 for fold in folds):
        raise InputError(f"folds must be > 1, got {folds}")
    first, second = as_pair(x, y)
    if first.size == 0:
        return FoldChangeShares(folds, (NAN,) * len(folds), 0, "no feature")
    distance = np.abs(first - second)
    shares = tuple(float(np.mean(distance > np.log2(fold) + _ROUNDING)) for fold in folds)
    return FoldChangeShares(folds, shares, int(first.size), "")


def _summary(difference: FloatArray, mean: FloatArray) -> BlandAltman:
    if difference.size == 0:
        return BlandAltman(*(NAN,) * 8, 0, NAN, NAN, "no feature")
    bias, median = float(np.mean(difference)), float(np.median(difference))
    reason = "" if difference.size > 1 else "one feature has no standard deviation"
    sd = NAN if reason else float(np.std(difference, ddof=1))
    robust_sd = MAD_TO_SD * float(np.median(np.abs(difference - median)))
    return BlandAltman(
        bias=bias,
        sd=sd,
        lower=bias - NORMAL_95 * sd,
        upper=bias + NORMAL_95 * sd,
        median=median,
        robust_sd=robust_sd,
        robust_lower=median - NORMAL_95 * robust_sd,
        robust_upper=median + NORMAL_95 * robust_sd,
        n_features=int(difference.size),
        mean_from=float(mean.min()),
        mean_to=float(mean.max()),
        reason=reason,
    )
