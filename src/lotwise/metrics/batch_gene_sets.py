"""Gene sets that are shifted in one batch, compared with the variation between other batches."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.special import stdtr

from lotwise.errors import InputError
from lotwise.metrics.moments import FloatArray, as_matrix
from lotwise.metrics.rates import benjamini_hochberg

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

# Of one condition, the batch that is tested among them.
FEWEST_BATCHES: Final = 6


class BatchSetShift(NamedTuple):
    """Shift of each gene set in one batch against the other batches; one entry per set."""

    names: tuple[str, ...]
    n_genes: npt.NDArray[np.intp]
    shift: FloatArray
    p: FloatArray
    p_adjusted: FloatArray
    reasons: tuple[str, ...]


def batch_set_shift(
    log_tpm: npt.ArrayLike,
    *,
    batch: int,
    genes: Sequence[str],
    sets: Mapping[str, Sequence[str]],
    n_smallest: int = 5,
) -> BatchSetShift:
    """Test whether the shift of a gene set in one batch exceeds its variation between batches.

    The score of a set in a batch is its mean log2 expression minus that of all other genes.
    Student's t with k - 2 degrees of freedom compares the score of the batch with the scores of the
    k - 1 other batches. Batches are the units of inference, so the variation of a set between good
    batches is not reported as a shift.

    Parameters
    ----------
    log_tpm
        Batches x genes, replicates averaged.
    batch
        Row of the batch to test.
    genes
        Names of the genes.
    sets
        Members of each set; names that are not in ``genes`` are ignored.
    n_smallest
        Sets with fewer members in ``genes`` are not tested.

    Returns
    -------
    ``shift`` is the score of the batch minus the mean score of the others, in log2. ``p`` is
    two-sided; ``p_adjusted`` is adjusted over the sets by Benjamini-Hochberg. Both are NaN, with a
    reason, if there are fewer than :data:`FEWEST_BATCHES` batches. They are also NaN if a set is
    too small, contains all genes, or has the same score in all other batches.

    Raises
    ------
    InputError
        The number of names differs from the number of genes, or ``batch`` is not a row.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> log_tpm = rng.normal(5, 0.1, (8, 100))
    >>> log_tpm[0, :10] += 1
    >>> genes = [f"g{i}" for i in range(100)]
    >>> found = batch_set_shift(log_tpm, batch=0, genes=genes, sets={"up": genes[:10]})
    >>> bool(found.p[0] < 0.001), round(float(found.shift[0]), 1)
    (True, 1.0)
    """
    matrix = as_matrix(log_tpm, name="log_tpm")
    k = matrix.shape[0]
    if len(genes) != matrix.shape[1] or not 0 <= batch < k:
        raise InputError(
            f"the matrix has {k} batches x {matrix.shape[1]:,} genes, but got {len(genes):,} gene "
            f"names and batch number {batch}; give one name for each gene, and a batch number from "
            f"0 to {k - 1}"
        )
    position = {gene: i for i, gene in enumerate(genes)}
    total = matrix.sum(axis=1)
    few = f"fewer than {FEWEST_BATCHES} batches of the condition" if k < FEWEST_BATCHES else ""
    sizes, shifts, p_values, reasons = [], [], [], []
    for members in sets.values():
        inside = sorted({position[gene] for gene in members if gene in position})
        shift = p = float("nan")
        reason = few
        if not inside:
            reason = "no gene of the set is present"
        elif len(inside) < n_smallest:
            reason = f"fewer than {n_smallest} genes of the set are present"
        elif len(inside) == len(genes):
            reason = "the set contains all genes"
        else:
            sums = matrix[:, inside].sum(axis=1)
            score = sums / len(inside) - (total - sums) / (len(genes) - len(inside))
            others = np.delete(score, batch)
            shift = float(score[batch] - others.mean()) if others.size else float("nan")
            if not reason:
                p, reason = _two_sided(shift, others)
        sizes.append(len(inside))
        shifts.append(shift)
        p_values.append(p)
        reasons.append(reason)
    return BatchSetShift(
        names=tuple(sets),
        n_genes=np.asarray(sizes, dtype=np.intp),
        shift=np.asarray(shifts, dtype=np.float64),
        p=np.asarray(p_values, dtype=np.float64),
        p_adjusted=benjamini_hochberg(np.asarray(p_values, dtype=np.float64)),
        reasons=tuple(reasons),
    )


def _two_sided(shift: float, others: FloatArray) -> tuple[float, str]:
    spread = float(others.std(ddof=1)) * np.sqrt(1 + 1 / others.size)
    if spread <= 0:
        return float("nan"), "the score is the same in all other batches"
    return 2 * float(stdtr(others.size - 1, -abs(shift) / spread)), ""
