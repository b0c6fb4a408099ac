"""Signal between groups compared with noise within them."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from lotwise.errors import InputError
from lotwise.metrics.moments import FloatArray, as_matrix

NAN = float("nan")
QUARTET_LINE_DB: Final = 12.0


class Snr(NamedTuple):
    """Quartet's signal-to-noise ratio in dB, and the two components it is based on."""

    snr_db: float
    between: float
    within: float
    component_shares: tuple[float, float]
    scores: FloatArray
    n_features: int
    reason: str


def signal_to_noise(values: npt.ArrayLike, *, groups: npt.ArrayLike) -> Snr:
    """Return the ratio of distances between groups to distances between replicates, in dB.

    Features are z-scored across samples and reduced to the first two principal components. The
    distance of two samples is ``D(a, b) = w1 dPC1^2 + w2 dPC2^2``, where w1 and w2 are the shares
    of variance of the components. ``SNR = 10 log10(mean D between groups / mean D within groups)``.

    Parameters
    ----------
    values
        Samples x features, log2(TPM + c), of features detected in any group.
    groups
        Group of each sample; at least two groups with at least two samples each.

    Returns
    -------
    ``snr_db`` in dB (Quartet's own threshold is 12). It is NaN (never infinite) if replicates are
    identical on both components, or if there are too few groups or features. ``scores`` are
    samples x 2; their signs are arbitrary.

    Raises
    ------
    InputError
        ``values`` is not a finite matrix, or there is not one group per sample.

    References
    ----------
    Yu et al. 2023, Nat Biotechnol, 10.1038/s41587-023-01867-9.

    Examples
    --------
    >>> found = signal_to_noise([[0, 0, 1], [0, 1, 0], [9, 9, 1], [9, 8, 0]], groups=[*"aabb"])
    >>> found.snr_db > 3
    True
    """
    matrix = as_matrix(values, name="values")
    labels = np.asarray(groups)
    if labels.shape != (matrix.shape[0],):
        raise InputError(f"got {labels.size} groups for {matrix.shape[0]} samples")
    varying = matrix[:, np.ptp(matrix, axis=0) > 0] if matrix.size else matrix[:, :0]
    reason = _why_undefined(labels, n_features=varying.shape[1])
    if reason:
        scores = np.full((matrix.shape[0], 2), np.nan)
        return Snr(NAN, NAN, NAN, (NAN, NAN), scores, varying.shape[1], reason)
    z = (varying - varying.mean(axis=0)) / varying.std(axis=0, ddof=1)
    left, singular, _ = np.linalg.svd(z, full_matrices=False)
    shares = (singular**2 / np.sum(singular**2))[:2]
    scores = left[:, :2] * singular[:2]
    distances = ((scores[:, None, :] - scores[None, :, :]) ** 2) @ shares
    first, second = np.triu_indices(labels.size, k=1)
    same = labels[first] == labels[second]
    between = float(distances[first, second][~same].mean())
    within = float(distances[first, second][same].mean())
    # Equal replicates differ by rounding only.
    if within <= 1e-24 * max(between, 1.0):
        reason = "replicates do not differ on the first two components"
    return Snr(
        snr_db=NAN if reason else float(10 * np.log10(between / within)),
        between=between,
        within=within,
        component_shares=(float(shares[0]), float(shares[1])),
        scores=scores,
        n_features=varying.shape[1],
        reason=reason,
    )


def _why_undefined(labels: npt.NDArray[np.generic], *, n_features: int) -> str:
    names, sizes = np.unique(labels, return_counts=True)
    if names.size < 2:
        return "fewer than two groups"
    if sizes.min() < 2:
        return f"group {names[sizes.argmin()]} has one sample, but two or more are needed"
    return "fewer than two features vary" if n_features < 2 else ""
