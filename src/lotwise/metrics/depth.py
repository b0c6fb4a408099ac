"""Thinning of libraries to one depth, so that a low R is not caused by a low depth."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from lotwise.errors import InputError
from lotwise.metrics.moments import BoolArray, FloatArray, as_matrix, refuse_negative

# R of isoforms may be compared up to this ratio of largest to smallest depth: thinning removes
# differences in the noise of counting reads, but not of assigning them to isoforms.
MOST_ISOFORM_RATIO: Final = 1.5


class Thinned(NamedTuple):
    """TPM of samples x features, thinned to the depth of the smallest sample used.

    ``tpm`` is NaN for samples that are not used; ``used`` marks the others.
    """

    tpm: FloatArray
    used: BoolArray
    depth: float
    ratio: float


def thin_to_smallest(
    tpm: npt.ArrayLike,
    *,
    counts: npt.ArrayLike,
    used: npt.ArrayLike,
    rng: np.random.Generator,
) -> Thinned:
    """Thin every library binomially to the total counts of the smallest one.

    R is lower at lower depth. Without thinning, a good batch with few reads would therefore be
    below the limits of the other batches. Estimated counts are rounded up or down at random
    according to their fraction, also in the smallest library. The TPM of a feature changes in
    proportion to its counts, and the sum of TPM of each sample is kept.

    Parameters
    ----------
    tpm, counts
        Samples x features; counts may be NaN in samples that are not used.
    used
        Which samples to use, one value per sample. TPM of the other samples become NaN, and
        their counts do not influence the depth.
    rng
        Random number generator; every sample draws from a stream of its own.

    Returns
    -------
    ``depth`` is in counts; ``ratio`` is the largest depth divided by the smallest. Both are NaN if
    no sample is used.

    Raises
    ------
    InputError
        The shapes differ, values are negative or not finite, or a used sample has no counts.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> counts = np.array([[900.0, 100.0], [90.0, 10.0]])
    >>> found = thin_to_smallest(counts * 1000, counts=counts, used=[True, True], rng=rng)
    >>> found.depth, found.ratio, found.tpm.sum(axis=1).tolist()
    (100.0, 10.0, [1000000.0, 100000.0])
    """
    expression = as_matrix(tpm, name="tpm")
    chosen = np.asarray(used, dtype=np.bool_)
    counted = np.asarray(counts, dtype=np.float64)
    if counted.shape != expression.shape or chosen.shape != expression.shape[:1]:
        raise InputError(
            f"TPM has shape {expression.shape}, counts have shape {counted.shape} and 'used' has "
            f"shape {chosen.shape}; expected samples x features for TPM and counts, and one value "
            "per sample for 'used'"
        )
    refuse_negative(as_matrix(counted[chosen], name="counts"), name="counts")
    totals = counted.sum(axis=1)
    if (totals[chosen] <= 0).any():
        raise InputError(
            "'used' selects a sample whose counts are all 0",
            remedy="give its counts, or do not select this sample",
        )
    thinned = np.full(expression.shape, np.nan)
    if not chosen.any():
        return Thinned(thinned, chosen, float("nan"), float("nan"))
    depth = float(totals[chosen].min())
    for row, stream in zip(range(len(totals)), rng.spawn(len(totals)), strict=True):
        if chosen[row]:
            kept = _thin(counted[row], depth / float(totals[row]), stream)
            thinned[row] = _follow(expression[row], counted[row], kept)
    return Thinned(thinned, chosen, depth, float(totals[chosen].max()) / depth)


def _thin(counts: FloatArray, share: float, rng: np.random.Generator) -> FloatArray:
    whole = np.floor(counts)
    whole += rng.random(counts.size) < counts - whole
    return rng.binomial(whole.astype(np.int64), share).astype(np.float64)


def _follow(tpm: FloatArray, counts: FloatArray, kept: FloatArray) -> FloatArray:
    """Scale the TPM of each feature by the fraction of counts it kept, then restore their sum."""
    scaled: FloatArray = tpm * np.divide(kept, counts, out=np.zeros(tpm.size), where=counts > 0)
    total = float(scaled.sum())
    return scaled * (float(tpm.sum()) / total) if total > 0 else scaled
