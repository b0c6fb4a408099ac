"""Isoform usage: the share of each isoform in the TPM of its gene, and changes of this share."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.special import xlogy

from lotwise.errors import InputError
from lotwise.metrics.moments import (
    BoolArray,
    FloatArray,
    IntArray,
    as_matrix,
    as_pair,
    as_vector,
    refuse_negative,
)
from lotwise.metrics.rates import benjamini_hochberg

_PAIRS_A_SAMPLE = 50


class UsageChange(NamedTuple):
    """Change of isoform usage between two samples; one entry per gene.

    ``distance`` is the Jensen-Shannon distance. ``largest_change`` is the largest absolute change
    of one isoform's share, and ``isoform`` is the index of that isoform. ``dominant_x`` and
    ``dominant_y`` are the isoforms with the largest share. If a gene cannot be compared, its
    numbers are NaN, its indices are -1, and ``reasons`` gives the cause.
    """

    gene: npt.NDArray[np.generic]
    n_isoforms: IntArray
    distance: FloatArray
    largest_change: FloatArray
    isoform: IntArray
    dominant_x: IntArray
    dominant_y: IntArray
    flips: BoolArray
    reasons: npt.NDArray[np.object_]


class Usage(NamedTuple):
    """Isoform usage of one sample, computed once for all pairs.

    ``total`` is the TPM of each gene. ``share`` and ``entropy_term`` (share times its log) are
    sorted by gene. ``dominant`` is the isoform with the largest share in each gene.
    """

    total: FloatArray
    share: FloatArray
    entropy_term: FloatArray
    dominant: IntArray


class UsageTest(NamedTuple):
    """Usage distances compared with those between bootstraps of one sample; one entry per gene.

    ``distance`` and ``null_distance`` are both computed with the prior added to every isoform.
    """

    gene: npt.NDArray[np.generic]
    distance: FloatArray
    null_distance: FloatArray
    p: FloatArray
    p_adjusted: FloatArray
    flip_share: FloatArray
    n_null: int
    reason: str


def usage_change(
    x: npt.ArrayLike, y: npt.ArrayLike, *, genes: npt.ArrayLike, threshold: float = 1.0
) -> UsageChange:
    """Compare the usage of isoforms between two samples, gene by gene.

    Usage is an isoform's share of the TPM of its gene. The distance is
    ``sqrt(KL(p||m)/2 + KL(q||m)/2)`` in base 2, with m the mean of both usages.

    Parameters
    ----------
    x, y
        TPM of each isoform.
    genes
        The gene of each isoform.
    threshold
        Gene TPM required in both samples.

    Returns
    -------
    Genes sorted by name; ``distance`` and ``largest_change`` in [0, 1]. NaN where a gene has one
    isoform or is below ``threshold`` in a sample. With equal shares the first isoform is dominant.

    Raises
    ------
    InputError
        The lengths differ, or a TPM is negative or not finite.

    References
    ----------
    Endres and Schindelin 2003, IEEE Trans Inf Theory 49:1858, 10.1109/TIT.2003.813506.

    Examples
    --------
    >>> change = usage_change([8, 0, 5, 5], [0, 8, 5, 5], genes=["A", "A", "B", "B"])
    >>> change.distance, change.flips
    (array([1., 0.]), array([ True, False]))
    """
    first, second = as_pair(x, y)
    grouped = group_isoforms(genes)
    return compare_usage(
        isoform_usage(first, grouped, name="x"),
        isoform_usage(second, grouped, name="y"),
        grouped,
        threshold=threshold,
    )


def isoform_usage(tpm: npt.ArrayLike, grouped: GroupedIsoforms, *, name: str = "tpm") -> Usage:
    """Return the usage of isoforms in one sample, for :func:`compare_usage`.

    Examples
    --------
    >>> isoform_usage([6, 2], group_isoforms(["A", "A"])).share
    array([0.75, 0.25])
    """
    values = as_vector(tpm, name=name)
    refuse_negative(values, name=name)
    if values.size != grouped.order.size:
        raise InputError(
            f"got {values.size:,} values, but genes were given for {grouped.order.size:,} isoforms"
        )
    share = grouped.shares(values)
    return Usage(
        total=grouped.sums(values),
        share=share,
        entropy_term=np.asarray(xlogy(share, share), dtype=np.float64),
        dominant=grouped.largest(share),
    )


def compare_usage(
    x: Usage, y: Usage, grouped: GroupedIsoforms, *, threshold: float = 1.0
) -> UsageChange:
    """Compare two prepared samples as :func:`usage_change` does; use it for many pairs.

    Examples
    --------
    >>> grouped = group_isoforms(["A", "A"])
    >>> x, y = (isoform_usage(tpm, grouped) for tpm in ([8, 0], [0, 8]))
    >>> compare_usage(x, y, grouped).distance
    array([1.])
    """
    is_low = (x.total < threshold) | (y.total < threshold)
    is_alone = grouped.sizes < 2
    usable = ~(is_low | is_alone)
    # Objects: as text, each entry would be as long as the longest.
    words = np.array(["", "gene below the threshold", "one isoform"], dtype=object)
    reasons = words[np.where(is_alone, 2, is_low)]
    change = np.abs(x.share - y.share)
    largest_change = grouped.maxima(change)
    return UsageChange(
        gene=grouped.names,
        n_isoforms=grouped.sizes,
        distance=np.where(usable, grouped.distance(x, y), np.nan),
        largest_change=np.where(usable, largest_change, np.nan),
        isoform=np.where(usable, grouped.largest(change, largest_change), -1),
        dominant_x=np.where(usable, x.dominant, -1),
        dominant_y=np.where(usable, y.dominant, -1),
        flips=usable & (x.dominant != y.dominant),
        reasons=reasons,
    )


def usage_test(
    change: UsageChange,
    *,
    samples: tuple[npt.ArrayLike, npt.ArrayLike],
    bootstraps: tuple[npt.ArrayLike, npt.ArrayLike],
    genes: npt.ArrayLike | GroupedIsoforms,
    prior: float,
) -> UsageTest:
    """Compare usage distances with those that quantification noise alone produces.

    Null distances are computed between bootstraps of the same sample, for x and for y. Each gene's
    distances are divided by a scale: the root mean square of its null distances, plus a third of
    the median root mean square over genes. The scale of a null distance is computed from the pairs
    that contain neither of its two bootstraps. The null is pooled over genes, because there are too
    few bootstraps for a null of each gene.

    Parameters
    ----------
    change
        Result of :func:`usage_change` for the samples.
    samples
        x and y, as given to :func:`usage_change`.
    bootstraps
        Bootstraps of x and of y: bootstraps x isoforms, TPM; at least four each.
    genes
        The gene of each isoform, as given to :func:`usage_change`, or the result of
        :func:`group_isoforms`.
    prior
        TPM added to every isoform for this test only, in observed and null distances. All
        bootstraps of an isoform without reads are zero. Without the prior, isoforms with few reads
        differ more often between samples than between bootstraps.

    Returns
    -------
    ``distance`` is computed with the prior, and ``p`` from the pooled null. ``p_adjusted`` is
    adjusted over the compared genes (Benjamini-Hochberg). ``flip_share`` is the share of null pairs
    in which the dominant isoform flips, as a reference for a flip between samples. ``distance``,
    ``p`` and ``p_adjusted`` are NaN for a gene that cannot be compared. All values are NaN for a
    gene that is absent from a bootstrap, or if a sample has fewer than four bootstraps.

    Raises
    ------
    InputError
        The shapes do not match, a TPM is negative or not finite, or the prior is < 0.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> genes = np.repeat(np.arange(200), 2)
    >>> x, y = rng.poisson(200, (2, 400)).astype(float)
    >>> y[:2] = 380, 20  # one planted switch
    >>> noise = rng.poisson(x, (8, 400)), rng.poisson(y, (8, 400))
    >>> change = usage_change(x, y, genes=genes)
    >>> found = usage_test(change, samples=(x, y), bootstraps=noise, genes=genes, prior=4)
    >>> np.flatnonzero(found.p_adjusted < 0.05)
    array([0])
    """
    if not prior >= 0:
        raise InputError(f"prior must be >= 0 TPM, got {prior:g}")
    draws = [as_matrix(part, name="bootstraps") for part in bootstraps]
    if any(part.shape[0] < 4 for part in draws):
        nothing = np.full(change.distance.size, np.nan)
        reason = "fewer than four bootstraps of a sample"
        return UsageTest(change.gene, nothing, nothing, nothing, nothing, nothing, 0, reason)
    grouping = genes if isinstance(genes, GroupedIsoforms) else group_isoforms(genes)
    x, y = as_pair(*samples)
    null, others, flips = _null_distances([part + prior for part in draws], grouping)
    # A gene that is absent from a bootstrap has no usage there, and so no distance.
    present = np.all([grouping.sums(row) > 0 for part in draws for row in part], axis=0)
    tested = np.isfinite(change.distance) & present
    scale = np.sqrt((null**2).mean(axis=0))
    floor = float(np.median(scale[tested])) / 3 if tested.any() else 0.0
    floor = max(floor, float(np.finfo(np.float64).tiny))
    pooled = np.sort((null / (others + floor))[:, tested].ravel())
    with np.errstate(invalid="ignore"):
        distance = grouping.distance(*(isoform_usage(tpm + prior, grouping) for tpm in (x, y)))
        observed = distance / (scale + floor)
    n_above = pooled.size - np.searchsorted(pooled, observed, side="left")
    p = np.where(tested, (1 + n_above) / (1 + pooled.size), np.nan)
    return UsageTest(
        gene=change.gene,
        distance=np.where(tested, distance, np.nan),
        null_distance=np.where(present, scale, np.nan),
        p=p,
        p_adjusted=benjamini_hochberg(p),
        flip_share=np.where(present, flips, np.nan),
        n_null=int(pooled.size),
        reason="" if tested.any() else "no gene can be compared",
    )


def inferential_relative_variance(bootstrap_counts: npt.ArrayLike) -> FloatArray:
    """Return how uncertain each feature's count is beyond Poisson noise (InfRV).

    Parameters
    ----------
    bootstrap_counts
        Bootstraps x features.

    Returns
    -------
    ``max(s^2 - mu, 0) / (mu + 5) + 0.01`` per feature, >= 0.01; NaN with fewer than two bootstraps.

    Raises
    ------
    InputError
        Not a matrix, or a count is negative or not finite.

    References
    ----------
    Zhu et al. 2019, Nucleic Acids Res 47:e105, 10.1093/nar/gkz622.

    Examples
    --------
    >>> inferential_relative_variance([[0.0, 5.0], [20.0, 5.0]]).round(3)
    array([1.2677e+01, 1.0000e-02])
    """
    draws = as_matrix(bootstrap_counts, name="bootstrap_counts")
    refuse_negative(draws, name="bootstrap_counts")
    if draws.shape[0] < 2:
        return np.full(draws.shape[1], np.nan)
    mean = draws.mean(axis=0)
    excess = np.maximum(draws.var(axis=0, ddof=1) - mean, 0)
    infrv: FloatArray = excess / (mean + 5) + 0.01
    return infrv


class GroupedIsoforms:
    """Isoforms sorted by gene, so that sums and maxima per gene take one pass."""

    def __init__(self, labels: npt.NDArray[np.generic]) -> None:
        self.names, codes = np.unique(labels, return_inverse=True)
        self.order = np.argsort(codes, kind="stable")
        self.codes = codes[self.order]
        self.starts = np.searchsorted(self.codes, np.arange(self.names.size))
        self.sizes = np.bincount(codes, minlength=self.names.size)

    def sums(self, values: FloatArray) -> FloatArray:
        """Return the sum of each gene."""
        return np.add.reduceat(values[self.order], self.starts) if values.size else values

    def shares(self, values: FloatArray) -> FloatArray:
        """Return each isoform's share of its gene, sorted by gene; 0 if the gene has TPM 0."""
        sorted_values = values[self.order]
        totals = np.add.reduceat(sorted_values, self.starts) if values.size else values
        shares: FloatArray = sorted_values / np.where(totals > 0, totals, 1)[self.codes]
        return shares

    def maxima(self, sorted_values: FloatArray) -> FloatArray:
        """Return the largest value of each gene."""
        if not sorted_values.size:
            return sorted_values
        return np.maximum.reduceat(sorted_values, self.starts)

    def largest(self, sorted_values: FloatArray, maxima: FloatArray | None = None) -> IntArray:
        """Return the index of the largest value of each gene; the first if several are equal."""
        if not sorted_values.size:
            return np.empty(0, dtype=np.intp)
        if maxima is None:
            maxima = self.maxima(sorted_values)
        is_largest = np.flatnonzero(sorted_values == maxima[self.codes])
        # The first position of each gene: positions increase with the genes.
        first = np.searchsorted(is_largest, self.starts)
        return self.order[is_largest[first]]

    def distance(self, x: Usage, y: Usage) -> FloatArray:
        """Return the Jensen-Shannon distance of each gene."""
        middle = (x.share + y.share) / 2
        divergence = (x.entropy_term + y.entropy_term - 2 * xlogy(middle, middle)) / (2 * np.log(2))
        sums = np.add.reduceat(divergence, self.starts) if divergence.size else divergence
        distance: FloatArray = np.sqrt(np.clip(sums, 0, 1))
        return distance


