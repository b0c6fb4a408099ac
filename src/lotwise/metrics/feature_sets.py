"""Feature sets over which the correlation of two samples is computed.

Thousands of annotated features are zero in both samples, and R over all features counts them as
agreement. Therefore R over detected features is reported as well. The sets are ``all``;
``detected_any`` (TPM >= threshold in either sample); ``detected_both``; ``counted_both`` (enough
counts in both); and ``decile_1`` to ``decile_10`` of the mean log expression of ``detected_any``,
lowest first.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np
import numpy.typing as npt

from lotwise.errors import InputError
from lotwise.metrics.moments import IntArray, as_pair, stable_order

N_DECILES: Final = 10
DECILES: Final = tuple(f"decile_{number}" for number in range(1, N_DECILES + 1))
FEATURE_SETS: Final = ("all", "detected_any", "detected_both", "counted_both", *DECILES)

# Sets that depend on a threshold of TPM.
DETECTED: Final = frozenset({"detected_any", "detected_both", *DECILES})

THRESHOLD: Final = 1.0
MIN_COUNTS: Final = 10.0


def feature_sets(
    tpm_x: npt.ArrayLike,
    tpm_y: npt.ArrayLike,
    *,
    counts_x: npt.ArrayLike | None = None,
    counts_y: npt.ArrayLike | None = None,
    threshold: float = THRESHOLD,
    min_counts: float = MIN_COUNTS,
) -> Iterator[tuple[str, IntArray]]:
    """Yield the feature sets of two samples, one after the other.

    Parameters
    ----------
    tpm_x, tpm_y
        TPM of each feature, shape ``(n_features,)``.
    counts_x, counts_y
        Estimated counts of each feature; without them ``counted_both`` is left out.
    threshold
        Smallest TPM of a detected feature.
    min_counts
        Smallest count of a counted feature.

    Yields
    ------
    The name of the set and the positions of its features, ascending. The sizes of the
    deciles differ by at most one.

    Raises
    ------
    InputError
        x and y are not vectors of one length, or a value is not finite.

    Examples
    --------
    >>> {name: places.tolist() for name, places in feature_sets([0, 5, 2, 0], [0, 4, 0, 0])
    ...  if not name.startswith("decile")}
    {'all': [0, 1, 2, 3], 'detected_any': [1, 2], 'detected_both': [1]}
    """
    tpm_x, tpm_y = as_pair(tpm_x, tpm_y)
    counted = None
    if counts_x is not None and counts_y is not None:
        counts = as_pair(counts_x, counts_y)
        if counts[0].size != tpm_x.size:
            raise InputError(
                f"counts have shape {counts[0].shape}, but TPM has shape {tpm_x.shape}; "
                "expected the same features"
            )
        counted = (counts[0] >= min_counts) & (counts[1] >= min_counts)
    in_x, in_y = tpm_x >= threshold, tpm_y >= threshold
    in_any = np.flatnonzero(in_x | in_y)
    yield "all", np.arange(tpm_x.size)
    yield "detected_any", in_any
    yield "detected_both", np.flatnonzero(in_x & in_y)
    if counted is not None:
        yield "counted_both", np.flatnonzero(counted)
    # log2(x + 1) + log2(y + 1) increases with this product, so sorting needs no logarithm.
    expression = (tpm_x[in_any] + 1.0) * (tpm_y[in_any] + 1.0)
    ordered = in_any[stable_order(expression)]
    for name, part in zip(DECILES, np.array_split(ordered, N_DECILES), strict=True):
        yield name, np.sort(part)
