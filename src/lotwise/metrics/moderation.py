"""Variances of features, moderated towards their trend with expression."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.special import digamma, polygamma

from lotwise.errors import InputError
from lotwise.metrics.moments import FloatArray, as_vector

_N_KNOTS: Final = 4
_FEWEST: Final = 30  # with fewer features no trend is fitted
_OFFSET: Final = 1e-5  # times the median variance, so that a variance of 0 has a logarithm


class Moderated(NamedTuple):
    """Moderated variances, and the prior towards which they are shrunk.

    ``freedom_prior`` is infinite where variances differ no more than by chance. ``freedom`` are
    the degrees of freedom of the moderated variances.
    """

    variance: FloatArray
    variance_prior: FloatArray
    freedom_prior: float
    freedom: float


def moderate(
    variances: npt.ArrayLike, *, freedom: float, expression: npt.ArrayLike | None = None
) -> Moderated:
    """Shrink the variance of each feature towards that of features with similar expression.

    With two replicates a variance has one or two degrees of freedom. Some variances are near 0 by
    chance; without moderation, their features would be called equivalent. The empirical Bayes prior
    of the variances is a scaled inverse chi-square distribution. It is fitted to all variances by
    the moments of their logarithms.

    Parameters
    ----------
    variances
        Variance of each feature, >= 0.
    freedom
        Their degrees of freedom, > 0.
    expression
        Mean log2 expression of each feature. A natural spline models the prior as a function of
        expression, because features with few reads vary more. ``None`` fits one prior for all.

    Returns
    -------
    The moderated variance ``(d0 s0^2 + d s^2) / (d0 + d)`` of each feature, where ``s0^2`` is the
    prior and ``d0`` its degrees of freedom. It has ``d0 + d`` degrees of freedom, but at most the
    sum of d over all features.

    Raises
    ------
    InputError
        The lengths differ, a variance is negative, or freedom is not > 0.

    References
    ----------
    Smyth 2004, Stat Appl Genet Mol Biol 3:3, 10.2202/1544-6115.1027; with a trend, Law et al. 2014,
    Genome Biol 15:R29, 10.1186/gb-2014-15-2-r29 (limma-trend).

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> found = moderate(rng.chisquare(2, 500) / 2, freedom=2)
    >>> bool(np.ptp(found.variance) < 0.2)  # all features vary alike
    True
    """
    observed = as_vector(variances, name="variances")
    if (observed < 0).any():
        raise InputError("a variance is negative")
    if not freedom > 0:
        raise InputError(f"degrees of freedom must be > 0, got {freedom}")
    n = observed.size
    if n < 2 or not (observed > 0).any():
        return Moderated(observed, observed, 0.0, freedom)
    positive = np.maximum(observed, _OFFSET * float(np.median(observed[observed > 0])))
    log_variance = np.log(positive) - float(digamma(freedom / 2)) + float(np.log(freedom / 2))
    fitted, rank = np.full(n, float(log_variance.mean())), 1
    if expression is not None:
        level = as_vector(expression, name="expression")
        if level.size != n:
            raise InputError(f"got {level.size:,} expression values for {n:,} variances")
        if n >= _FEWEST:
            basis = _natural_spline(level)
            fitted = basis @ np.linalg.lstsq(basis, log_variance, rcond=None)[0]
            rank = int(np.linalg.matrix_rank(basis))
    spread = float(np.sum((log_variance - fitted) ** 2)) / max(n - rank, 1)
    spread -= float(polygamma(1, freedom / 2))
    if spread <= 0:
        prior, freedom_prior = np.exp(fitted), float("inf")
        if expression is None:
            prior = np.full(n, float(observed.mean()))
        return Moderated(prior, prior, freedom_prior, freedom * n)
    freedom_prior = 2 * _inverse_trigamma(spread)
    prior = np.exp(fitted + float(digamma(freedom_prior / 2)) - float(np.log(freedom_prior / 2)))
    moderated = (freedom_prior * prior + freedom * observed) / (freedom_prior + freedom)
    return Moderated(moderated, prior, freedom_prior, min(freedom_prior + freedom, freedom * n))


def _natural_spline(x: FloatArray) -> FloatArray:
    """Return a natural cubic spline basis with four knots, at the ends and terciles."""
    knots = np.unique(np.quantile(x, np.linspace(0, 1, _N_KNOTS)))
    span = float(np.ptp(x))
    if knots.size < 3:
        return np.ones((x.size, 1))
    scaled, knots = (x - x.min()) / span, (knots - x.min()) / span

    def truncated(knot: float) -> FloatArray:
        # No value is beyond the last knot, which is 1.
        cube: FloatArray = np.maximum(scaled - knot, 0) ** 3 / (1 - knot)
        return cube

    last = truncated(float(knots[-2]))
    curved = [truncated(float(knot)) - last for knot in knots[:-2]]
    return np.column_stack([np.ones(x.size), scaled, *curved])


def _inverse_trigamma(value: float) -> float:
    """Solve trigamma(y) = value by Newton's method on its reciprocal (Smyth 2004, appendix)."""
    if value > 1e7:
        return 1 / float(np.sqrt(value))
    if value < 1e-6:
        return 1 / value
    y = 0.5 + 1 / value
    for _ in range(50):
        trigamma = float(polygamma(1, y))
        step = trigamma * (1 - trigamma / value) / float(polygamma(2, y))
        y += step
        if -step / y < 1e-8:
            break
    return y
