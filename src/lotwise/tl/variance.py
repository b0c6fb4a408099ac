"""Variance of expression by condition, donor and batch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from lotwise import keys
from lotwise.evidence.variance import VarianceDensityRecord, VarianceRecord
from lotwise.expression.labels import labels_of
from lotwise.expression.layers import tpm_of
from lotwise.files.tables import to_frame
from lotwise.metrics.moments import FloatArray
from lotwise.metrics.variance import VarianceComponents, variance_components
from lotwise.tl.pairs import store

if TYPE_CHECKING:
    from anndata import AnnData

N_BINS: Final = 25
_FACTORS: Final = (keys.CONDITION, keys.DONOR, keys.BATCH)


def variance(expression: AnnData, *, threshold: float = 1.0, pseudocount: float = 1.0) -> None:
    """Split the variance of each expressed feature over condition, donor, batch and residual.

    Parameters
    ----------
    expression
        Samples x features with the layer ``tpm``. The factors are the columns ``condition``,
        ``donor`` and ``batch`` of ``obs`` that have a value for every sample.
    threshold
        A feature is used if its median TPM over samples is at least this value.
    pseudocount
        c of log2(TPM + c).

    Returns
    -------
    Nothing; the table ``variance`` (:class:`~lotwise.evidence.variance.VarianceRecord`) has one row
    per factor, with the median share over features. The table ``variance_density`` has the
    distribution of the shares. A share is NaN, with a reason, if the design cannot separate the
    effect of the factor.

    Raises
    ------
    InputError
        No layer ``tpm``.

    Examples
    --------
    >>> import lotwise
    >>> gene = lotwise.datasets.three_batches().gene
    >>> lotwise.tl.variance(gene)
    >>> gene.uns["lotwise"]["variance"]["reason"].iloc[0]
    'each batch has one sample, so the effect of batch is part of the residual'
    """
    tpm = tpm_of(expression)
    values = np.log2(tpm[:, np.median(tpm, axis=0) >= threshold] + pseudocount)
    factors = {
        name: labels
        for name in _FACTORS
        if name in expression.obs and "" not in (labels := labels_of(expression, name))
    }
    found = variance_components(values, factors=factors)
    shares, within = found.shares(), found.shares(without=[keys.CONDITION])
    parameters = {"threshold": threshold, "pseudocount": pseudocount}
    rows = [_row(found, shares, within, at) for at in range(len(found.factors))]
    store(expression, VarianceRecord.table, to_frame(rows, VarianceRecord), parameters)
    density = [row for at in range(len(found.factors)) for row in _density(found, shares, at)]
    store(
        expression,
        VarianceDensityRecord.table,
        to_frame(density, VarianceDensityRecord),
        parameters,
    )


def _row(
    found: VarianceComponents, shares: FloatArray, within: FloatArray, at: int
) -> VarianceRecord:
    known = shares[at][np.isfinite(shares[at])]
    inside = within[at][np.isfinite(within[at])]
    lower, median, upper = np.quantile(known, (0.25, 0.5, 0.75)) if known.size else (np.nan,) * 3
    return VarianceRecord(
        factor=found.factors[at],
        n_levels=found.n_levels[at],
        n_features=int(known.size),
        share=float(median),
        lower_quartile=float(lower),
        upper_quartile=float(upper),
        within_condition=float(np.median(inside)) if inside.size else float("nan"),
        reason=found.reasons[at] or ("" if known.size else "no expressed feature varies"),
    )


def _density(found: VarianceComponents, shares: FloatArray, at: int) -> list[VarianceDensityRecord]:
    known = shares[at][np.isfinite(shares[at])]
    edges = np.linspace(0, 1, N_BINS + 1)
    counts, _ = np.histogram(np.clip(known, 0, 1), bins=edges)
    reason = "" if known.size else found.reasons[at] or "no expressed feature varies"
    fractions = counts / known.size if known.size else np.full(N_BINS, np.nan)
    return [
        VarianceDensityRecord(
            factor=found.factors[at],
            share_from=float(low),
            share_to=float(high),
            fraction=float(fraction),
            reason=reason,
        )
        for low, high, fraction in zip(edges[:-1], edges[1:], fractions, strict=True)
    ]
