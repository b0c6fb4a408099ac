"""Composition: do TPM of unchanged features shift as a whole?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final

import numpy as np

from lotwise import keys
from lotwise.evidence.composition import CompositionRecord
from lotwise.expression.labels import batches_of, conditions_of, why_not_tpm
from lotwise.expression.layers import tpm_of
from lotwise.files.tables import to_frame
from lotwise.metrics.composition import LARGEST_FACTOR, Composition
from lotwise.metrics.composition import composition as find_composition
from lotwise.metrics.moments import BoolArray
from lotwise.tl.pairs import store
from lotwise.wording import percent

if TYPE_CHECKING:
    from anndata import AnnData

# ERCC1 to ERCC8 are human genes; spike-ins have a hyphen after ERCC.
SPIKE_INS: Final = ("ERCC-", "SIRV")


def composition(
    expression: AnnData, *, threshold: float = 1.0, spike_ins: Sequence[str] = SPIKE_INS
) -> None:
    """Compare the overall level of TPM in each sample with the other samples of its condition.

    See :func:`lotwise.metrics.composition.composition` for the factor and the global change.

    Parameters
    ----------
    expression
        Samples x features with the layer ``tpm``.
    threshold
        A feature is used if its TPM is at least ``threshold`` in every sample of the condition.
    spike_ins
        Prefixes of spike-in names, compared with the names of features and of their genes.

    Returns
    -------
    Nothing; the table ``composition``
    (:class:`~lotwise.evidence.composition.CompositionRecord`), one row per sample.

    Raises
    ------
    InputError
        No layer ``tpm``, or a threshold that is not > 0.

    Examples
    --------
    >>> import lotwise
    >>> gene = lotwise.datasets.three_batches().gene
    >>> lotwise.tl.composition(gene)
    >>> gene.uns["lotwise"]["composition"]["shifted"].tolist()
    ['no', 'no', 'no']
    """
    tpm = tpm_of(expression)
    of_sample = np.array(conditions_of(expression), dtype=object)
    undetected = why_not_tpm(expression, "detection")
    marked = _spike_ins(expression, spike_ins)
    rows: list[CompositionRecord | None] = [None] * expression.n_obs
    for condition in dict.fromkeys(of_sample):
        places = np.flatnonzero(of_sample == condition)
        found = find_composition(tpm[places], spike_ins=marked, threshold=threshold)
        if undetected:
            unknown = np.full(places.size, np.nan)
            found = Composition(unknown, 0, unknown, 0, undetected, undetected)
        for place, row in zip(places, _rows(expression, places, found), strict=True):
            rows[place] = row
    store(
        expression,
        CompositionRecord.table,
        to_frame([row for row in rows if row is not None], CompositionRecord),
        {"threshold": threshold, "spike_ins": list(spike_ins)},
    )


def _spike_ins(expression: AnnData, beginnings: Sequence[str]) -> BoolArray:
    """Return which features are spike-ins, by their own name or that of their gene."""
    named = [expression.var_names.astype(str)]
    named += [
        expression.var[column].astype(str)
        for column in (keys.GENE_NAME, keys.GENE_ID)
        if column in expression.var
    ]
    marked = np.zeros(expression.n_vars, dtype=np.bool_)
    for names in named:
        marked |= np.asarray(names.str.startswith(tuple(beginnings)), dtype=np.bool_)
    return marked


def _rows(
    expression: AnnData, places: np.ndarray, found: Composition
) -> Iterator[CompositionRecord]:
    batches, conditions = batches_of(expression), conditions_of(expression)
    for place, factor, change in zip(places, found.factor, found.global_change, strict=True):
        known = np.isfinite(factor)
        shifted = known and not 1 / LARGEST_FACTOR <= factor <= LARGEST_FACTOR
        shift = f"{'+' if factor > 1 else ''}{percent(factor - 1, 2)}"
        yield CompositionRecord(
            sample=str(expression.obs_names[place]),
            batch=batches[place],
            condition=conditions[place],
            n_features=found.n_features,
            factor=float(factor),
            shifted=("yes" if shifted else "no") if known else "",
            n_spike_ins=found.n_spike_ins,
            global_change=float(change),
            words=f"TPM of unchanged features shift by {shift}" if known else "",
            reason=found.reason,
            spike_in_reason=found.spike_in_reason,
        )
