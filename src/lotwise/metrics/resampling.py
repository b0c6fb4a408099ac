"""Intervals for R from resampling blocks of features that vary together."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.special import stdtrit
from threadpoolctl import threadpool_limits

from lotwise.errors import InputError
from lotwise.metrics.moments import BoolArray, FloatArray, IntArray, as_matrix
from lotwise.wording import counted, percent
from lotwise.workers import in_threads

LABEL: Final = "feature-resampling interval; it does not predict the next batch"
SINGLE_GENES: Final = (
    "{} of features were resampled as single genes, as if independent, so intervals are "
    "too narrow where genes are co-regulated"
)
WINDOWS: Final = (
    "genomic windows seldom group co-regulated genes: intervals are nearly as narrow as for "
    "single genes"
)
# Above this share of features in blocks of one gene, the interval is reported as too narrow.
FEW_SINGLE: Final = 0.1
FEW_BLOCKS: Final = 30
# Rows of weights in memory at once (2,000 x 58,000 would take 0.9 GB). Each chunk has its own
# seed, so this number is part of the definition of a result and must not be tuned.
_CHUNK = 100
# A variance below this fraction of the mean square is rounding error.
_ROUNDING: Final = 1e-12
TOO_FEW_DEFINED: Final = "R is defined in fewer than two resamples"
_NEARLY_ONE = 1 - 1e-12  # R of a resample has no more digits than this


class BlockIntervals(NamedTuple):
    """Intervals for R of every pair of samples; one entry per pair.

    ``lower`` and ``upper`` are NaN if R is not defined, or is defined in fewer than two resamples;
    ``reasons`` states why. ``label`` describes the interval, and ``warning`` its limitations.
    """

    sample_a: IntArray
    sample_b: IntArray
    pearson: FloatArray
    lower: FloatArray
    upper: FloatArray
    level: float
    n_blocks: int
    n_features: int
    n_resamples: int
    label: str
    warning: str
    reasons: tuple[str, ...]


def block_intervals(
    values: npt.ArrayLike,
    *,
    blocks: npt.ArrayLike | None,
    genes: npt.ArrayLike | None = None,
    rng: np.random.Generator,
    n_resamples: int = 2000,
    level: float = 0.95,
    pairs: IntArray | None = None,
    windows: bool = False,
) -> BlockIntervals:
    """Return an interval of Pearson's R for every pair by resampling blocks of features.

    A block contains features that vary together: a gene set, a genomic neighbourhood, or
    all isoforms of a gene. All features of a block are drawn together. R of all pairs is computed
    by matrix products from the sums of each block. The interval is ``tanh(z -+ t s)``, where s is
    the standard deviation of Fisher's z over resamples and t has n_blocks - 1 degrees of freedom.

    Parameters
    ----------
    values
        Samples x features, usually log2(TPM + 1).
    blocks
        One label per feature, of any type that can be sorted. ``None`` resamples single features.
        Where more than a tenth of the features are in blocks of one gene, the result warns that the
        interval is too narrow.
    genes
        The gene of each feature; ``None`` where every feature is a gene.
    rng
        Random number generator, which spawns a separate stream for every 100 resamples.
    n_resamples
        Number of resamples, >= 2. A resample in which a sample is constant is left out.
    level
        Coverage, in (0, 1).
    pairs
        Row indices of the pairs wanted, shape ``(n_pairs, 2)``; ``None`` for all.
    windows
        Whether blocks are genomic windows. Genes that vary together are seldom neighbours.
        With windows, the interval therefore contains the true R hardly more often than with single
        genes, and the result has a warning.

    Returns
    -------
    For each pair (a < b), R and the limits of its interval, in [-1, 1]. The interval describes
    other features measured in the same samples, never other batches.

    Raises
    ------
    InputError
        ``values`` is not a finite matrix, there is not one label per feature, or a number is out of
        range.

    References
    ----------
    Efron and Tibshirani 1993, An Introduction to the Bootstrap, ch. 8 (resampled blocks) and
    12 (bootstrap standard error with Student's t).

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> level = rng.normal(size=200)
    >>> samples = level + 0.5 * rng.normal(size=(2, 200))
    >>> found = block_intervals(samples, blocks=np.arange(200) // 4, rng=rng, n_resamples=500)
    >>> bool(found.lower[0] < found.pearson[0] < found.upper[0])
    True
    >>> found.n_blocks, found.warning
    (50, '')
    """
    matrix = as_matrix(values, name="values")
    if not 0 < level < 1:
        raise InputError(f"level must be in (0, 1), got {level}")
    if n_resamples < 2:
        raise InputError(f"n_resamples must be >= 2, got {n_resamples}")
    n_samples, n_features = matrix.shape
    codes, n_blocks = _codes(blocks, n_features, what="block labels")
    first, second = np.triu_indices(n_samples, k=1) if pairs is None else pairs.T
    constant = _constant_samples(matrix)
    reasons = _reasons(constant, first, second, n_blocks=n_blocks)
    sums = _block_sums(_scaled(matrix, constant), codes, n_blocks, first, second)
    # With so few rows the threads of OpenBLAS mostly wait for each other. One thread takes a tenth
    # of the time on a busy machine, and sums in the same order everywhere.
    with threadpool_limits(limits=1, user_api="blas"):

        def resample(chunk: tuple[int, np.random.Generator]) -> FloatArray:
            weights = _weights(n_blocks, *chunk)
            return _correlations(weights @ sums, n_samples, first, second)

        sizes = [min(_CHUNK, n_resamples - start) for start in range(0, n_resamples, _CHUNK)]
        chunks = zip(sizes, rng.spawn(len(sizes)), strict=True)
        resampled = np.concatenate(list(in_threads(resample, chunks)))
    observed = _correlations(sums.sum(axis=0)[None, :], n_samples, first, second)[0]
    undefined = np.array([bool(reason) for reason in reasons], dtype=bool)
    lower, upper = _limits(observed, resampled, level=level, n_blocks=n_blocks)
    for array in (observed, lower, upper):
        array[undefined] = np.nan
    reasons = tuple(
        reason or (TOO_FEW_DEFINED if np.isnan(limit) else "")
        for reason, limit in zip(reasons, lower, strict=True)
    )
    return BlockIntervals(
        sample_a=first,
        sample_b=second,
        pearson=observed,
        lower=lower,
        upper=upper,
        level=level,
        n_blocks=n_blocks,
        n_features=n_features,
        n_resamples=n_resamples,
        label=LABEL,
        warning=_warning(
            n_blocks, share_single=_share_single(codes, n_blocks, genes), windows=windows
        ),
        reasons=reasons,
    )


def _codes(labels: npt.ArrayLike | None, n_features: int, *, what: str) -> tuple[IntArray, int]:
    if labels is None:
        return np.arange(n_features, dtype=np.intp), n_features
    labels = np.asarray(labels)
    if labels.shape != (n_features,):
        raise InputError(f"got {labels.size:,} {what} for {n_features:,} features")
    found, codes = np.unique(labels, return_inverse=True)
    return codes.astype(np.intp), int(found.size)


def _share_single(codes: IntArray, n_blocks: int, genes: npt.ArrayLike | None) -> float:
    """Return the share of the features that are in blocks of one gene."""
    of_gene, n_genes = _codes(genes, codes.size, what="genes")
    if codes.size == 0:
        return 1.0
    n_of_block = np.bincount(np.unique(codes * n_genes + of_gene) // n_genes, minlength=n_blocks)
    return float(np.mean(n_of_block[codes] == 1))


def _warning(n_blocks: int, *, share_single: float, windows: bool) -> str:
    found = []
    if share_single > FEW_SINGLE:
        found.append(SINGLE_GENES.format(percent(share_single, 2)))
    if windows:
        found.append(WINDOWS)
    if n_blocks < FEW_BLOCKS:
        found.append(f"only {counted(n_blocks, 'block')}: intervals need {FEW_BLOCKS} or more")
    return "; ".join(found)


def _constant_samples(matrix: FloatArray) -> BoolArray:
    if matrix.size == 0:
        return np.ones(matrix.shape[0], dtype=bool)
    constant: BoolArray = matrix.min(axis=1) == matrix.max(axis=1)
    return constant


def _reasons(
    constant: BoolArray, first: IntArray, second: IntArray, *, n_blocks: int
) -> tuple[str, ...]:
    if n_blocks < 2:
        return ("fewer than two blocks",) * first.size
    words = {
        (True, True): "both samples are constant",
        (True, False): "sample_a is constant",
        (False, True): "sample_b is constant",
        (False, False): "",
    }
    return tuple(
        words[bool(constant[a]), bool(constant[b])] for a, b in zip(first, second, strict=True)
    )


def _scaled(matrix: FloatArray, constant: BoolArray) -> FloatArray:
    """Centre and scale, so that the sums of products lose no digits to a large mean."""
    if matrix.shape[1] == 0:
        return matrix
    centred: FloatArray = matrix - matrix.mean(axis=1, keepdims=True)
    centred[constant] = 0
    spread = np.sqrt(np.mean(centred**2, axis=1, keepdims=True))
    spread[constant] = 1
    centred /= spread
    return centred


def _block_sums(
    scaled: FloatArray, codes: IntArray, n_blocks: int, first: IntArray, second: IntArray
) -> FloatArray:
    """Return blocks x (n, sums of each sample, of its squares, of the products of each pair)."""
    n_samples = scaled.shape[0]
    sums = np.empty((n_blocks, 1 + 2 * n_samples + first.size))
    sums[:, 0] = np.bincount(codes, minlength=n_blocks)
    order = np.argsort(codes, kind="stable")
    starts = np.searchsorted(codes[order], np.arange(n_blocks))
    grouped = np.ascontiguousarray(scaled[:, order])
    if n_blocks == 0:
        return sums
    sums[:, 1 : 1 + n_samples] = np.add.reduceat(grouped, starts, axis=1).T
    sums[:, 1 + n_samples : 1 + 2 * n_samples] = np.add.reduceat(grouped**2, starts, axis=1).T
    for pair, (a, b) in enumerate(zip(first, second, strict=True)):
        sums[:, 1 + 2 * n_samples + pair] = np.add.reduceat(grouped[a] * grouped[b], starts)
    return sums


def _weights(n_blocks: int, n_resamples: int, stream: np.random.Generator) -> FloatArray:
    """Return how often each resample (rows) draws each block, with replacement."""
    weights = np.zeros((n_resamples, n_blocks))
    for row in weights if n_blocks else ():
        draws = stream.integers(n_blocks, size=n_blocks, dtype=np.int32)
        # Converted here: bincount takes five times as long for its own conversion.
        row[:] = np.bincount(draws.astype(np.intp), minlength=n_blocks)
    return weights


def _correlations(
    totals: FloatArray, n_samples: int, first: IntArray, second: IntArray
) -> FloatArray:
    """Return R of every resample (rows) and pair from sums of n, x, xx and xy."""
    n = totals[:, :1]
    sums = totals[:, 1 : 1 + n_samples]
    with np.errstate(invalid="ignore", divide="ignore"):
        means = sums / n
        squares = totals[:, 1 + n_samples : 1 + 2 * n_samples] / n
        variances = squares - means**2
        # NaN and not 0: a rounding error over 0 would give an R of 1.
        spreads = np.sqrt(np.where(variances > _ROUNDING * squares, variances, np.nan))
        products = totals[:, 1 + 2 * n_samples :] / n
        r = (products - means[:, first] * means[:, second]) / (
            spreads[:, first] * spreads[:, second]
        )
    clipped: FloatArray = np.clip(r, -1, 1)
    return clipped


def _limits(
    observed: FloatArray, resampled: FloatArray, *, level: float, n_blocks: int
) -> tuple[FloatArray, FloatArray]:
    """Return the limits on Fisher's z; resamples with a constant sample are left out."""
    if n_blocks < 2:
        nothing = np.full(observed.size, np.nan)
        return nothing, nothing.copy()
    z = np.arctanh(np.clip(resampled, -_NEARLY_ONE, _NEARLY_ONE))
    centre = np.arctanh(np.clip(observed, -_NEARLY_ONE, _NEARLY_ONE))
    n_defined = np.isfinite(z).sum(axis=0)
    usable = n_defined > 1
    error = np.full(observed.size, np.nan)
    error[usable] = np.nanstd(z[:, usable], axis=0, ddof=1)
    reach = stdtrit(n_blocks - 1, (1 + level) / 2) * error
    return np.tanh(centre - reach), np.tanh(centre + reach)
