"""Samples that are copies of each other."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from lotwise import keys
from lotwise.expression.copies import find_copies, find_repeats
from lotwise.tl.pairs import layer_of

if TYPE_CHECKING:
    from anndata import AnnData


def reason_of_copies(expression: AnnData) -> str:
    """Return why R is meaningless (samples are copies or share reads), or an empty text.

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
    tpm_of = dict(zip(expression.obs_names.to_list(), tpm, strict=True))
    for found, words, means in (
        (find_copies(tpm_of), "have the same values", "one is a copy of the other"),
        (
            find_repeats(tpm_of),
            "agree more closely than two libraries can",
            "they have reads in common, or one is an altered copy",
        ),
    ):
        if found:
            first, second = found[0]
            more = f" (and {len(found) - 1} more such pairs)" if len(found) > 1 else ""
            return f"samples {first} and {second} {words}{more}: {means}"
    return ""
