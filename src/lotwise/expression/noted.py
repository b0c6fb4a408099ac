"""What lotwise stores in an AnnData: its entry in ``uns``, and R in ``obsp``."""

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
    return _checked(expression.uns.get(keys.LOTWISE, {}))


def noting(expression: AnnData) -> MutableMapping[str, Any]:
    """Return lotwise's entry in ``uns`` for writing; raises like :func:`noted`."""
    return _checked(expression.uns.setdefault(keys.LOTWISE, {}))


def correlations_of(expression: AnnData, statistic: str) -> npt.NDArray[np.float64]:
    """Return a square matrix of ``obsp``.

    Raises
    ------
    InputError
        It is sparse: after ``anndata.concat(pairwise=True)``, R between the parts is missing.
    """
    found = expression.obsp[statistic]
    if not isinstance(found, np.ndarray):
        raise InputError(
            f"obsp[{statistic!r}] is not a full matrix; possible cause: anndata.concat joined "
            "several AnnData objects and did not compute R between them",
            remedy="call lotwise.tl.correlate again",
        )
    return found


def _checked(found: Any) -> MutableMapping[str, Any]:
    if not isinstance(found, MutableMapping):
        raise InputError(
            f"uns[{keys.LOTWISE!r}] is a {type(found).__name__} that was not written by lotwise",
            remedy="remove or rename this entry of the AnnData",
        )
    return found
