"""ENCODE's replicate QC and the overlap of detected features, for every pair of samples."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from typing import TYPE_CHECKING

from lotwise import keys
from lotwise.evidence.replicate_qc import ReplicateQcRecord
from lotwise.expression.labels import unit_of
from lotwise.expression.layers import tpm_of, values_by_sample
from lotwise.files.tables import to_frame
from lotwise.metrics.agreement import detection, encode_qc
from lotwise.metrics.feature_sets import THRESHOLD
from lotwise.metrics.moments import FloatArray
from lotwise.tl.pairs import Pair, in_words, pairs_of, store
from lotwise.workers import in_threads

if TYPE_CHECKING:
    from anndata import AnnData


def replicate_qc(expression: AnnData, *, threshold: float = THRESHOLD) -> None:
    """Compute ENCODE's replicate QC and detection overlap, on TPM and, if available, on FPKM.

    Parameters
    ----------
    expression
        Samples x features with the layer ``tpm``, and ``fpkm`` if RSEM wrote it.
    threshold
        Smallest TPM or FPKM of a detected feature.

    Returns
    -------
    Nothing; ``uns["lotwise"]["replicate_qc"]`` has one row per pair and unit
    (:class:`~lotwise.evidence.replicate_qc.ReplicateQcRecord`; :func:`lotwise.get.replicate_qc`).
    ENCODE warns only if Spearman's rho is below 0.9 (same donor) or 0.8 (different donors).

    Raises
    ------
    InputError
        No layer ``tpm``.

    References
    ----------
    ENCODE uniform RNA-seq pipeline (MAD QC); Teng et al. 2016,
    10.1186/s13059-016-0940-1 (detection).

    Examples
    --------
    >>> import lotwise
    >>> gene = lotwise.datasets.three_batches().gene
    >>> lotwise.tl.replicate_qc(gene)
    >>> lotwise.get.replicate_qc(gene)["unit"].unique().tolist()
    ['TPM']
    """
    units: dict[str, Sequence[FloatArray | None]] = {unit_of(expression): list(tpm_of(expression))}
    units["FPKM"] = values_by_sample(expression, keys.FPKM)

    def rows_of(pair: Pair) -> list[ReplicateQcRecord]:
        rows = []
        for unit, values in units.items():
            x, y = values[pair.row_a], values[pair.row_b]
            # A deposited table of TPM is read like RSEM output but has no FPKM.
            if x is None or y is None:
                continue
            qc, found = encode_qc(x, y), detection(x, y, threshold=threshold)
            rows.append(
                ReplicateQcRecord(
                    **pair.names(),
                    unit=unit,
                    mad=qc.mad,
                    sd=qc.sd,
                    pearson=qc.pearson,
                    spearman=qc.spearman,
                    n_features=qc.n_features,
                    n_zero_in_one=qc.n_zero_in_one,
                    n_both=found.n_both,
                    n_one_only=found.n_one_only,
                    n_neither=found.n_neither,
                    jaccard=found.jaccard,
                    threshold=threshold,
                    reason="; ".join(filter(None, (in_words(pair, qc.reason), found.reason))),
                )
            )
        return rows

    rows = chain.from_iterable(in_threads(rows_of, pairs_of(expression)))
    store(
        expression, keys.REPLICATE_QC, to_frame(rows, ReplicateQcRecord), {"threshold": threshold}
    )
