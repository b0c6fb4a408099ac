"""Agreement between two samples: are the values equal, and not only correlated?"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from lotwise.errors import InputError
from lotwise.metrics.correlation import spearman
from lotwise.metrics.moments import (
    as_pair,
    correlation,
    refuse_negative,
    standardise_with_sd,
    standardised_correlation,
    why_undefined,
)

NAN = float("nan")
MAD_TO_SD = 1.4826  # the MAD of a normal distribution times this is its standard deviation


class Concordance(NamedTuple):
    """Lin's concordance and its two factors, precision and accuracy.

    ``ccc = pearson * accuracy``. Scatter lowers ``pearson``. A difference in scale or location
    lowers ``accuracy`` (Lin's C_b, 0 to 1).
    """

    ccc: float
    pearson: float
    accuracy: float
    scale_shift: float
    location_shift: float
    reason: str


class EncodeQc(NamedTuple):
    """ENCODE's replicate QC of one pair."""

    mad: float
    sd: float
    pearson: float
    spearman: float
    n_features: int
    n_zero_in_one: int
    reason: str


class Detection(NamedTuple):
    """Number of features detected in one, both or neither of two samples."""

    n_one_only: int
    n_neither: int
    n_both: int
    jaccard: float
    reason: str


def concordance(x: npt.ArrayLike, y: npt.ArrayLike) -> Concordance:
    """Return Lin's concordance correlation coefficient, with 1/n moments.

    It measures agreement with the identity line. Unlike Pearson's R, it falls when one sample is
    shifted or stretched.

    Parameters
    ----------
    x, y
        One value per feature; usually log2(TPM + 1).

    Returns
    -------
    ``ccc`` and ``pearson`` in [-1, 1], ``accuracy`` in (0, 1], ``scale_shift`` sd(x)/sd(y),
    ``location_shift`` (mean x - mean y) / sqrt(sd x sd y). If one sample is constant, the formula
    gives a ``ccc`` of 0. This function returns NaN, as for two constant samples, because R is not
    defined.

    Raises
    ------
    InputError
        x and y are not vectors of one length, or a value is not finite.

    References
    ----------
    Lin 1989, Biometrics 45:255, 10.2307/2532051.

    Examples
    --------
    >>> concordance([1, 2, 3], [2, 3, 4]).ccc  # r is 1, but shifted
    0.571...
    """
    first, second = as_pair(x, y)
    reason = why_undefined(first, second)
    if reason:
        return Concordance(NAN, NAN, NAN, NAN, NAN, reason)
    (standard_x, sd_x), (standard_y, sd_y) = map(standardise_with_sd, (first, second))
    r = standardised_correlation(standard_x, standard_y)
    shift = float(np.mean(first - second))
    return concordance_of(r, sd_x=sd_x, sd_y=sd_y, shift=shift)


def concordance_of(r: float, *, sd_x: float, sd_y: float, shift: float) -> Concordance:
    """Return the concordance from R, the standard deviations, and the difference of the means.

    Examples
    --------
    >>> concordance_of(1.0, sd_x=1.0, sd_y=1.0, shift=0.0).ccc
    1.0
    """
    accuracy = 2.0 * sd_x * sd_y / (sd_x**2 + sd_y**2 + shift**2)
    return Concordance(
        ccc=r * accuracy,
        pearson=r,
        accuracy=accuracy,
        scale_shift=sd_x / sd_y,
        location_shift=shift / float(np.sqrt(sd_x * sd_y)),
        reason="",
    )


def encode_qc(x: npt.ArrayLike, y: npt.ArrayLike) -> EncodeQc:
    """Return the replicate concordance of two samples as ENCODE's pipeline defines it.

    Features that are zero in both samples are dropped. Values are log2 **without** pseudo-count,
    and only features with a mean log2 above 0 are used. ``mad`` and ``sd`` are not centred, so
    they include a global shift. They are rounded to 3 decimals as in ENCODE's script. If a feature
    is zero in one sample, its mean log2 is -inf. ENCODE's script drops it without a message; here
    ``n_zero_in_one`` counts it.

    Parameters
    ----------
    x, y
        One value per feature, not log-transformed; ENCODE uses RSEM's gene FPKM.

    Returns
    -------
    ``mad``, ``sd`` >= 0 in log2 units; ``pearson``, ``spearman`` in [-1, 1], on ``n_features``
    features. ``mad`` and ``sd`` need at least one feature; the correlations need two features, and
    neither sample may be constant. Otherwise they are NaN. ENCODE warns on Spearman below 0.9
    (same donor) or 0.8 (different donors).

    Raises
    ------
    InputError
        x and y are not vectors of one length, or a value is negative or not finite.

    References
    ----------
    ENCODE uniform RNA-seq pipeline, MAD.R.

    Examples
    --------
    >>> qc = encode_qc([0, 0, 2, 4, 8], [0, 5, 4, 4, 4])
    >>> qc.mad, qc.n_features, qc.n_zero_in_one
    (1.483, 3, 1)
    """
    first, second = as_pair(x, y)
    refuse_negative(first, name="x")
    refuse_negative(second, name="y")
    both = (first > 0) & (second > 0)
    n_zero_in_one = int(np.count_nonzero((first > 0) ^ (second > 0)))
    log_x, log_y = np.log2(first[both]), np.log2(second[both])
    kept = (log_x + log_y) / 2 > 0
    log_x, log_y = log_x[kept], log_y[kept]
    if log_x.size == 0:
        reason = "no feature is above 0 in both samples and has a mean log2 above 0"
        return EncodeQc(NAN, NAN, NAN, NAN, 0, n_zero_in_one, reason)
    difference = log_x - log_y
    reason = why_undefined(log_x, log_y)
    return EncodeQc(
        mad=round(MAD_TO_SD * float(np.median(np.abs(difference))), 3),
        sd=round(float(np.sqrt(np.mean(difference**2))), 3),
        pearson=NAN if reason else correlation(log_x, log_y),
        spearman=NAN if reason else spearman(log_x, log_y),
        n_features=int(log_x.size),
        n_zero_in_one=n_zero_in_one,
        reason=reason,
    )


def detection(x: npt.ArrayLike, y: npt.ArrayLike, *, threshold: float = 1.0) -> Detection:
    """Return the overlap of the features detected (TPM >= ``threshold``) in two samples.

    Parameters
    ----------
    x, y
        One TPM per feature, not log-transformed.
    threshold
        Smallest TPM that counts as detected, > 0.

    Returns
    -------
    Numbers of features detected in one sample only, in neither and in both, and the Jaccard index
    of the detected sets in [0, 1]. The index is NaN where no feature is detected in either sample.

    Raises
    ------
    InputError
        x and y are not vectors of one length, a value is negative or not finite, or the
        threshold is <= 0.

    References
    ----------
    Teng et al. 2016, Genome Biology 17:74, 10.1186/s13059-016-0940-1 (NE, NN).

    Examples
    --------
    >>> detection([0, 2, 5, 0], [0, 0, 7, 3], threshold=1)[:4]
    (2, 1, 1, 0.333...)
    """
    if not threshold > 0:
        raise InputError(f"threshold must be > 0, got {threshold}")
    first, second = as_pair(x, y)
    refuse_negative(first, name="x")
    refuse_negative(second, name="y")
    in_x, in_y = first >= threshold, second >= threshold
    n_both = int(np.count_nonzero(in_x & in_y))
    n_one = int(np.count_nonzero(in_x ^ in_y))
    n_neither = int(first.size) - n_both - n_one
    if n_both + n_one == 0:
        return Detection(0, n_neither, 0, NAN, f"no feature reaches {threshold:g} in either")
    return Detection(n_one, n_neither, n_both, n_both / (n_both + n_one), "")
