"""Samples that are copies of each other."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lotwise.expression.copies import find_copies, find_repeats
from lotwise.expression.layers import tpm_of

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
    of_sample = dict(zip(expression.obs_names.to_list(), tpm_of(expression), strict=True))
    for found, words, means in (
        (find_copies(of_sample), "have the same values", "one is a copy of the other"),
        (
            find_repeats(of_sample),
            "agree more closely than two separate libraries can agree",
            "they have reads in common, or one is an altered copy",
        ),
    ):
        if found:
            first, second = found[0]
            more = f" (and {len(found) - 1} more such pairs)" if len(found) > 1 else ""
            return f"samples {first} and {second} {words}{more}: {means}"
    return ""
