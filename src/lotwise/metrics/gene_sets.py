"""Gene sets whose genes shift together between two samples."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr, stdtr

from lotwise.errors import InputError
from lotwise.metrics.moments import FloatArray, as_matrix, as_vector
from lotwise.metrics.rates import benjamini_hochberg

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

# limma's camera uses this value where it cannot be estimated from replicates.
PRESET_CORRELATION: Final = 0.01
ALPHA: Final = 0.05
UNKNOWN_CORRELATION: Final = "too few replicates to estimate the correlation within gene sets"


class GeneSetShift(NamedTuple):
    """Shift of each gene set relative to all other genes; one entry per set.

    ``mean_difference`` and ``mean_other`` are means of M inside and outside the set.
    """

    names: tuple[str, ...]
    n_genes: npt.NDArray[np.intp]
    mean_difference: FloatArray
    mean_other: FloatArray
    p: FloatArray
    p_adjusted: FloatArray
    correlation: FloatArray
    reasons: tuple[str, ...]


def gene_set_shift(
    difference: npt.ArrayLike,
    *,
    genes: Sequence[str],
    sets: Mapping[str, Sequence[str]],
    correlation: float | Mapping[str, float] = PRESET_CORRELATION,
    n_smallest: int = 5,
    degrees_of_freedom: float = math.inf,
) -> GeneSetShift:
    """Test whether the genes of a set differ more, up or down, than other genes do.

    A two-sided rank test compares M of the genes in the set with M of all other genes. Its variance
    allows for the correlation between genes of a set; otherwise, sets whose genes vary together
    would be significant far too often. P-values are adjusted by Benjamini-Hochberg over the sets
    tested.

    Parameters
    ----------
    difference
        M of each gene (difference of log2 expression), usually of genes detected in both samples.
    genes
        Names of the genes, without repeats.
    sets
        Members of each set; names that are not in ``genes`` are ignored.
    correlation
        Mean correlation between genes of a set: one value for all sets, or one per set; see
        :func:`inter_gene_correlation`. 0 assumes independent genes; NaN means unknown.
    n_smallest
        Sets with fewer genes present are not tested.
    degrees_of_freedom
        Degrees of freedom of ``correlation``; infinite where it is not an estimate.

    Returns
    -------
    ``p`` and ``p_adjusted`` in [0, 1], or NaN with a reason. They are NaN if the set is too small,
    contains all genes or none, or has an unknown correlation. They are also NaN if M is the same
    for all genes, or if no shift could give a small p with so few degrees of freedom.

    Raises
    ------
    InputError
        The lengths differ, names repeat, M is not finite, or a correlation is outside [0, 1].

    References
    ----------
    Wu and Smyth 2012, Nucleic Acids Res 40:e133, 10.1093/nar/gks461 (limma's
    rankSumTestWithCorrelation); Barry, Nobel and Wright 2008.

    Examples
    --------
    >>> genes = [f"g{i}" for i in range(200)]
    >>> shift = np.linspace(-1, 1, 200)
    >>> found = gene_set_shift(shift, genes=genes, sets={"top": genes[180:], "none": ["x"]})
    >>> bool(found.p[0] < 0.001), found.reasons[1]
    (True, 'no gene of the set is present')
    """
    m = as_vector(difference, name="difference")
    position = {gene: i for i, gene in enumerate(genes)}
    if len(genes) != m.size or len(position) != m.size:
        raise InputError(
            f"there are {m.size:,} values, but {len(position):,} different gene names",
            remedy="give one gene name for each value, and no name twice",
        )
    from scipy.stats import rankdata  # loading takes a quarter of a second; most steps skip it

    ranks = rankdata(m)
    ties = _tie_correction(m)
    rows = []
    for name, members in sets.items():
        inside = np.array(
            sorted({position[gene] for gene in members if gene in position}), dtype=np.intp
        )
        rho = correlation if isinstance(correlation, int | float) else correlation[name]
        if rho < 0 or rho > 1:
            raise InputError(f"the correlation of set {name!r} must be in [0, 1], got {rho}")
        reason = _why_undefined(inside.size, m.size, n_smallest=n_smallest, ties=ties)
        if not reason and math.isnan(rho):
            reason = UNKNOWN_CORRELATION
        p = float("nan")
        if not reason and math.isfinite(degrees_of_freedom):
            reason = _no_power(ranks.size, inside.size, rho, degrees_of_freedom, n_sets=len(sets))
        if not reason:
            p = _rank_p(ranks, inside, rho=rho, ties=ties, freedom=degrees_of_freedom)
        rows.append((inside.size, *_means(m, inside), p, rho, reason))
    n_genes, inner, outer, p_values, rhos, reasons = zip(*rows, strict=True) if rows else ((),) * 6
    p_array = np.asarray(p_values, dtype=np.float64)
    return GeneSetShift(
        names=tuple(sets),
        n_genes=np.asarray(n_genes, dtype=np.intp),
        mean_difference=np.asarray(inner, dtype=np.float64),
        mean_other=np.asarray(outer, dtype=np.float64),
        p=p_array,
        p_adjusted=benjamini_hochberg(p_array),
        correlation=np.asarray(rhos, dtype=np.float64),
        reasons=tuple(reasons),
    )


def inter_gene_correlation(values: npt.ArrayLike, *, groups: npt.ArrayLike | None = None) -> float:
    """Return the mean correlation between the genes of a set over samples.

    It is ``(m V / mean variance - 1) / (m - 1)``, where m is the number of genes and V the variance
    of the mean of the standardised genes. Negative values are set to 0.

    Parameters
    ----------
    values
        Samples x genes of the set, log2 expression.
    groups
        One label per sample; differences between groups are removed, so the result is the
        correlation within groups. ``None`` is one group.

    Returns
    -------
    A value in [0, 1]. NaN if the number of samples does not exceed the number of groups by at
    least 2, or if fewer than two genes vary within groups.

    Raises
    ------
    InputError
        Not a matrix, not finite, or not one label per sample.

    References
    ----------
    Wu and Smyth 2012, 10.1093/nar/gks461 (limma's interGeneCorrelation).

    Examples
    --------
    >>> shared = np.array([[0.0], [1.0], [3.0]])
    >>> round(inter_gene_correlation(shared + np.zeros((3, 5))), 6)
    1.0
    """
    matrix = as_matrix(values, name="values")
    n_samples = matrix.shape[0]
    labels = np.zeros(n_samples, dtype=np.intp) if groups is None else np.asarray(groups)
    if labels.shape != (n_samples,):
        raise InputError(f"got {labels.size:,} groups for {n_samples:,} samples")
    names = np.unique(labels)
    if n_samples - names.size < 2:
        return float("nan")
    member = (labels[:, None] == names).astype(np.float64)
    varies = np.any([np.ptp(matrix[labels == name], axis=0) > 0 for name in names], axis=0)
    n_genes = int(np.count_nonzero(varies))
    if n_genes < 2:
        return float("nan")
    # Residuals after the means of the groups, on axes that are independent of each other.
    axes = np.linalg.qr(member, mode="complete")[0][:, names.size :]
    left = axes.T @ matrix[:, varies]
    left /= np.sqrt(np.mean(left**2, axis=0))
    inflation = n_genes * float(np.mean(left.mean(axis=1) ** 2))
    rho = (inflation - 1) / (n_genes - 1)
    return float(np.clip(rho, 0.0, 1.0))


def _why_undefined(n_inside: int, n_all: int, *, n_smallest: int, ties: float) -> str:
    if n_inside == 0:
        return "no gene of the set is present"
    if n_inside < n_smallest:
        return f"fewer than {n_smallest} genes of the set are present"
    if n_inside == n_all:
        return "the set contains all genes"
    return "M is the same for all genes" if ties >= 1 else ""


def _no_power(n_all: int, n_inside: int, rho: float, freedom: float, *, n_sets: int) -> str:
    """Return a reason where p cannot be small even if all genes of a set shift the most."""
    ranks = np.arange(1.0, n_all + 1)
    highest = np.arange(n_all - n_inside, n_all)
    p = _rank_p(ranks, highest, rho=rho, ties=0.0, freedom=freedom)
    if p * n_sets < ALPHA:
        return ""
    return (
        f"no power: even if every gene of the set shifted, p would be {p:.2g} ({freedom:g} degrees "
        f"of freedom, {n_sets} sets); more replicates are needed"
    )


def _means(m: FloatArray, inside: npt.NDArray[np.intp]) -> tuple[float, float]:
    n_outside = m.size - inside.size
    total, inner = float(m.sum()), float(m[inside].sum())
    return (
        inner / inside.size if inside.size else float("nan"),
        (total - inner) / n_outside if n_outside else float("nan"),
    )


def _tie_correction(m: FloatArray) -> float:
    """Return the share of the rank variance lost to ties; 1 where all values are tied."""
    if m.size < 2:
        return 1.0
    _, sizes = np.unique(m, return_counts=True)
    n = float(m.size)
    return float(np.sum(sizes.astype(np.float64) ** 3 - sizes) / (n**3 - n))


def _rank_p(
    ranks: FloatArray,
    inside: npt.NDArray[np.intp],
    *,
    rho: float,
    ties: float,
    freedom: float,
) -> float:
    """Return the two-sided p of the rank sum with correlated genes in the set (Barry et al.)."""
    n_in, n_out = inside.size, ranks.size - inside.size
    u = n_in * n_out + n_in * (n_in + 1) / 2 - float(ranks[inside].sum())
    middle = n_in * n_out / 2
    variance = (
        np.arcsin(1) * n_in * n_out
        + np.arcsin(0.5) * n_in * n_out * (n_out - 1)
        + np.arcsin(rho / 2) * n_in * (n_in - 1) * n_out * (n_out - 1)
        + np.arcsin((rho + 1) / 2) * n_in * (n_in - 1) * n_out
    ) / (2 * np.pi)
    spread = float(np.sqrt(variance * (1 - ties)))
    # Continuity correction of half a rank towards the middle on each side, as in limma.
    tails = np.array([u + 0.5 - middle, middle - (u - 0.5)]) / spread
    p = ndtr(tails) if math.isinf(freedom) else stdtr(freedom, tails)
    return min(1.0, 2 * float(p.min()))
