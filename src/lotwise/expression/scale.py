"""The scale of values: whether they are counts, counts per million or logarithms."""

from __future__ import annotations

import math
from typing import Final

import numpy as np

from lotwise.expression.abundance import Floats

# log2(1e6 + 1) is 19.93, the maximum on that scale.
HIGHEST_LOG2: Final = 20.0
# TPM of all features sum to a million; a sum below this is of a subset, or not of TPM.
LEAST_SUM: Final = 0.9e6
# The lowest values are tested, of which few counts are many.
_TESTED: Final = 400
# With fewer features, values can be multiples of one number by chance.
FEWEST: Final = 50
# Values of more decimals than this are taken as not rounded.
_MOST_DECIMALS: Final = 7
_WHOLE: Final = 1e-2
_FLOAT32: Final = 2e-7
# log of the probability that values which are not multiples of one number would look so.
_BY_CHANCE: Final = -30.0
# Counts of a library at most. Rounded TPM that were scaled again are multiples of their last
# decimal; with six decimals they would be those of a million million counts.
_LARGEST_LIBRARY: Final = 1e9
# Share of whole numbers in counts at least: features that share no reads have them. Of estimated
# counts of kallisto, salmon and RSEM, 12 to 66 % are whole (GEUVADIS, macrophages).
LEAST_WHOLE: Final = 0.05
# In a failed library, more of the counts are whole numbers than of logarithms of counts.
_MOSTLY: Final = 0.5
# Logarithms to base 2 of counts below a thousand million are smaller than this.
_HIGHEST_LOG_COUNT: Final = 30.0
# The lowest value can be up to this many counts.
_LOWEST_COUNTS: Final = (1, 2, 3)
# Counts are TPM times length: their slope on TPM, as logarithms, is 1 unless length depends on TPM.
_LEAST_SLOPE: Final = 0.5
_FEWEST_COUNTS: Final = 10
_MILLION: Final = 1_000_000
# Difference of two R that differ clearly.
_CLEARLY: Final = 0.1
# TPM that hardly differ have no slope; the logarithms of real ones vary several times as much.
_LEAST_VARIANCE: Final = 1.0


def are_logarithms(tpm: Floats) -> bool:
    """Return whether TPM of all features cannot be this small, unless they are logarithms.

    TPM sum to a million, so with fewer than 50,000 features one is above 20.

    Examples
    --------
    >>> tpm = np.random.default_rng(0).dirichlet(np.ones(300)) * 1e6
    >>> are_logarithms(tpm), are_logarithms(np.log2(tpm + 1))
    (False, True)
    """
    return bool(0 < tpm.max() <= HIGHEST_LOG2 and tpm.sum() < LEAST_SUM)


def follows_logarithms(values: Floats, tpm: Floats) -> bool:
    """Return whether values rise with the logarithm of TPM rather than with TPM.

    Examples
    --------
    >>> tpm = np.random.default_rng(0).dirichlet(np.ones(300)) * 1e6
    >>> follows_logarithms(np.log1p(tpm), tpm), follows_logarithms(tpm / 1e5, tpm)
    (True, False)
    """
    with np.errstate(invalid="ignore"):  # of constant values
        r = np.corrcoef([values, np.log1p(tpm), tpm])[0]
    return bool(r[1] > r[2] + _CLEARLY)


def are_whole_numbers(values: Floats) -> bool:
    """Return whether each value is a whole number.

    Examples
    --------
    >>> are_whole_numbers(np.array([0.0, 3.0])), are_whole_numbers(np.array([0.5]))
    (True, False)
    """
    return bool((values == np.round(values)).all())


def chance_of_a_million(values: Floats) -> float:
    """Return the probability that TPM rounded to whole numbers sum to a million, if these do.

    The errors of n rounded values sum to a number of variance n / 12, so many TPM seldom sum to
    exactly a million after rounding. Counts that were drawn to this depth always do, and of their
    many features, some have one count. The result is 1 for all other values.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> shares = rng.dirichlet(np.full(5000, 0.3))
    >>> rarefied, tpm = rng.multinomial(1_000_000, shares).astype(float), shares * 1e6
    >>> chance_of_a_million(rarefied) < 0.05
    True
    >>> chance_of_a_million(np.round(tpm)), chance_of_a_million(tpm)
    (1.0, 1.0)
    """
    present = values[values != 0]
    if present.size < FEWEST or present.min() != 1 or present.sum() != _MILLION:
        return 1.0
    if not are_whole_numbers(present):
        return 1.0
    return math.sqrt(6 / (math.pi * present.size))


