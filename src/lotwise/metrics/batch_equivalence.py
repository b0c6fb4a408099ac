"""Equivalence of batches: are samples of different batches as alike as replicates?"""

from __future__ import annotations

from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.optimize import brentq
from scipy.special import stdtr, stdtrit

from lotwise.errors import InputError
from lotwise.metrics.moments import FloatArray
from lotwise.metrics.tolerance import tolerance_factor
from lotwise.wording import counted

NAN = float("nan")
Equivalent = Literal["yes", "no", "not assessable"]
FEWEST_BATCHES = 3
_FEW_BATCHES = 4
# Stands for a dissimilarity of 0, which has no logarithm.
_SMALLEST = 1e-12


class BatchEquivalence(NamedTuple):
    """Difference of 1 - R between and within batches, and whether it is within a margin.

    ``difference`` is the median of 1 - R between batches minus the median within batches.
    ``standard_error`` is its jackknife standard error. ``lower`` and ``upper`` are the limits of
    its interval with coverage ``1 - 2 alpha``; ``upper`` is farther from ``difference`` than
    ``lower`` is. ``p`` is the larger p of the two one-sided tests. ``words`` state what this number
    of batches can show. ``reason`` states why equivalence cannot be assessed.
    """

    difference: float
    between: float
    within: float
    standard_error: float
    lower: float
    upper: float
    p: float
    equivalent: Equivalent
    n_batches: int
    words: str
    reason: str


def batch_equivalence(
    correlations: npt.ArrayLike,
    *,
    batches: npt.ArrayLike,
    margin: float,
    conditions: npt.ArrayLike | None = None,
    alpha: float = 0.05,
) -> BatchEquivalence:
    """Test whether 1 - R between batches exceeds 1 - R within batches by less than a margin.

    ``between`` is the median of 1 - R over pairs of samples from different batches, and ``within``
    is the median over pairs from one batch. Both samples of a pair have the same condition. ``D``
    is ``between - within``. Two one-sided tests check ``-margin < D < margin``. They compare
    log(between) with log(within + margin), and log(between + margin) with log(within). On the log
    scale, 1 - R is nearly symmetric. The independent units are batches, not pairs. The standard
    errors are therefore jackknives over batches, with Student's t on ``k - 1`` degrees of freedom
    for ``k`` batches. The interval contains the differences that these tests do not reject.

    Parameters
    ----------
    correlations
        R of samples x samples, symmetric, computed from libraries thinned to one depth.
    batches
        Batch of each sample.
    margin
        Largest D that is acceptable, > 0; justify it for your study.
    conditions
        Condition of each sample; by default all have the same.
    alpha
        Probability that batches are called equivalent if D equals the margin, in (0, 0.5).

    Returns
    -------
    ``equivalent`` is "no" if equivalence was not shown. This does not show a difference.
    ``equivalent`` is "not assessable" if there are fewer than three batches, if fewer than two of
    them have replicates, or if a batch has no other batch of its condition. It is also "not
    assessable" if a correlation is undefined, or if no pairs within or between batches remain when
    one batch is left out. The standard error, the interval and ``p`` are then NaN.

    Raises
    ------
    InputError
        The matrix is not square, there is not one label per sample, or a number is out of range.

    References
    ----------
    Two one-sided tests: Schuirmann 1987, J Pharmacokinet Biopharm, 10.1007/BF01068419. Error rate
    and coverage by simulation: ``benchmarks/batch_equivalence_rates.py``.

    Examples
    --------
    >>> r = np.full((6, 6), 0.97) + 0.03 * np.eye(6)
    >>> found = batch_equivalence(r, batches=[*"aabbcc"], margin=0.01)
    >>> found.equivalent, found.difference
    ('yes', 0.0)
    """
    pairs, names = _read(correlations, batches, conditions)
    if not margin > 0:
        raise InputError(f"margin must be > 0, got {margin}")
    if not 0 < alpha < 0.5:
        raise InputError(f"alpha must be in (0, 0.5), got {alpha}")
    reason = _reason(pairs, names)
    if reason:
        return _not_assessable(pairs, len(names), reason)
    return _test(pairs, names, margin=margin, alpha=alpha)


class AcceptedMargin(NamedTuple):
    """The margin computed from accepted batches; NaN with a reason if it cannot be computed."""

    margin: float
    n_batches: int
    reason: str


