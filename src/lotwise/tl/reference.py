"""Batches against a stored reference set of earlier ones."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from lotwise.evidence.reference import ComparisonRecord
from lotwise.reference_set import compare_with_reference
from lotwise.tl.pairs import store

if TYPE_CHECKING:
    from anndata import AnnData


def reference(expression: AnnData, *, path: Path | str, level: float = 0.95) -> None:
    """Hold every batch against a stored reference set of earlier batches.

    Parameters
    ----------
    expression
        Samples x features with the layer ``tpm``, of the same features as the reference.
    path
        The set, an h5ad of :func:`lotwise.reference_set.add_to_reference`.
    level
        Coverage of the intervals.

    Returns
    -------
    Nothing; the table ``reference`` (:class:`~lotwise.evidence.reference.ComparisonRecord`).

    Raises
    ------
    InputError
        As :func:`lotwise.reference_set.compare_with_reference`.

    Examples
    --------
    >>> from lotwise.reference_set import add_to_reference
    >>> gene = getfixture("three_batches").gene
    >>> path = getfixture("tmp_path") / "reference.h5ad"
    >>> _ = add_to_reference(gene[:2].copy(), path)
    >>> new = gene[2:].copy()
    >>> reference(new, path=path)
    >>> new.uns["lotwise"]["reference"]["inside_prediction"].tolist()
    ['not assessable']
    """
    table = compare_with_reference(expression, path, level=level)
    store(expression, ComparisonRecord.table, table, {"path": str(path), "level": level})
