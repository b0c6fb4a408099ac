"""Gene sums of isoform abundances, and effective lengths of genes.

Definitions of tximport (Soneson, Love & Robinson 2015, F1000Research 4:1521): TPM and counts of a
gene are the sums over its isoforms. Its length is the mean of their lengths weighted by TPM. If a
gene has no TPM in a sample, its length is the geometric mean of its lengths in the other samples;
if it has none in any sample, the mean length of its isoforms.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
Codes = npt.NDArray[np.int64]
Rows = npt.NDArray[np.bool_]


class GeneSums(NamedTuple):
    """Layers at gene level, each of shape ``(n_samples, n_genes)``."""

    tpm: FloatArray
    counts: FloatArray
    length: FloatArray


def sum_genes(
    tpm: FloatArray, counts: FloatArray, length: FloatArray, gene_of: Codes, n_genes: int
) -> GeneSums:
    """Sum isoforms to genes.

    Parameters
    ----------
    tpm, counts, length
        Shape ``(n_samples, n_isoforms)``; NaN if the source has no counts or lengths.
    gene_of
        Index of the gene of each isoform, shape ``(n_isoforms,)``; -1 excludes an isoform.
    n_genes
        Number of genes.

    Returns
    -------
    TPM, counts and lengths of genes; NaN where the input is NaN. Lengths of genes without TPM
    are filled only in samples that have lengths.

    Examples
    --------
    >>> sums = sum_genes(
    ...     np.array([[3.0, 1.0, 0.0]]), np.array([[30.0, 5.0, 0.0]]),
    ...     np.array([[1000.0, 500.0, 700.0]]), np.array([0, 0, 1]), 2)
    >>> sums.tpm, sums.length
    (array([[4., 0.]]), array([[875., 700.]]))
    """
    gene_tpm = _sum_by_gene(tpm, gene_of, n_genes)
    gene_counts = _sum_by_gene(counts, gene_of, n_genes)
    weighted = _sum_by_gene(tpm, gene_of, n_genes, weights=length)
    with np.errstate(invalid="ignore", divide="ignore"):
        gene_length = weighted / gene_tpm
    # Lengths of genes without TPM come from other samples; lengths absent from a file stay NaN.
    has_lengths = np.asarray(np.isfinite(length).any(axis=1))
    gene_length[~has_lengths] = np.nan
    if has_lengths.any():
        lengths = _sum_by_gene(_mean_known(length)[None], gene_of, n_genes)[0]
        n_isoforms = np.bincount(gene_of + 1, minlength=n_genes + 1)[1:]
        with np.errstate(invalid="ignore"):
            _fill_missing(gene_length, lengths / n_isoforms, rows=has_lengths)
    return GeneSums(gene_tpm, gene_counts, gene_length)


def sum_bootstraps(
    counts: npt.NDArray[np.float32],
    *,
    length: FloatArray,
    gene_length: FloatArray,
    gene_of: Codes,
) -> npt.NDArray[np.float32]:
    """Sum the bootstraps of one sample's isoforms to genes.

    Parameters
    ----------
    counts
        Estimated counts, shape ``(n_bootstraps, n_isoforms)``.
    length
        Lengths of the sample's isoforms.
    gene_length
        Lengths of its genes, from :func:`sum_genes`.
    gene_of
        See :func:`sum_genes`.

    Returns
    -------
    Counts, shape ``(n_bootstraps, n_genes)``. Divided by ``gene_length``, they equal the sum over
    isoforms of count / length, and therefore give the gene's TPM. The correction is needed
    because a bootstrap may use other isoforms than the sample, with another gene length.

    Examples
    --------
    >>> counts = np.array([[30, 5, 0], [20, 10, 0]], dtype=np.float32)
    >>> sum_bootstraps(
    ...     counts, length=np.array([1000.0, 500.0, 700.0]), gene_length=np.array([875.0, 700.0]),
    ...     gene_of=np.array([0, 0, 1])).tolist()
    [[35.0, 0.0], [35.0, 0.0]]
    """
    rate = counts / np.where(length > 0, length, np.inf)
    sums = _sum_by_gene(rate, gene_of, gene_length.size)
    return np.where(sums > 0, sums * gene_length, 0).astype(np.float32)


def _sum_by_gene(
    values: FloatArray, gene_of: Codes, n_genes: int, *, weights: FloatArray | None = None
) -> FloatArray:
    sums = np.empty((values.shape[0], n_genes))
    # The first bin collects the isoforms without a gene, whose index is -1.
    bins = gene_of + 1
    for sample, row in enumerate(sums):
        # One sample at a time: a product of all would need another matrix in memory.
        terms = values[sample] if weights is None else values[sample] * weights[sample]
        row[:] = np.bincount(bins, weights=terms, minlength=n_genes + 1)[1:]
    return sums


def _mean_known(length: FloatArray) -> FloatArray:
    """Return the mean of each isoform's lengths over the samples that have one."""
    mean: FloatArray = length.mean(axis=0)
    if np.isnan(mean).any():
        known = ~np.isnan(length)
        with np.errstate(invalid="ignore"):
            mean = np.where(known, length, 0.0).sum(axis=0) / known.sum(axis=0)
    return mean


def _fill_missing(length: FloatArray, mean_length: FloatArray, *, rows: Rows) -> None:
    """Fill the missing lengths of some samples from the other samples."""
    missing = np.isnan(length) & rows[:, None]
    somewhere = missing.any(axis=0)
    if not somewhere.any():
        return
    columns = length[:, somewhere]
    known = ~np.isnan(columns)
    n_known = known.sum(axis=0)
    logs = np.where(known, np.log(np.where(known, columns, 1.0)), 0.0).sum(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        fill = np.where(n_known > 0, np.exp(logs / n_known), mean_length[somewhere])
    length[:, somewhere] = np.where(missing[:, somewhere], fill, columns)
