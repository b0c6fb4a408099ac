"""Labels of samples: what obs says of each, and which it must say."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lotwise import keys
from lotwise.errors import InputError

if TYPE_CHECKING:
    from anndata import AnnData


def labels_of(expression: AnnData, column: str) -> list[str]:
    """Give an obs column as text, empty where a sample has no label.

    Raises
    ------
    InputError
        There is no such column.

    Examples
    --------
    >>> gene = getfixture("three_batches").gene
    >>> gene.obs["donor"] = ["D1", None, float("nan")]
    >>> labels_of(gene, "donor")
    ['D1', '', '']
    """
    if column not in expression.obs:
        raise InputError(
            f"the AnnData has no obs column {column!r}",
            remedy=f"say which {column} each sample is of",
        )
    found = expression.obs[column]
    return ["" if no else str(label) for label, no in zip(found, found.isna(), strict=True)]


def groups_of(expression: AnnData, column: str) -> list[str]:
    """Give an obs column that must say of every sample which group it is of.

    Raises
    ------
    InputError
        There is no such column, or a sample has no label.

    Examples
    --------
    >>> gene = getfixture("three_batches").gene
    >>> gene.obs["condition"] = ["old", "old", None]
    >>> groups_of(gene, "condition")
    Traceback (most recent call last):
    lotwise.errors.InputError: sample S3 has no condition in obs; say which condition each sample...
    """
    labels = labels_of(expression, column)
    without = [
        sample for sample, label in zip(expression.obs_names, labels, strict=True) if not label
    ]
    if without:
        raise InputError(
            f"sample {without[0]} has no {column} in obs",
            remedy=f"say which {column} each sample is of",
        )
    return labels


def batches_of(expression: AnnData) -> list[str]:
    """Give the batch of every sample.

    Raises
    ------
    InputError
        As :func:`groups_of`.

    Examples
    --------
    >>> batches_of(getfixture("three_batches").gene)
    ['S1', 'S2', 'S3']
    """
    return groups_of(expression, keys.BATCH)
