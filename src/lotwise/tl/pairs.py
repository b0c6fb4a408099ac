"""The pairs of samples of an AnnData, and where lotwise keeps what it found about them."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.metadata import version
from itertools import combinations
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from tqdm import tqdm

from lotwise import keys
from lotwise.errors import InputError

if TYPE_CHECKING:
    import pandas as pd
    from anndata import AnnData


class Pair(NamedTuple):
    """Two samples: their rows in the AnnData, names, batches and relation."""

    row_a: int
    row_b: int
    sample_a: str
    sample_b: str
    batch_a: str
    batch_b: str

    @property
    def relation(self) -> str:
        """Say whether the two are of one batch."""
        return "within" if self.batch_a == self.batch_b else "between"

    def names(self) -> dict[str, str]:
        """Give the columns that every table of pairs begins with."""
        return {
            "sample_a": self.sample_a,
            "sample_b": self.sample_b,
            "batch_a": self.batch_a,
            "batch_b": self.batch_b,
            "relation": self.relation,
        }


def pairs_of(expression: AnnData, *, what: str = "") -> Iterator[Pair]:
    """Give every pair of samples, in the order of obs; ``what`` names a progress bar."""
    names = expression.obs_names.to_list()
    batches = expression.obs[keys.BATCH].astype(str).to_list()
    n_pairs = len(names) * (len(names) - 1) // 2
    for a, b in tqdm(
        combinations(range(len(names)), 2),
        total=n_pairs,
        desc=what,
        unit="pair",
        disable=None if what else True,
        leave=False,
    ):
        yield Pair(a, b, names[a], names[b], batches[a], batches[b])


def layer_of(expression: AnnData, name: str) -> Any:
    """Give a layer as a dense array of samples x features.

    Raises
    ------
    InputError
        The AnnData has no such layer.
    """
    if name not in expression.layers:
        raise InputError(
            f"the AnnData has no layer {name!r}; it has {', '.join(expression.layers) or 'none'}",
            remedy="make it by lotwise.read_quant, or put TPM into layers['tpm']",
        )
    layer = expression.layers[name]
    return layer.toarray() if hasattr(layer, "toarray") else layer


def store(expression: AnnData, name: str, table: pd.DataFrame, parameters: dict[str, Any]) -> None:
    """Keep a result table, its parameters and the version that made it in ``uns``."""
    kept = expression.uns.setdefault(keys.LOTWISE, {})
    kept[name] = table
    kept[keys.VERSION] = version("lotwise")
    kept.setdefault(keys.PARAMETERS, {})[name] = parameters


def least_and_most_alike(expression: AnnData, *, n_pairs: int = 3) -> AnnData:
    """Choose the samples of the pairs with the lowest and with the highest Pearson's R.

    Parameters
    ----------
    expression
        Samples x features that :func:`lotwise.tl.correlate` annotated.
    n_pairs
        How many pairs from either end.

    Returns
    -------
    Those samples, at most ``4 * n_pairs``, in the order of ``expression``.

    Examples
    --------
    >>> import lotwise
    >>> gene = getfixture("three_batches").gene
    >>> lotwise.tl.correlate(gene)
    >>> least_and_most_alike(gene, n_pairs=1).n_obs
    3
    """
    r = np.asarray(expression.obsp[keys.PEARSON])
    first, second = np.triu_indices(len(r), 1)
    defined = ~np.isnan(r[first, second])
    first, second = first[defined], second[defined]
    order = np.argsort(r[first, second], kind="stable")
    ends = np.concatenate([order[:n_pairs], order[-n_pairs:]])
    return expression[np.unique(np.concatenate([first[ends], second[ends]]))].copy()