def group_isoforms(genes: npt.ArrayLike) -> GroupedIsoforms:
    """Group isoforms by gene, once for all samples.

    Examples
    --------
    >>> group_isoforms(["B", "A", "B"]).sizes
    array([1, 2])
    """
    labels = np.asarray(genes)
    if labels.ndim != 1:
        raise InputError(
            f"'genes' must have one dimension (one gene per isoform), got {labels.ndim}"
        )
    return GroupedIsoforms(labels)


def _null_distances(
    draws: list[FloatArray], grouping: GroupedIsoforms
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return distances of pairs of bootstraps, the rms over the other pairs, and share of flips.

    The scale of a distance must not share a bootstrap with it; otherwise the null would look
    narrower than observed distances.
    """
    pairs, distances, flips = [], [], []
    for sample, part in enumerate(draws):
        usages = [isoform_usage(draw, grouping, name="bootstraps") for draw in part]
        for row_a, row_b in _pairs(part.shape[0]):
            one, other = usages[row_a], usages[row_b]
            pairs.append(((sample, row_a), (sample, row_b)))
            distances.append(grouping.distance(one, other))
            flips.append(one.dominant != other.dominant)
    null = np.stack(distances)
    apart = np.array([[not set(one) & set(other) for other in pairs] for one in pairs])
    weights = apart / apart.sum(axis=1, keepdims=True)
    return null, np.sqrt(weights @ null**2), np.mean(flips, axis=0)


def _pairs(n_bootstraps: int) -> list[tuple[int, int]]:
    """Return pairs of neighbours, then those two apart, and so on; each bootstrap is used alike."""
    found = [
        (row, row + lag) for lag in range(1, n_bootstraps) for row in range(n_bootstraps - lag)
    ]
    return found[:_PAIRS_A_SAMPLE]