def accepted_margin(
    correlations: npt.ArrayLike,
    *,
    batches: npt.ArrayLike,
    conditions: npt.ArrayLike | None = None,
    level: float = 0.95,
    least_batches: int = 6,
) -> AcceptedMargin:
    """Return the upper tolerance limit of D over accepted batches, as a margin for new batches.

    The ``D`` of an accepted batch is the median of 1 - R to the other accepted batches, minus the
    median of 1 - R within batches. A pair of batches contributes to the D of both batches. The
    spread of D is therefore too small by the factor ``(k - 2) / (k - 1)``, and the standard
    deviation of D is divided by this factor. The margin is ``mean + factor x sd``. The factor is
    the exact normal tolerance factor, with ``level`` as content and as confidence.

    Parameters
    ----------
    correlations
        R of accepted samples x accepted samples, symmetric, computed from libraries thinned to
        one depth.
    batches
        Batch of each sample.
    conditions
        Condition of each sample; by default all have the same.
    level
        Content and confidence of the tolerance limit, in (0, 1).
    least_batches
        Smallest number of accepted batches from which a margin is computed, >= 3.

    Raises
    ------
    InputError
        The matrix is not square, there is not one label per sample, or a number is out of range.

    Examples
    --------
    >>> r = np.full((4, 4), 0.97) + 0.03 * np.eye(4)
    >>> accepted_margin(r, batches=[*"aabb"]).reason
    'a margin needs at least 6 accepted batches; there are 2'
    """
    if least_batches < FEWEST_BATCHES:
        raise InputError(f"least_batches must be >= {FEWEST_BATCHES}, got {least_batches}")
    pairs, names = _read(correlations, batches, conditions)
    k = len(names)
    if k < least_batches:
        there = "is 1" if k == 1 else f"are {k}"
        reason = f"a margin needs at least {least_batches} accepted batches; there {there}"
        return AcceptedMargin(NAN, k, reason)
    reason = _reason(pairs, names)
    if reason:
        return AcceptedMargin(NAN, k, f"of the accepted batches, {reason}")
    _, within = pairs.medians()
    own = [
        np.median(pairs.distance[~pairs.same & ((pairs.first == name) | (pairs.second == name))])
        for name in names
    ]
    difference = np.array(own) - within
    sd = float(difference.std(ddof=1)) * (k - 1) / (k - 2)
    factor = tolerance_factor(k, content=level, confidence=level)
    margin = float(difference.mean()) + factor * sd
    if not margin > 0:
        return AcceptedMargin(NAN, k, "the accepted batches differ less than their replicates")
    return AcceptedMargin(margin, k, "")


def _read(
    correlations: npt.ArrayLike, batches: npt.ArrayLike, conditions: npt.ArrayLike | None
) -> tuple[_Pairs, list[str]]:
    """Return the pairs of samples of one condition, and the names of the batches."""
    matrix, of_sample = np.asarray(correlations, dtype=np.float64), np.asarray(batches).astype(str)
    condition = np.zeros(of_sample.size) if conditions is None else np.asarray(conditions)
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1]:
        raise InputError(f"correlations must be samples x samples, got {matrix.shape}")
    if not matrix.shape[0] == of_sample.size == condition.size:
        raise InputError(
            f"got {of_sample.size} batches for {matrix.shape[0]} samples; expected one "
            "batch per sample"
        )
    first, second = np.triu_indices(of_sample.size, k=1)
    alike = condition[first] == condition[second]
    pairs = _Pairs(
        distance=1 - matrix[first, second][alike],
        first=of_sample[first][alike],
        second=of_sample[second][alike],
    )
    return pairs, list(dict.fromkeys(of_sample.tolist()))


class _Pairs(NamedTuple):
    distance: FloatArray
    first: npt.NDArray[np.str_]
    second: npt.NDArray[np.str_]

    @property
    def same(self) -> npt.NDArray[np.bool_]:
        return np.asarray(self.first == self.second)

    def without(self, batch: str) -> _Pairs:
        kept = (self.first != batch) & (self.second != batch)
        return _Pairs(self.distance[kept], self.first[kept], self.second[kept])

    def medians(self) -> tuple[float, float]:
        """Return the medians between and within batches; NaN if there are no pairs."""
        parts = (self.distance[~self.same], self.distance[self.same])
        between, within = (float(np.median(part)) if part.size else NAN for part in parts)
        return between, within


