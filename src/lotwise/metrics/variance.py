"""Variance components: how much each factor of the design contributes to the variance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from lotwise.errors import InputError
from lotwise.metrics.moments import FloatArray, as_matrix

RESIDUAL = "residual"
"""Name of the variance that no factor explains."""

_RANK_TOLERANCE = 1e-8
_ALIKE = "alike"
# A variance below this fraction of the mean square of the values is rounding error.
_NO_VARIANCE = 1e-20


class VarianceComponents(NamedTuple):
    """Variance of each feature by factor; the last row is the residual.

    ``variance`` is (factors + 1) x features, never negative, NaN where the design cannot separate
    a factor. ``reasons`` has one entry per row, empty where the variance is known.
    """

    factors: tuple[str, ...]
    variance: FloatArray
    n_levels: tuple[int, ...]
    reasons: tuple[str, ...]

    def shares(self, *, without: Sequence[str] = ()) -> FloatArray:
        """Return each factor's share of the sum of the known variances.

        Parameters
        ----------
        without
            Factors to leave out of the sum, for example the condition, to get shares of the
            variance within a condition. Their own shares are NaN.

        Returns
        -------
        (Factors + 1) x features, in [0, 1]; NaN where the sum is 0.
        """
        kept = np.array([name not in without for name in self.factors])
        part = np.where(kept[:, None], self.variance, np.nan)
        total = np.nansum(part, axis=0)
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.where(total > 0, part / total, np.nan)


def variance_components(
    values: npt.ArrayLike, *, factors: Mapping[str, npt.ArrayLike]
) -> VarianceComponents:
    """Split the variance of each feature over the factors of a design, as random effects.

    The estimates are quadratic and unbiased (MINQUE, Rao 1971), with weights from the median
    components over all features. In a balanced design, analysis of variance and REML give the same
    estimates. A negative component is set to 0 and the others are estimated without it, as in REML.

    Parameters
    ----------
    values
        Samples x features, for example log2(TPM + 1).
    factors
        Group of each sample, by factor name, for example ``{"batch": [...]}``.

    Returns
    -------
    One row per factor and one for the residual. The variance of a factor is NaN, with a reason, if
    the factor has one group or one sample per group. The variance is also NaN, with a reason, if
    the design cannot separate the factor from another factor. Factors that group
    the samples in the same way share one row, named for example ``batch = donor``.

    Raises
    ------
    InputError
        Not a finite matrix, or not one level per sample.

    References
    ----------
    Rao 1971, J Multivar Anal, 10.1016/0047-259X(71)90001-7. Variance components of expression:
    Hoffman and Schadt 2016, BMC Bioinformatics, 10.1186/s12859-016-1323-z.

    Examples
    --------
    >>> values = [[0.0], [0.2], [2.0], [2.2]]
    >>> found = variance_components(values, factors={"batch": ["a", "a", "b", "b"]})
    >>> found.factors, found.variance.round(2).ravel().tolist()
    (('batch', 'residual'), [1.99, 0.02])
    """
    matrix = as_matrix(values, name="values")
    incidence = {
        name: _same_level(np.asarray(levels), name, matrix.shape[0])
        for name, levels in factors.items()
    }
    reasons = _reasons(incidence)
    usable = [name for name in incidence if not reasons[name]]
    # Factors that group the samples in the same way are one factor with one variance.
    alike = _alike(incidence, [name for name, reason in reasons.items() if reason == _ALIKE])
    parts = [(name, incidence[name]) for name in usable]
    parts += [(" = ".join(names), incidence[names[0]]) for names in alike]
    tangled = _tangled(parts)
    estimated = _estimate(matrix, [same for name, same in parts if name not in tangled])
    rows = dict(zip([*(n for n, _ in parts if n not in tangled), RESIDUAL], estimated, strict=True))
    if RESIDUAL in tangled or not np.isfinite(estimated[-1]).all():
        rows[RESIDUAL] = np.full(matrix.shape[1], np.nan)
    for names in alike:
        for name in names:
            others = " and ".join(repr(other) for other in names if other != name)
            reasons[name] = (
                f"it groups the samples in the same way as {others}: see {' = '.join(names)!r}"
            )
    for name, words in tangled.items():
        reasons[name] = words
    listed = (*incidence, *(name for name, _ in parts if name not in incidence), RESIDUAL)
    nothing = np.full(matrix.shape[1], np.nan)
    n_levels: dict[str, int] = {
        name: _n_levels(same) for name, same in [*incidence.items(), *parts]
    }
    return VarianceComponents(
        factors=listed,
        variance=np.array([rows.get(name, nothing) for name in listed]),
        n_levels=tuple(n_levels.get(name, int(matrix.shape[0])) for name in listed),
        reasons=tuple(reasons.get(name, "") for name in listed),
    )


def _same_level(levels: npt.NDArray[np.generic], name: str, n_samples: int) -> FloatArray:
    if levels.shape != (n_samples,):
        raise InputError(f"the factor {name!r} has {levels.size} values for {n_samples} samples")
    return np.asarray(levels[:, None] == levels[None, :], dtype=np.float64)


def _n_levels(same: FloatArray) -> int:
    return int(np.unique(same, axis=0).shape[0])


def _reasons(incidence: Mapping[str, FloatArray]) -> dict[str, str]:
    """Return why a factor on its own has no variance here; empty where it has."""
    reasons: dict[str, str] = {}
    for name, same in incidence.items():
        n_levels = _n_levels(same)
        if n_levels < 2:
            reasons[name] = f"all samples have the same {name}"
        elif n_levels == same.shape[0]:
            reasons[name] = (
                f"each {name} has one sample, so the effect of {name} is part of the residual"
            )
        elif any(np.array_equal(same, incidence[other]) for other in incidence if other != name):
            reasons[name] = _ALIKE
        else:
            reasons[name] = ""
    return reasons


def _alike(incidence: Mapping[str, FloatArray], names: Sequence[str]) -> list[list[str]]:
    groups: list[list[str]] = []
    for name in names:
        for group in groups:
            if np.array_equal(incidence[group[0]], incidence[name]):
                group.append(name)
                break
        else:
            groups.append([name])
    return groups


def _tangled(parts: Sequence[tuple[str, FloatArray]]) -> dict[str, str]:
    """Return the factors, or the residual, that the design cannot separate, each with a reason."""
    if not parts:
        return {}
    gram = _gram([same for _, same in parts])
    scale = np.sqrt(np.maximum(np.diagonal(gram), 0))
    scale = np.where(scale > 0, scale, 1.0)
    values, vectors = np.linalg.eigh(gram / np.outer(scale, scale))
    null = vectors[:, values < _RANK_TOLERANCE * max(float(values[-1]), 1.0)]
    names = [*(name for name, _ in parts), RESIDUAL]
    involved = [name for name, row in zip(names, null, strict=True) if (np.abs(row) > 1e-6).any()]
    return {
        name: "the design cannot separate it from "
        + (" and ".join(repr(other) for other in involved if other != name) or "the mean")
        for name in involved
    }


def _projection(incidence: Sequence[FloatArray], weights: FloatArray) -> FloatArray:
    """Return ``P = V^-1 - V^-1 1 (1' V^-1 1)^-1 1' V^-1`` of the weighted covariance ``V``."""
    n_samples = incidence[0].shape[0] if incidence else 0
    covariance = weights[-1] * np.eye(n_samples)
    for weight, same in zip(weights[:-1], incidence, strict=True):
        covariance += weight * same
    inverse = np.linalg.inv(covariance)
    summed = inverse.sum(axis=1)
    return np.asarray(inverse - np.outer(summed, summed) / summed.sum())


def _gram(incidence: Sequence[FloatArray], weights: FloatArray | None = None) -> FloatArray:
    weights = np.ones(len(incidence) + 1) if weights is None else weights
    projection = _projection(incidence, weights)
    parts = [projection @ same for same in incidence] + [projection]
    return np.array([[np.sum(a * b.T) for b in parts] for a in parts])


def _estimate(matrix: FloatArray, incidence: Sequence[FloatArray]) -> FloatArray:
    """Return one row per factor and one for the residual; no component is negative."""
    n_samples, n_features = matrix.shape
    n_parts = len(incidence) + 1
    if n_samples < 2 or not n_features:
        return np.full((n_parts, n_features), np.nan)
    weights = np.ones(n_parts)
    for _ in range(2):
        found = _minque(matrix, incidence, weights)
        median = np.median(np.maximum(found, 0), axis=1)
        # A weight of 0 would remove a factor for every feature.
        weights = np.asarray(np.maximum(median / max(float(median.sum()), 1e-300), 1e-3))
    found = _minque(matrix, incidence, weights)
    _drop_negative(found, matrix, incidence, weights)
    negligible = found < _NO_VARIANCE * np.maximum((matrix**2).mean(axis=0), 1e-300)
    found[negligible] = 0.0
    return found


def _minque(matrix: FloatArray, incidence: Sequence[FloatArray], weights: FloatArray) -> FloatArray:
    projection = _projection(incidence, weights) if incidence else _centring(matrix.shape[0])
    scaled = projection @ matrix
    quadratic: FloatArray = np.empty((len(incidence) + 1, matrix.shape[1]))
    for place, same in enumerate(incidence):
        # y' P Z Z' P y, by sums over the levels of the factor
        _, first = np.unique(same, axis=0, return_index=True)
        quadratic[place] = ((same[first] @ scaled) ** 2).sum(axis=0)
    quadratic[-1] = (scaled**2).sum(axis=0)
    if not incidence:
        return np.asarray(quadratic / max(matrix.shape[0] - 1, 1))
    return np.asarray(np.linalg.solve(_gram(incidence, weights), quadratic), dtype=np.float64)


def _centring(n_samples: int) -> FloatArray:
    return np.asarray(np.eye(n_samples) - 1 / n_samples)


def _drop_negative(
    found: FloatArray,
    matrix: FloatArray,
    incidence: Sequence[FloatArray],
    weights: FloatArray,
) -> None:
    """Set negative components to 0, the most negative first, and estimate the others again.

    Works in place; features that lose the same factors are estimated together.
    """
    n_factors = len(incidence)
    dropped = np.zeros((n_factors, matrix.shape[1]), dtype=bool)
    for _ in range(n_factors):
        scaled = np.where(dropped, np.inf, found[:-1])
        worst = scaled.argmin(axis=0) if n_factors else np.zeros(matrix.shape[1], dtype=int)
        negative = np.flatnonzero(scaled.min(axis=0) < 0) if n_factors else np.array([], dtype=int)
        if not negative.size:
            return
        dropped[worst[negative], negative] = True
        patterns, group = np.unique(dropped[:, negative], axis=1, return_inverse=True)
        for number, pattern in enumerate(patterns.T):
            features = negative[group.ravel() == number]
            kept = np.flatnonzero(~pattern).tolist()
            again = _minque(
                matrix[:, features],
                [incidence[place] for place in kept],
                weights[[*kept, n_factors]],
            )
            found[:, features] = 0.0
            found[np.ix_([*kept, n_factors], features)] = again
