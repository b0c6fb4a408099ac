"""What lotwise stores in an AnnData: its entry in ``uns``."""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping
from typing import TYPE_CHECKING, Any

from lotwise import keys
from lotwise.errors import InputError
from lotwise.expression.given import require_anndata

if TYPE_CHECKING:
    from anndata import AnnData


def noted(expression: AnnData) -> Mapping[str, Any]:
    """Return lotwise's entry in ``uns``; empty if there is none.

    Raises
    ------
    InputError
        The entry was not written by lotwise.

    Examples
    --------
    >>> import lotwise
    >>> noted(lotwise.datasets.three_batches().gene)["level"]
    'gene'
    """
    require_anndata(expression)
    return _checked(expression.uns.get(keys.LOTWISE, {}))


def noting(expression: AnnData) -> MutableMapping[str, Any]:
    """Return lotwise's entry in ``uns`` for writing; raises like :func:`noted`."""
    require_anndata(expression)
    return _checked(expression.uns.setdefault(keys.LOTWISE, {}))


def _checked(found: Any) -> MutableMapping[str, Any]:
    if not isinstance(found, MutableMapping):
        raise InputError(
            f"uns[{keys.LOTWISE!r}] is a {type(found).__name__} that was not written by lotwise",
            remedy="remove or rename this entry of the AnnData",
        )
    return found
