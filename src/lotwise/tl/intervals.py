"""Intervals of R from resampling blocks of features."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from lotwise import keys
from lotwise.errors import InputError
from lotwise.evidence.intervals import IntervalRecord
from lotwise.expression.given import require_anndata
from lotwise.expression.layers import log_tpm_of
from lotwise.files.tables import to_frame
from lotwise.metrics.resampling import block_intervals
from lotwise.tl.blocks import ALONE, are_windows, genes_of, text_of
from lotwise.tl.pairs import chosen_rows, in_words, pairs_of, store

if TYPE_CHECKING:
    from anndata import AnnData


def intervals(
    expression: AnnData,
    *,
    blocks: str | None = None,
    n_resamples: int = 2000,
    level: float = 0.95,
    pseudocount: float = 1.0,
    seed: int = 0,
) -> None:
    """Compute a feature-resampling interval of R for every pair.

    Parameters
    ----------
    expression
        Samples x features with the layer ``tpm``.
    blocks
        Column of var with the block of each feature (a gene set, a genomic neighbourhood).
        If ``None``, each gene is a block; at isoform level, a block contains the isoforms of one
        gene.
        The table then warns that the interval is too narrow. A feature without a block is a block
        of its own.
    n_resamples, level
        Number of resamples and coverage.
    pseudocount
        c of log2(TPM + c).
    seed
        Random seed.

    Returns
    -------
    Nothing; the result is the table ``intervals``
    (:class:`~lotwise.evidence.intervals.IntervalRecord`).

    Raises
    ------
    InputError
        No layer ``tpm``, no such column, or a number out of range.

    Examples
    --------
    >>> import lotwise
    >>> isoform = lotwise.datasets.three_batches().isoform
    >>> lotwise.tl.intervals(isoform, n_resamples=100)
    >>> isoform.uns["lotwise"]["intervals"]["n_blocks"].tolist()
    [300, 300, 300]
    """
    require_anndata(expression)
    if blocks is not None and blocks not in expression.var:
        raise InputError(f"the AnnData has no var column {blocks!r} with blocks")
    if blocks is None and keys.GENE_ID in expression.var:
        blocks = keys.GENE_ID
    log_tpm = log_tpm_of(expression, pseudocount)
    found = block_intervals(
        log_tpm,
        blocks=None if blocks is None else _or_alone(expression, text_of(expression.var[blocks])),
        genes=_or_alone(expression, genes_of(expression))
        if keys.GENE_ID in expression.var
        else None,
        rng=np.random.default_rng(seed),
        n_resamples=n_resamples,
        level=level,
        pairs=chosen_rows(expression),
        windows=blocks == keys.BLOCK and are_windows(expression),
    )
    rows = [
        IntervalRecord(
            **pair.names(),
            pearson=float(found.pearson[i]),
            lower=float(found.lower[i]),
            upper=float(found.upper[i]),
            level=level,
            n_blocks=found.n_blocks,
            label=found.label,
            warning=found.warning,
            reason=in_words(pair, found.reasons[i]),
        )
        for i, pair in enumerate(pairs_of(expression))
    ]
    store(
        expression,
        IntervalRecord.table,
        to_frame(rows, IntervalRecord),
        {
            "blocks": blocks or "",
            "n_resamples": n_resamples,
            "level": level,
            "pseudocount": pseudocount,
            "seed": seed,
        },
    )


def _or_alone(expression: AnnData, labels: list[str]) -> list[str]:
    """Label each unlabelled feature separately, since these do not belong together."""
    features = zip(labels, expression.var_names, strict=True)
    return [label or f"{ALONE}{feature}" for label, feature in features]
