"""What lotwise keeps in an AnnData: its part of ``uns``, and R in ``obsp``."""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from lotwise import keys
from lotwise.errors import InputError

if TYPE_CHECKING:
    from anndata import AnnData


def noted(expression: AnnData) -> Mapping[str, Any]:
    """Return what lotwise keeps in ``uns``; empty where there is nothing yet.

    Raises
    ------
    InputError
        What stands there is not lotwise's.

    Examples
    --------
    >>> import lotwise
    >>> noted(lotwise.datasets.three_batches().gene)["level"]
    'gene'
    """
    return _checked(expression.uns.get(keys.LOTWISE, {}))


def noting(expression: AnnData) -> MutableMapping[str, Any]:
    """Return what lotwise keeps in ``uns``, to be written into; raises as :func:`noted`."""
    return _checked(expression.uns.setdefault(keys.LOTWISE, {}))


def correlations_of(expression: AnnData, statistic: str) -> npt.NDArray[np.float64]:
    """Return a square matrix of ``obsp``.

    Raises
    ------
    InputError
        It is sparse: joined by ``anndata.concat(pairwise=True)``, it has no R between the parts.
    """
    found = expression.obsp[statistic]
    if not isinstance(found, np.ndarray):
        raise InputError(
            f"obsp[{statistic!r}] is not a full matrix (anndata.concat joins parts without the R "
            "between them)",
            remedy="call lotwise.tl.correlate again",
        )
    return found


def _checked(found: Any) -> MutableMapping[str, Any]:
    if not isinstance(found, MutableMapping):
        raise InputError(
            f"uns[{keys.LOTWISE!r}] is a {type(found).__name__} and not what lotwise keeps there",
            remedy="remove it from the AnnData, or rename it",
        )
    return found
