"""Samples that are copies of each other."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from lotwise import keys
from lotwise.expression.comparability import find_copies
from lotwise.tl.pairs import layer_of

if TYPE_CHECKING:
    from anndata import AnnData


def reason_of_copies(expression: AnnData) -> str:
    """Return which samples have the same TPM, so that R between them means nothing; else empty.

    Raises
    ------
    InputError
        No layer ``tpm``.

    Examples
    --------
    >>> import lotwise
    >>> reason_of_copies(lotwise.datasets.three_batches().gene)
    ''
    """
    tpm = np.asarray(layer_of(expression, keys.TPM), dtype=np.float64)
    found = find_copies(dict(zip(expression.obs_names.to_list(), tpm, strict=True)))
    if not found:
        return ""
    first, second = found[0]
    more = f" (and {len(found) - 1} more such pairs)" if len(found) > 1 else ""
    return f"samples {first} and {second} have the same values{more}: one is a copy of the other"
