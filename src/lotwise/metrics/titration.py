"""Samples with a known share of another profile mixed in, for testing acceptance criteria."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from lotwise.errors import InputError
from lotwise.metrics.moments import FloatArray, as_vector, refuse_negative

_MILLION = 1e6
SHARES = (0.005, 0.01, 0.02, 0.05, 0.10, 0.15, 0.20, 0.25, 0.30, 0.40, 0.50)
"""Shares of the other profile that are tried, as a fraction of all transcripts (TPM)."""


class Mixture(NamedTuple):
    """A sample with another profile mixed in; ``counts`` is None where only TPM were given."""

    tpm: FloatArray
    counts: FloatArray | None


class CaughtShare(NamedTuple):
    """The smallest share that is detected, over repeats.

    The mixture is detected in every repeat at ``share`` and at all larger shares tried. ``share``
    is the smallest such share, or NaN if the largest share is not detected in every repeat. For
    ``earliest``, one repeat is enough. ``passed`` is the largest share that at least one repeat
    misses.
    """

    share: float
    earliest: float
    passed: float


def mix_profile(
    tpm: npt.ArrayLike,
    profile: npt.ArrayLike,
    *,
    share: float,
    counts: npt.ArrayLike | None = None,
    lengths: npt.ArrayLike | None = None,
    rng: np.random.Generator | None = None,
) -> Mixture:
    """Mix a share of another profile into a sample, at the sample's depth.

    The TPM of the mixture are ``(1 - share) tpm + share profile``. If counts and lengths are given,
    sequencing of the mixture at the same depth is simulated. The sample's own counts are thinned to
    the part that remains in the mixture (binomial), and reads of the profile are drawn (Poisson).
    The mixture therefore has the counting noise of one sequencing, not of two.

    Parameters
    ----------
    tpm
        TPM of the sample, one per feature.
    profile
        TPM of the profile to be mixed in, for the same features.
    share
        Share of transcripts that come from ``profile``, in [0, 1].
    counts, lengths
        Estimated counts and effective lengths of the sample; both or neither.
    rng
        Random number generator; needed with counts.

    Returns
    -------
    TPM that sum to a million, and counts where they were given.

    Raises
    ------
    InputError
        The lengths differ, values are negative, share is outside [0, 1], or the profile is all 0.

    Examples
    --------
    >>> mix_profile([900_000, 100_000], [0, 1_000_000], share=0.5).tpm.tolist()
    [450000.0, 550000.0]
    """
    own = as_vector(tpm, name="tpm")
    other = as_vector(profile, name="profile")
    if own.shape != other.shape:
        raise InputError(f"the profile has {other.size} features, but the sample has {own.size}")
    for name, values in (("tpm", own), ("profile", other)):
        refuse_negative(values, name=name)
        if not values.sum():
            raise InputError(f"{name} has no expression: its sum is 0")
    if not 0 <= share <= 1:
        raise InputError(f"share must be in [0, 1], got {share}")
    own_part = (1 - share) * own * (_MILLION / own.sum())
    other_part = share * other * (_MILLION / other.sum())
    if counts is None or lengths is None:
        return Mixture(tpm=own_part + other_part, counts=None)
    if rng is None:
        raise InputError("a random number generator is needed to draw counts; set 'rng'")
    observed, length = as_vector(counts, name="counts"), as_vector(lengths, name="lengths")
    refuse_negative(observed, name="counts")
    # Reads are proportional to molecules times length, so the share of reads differs.
    own_reads, other_reads = (own_part * length).sum(), other_part * length
    total = own_reads + other_reads.sum()
    depth = observed.sum()
    thinned = _thin(observed, own_reads / total, rng)
    drawn = thinned + rng.poisson(depth * other_reads / total)
    with np.errstate(divide="ignore", invalid="ignore"):
        per_base = np.where(length > 0, drawn / length, 0.0)
    if not per_base.sum():
        raise InputError("the sample has no counts to draw from")
    return Mixture(tpm=per_base * (_MILLION / per_base.sum()), counts=drawn)


def _thin(counts: FloatArray, share: float, rng: np.random.Generator) -> FloatArray:
    """Keep each read with a probability; the fraction of an estimated count is kept unchanged."""
    if share >= 1:
        return counts
    whole = np.floor(counts)
    kept = rng.binomial(whole.astype(np.int64), share)
    return np.asarray(kept + (counts - whole) * share)


def caught_share(caught: npt.ArrayLike, *, shares: npt.ArrayLike) -> CaughtShare:
    """Return the smallest share at which, and above which, every repeat is detected.

    Parameters
    ----------
    caught
        Repeats x shares: whether the mixture was detected.
    shares
        Shares tried, in increasing order.

    Returns
    -------
    See :class:`CaughtShare`.

    Examples
    --------
    >>> caught_share([[False, True, True], [False, False, True]], shares=[0.01, 0.1, 0.5])
    CaughtShare(share=0.5, earliest=0.1, passed=0.1)
    """
    tried = as_vector(shares, name="shares")
    found = np.atleast_2d(np.asarray(caught, dtype=bool))
    if found.shape[1] != tried.size or (np.diff(tried) <= 0).any():
        raise InputError("'shares' must be in increasing order, with one result for each share")
    first = []
    for repeat in found:
        passes = np.flatnonzero(~repeat)
        from_here = int(passes[-1]) + 1 if passes.size else 0
        first.append(float(tried[from_here]) if from_here < tried.size else np.nan)
    passed = np.flatnonzero(~found.all(axis=0))
    return CaughtShare(
        share=float(np.max(first)),
        earliest=float(np.nanmin(first)) if np.isfinite(first).any() else float("nan"),
        passed=float(tried[passed[-1]]) if passed.size else 0.0,
    )
