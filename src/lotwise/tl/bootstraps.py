"""Bootstraps of samples, and values computed from them once for all pairs."""

from __future__ import annotations

from functools import cache, lru_cache
from typing import TYPE_CHECKING, Final

import numpy as np

from lotwise.expression.layers import bootstraps_of, stored_bootstraps
from lotwise.metrics.isoforms import inferential_relative_variance
from lotwise.metrics.moments import BoolArray, FloatArray, IntArray
from lotwise.tl.pairs import Pair

if TYPE_CHECKING:
    from anndata import AnnData

# Memory for bootstraps as TPM that are kept for later pairs: 100 of 200,000 isoforms are 160 MB.
_HELD_BYTES: Final = 10**9


class Bootstraps:
    """The bootstraps of samples, and values computed from them once for all pairs."""

    def __init__(self, expression: AnnData, known: IntArray) -> None:
        self._expression, self._known = expression, known
        self._stored = stored_bootstraps(expression)
        self._depth = cache(self._compute_depth)
        self.noise = cache(self._compute_noise)
        n_bytes = 8 * known.size * max((len(draws) for draws in self._stored.values()), default=1)
        # At least two samples: those of the current pair.
        n_held = max(2, _HELD_BYTES // max(n_bytes, 1))
        self.tpm = lru_cache(maxsize=n_held)(self._compute_tpm)

    def of_both(self, pair: Pair) -> bool:
        """Return whether both samples have bootstraps."""
        return pair.sample_a in self._stored and pair.sample_b in self._stored

    def tpm_a_fragment(self, pair: Pair) -> float:
        """Return 1e6 TPM divided by the number of fragments of the sample with fewer fragments."""
        names = (pair.sample_a, pair.sample_b)
        depths = [self._depth(name) for name in names if name in self._stored]
        return 1e6 / max(1.0, min(depths, default=1e6))

    def _compute_depth(self, sample: str) -> float:
        return float(np.sum(self._stored[sample], axis=1).mean())

    def _compute_noise(self, sample: str) -> tuple[FloatArray, BoolArray]:
        """Return the InfRV of every isoform, and whether any bootstrap counts it."""
        counts = np.asarray(self._stored[sample], dtype=np.float64)
        return inferential_relative_variance(counts), counts.sum(axis=0) > 0

    def _compute_tpm(self, sample: str) -> FloatArray:
        """Return TPM of isoforms with a known gene, bootstraps x isoforms; may have no rows."""
        found = bootstraps_of(self._expression, sample)
        if found is None:
            return np.empty((0, self._known.size))
        # A copy is needed only where isoforms are left out.
        return found if self._known.size == found.shape[1] else found[:, self._known]
