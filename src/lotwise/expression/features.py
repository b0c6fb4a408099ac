"""Features of an AnnData by the names that a user gives: identifiers or symbols."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final

import polars as pl

from lotwise import keys
from lotwise.errors import InputError
from lotwise.expression.identifiers import level_by_names, strip_versions
from lotwise.expression.noted import noted
from lotwise.wording import closest

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
        Identifiers (``var_names``), with or without version, or symbols; of features with the same
        symbol, the first is used.

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
    if any(name not in known for name in names):
        known |= _of_other_versions(names, identifiers)
    unknown = next((name for name in names if name not in known), None)
    if unknown is not None:
        thing = features_of(expression).removesuffix("s")
        raise InputError(f"unknown {thing} {unknown!r}", remedy=_remedy(unknown, symbols, thing))
    return {name: known[name] for name in names}


def _of_other_versions(names: Sequence[str], identifiers: Mapping[str, int]) -> dict[str, int]:
    """Return the positions of names that differ from one identifier by its version alone."""
    place_of: dict[str, int | None] = {}
    plain = strip_versions(pl.Series(list(identifiers), dtype=pl.String))
    for name, place in zip(plain, identifiers.values(), strict=True):
        place_of[name] = None if name in place_of else place
    asked = strip_versions(pl.Series([str(name) for name in names], dtype=pl.String))
    found = {name: place_of.get(key) for name, key in zip(names, asked, strict=True)}
    return {name: place for name, place in found.items() if place is not None}


def _remedy(name: str, symbols: Mapping[str, int], thing: str) -> str:
    """Return what to do about an unknown name."""
    if level_by_names(pl.Series([name])) is not None:
        return "it is not among the features of this data"
    if symbols:
        near = closest(name, symbols) if len(symbols) < _MOST_COMPARED else ""
        return f"did you mean {near!r}?" if near else "check its spelling, or give an identifier"
    if thing == "gene":
        return (
            "the genes have no symbols: give an identifier, or symbols in the column "
            f"{keys.GENE_NAME} of the DataFrame or of the map tx2gene"
        )
    return "give the identifier"