def _reason(pairs: _Pairs, names: list[str]) -> str:
    if len(names) < FEWEST_BATCHES:
        there = counted(len(names), "batch", "batches")
        return f"{there}; at least {FEWEST_BATCHES} are needed"
    if not np.isfinite(pairs.distance).all():
        return "the correlation of some pair is not defined"
    replicated = {*pairs.first[pairs.same].tolist()}
    if len(replicated) < 2:
        return "fewer than two batches have replicates (samples of one batch and condition)"
    linked = {*pairs.first[~pairs.same].tolist(), *pairs.second[~pairs.same].tolist()}
    if linked != {*names}:
        alone = ", ".join(sorted({*names} - linked))
        return f"no other batch has samples of the same condition as {alone}"
    for name in names:
        if not np.isfinite(pairs.without(name).medians()).all():
            return f"without {name}, pairs within or between batches are missing"
    return ""


def _not_assessable(pairs: _Pairs, n_batches: int, reason: str) -> BatchEquivalence:
    between, within = pairs.medians() if pairs.distance.size else (NAN, NAN)
    return BatchEquivalence(
        difference=between - within,
        between=between,
        within=within,
        standard_error=NAN,
        lower=NAN,
        upper=NAN,
        p=NAN,
        equivalent="not assessable",
        n_batches=n_batches,
        words="",
        reason=reason,
    )


class _LeftOut(NamedTuple):
    """The two medians, with all batches first and then without each batch in turn."""

    between: FloatArray
    within: FloatArray

    def excess(self, difference: float) -> tuple[float, float]:
        """Return log(between) - log(within + difference) and its standard error.

        The distribution of 1 - R is skewed; that of its logarithm is nearly symmetric. For a
        negative difference, -difference is added to between, so that both sides stay above 0.
        """
        raised = self.between - min(difference, 0), self.within + max(difference, 0)
        between, within = (np.log(np.maximum(part, _SMALLEST)) for part in raised)
        of_all, *left_out = between - within
        return float(of_all), _jackknife_error(np.array(left_out))

    def limit(self, t: float) -> float:
        """Return the difference that lies ``t`` standard errors from the observed difference."""

        def beyond(difference: float) -> float:
            excess, error = self.excess(difference)
            return excess + t * error

        observed = float(self.between[0] - self.within[0])
        if beyond(observed) == 0:
            return observed
        step = np.copysign(max(self.between[0], self.within[0], _SMALLEST), t)
        while beyond(observed + step) * t > 0:
            step *= 2
        return float(brentq(beyond, observed, observed + step, xtol=1e-15))


def _jackknife_error(left_out: FloatArray) -> float:
    k = left_out.size
    return float(np.sqrt((k - 1) / k * ((left_out - left_out.mean()) ** 2).sum()))


def _test(pairs: _Pairs, names: list[str], *, margin: float, alpha: float) -> BatchEquivalence:
    k = len(names)
    medians = [pairs.medians(), *(pairs.without(name).medians() for name in names)]
    found = _LeftOut(*np.array(medians).T)
    between, within = medians[0]
    t = float(stdtrit(k - 1, 1 - alpha))
    lower, upper = found.limit(-t), found.limit(t)
    # Both one-sided tests; the larger p decides.
    above, error_above = found.excess(margin)
    below, error_below = found.excess(-margin)
    p = max(_p_below(above, error_above, k - 1), _p_below(-below, error_below, k - 1))
    words = f"{k} batches give {k - 1} degrees of freedom"
    if k < _FEW_BATCHES:
        words += f"; the interval is {upper - lower:.3g} wide, and only large margins can be met"
    return BatchEquivalence(
        difference=between - within,
        between=between,
        within=within,
        standard_error=_jackknife_error((found.between - found.within)[1:]),
        lower=lower,
        upper=upper,
        p=p,
        equivalent="yes" if p <= alpha else "no",
        n_batches=k,
        words=words,
        reason="",
    )


def _p_below(excess: float, error: float, df: int) -> float:
    """Return the p-value of the one-sided test that an excess is below 0."""
    if error > 0:
        return float(stdtr(df, excess / error))
    return 0.0 if excess < 0 else 1.0
