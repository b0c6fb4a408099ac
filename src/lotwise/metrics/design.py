"""Whether replicates behave as replicates: more alike than samples of different batches."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

# In a null of equal batches the ratio is 1 whatever the noise of single samples, since every
# sample is in as large a share of both kinds of pairs (benchmarks/design_rates.py).
MOST: Final = 1.05


class ReplicateAgreement(NamedTuple):
    """Mean 1 - R of replicates over that of samples of different batches, and what it means."""

    ratio: float
    sentence: str
    reason: str


def replicate_agreement(
    within: npt.ArrayLike, between: npt.ArrayLike, *, most: float = MOST
) -> ReplicateAgreement:
    """Compare how far replicates and samples of different batches are from R = 1.

    Parameters
    ----------
    within
        R of the pairs of one batch; NaN is left out.
    between
        R of the pairs of different batches.
    most
        Ratio above which replicates are called less alike.

    Returns
    -------
    ``ratio`` >= 0, NaN with the reason where a kind of pair is absent or every R is 1.
    ``sentence`` says what to look for where the ratio is above ``most``; else it is empty.

    Examples
    --------
    >>> replicate_agreement([0.90, 0.91], [0.95, 0.96]).sentence
    'Samples of one batch are less alike (mean R 0.9050) than samples of different batches ...'
    >>> replicate_agreement([0.97], [0.95, 0.96]).sentence
    ''
    """
    inside, outside = (
        1 - values[np.isfinite(values)]
        for values in (np.asarray(within, dtype=np.float64), np.asarray(between, dtype=np.float64))
    )
    if not inside.size or not outside.size:
        absent = "different batches" if inside.size else "one batch"
        return ReplicateAgreement(float("nan"), "", f"there is no pair of {absent}")
    if not outside.any():
        return ReplicateAgreement(float("nan"), "", "R between batches is 1 throughout")
    ratio = float(inside.mean() / outside.mean())
    sentence = (
        f"Samples of one batch are less alike (mean R {1 - inside.mean():.4f}) than samples of "
        f"different batches (mean R {1 - outside.mean():.4f}). A condition is probably missing "
        "from the sample sheet; samples that were exchanged or failed look the same."
    )
    return ReplicateAgreement(ratio, sentence if ratio > most else "", "")
