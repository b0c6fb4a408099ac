"""Composition: the factor by which TPM of unchanged features differ; total RNA by spike-ins."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from lotwise.errors import InputError
from lotwise.metrics.moments import BoolArray, FloatArray, as_matrix, refuse_negative

NAN: Final = float("nan")
FEWEST_FEATURES: Final = 10
FEWEST_SPIKE_INS: Final = 3
# A quarter up, and the same factor down.
LARGEST_FACTOR: Final = 1.25
# Few spike-ins, added by hand, measure less exactly than thousands of features. If the RNA of one
# of three samples is halved, it appears 1.41-fold changed in the other two, which are not named.
LARGEST_GLOBAL_CHANGE: Final = 1.5
# A sample of spike-ins alone has no other RNA; its logarithm must be finite.
_LEAST: Final = 1e-300


class Composition(NamedTuple):
    """Factor of each sample, and its total RNA by spike-ins; one entry per sample.

    For each feature, TPM is divided by the median TPM of the other samples; ``factor`` is the
    median of these ratios. TPM of unchanged features differ from those of the other samples by this
    factor. ``global_change`` is the amount of RNA relative to the spike-ins, compared with other
    samples. ``reason`` and ``spike_in_reason`` state why ``factor`` and ``global_change`` are NaN.
    """

    factor: FloatArray
    n_features: int
    global_change: FloatArray
    n_spike_ins: int
    reason: str
    spike_in_reason: str


def composition(
    tpm: npt.ArrayLike, *, spike_ins: npt.ArrayLike | None = None, threshold: float = 1.0
) -> Composition:
    """Return the median-ratio factor of each sample to the others, and the global change.

    TPM are relative. If a few features take a larger share, the TPM of all others fall, although
    they did not change. The factor is ``2 ** median(L - median of the others' L)`` with
    ``L = log2 TPM``. The first median is over the features with at least ``threshold`` TPM in every
    sample, except spike-ins. Spike-ins were added in equal amounts, so they show a change of the
    total RNA. The global change is a ratio of two factors: that of the total TPM without spike-ins,
    divided by that of the spike-ins.

    Parameters
    ----------
    tpm
        Samples x features, samples of one condition.
    spike_ins
        True for each feature that is a spike-in; by default there are no spike-ins.
    threshold
        TPM that a feature must reach in every sample to be used, > 0.

    Returns
    -------
    For a single sample, both values are NaN, with a reason. The factor is also NaN with fewer than
    10 usable features, and the global change with fewer than three usable spike-ins.

    Raises
    ------
    InputError
        Negative or undefined TPM, a threshold that is not > 0, or ``spike_ins`` of another
        length.

    References
    ----------
    Median of ratios: Anders and Huber 2010, Genome Biol 11:R106, 10.1186/gb-2010-11-10-r106. Global
    change by spike-ins: Lovén et al. 2012, Cell 151:476, 10.1016/j.cell.2012.10.012.

    Examples
    --------
    >>> tpm = np.tile(np.arange(10, 31), (3, 1)) * np.array([[1.0], [1.0], [1.5]])
    >>> composition(tpm).factor.round(2).tolist()
    [0.82, 0.82, 1.5]
    """
    values = as_matrix(tpm, name="tpm")
    refuse_negative(values, name="tpm")
    if not threshold > 0:
        raise InputError(f"threshold must be > 0, got {threshold}")
    n_samples, n_features = values.shape
    marked = np.zeros(n_features) if spike_ins is None else np.asarray(spike_ins)
    if marked.shape != (n_features,):
        raise InputError(f"'spike_ins' has {marked.size} values for {n_features:,} features")
    is_spike_in = marked.astype(bool)
    everywhere = (values >= threshold).all(axis=0)
    own, added = everywhere & ~is_spike_in, everywhere & is_spike_in
    n_own, n_added = int(own.sum()), int(added.sum())
    nothing = np.full(n_samples, NAN)
    if n_samples < 2:
        alone = "there is no other sample of its condition"
        return Composition(nothing, n_own, nothing, n_added, alone, alone)
    reason = spike_in_reason = ""
    factor, global_change = nothing, nothing
    if n_own < FEWEST_FEATURES:
        reason = _too_few(n_own, "features", threshold=threshold, needed=FEWEST_FEATURES)
    else:
        factor = _factors(values, own)
    if not is_spike_in.any():
        spike_in_reason = "there are no spike-ins"
    elif n_added < FEWEST_SPIKE_INS:
        spike_in_reason = _too_few(
            n_added, "spike-ins", threshold=threshold, needed=FEWEST_SPIKE_INS
        )
    else:
        # TPM are shares of all RNA, that of the spike-ins included: the other RNA is counted.
        other = np.maximum(values[:, ~is_spike_in].sum(axis=1, keepdims=True), _LEAST)
        global_change = _factors(other, np.array([True])) / _factors(values, added)
    return Composition(factor, n_own, global_change, n_added, reason, spike_in_reason)


def _too_few(n: int, what: str, *, threshold: float, needed: int) -> str:
    return f"{n} {what} reach {threshold:g} TPM in every sample; {needed} are needed"


def _factors(tpm: FloatArray, used: BoolArray) -> FloatArray:
    """Return the median ratio of each sample to the median of the others, over features."""
    log_tpm = np.log2(tpm[:, used])
    rows = np.arange(len(log_tpm))
    found = [np.median(log_tpm[row] - np.median(log_tpm[rows != row], axis=0)) for row in rows]
    factors: FloatArray = np.exp2(np.array(found))
    return factors
