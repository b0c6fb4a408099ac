"""Equivalence of batches: are samples of different batches as alike as replicates?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from lotwise.evidence.batch_equivalence import BatchEquivalenceRecord
from lotwise.expression.labels import batches_of, conditions_of
from lotwise.files.tables import to_frame
from lotwise.metrics.batch_equivalence import batch_equivalence as test_equivalence
from lotwise.metrics.correlation import pearson_matrix
from lotwise.tl.copies import reason_of_copies
from lotwise.tl.depth import at_like_depth
from lotwise.tl.pairs import store

if TYPE_CHECKING:
    from anndata import AnnData

NAN = float("nan")


def batch_equivalence(
    expression: AnnData,
    *,
    margin: float | None,
    alpha: float = 0.05,
    pseudocount: float = 1.0,
    seed: int = 0,
) -> None:
    """Test whether batches differ by no more than a margin beyond replicates.

    Libraries are thinned to one depth first. See
    :func:`lotwise.metrics.batch_equivalence.batch_equivalence` for the test.

    Parameters
    ----------
    expression
        Samples x features with the layers ``tpm`` and ``counts``, and replicates within batches.
    margin
        Largest acceptable excess of 1 - R between batches; ``None`` for no margin.
    alpha
        Rate at which batches at the margin are called equivalent.
    pseudocount
        c of log2(TPM + c).
    seed
        Random seed of the thinning.

    Returns
    -------
    Nothing; the table ``batch_equivalence``
    (:class:`~lotwise.evidence.batch_equivalence.BatchEquivalenceRecord`), one row. The answer is
    "not assessable", with the reason, without a margin, replicates or counts, and where two
    samples have the same values, so that one is a copy.

    Raises
    ------
    InputError
        No layer ``tpm``, or a margin that is not > 0.

    Examples
    --------
    >>> import lotwise
    >>> gene = lotwise.datasets.three_batches().gene
    >>> lotwise.tl.batch_equivalence(gene, margin=0.01)
    >>> gene.uns["lotwise"]["batch_equivalence"]["reason"].item()
    'fewer than two batches have replicates (samples of one batch and condition)'
    """
    alike = at_like_depth(expression, pseudocount=pseudocount, seed=seed)
    used = np.flatnonzero(alike.used)
    found = test_equivalence(
        pearson_matrix(alike.log_tpm[used]),
        batches=np.asarray(batches_of(expression))[used],
        conditions=np.asarray(conditions_of(expression))[used],
        margin=1.0 if margin is None else margin,
        alpha=alpha,
    )
    no_margin = "" if margin is not None else "no margin was given (batch_margin)"
    # The difference is known even without a margin or an equal depth.
    # Copies are checked first: thinning makes them differ.
    copied = reason_of_copies(expression)
    reason = copied or alike.reason or found.reason or no_margin
    unknown = bool(copied or alike.reason)
    row = BatchEquivalenceRecord(
        n_batches=found.n_batches,
        n_samples=int(used.size),
        between=NAN if copied else found.between,
        within=NAN if copied else found.within,
        difference=NAN if copied else found.difference,
        lower=NAN if unknown else found.lower,
        upper=NAN if unknown else found.upper,
        margin=NAN if margin is None else margin,
        p=NAN if reason else found.p,
        equivalent="not assessable" if reason else found.equivalent,
        depth=alike.depth,
        words="; ".join(part for part in (found.words, alike.words) if part),
        reason=reason,
    )
    parameters = {"margin": margin or NAN, "alpha": alpha, "pseudocount": pseudocount, "seed": seed}
    store(
        expression,
        BatchEquivalenceRecord.table,
        to_frame([row], BatchEquivalenceRecord),
        parameters,
    )
