"""The highest R that measurement noise allows, from the reliability of each sample."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from lotwise.errors import InputError
from lotwise.metrics.correlation import pearson_matrix
from lotwise.metrics.design import noise_spread
from lotwise.metrics.moments import (
    FloatArray,
    as_matrix,
    as_vector,
    refuse_negative,
    standardise_samples,
    standardised_correlation,
    why_undefined,
)

NAN = float("nan")
_MILLION = 1e6
# |R| of unrelated features is below this many standard errors, 1 / sqrt(n), in 99.7 % of cases.
_CHANCE = 3.0
# Replicates are doubtful when their 1 - R exceeds that of the best group by more than this factor.
# The first is for two groups, the second is added for each doubling. It is raised to a power where
# the noise of samples is more unequal than usual (benchmarks/ceiling_rates.py).
_DISAGREE, _DISAGREE_A_DOUBLING = 2.25, 0.65
_USUAL_SPREAD, _LARGEST_POWER = 0.365, 1.6
_ROUNDING = 1e-12


class Reliability(NamedTuple):
    """Expected correlation of a sample with a second measurement of the same true expression."""

    reliability: float
    reason: str


class ReplicateReliability(NamedTuple):
    """Reliability of a sample from its replicates.

    ``of_group`` is the reliability of the sample's own group. ``disagree`` is True if the samples
    of this group disagree; ``reliability`` is then the median of the other groups.
    """

    reliability: float
    of_group: float
    disagree: bool
    reason: str


class Ceiling(NamedTuple):
    """R, the highest R that measurement noise allows, and their ratio."""

    pearson: float
    ceiling: float
    ratio: float
    reason: str


def noise_ceiling(pearson: float, *, reliability_x: float, reliability_y: float) -> Ceiling:
    """Return the highest R that samples of these reliabilities can show.

    Parameters
    ----------
    pearson
        Observed R.
    reliability_x, reliability_y
        Reliability of each sample, in (0, 1]; NaN where unknown.

    Returns
    -------
    ``ceiling`` is sqrt(rel_x rel_y). ``ratio`` is R / ceiling; it estimates R without measurement
    noise and exceeds 1 where R exceeds its estimated ceiling. NaN where a reliability or R is
    unknown.

    Raises
    ------
    InputError
        R or a reliability is out of range.

    References
    ----------
    Spearman 1904, Am J Psychol 15:72; limits: Saccenti et al. 2020, Sci Rep 10:438,
    10.1038/s41598-019-57247-4.

    Examples
    --------
    >>> round(noise_ceiling(0.72, reliability_x=0.9, reliability_y=0.9).ratio, 6)
    0.8
    """
    if abs(pearson) > 1:
        raise InputError(f"pearson must be in [-1, 1], got {pearson}")
    for name, value in (("x", reliability_x), ("y", reliability_y)):
        if value <= 0 or value > 1:
            raise InputError(f"the reliability of {name} must be in (0, 1], got {value}")
    ceiling = float(np.sqrt(reliability_x * reliability_y))
    if np.isnan(ceiling):
        return Ceiling(pearson, NAN, NAN, "the reliability of a sample is unknown")
    if np.isnan(pearson):
        return Ceiling(NAN, ceiling, NAN, "R is not defined")
    return Ceiling(pearson, ceiling, pearson / ceiling, "")


def replicate_reliabilities(
    log_tpm: npt.ArrayLike, *, groups: npt.ArrayLike
) -> tuple[ReplicateReliability, ...]:
    """Return the reliability of each sample from its replicates, robust to swaps and bad samples.

    For each sample, the highest R to a replicate is used. The median of these R is the reliability
    of the group. One bad sample of three does not change this median. If 1 - R of a group is more
    than :func:`disagree_from` times that of the best group, its samples are probably not replicates
    of each other. Such a group gets the median reliability of the groups without this problem.
    Otherwise a swap would lower the ceiling and would not be noticed.

    Parameters
    ----------
    log_tpm
        Samples x features.
    groups
        One label per sample: its batch and condition.

    Returns
    -------
    One entry per sample, in (0, 1]. NaN with a reason where a group has one sample or a
    replicate is constant. ``disagree`` is True for the samples of a group that got the
    median of other groups.

    Raises
    ------
    InputError
        Not a matrix, a value is not finite, or there is not one label per sample.

    Examples
    --------
    >>> samples = [[1, 2, 3, 4], [1, 2, 3, 5], [4, 1, 3, 2], [1, 3, 3, 4], [1, 3, 3, 5]]
    >>> found = replicate_reliabilities(samples, groups=["A", "A", "A", "B", "B"])
    >>> round(found[2].reliability, 3), found[2].disagree
    (0.983, False)
    """
    matrix = as_matrix(log_tpm, name="log_tpm")
    labels = np.asarray(groups)
    if labels.shape != (matrix.shape[0],):
        raise InputError(f"got {labels.size:,} groups for {matrix.shape[0]:,} samples")
    names = list(dict.fromkeys(labels.tolist()))
    r = pearson_matrix(matrix)
    own = {name: _of_group(r[np.ix_(labels == name, labels == name)]) for name in names}
    known = [one.reliability for one in own.values() if not one.reason]
    factor = disagree_from(len(known), spread=noise_spread(r, batches=labels))
    most = factor * (1 - max(known, default=NAN))
    sound = [value for value in known if 1 - value <= most + _ROUNDING]
    by_group = {}
    for name, found in own.items():
        disagree = not found.reason and found.reliability not in sound
        value = float(np.median(sound)) if disagree else found.reliability
        by_group[name] = ReplicateReliability(value, found.reliability, disagree, found.reason)
    return tuple(by_group[name] for name in labels.tolist())


def disagree_from(n_groups: int, *, spread: float = 0.0) -> float:
    """Return the factor by which 1 - R of a sound group may exceed that of the best group.

    By chance alone, the best of many groups is better than the best of few. It is also better if
    the noise of samples is unequal (``spread``: :func:`lotwise.metrics.design.noise_spread`). The
    factor therefore increases with both.

    Examples
    --------
    >>> [round(disagree_from(n), 2) for n in (2, 3, 6, 12)]
    [2.25, 2.63, 3.28, 3.93]
    >>> round(disagree_from(2, spread=0.5), 2)
    3.04
    """
    usual = _DISAGREE + _DISAGREE_A_DOUBLING * math.log2(max(n_groups, 2) / 2)
    return float(usual ** min(max(spread / _USUAL_SPREAD, 1.0), _LARGEST_POWER))


def _of_group(replicates: FloatArray) -> Reliability:
    """Return the median over the samples of their highest R to a replicate."""
    if replicates.shape[0] < 2:
        return Reliability(NAN, "fewer than two replicates")
    if np.isnan(replicates).any():
        return Reliability(NAN, "a replicate is constant")
    r = replicates - np.diag(np.full(replicates.shape[0], np.inf))
    return _positive(float(np.median(r.max(axis=1))))


def bootstrap_reliability(log_tpm: npt.ArrayLike, *, bootstraps: npt.ArrayLike) -> Reliability:
    """Return the reliability from the quantifier's bootstraps: 1 - mean noise / spread.

    Parameters
    ----------
    log_tpm
        One value per feature of the sample.
    bootstraps
        Bootstraps x features, on the same scale.

    Returns
    -------
    ``1 - mean_g Var_b(L_gb) / Var_g(L_g)``; NaN with fewer than two bootstraps, a constant
    sample, or noise as large as the spread.

    Raises
    ------
    InputError
        The shapes do not match, or a value is not finite.

    Examples
    --------
    >>> found = bootstrap_reliability([0, 2, 4], bootstraps=[[0, 2, 4.5], [0, 2, 3.5]])
    >>> round(found.reliability, 4)
    0.9375
    """
    sample = as_vector(log_tpm, name="log_tpm")
    draws = as_matrix(bootstraps, name="bootstraps")
    if draws.shape[1] != sample.size:
        raise InputError(
            f"the bootstraps have {draws.shape[1]:,} features, but the sample has {sample.size:,}"
        )
    if draws.shape[0] < 2:
        return Reliability(NAN, "fewer than two bootstraps")
    reason = why_undefined(sample, sample)
    if reason:
        return Reliability(NAN, reason.replace("both samples are", "the sample is"))
    noise = float(np.mean(np.var(draws, axis=0, ddof=1)))
    return _positive(1 - noise / float(np.var(sample)))


def thinning_reliability(
    counts: npt.ArrayLike,
    *,
    lengths: npt.ArrayLike,
    rng: np.random.Generator,
    pseudocount: float = 1.0,
) -> Reliability:
    """Return a library's expected R with a second sequencing of it, from its own counts.

    The counts are thinned binomially into two, four and eight independent libraries of a
    half, a quarter and an eighth of the depth. log(1/r - 1) of their mean R is extrapolated
    quadratically in log depth to the full depth. The Spearman-Brown formula assumes a slope of -1.
    At low depth, log2(TPM + c) has another slope, and the formula gives a reliability that is too
    high.

    Parameters
    ----------
    counts
        One count per feature; estimated counts are rounded.
    lengths
        Effective lengths in bases, > 0. NaN where unknown; only features without counts may have
        an unknown length, since their TPM is 0.
    rng
        Random number generator.
    pseudocount
        c of log2(TPM + c).

    Returns
    -------
    Reliability in (0, 1]. It covers the noise of counting reads, but not of library preparation or
    of assigning reads to isoforms. NaN without counts, or where thinned libraries do not correlate
    beyond chance (R up to 3 / sqrt(features)): nothing can be extrapolated from such an R.

    Raises
    ------
    InputError
        The shapes do not match, counts are negative, lengths are <= 0, or features with counts
        have no length.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> counts = rng.poisson(rng.lognormal(3, 2, 2000))
    >>> found = thinning_reliability(counts, lengths=np.full(2000, 1000.0), rng=rng)
    >>> 0.95 < found.reliability < 1
    True
    """
    whole = np.rint(as_vector(counts, name="counts"))
    refuse_negative(whole, name="counts")
    per_base = _inverse_lengths(np.asarray(lengths, dtype=np.float64), whole)
    if not whole.any():
        return Reliability(NAN, "the sample has no counts")
    parts = [whole.astype(np.int64)]
    log_odds = []
    by_chance = _CHANCE / float(np.sqrt(whole.size))
    for _ in range(3):
        parts = [half for part in parts for half in _halves(part, rng)]
        r = _mean_correlation([_log_tpm(part * per_base, pseudocount) for part in parts])
        if not by_chance < r <= 1:
            return Reliability(
                NAN, "the thinned libraries do not correlate with each other beyond chance"
            )
        if r == 1:
            return Reliability(1.0, "")
        log_odds.append(float(np.log(1 / r - 1)))
    half, quarter, eighth = log_odds
    return Reliability(1 / (1 + float(np.exp(3 * half - 3 * quarter + eighth))), "")


def halves_reliability(halves: npt.ArrayLike, *, quarters: npt.ArrayLike) -> Reliability:
    """Return the reliability of a sample from halves and quarters of its reads.

    Each part was quantified separately, so its noise is that of sampling reads and of assigning
    them to isoforms. ``log(1/r - 1)`` of halves and quarters is extrapolated linearly in log depth
    to the depth of the whole sample.

    Parameters
    ----------
    halves
        2 x features, log2(TPM + c).
    quarters
        Quarters x features, on the same scale; r is the mean over their pairs.

    Returns
    -------
    Reliability in (0, 1]; NaN where parts do not correlate beyond chance, or where quarters agree
    more than halves do.

    Raises
    ------
    InputError
        The shapes do not match, or a value is not finite.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> truth = rng.normal(0, 2, 5000)
    >>> quarters = truth + rng.normal(0, 1, (4, 5000))
    >>> halves = truth + rng.normal(0, np.sqrt(0.5), (2, 5000))
    >>> found = halves_reliability(halves, quarters=quarters)
    >>> 0.93 < found.reliability < 0.95  # 4 / 4.25 is .941
    True
    """
    whole = as_matrix(halves, name="halves")
    parts = as_matrix(quarters, name="quarters")
    if whole.shape[0] != 2 or parts.shape[0] < 2 or whole.shape[1] != parts.shape[1]:
        raise InputError(
            f"'halves' has shape {whole.shape} and 'quarters' has shape {parts.shape}",
            remedy="give the values of two halves of the reads and of at least two quarters, one "
            "row each, with the same features as columns",
        )
    of_halves = _mean_correlation(list(whole))
    of_quarters = _mean_correlation(list(parts))
    least = _CHANCE / float(np.sqrt(whole.shape[1]))
    if not (least < of_quarters <= 1 and least < of_halves <= 1):
        return Reliability(NAN, "parts of the reads do not correlate beyond chance")
    if of_halves == 1:
        return Reliability(1.0, "")
    half, quarter = (float(np.log(1 / r - 1)) for r in (of_halves, of_quarters))
    if quarter < half:
        return Reliability(NAN, "quarters of the reads agree more than halves do")
    return Reliability(1 / (1 + float(np.exp(2 * half - quarter))), "")


def _positive(reliability: float) -> Reliability:
    if reliability > 0:
        return Reliability(reliability, "")
    return Reliability(NAN, "the noise is as large as the spread of expression")


def _inverse_lengths(lengths: FloatArray, counts: FloatArray) -> FloatArray:
    if lengths.shape != counts.shape:
        raise InputError(f"got {lengths.size:,} lengths for {counts.size:,} features")
    known = np.isfinite(lengths)
    if (lengths[known] <= 0).any():
        raise InputError("every effective length must be > 0 bases, got one that is 0 or negative")
    n_bad = int(np.count_nonzero(~known & (counts > 0)))
    if n_bad:
        raise InputError(f"{n_bad:,} features have counts but no length")
    return 1 / np.where(known, lengths, np.inf)


def _halves(
    counts: npt.NDArray[np.int64], rng: np.random.Generator
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    half = rng.binomial(counts, 0.5)
    return half, counts - half


def _log_tpm(rate: FloatArray, pseudocount: float) -> FloatArray:
    total = rate.sum()
    tpm: FloatArray = rate / total * _MILLION if total > 0 else rate
    return np.log2(tpm + pseudocount)


def _mean_correlation(samples: list[FloatArray]) -> float:
    """Return the mean R of all pairs; NaN where an R is not defined."""
    standardised = standardise_samples(np.stack(samples))
    found = [
        standardised_correlation(a, b) for i, a in enumerate(standardised) for b in standardised[:i]
    ]
    return float(np.mean(found))
