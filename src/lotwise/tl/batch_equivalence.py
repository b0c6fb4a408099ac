"""Equivalence of batches: are samples of different batches as alike as samples of one batch?"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from lotwise.accepted import combine_with_accepted, read_accepted
from lotwise.errors import InputError
from lotwise.evidence.batch_equivalence import BatchEquivalenceRecord
from lotwise.expression.labels import batches_of, conditions_of
from lotwise.files.tables import to_frame
from lotwise.metrics.batch_equivalence import AcceptedMargin, accepted_margin
from lotwise.metrics.batch_equivalence import batch_equivalence as test_equivalence
from lotwise.metrics.correlation import pearson_matrix
from lotwise.tl.copies import reason_of_copies
from lotwise.tl.depth import LikeDepth, at_like_depth
from lotwise.tl.pairs import store

if TYPE_CHECKING:
    from anndata import AnnData

NAN = float("nan")


def batch_equivalence(
    expression: AnnData,
    *,
    margin: float | None,
    accepted: Path | str | None = None,
    alpha: float = 0.05,
    pseudocount: float = 1.0,
    seed: int = 0,
) -> None:
    """Test whether the medians of 1 - R between and within batches differ by less than a margin.

    Libraries are thinned to one depth first. See
    :func:`lotwise.metrics.batch_equivalence.batch_equivalence` for the test.

    Parameters
    ----------
    expression
        Samples x features with the layers ``tpm`` and ``counts``, and replicates within batches.
    margin
        Largest acceptable D. ``D`` is the median of 1 - R between batches minus the median of 1 - R
        within batches. ``None`` for no margin, or if ``accepted`` is given.
    accepted
        Set of accepted batches. The margin is then the upper tolerance limit of their D
        (:func:`lotwise.metrics.batch_equivalence.accepted_margin`), with all libraries at one
        depth.
    alpha
        Probability that batches are called equivalent if the true D equals the margin.
    pseudocount
        c of log2(TPM + c).
    seed
        Random seed of the thinning.

    Returns
    -------
    Nothing; the table ``batch_equivalence``
    (:class:`~lotwise.evidence.batch_equivalence.BatchEquivalenceRecord`), one row. The answer is
    "not assessable", with the reason, if the margin, replicates or counts are missing, or if one
    sample is a copy of another.

    Raises
    ------
    InputError
        No layer ``tpm``, a margin that is not > 0, both a margin and a set, or a set that cannot be
        read or contains one of the batches.

    Examples
    --------
    >>> import lotwise
    >>> gene = lotwise.datasets.three_batches().gene
    >>> lotwise.tl.batch_equivalence(gene, margin=0.01)
    >>> gene.uns["lotwise"]["batch_equivalence"]["reason"].item()
    'fewer than two batches have replicates (samples of one batch and condition)'
    """
    no_margin, of_margin = "no margin was given (batch_margin)", ""
    if accepted is None:
        alike = at_like_depth(expression, pseudocount=pseudocount, seed=seed)
    else:
        if margin is not None:
            raise InputError(
                "got both a margin and a set of accepted batches; give only one of them"
            )
        alike, taken = _with_accepted(expression, Path(accepted), pseudocount, seed)
        margin = None if taken.reason else taken.margin
        no_margin = taken.reason
        of_margin = f"the margin is the upper tolerance limit of {taken.n_batches} accepted batches"
    used = np.flatnonzero(alike.used)
    found = test_equivalence(
        pearson_matrix(alike.log_tpm[used]),
        batches=np.asarray(batches_of(expression))[used],
        conditions=np.asarray(conditions_of(expression))[used],
        margin=1.0 if margin is None else margin,
        alpha=alpha,
    )
    # The difference is known even without a margin or an equal depth.
    # Copies are checked first: thinning makes them differ.
    copied = reason_of_copies(expression)
    reason = copied or alike.reason or found.reason or ("" if margin is not None else no_margin)
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
        words="; ".join(part for part in (found.words, of_margin, alike.words) if part),
        reason=reason,
    )
    parameters = {"margin": margin or NAN, "alpha": alpha, "pseudocount": pseudocount, "seed": seed}
    store(
        expression,
        BatchEquivalenceRecord.table,
        to_frame([row], BatchEquivalenceRecord),
        parameters,
    )


def _with_accepted(
    expression: AnnData, path: Path, pseudocount: float, seed: int
) -> tuple[LikeDepth, AcceptedMargin]:
    """Return the samples at one depth with the accepted ones, and the margin that these set."""
    both = combine_with_accepted(read_accepted(path), expression, path)
    alike = at_like_depth(both, pseudocount=pseudocount, seed=seed)
    n_accepted = both.n_obs - expression.n_obs
    held = np.flatnonzero(alike.used[:n_accepted])
    margin = accepted_margin(
        pearson_matrix(alike.log_tpm[held]),
        batches=np.asarray(batches_of(both))[held],
        conditions=np.asarray(conditions_of(both))[held],
    )
    new = alike._replace(log_tpm=alike.log_tpm[n_accepted:], used=alike.used[n_accepted:])
    return new, margin
