"""Features of an AnnData by the names that a user gives: identifiers or symbols."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from lotwise import keys
from lotwise.errors import InputError
from lotwise.expression.noted import noted
from lotwise.wording import nearest

if TYPE_CHECKING:
    from anndata import AnnData

_MOST_COMPARED: Final = 100_000  # names; a search for the nearest of more takes seconds


def features_of(expression: AnnData) -> str:
    """Return the word for the features in titles: genes, isoforms or features."""
    level = str(noted(expression).get(keys.LEVEL, "gene"))
    return {"gene": "genes", "isoform": "isoforms"}.get(level, "features")


def symbols_of(expression: AnnData) -> list[str]:
    """Return the symbol of each gene; empty for isoforms, because isoforms of a gene share one."""
    if keys.GENE_NAME in expression.var and keys.GENE_ID not in expression.var:
        return [str(name) for name in expression.var[keys.GENE_NAME]]
    return [""] * expression.n_vars


def places_of(expression: AnnData, names: Sequence[str]) -> dict[str, int]:
    """Return the position of each named feature.

    Parameters
    ----------
    expression
        Samples x features.
    names
        Identifiers (``var_names``) or symbols; of features with the same symbol, the first is used.

    Raises
    ------
    InputError
        A name is unknown.

    Examples
    --------
    >>> import lotwise
    >>> places_of(lotwise.datasets.three_batches().gene, ["ACTB", "g2"])
    {'ACTB': 0, 'g2': 112}
    """
    if isinstance(names, str):
        names = [names]
    identifiers = {str(name): place for place, name in enumerate(expression.var_names)}
    symbols: dict[str, int] = {}
    for place, symbol in enumerate(symbols_of(expression)):
        if symbol:
            symbols.setdefault(symbol, place)
    known = {**symbols, **identifiers}
    unknown = [name for name in names if name not in known]
    if unknown:
        raise InputError(
            f"unknown {features_of(expression).removesuffix('s')} {unknown[0]!r}",
            remedy=nearest(unknown[0], known) if len(known) < _MOST_COMPARED else "",
        )
    return {name: known[name] for name in names}
