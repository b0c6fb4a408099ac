"""Expression after libraries are thinned to one depth, to compare R with limits."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from lotwise import keys
from lotwise.evidence.libraries import SHALLOW_BELOW
from lotwise.expression.layers import tpm_of
from lotwise.expression.noted import noted
from lotwise.metrics.depth import MOST_ISOFORM_RATIO, thin_to_smallest
from lotwise.metrics.moments import BoolArray, FloatArray
from lotwise.metrics.outliers import shallow_libraries
from lotwise.tl.agreement import counts_by_sample
from lotwise.wording import listed

if TYPE_CHECKING:
    from anndata import AnnData


class LikeDepth(NamedTuple):
    """log2(TPM + c) at one depth, samples x features, with a description of how it was made.

    ``used`` marks the samples that may be compared. ``reason`` is empty if the libraries were
    thinned. Otherwise it states why not, and the values are those of the original libraries.
    ``words`` states the common depth in counts and which samples were left out.
    """

    log_tpm: FloatArray
    used: BoolArray
    depth: float
    words: str
    reason: str


def at_like_depth(
    expression: AnnData,
    *,
    pseudocount: float = 1.0,
    seed: int = 0,
    shallow_below: float = SHALLOW_BELOW,
) -> LikeDepth:
    """Thin the libraries of ``expression`` to the smallest one that is not shallow.

    Parameters
    ----------
    expression
        Samples x features with the layer ``tpm``, and ``counts`` if available.
    pseudocount
        c of log2(TPM + c).
    seed
        Random seed of the thinning.
    shallow_below
        A library is left out if its total counts are below this fraction of the median total counts
        of the other samples.

    Returns
    -------
    Values at one depth. Libraries are not thinned if a sample has no counts or if, at isoform
    level, depths differ more than 1.5-fold; ``reason`` then states this.

    Raises
    ------
    InputError
        No layer ``tpm``.

    Examples
    --------
    >>> import lotwise
    >>> found = at_like_depth(lotwise.datasets.three_batches().gene)
    >>> found.used.tolist(), found.reason
    ([True, True, True], '')
    """
    tpm = tpm_of(expression)
    as_they_are = np.log2(tpm + pseudocount)
    every = np.ones(expression.n_obs, dtype=np.bool_)

    def refused(reason: str) -> LikeDepth:
        return LikeDepth(as_they_are, every, float("nan"), "", reason)

    counts = counts_by_sample(expression)
    names = expression.obs_names.to_list()
    unknown = [name for name, sample in zip(names, counts, strict=True) if sample is None]
    if unknown:
        return refused(f"the depth of {listed(unknown)} is unknown (no counts)")
    counted = np.stack([sample for sample in counts if sample is not None])
    totals = counted.sum(axis=1)
    shallow = shallow_libraries(totals, below=shallow_below).flagged | (totals <= 0)
    found = thin_to_smallest(tpm, counts=counted, used=~shallow, rng=np.random.default_rng(seed))
    level = noted(expression).get(keys.LEVEL)
    if level == "isoform" and found.ratio > MOST_ISOFORM_RATIO:
        return refused(
            f"depths differ {found.ratio:.2f}-fold, and thinned counts lack the noise of assigning "
            "reads to isoforms"
        )
    words = f"all libraries were thinned to {found.depth:,.0f} counts"
    if shallow.any():
        left_out = [name for name, flag in zip(names, shallow, strict=True) if flag]
        words = f"{words}; left out as shallow: {listed(left_out)}"
    return LikeDepth(np.log2(found.tpm + pseudocount), found.used, found.depth, words, "")