def share_of_whole_numbers(values: Floats) -> float:
    """Return the share of whole numbers among the values that are not 0.

    Examples
    --------
    >>> share_of_whole_numbers(np.array([0.0, 3.0, 2.5]))
    0.5
    """
    present = values[values != 0]
    return float((np.abs(present - np.round(present)) < 1e-3).mean())


def are_log_counts(values: Floats) -> bool:
    """Return whether values are logarithms of counts, to base 2, e or 10, with 1 added.

    Examples
    --------
    >>> counts = np.arange(100.0)
    >>> are_log_counts(np.log1p(counts)), are_log_counts(np.log2(counts + 1.3))
    (True, True)
    >>> are_log_counts(counts % 7), are_log_counts(counts)
    (False, False)
    """
    if np.count_nonzero(values) < FEWEST or values.max() > _HIGHEST_LOG_COUNT:
        return False
    share = share_of_whole_numbers(values)
    if share < LEAST_WHOLE:
        return True
    undone = (np.exp2(values) - 1, np.expm1(values), 10.0**values - 1)
    return share < _MOSTLY and max(map(share_of_whole_numbers, undone)) > 1 - LEAST_WHOLE


def are_multiples(values: Floats) -> bool:
    """Return whether values are whole counts times one factor, as counts per million are.

    TPM are counts divided by lengths, which differ. Rounding is allowed for: from the lowest
    values on, the interval of factors that explain all values so far is narrowed until it is
    empty, or until the values would fit it by chance with a probability below 1e-13.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> counts = rng.negative_binomial(1, 0.01, 5000)
    >>> are_multiples(np.round(counts / 20, 2))
    True
    >>> are_multiples(np.round(counts / rng.uniform(10, 40, 5000), 2))
    False
    """
    present = values[values > 0]
    distinct = np.unique(present)[:_TESTED]
    if present.size < FEWEST or distinct.size < 10:
        return False
    error = np.maximum(_half_of_last_decimal(distinct), _FLOAT32 * distinct)
    intervals = [
        ((distinct[0] - error[0]) / counts, (distinct[0] + error[0]) / counts)
        for counts in _LOWEST_COUNTS
    ]
    gaps, wide = np.diff(distinct), error[1:] + error[:-1]
    seen = gaps > 1.25 * wide
    if seen.any():
        at = int(np.argmin(np.where(seen, gaps, np.inf)))
        intervals.append((gaps[at] - wide[at], gaps[at] + wide[at]))
    least = values.sum() / _LARGEST_LIBRARY
    return any(
        _explains(distinct, error, max(lowest, least), highest)
        for lowest, highest in intervals
        if highest > least
    )


def _half_of_last_decimal(values: Floats) -> float:
    """Return half of the last decimal to which all values are rounded; 0 if they are not."""
    for decimals in range(_MOST_DECIMALS + 1):
        scaled = values * 10.0**decimals
        if (np.abs(scaled - np.round(scaled)) < _WHOLE).all():
            return 0.5 * 10.0**-decimals
    return 0.0


def _explains(values: Floats, error: Floats, lowest: float, highest: float) -> bool:
    """Return whether a factor between two bounds explains all values, and not by chance."""
    chance = 0.0
    for least, most in zip((values - error).tolist(), (values + error).tolist(), strict=True):
        first, last = least / highest, most / lowest
        if last - first >= 1:
            continue  # any value would be a multiple
        counts = math.floor(last)
        if counts < max(first, 1):
            return False
        chance += math.log(last - first)
        lowest, highest = max(lowest, least / counts), min(highest, most / counts)
        if lowest > highest:
            return False
    return chance < _BY_CHANCE


def contradicts(counts: Floats, tpm: Floats) -> bool:
    """Return whether counts cannot be those from which TPM were computed.

    This is so if the logarithm of the counts rises with the logarithm of TPM by less than half as
    much, as it does if counts of other features were given. Features of which fewer than 10 counts
    are expected are left out: in a failed library most of them have one count.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> tpm = rng.lognormal(2, 2, 500)
    >>> counts = tpm * rng.uniform(500, 5000, 500)
    >>> contradicts(counts, tpm), contradicts(rng.permutation(counts), tpm)
    (False, True)
    """
    both = (counts > 0) & (tpm > 0) & (tpm * counts.sum() >= _FEWEST_COUNTS * tpm.sum())
    if int(both.sum()) < FEWEST:
        return False
    log_tpm, log_counts = np.log(tpm[both]), np.log(counts[both])
    centred = log_tpm - log_tpm.mean()
    squares = float(centred @ centred)
    if squares < _LEAST_VARIANCE * centred.size:
        return False
    return float(centred @ log_counts) < _LEAST_SLOPE * squares
