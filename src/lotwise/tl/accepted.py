"""Comparison of new batches with a stored set of accepted batches."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from lotwise.accepted import combine_with_accepted, describe_accepted, read_accepted
from lotwise.evidence.batches import BatchRecord
from lotwise.evidence.reference import ComparisonRecord
from lotwise.expression.labels import batches_of, replicate_groups, require_tpm
from lotwise.files.tables import to_frame
from lotwise.tl.batches import compare_batches
from lotwise.tl.pairs import store
from lotwise.wording import counted

if TYPE_CHECKING:
    from anndata import AnnData

# Limits from fewer accepted batches are often so wide that a bad batch is within them
# (benchmarks/batch_rates.py --power).
LEAST_BATCHES: Final = 6
NO_CONDITION = "no accepted batch has condition {!r}"


def accepted(
    expression: AnnData,
    *,
    path: Path | str,
    level: float = 0.95,
    seed: int = 0,
    least_batches: int = LEAST_BATCHES,
) -> None:
    """Compare each batch with a stored set of accepted batches.

    Each new batch is compared separately, as in :func:`lotwise.tl.batches`. The comparison uses the
    median R between single samples of one condition, with all libraries thinned to one depth. The
    limits are computed from the accepted batches only. The new batch is ranked together with the
    accepted batches. A batch with the name of an accepted batch is rejected, because it would be
    compared with itself.

    Parameters
    ----------
    expression
        Samples x features with the layers ``tpm`` and ``counts``, for the features of the set.
    path
        The set, an h5ad file written by :func:`lotwise.accepted.add_to_accepted`.
    level
        Coverage of the intervals.
    seed
        Random seed of the thinning.
    least_batches
        Minimum number of accepted batches of the same condition for an answer.

    Returns
    -------
    Nothing; the table ``reference`` (:class:`~lotwise.evidence.reference.ComparisonRecord`), one
    row per batch and condition. The answer is "not assessable" if the condition has fewer than
    ``least_batches`` accepted batches, or if libraries cannot be thinned to one depth.

    Raises
    ------
    InputError
        The set is missing, already contains one of these batches, or has other features or another
        level.

    Examples
    --------
    >>> from lotwise.accepted import add_to_accepted
    >>> import lotwise
    >>> gene = lotwise.datasets.three_batches().gene
    >>> from pathlib import Path
    >>> from tempfile import mkdtemp
    >>> path = Path(mkdtemp()) / "accepted.h5ad"
    >>> _ = add_to_accepted(gene[:2].copy(), path)
    >>> new = gene[2:].copy()
    >>> lotwise.tl.accepted(new, path=path)
    >>> new.uns["lotwise"]["reference"]["inside_prediction"].tolist()
    ['not assessable']
    """
    require_tpm(expression, "a set of accepted batches")
    held = read_accepted(path)
    number = describe_accepted(path)["version"]
    rows: list[ComparisonRecord] = []
    batches = np.array(batches_of(expression), dtype=object)
    for batch in dict.fromkeys(batches.tolist()):
        both = combine_with_accepted(held, expression[batches == batch].copy(), path)
        groups = replicate_groups(both)
        found = compare_batches(both, level=level, pseudocount=1.0, seed=seed)
        rows.extend(
            _row(
                row,
                n_reference=sum(of == row.condition for _, of in groups) - 1,
                number=number,
                least=least_batches,
            )
            for row in found
            if row.batch == batch
        )
    store(
        expression,
        ComparisonRecord.table,
        to_frame(rows, ComparisonRecord),
        {"path": str(path), "level": level, "seed": seed, "least_batches": least_batches},
    )


def _row(found: BatchRecord, *, n_reference: int, number: int, least: int) -> ComparisonRecord:
    reason = found.reason if n_reference else NO_CONDITION.format(found.condition)
    if not reason and n_reference < least:
        reason = (
            f"this condition has {counted(n_reference, 'accepted batch', 'accepted batches')}, but "
            f"at least {least} are needed, because limits from fewer batches are often too wide "
            "to reject a bad batch"
        )
    inside = "yes" if found.median_to_others >= found.prediction_lower else "no"
    return ComparisonRecord(
        batch=found.batch,
        condition=found.condition,
        depth=found.depth,
        median_to_reference=found.median_to_others,
        prediction_lower=found.prediction_lower,
        prediction_upper=found.prediction_upper,
        tolerance_lower=found.tolerance_lower,
        tolerance_upper=found.tolerance_upper,
        inside_prediction="not assessable" if reason else inside,
        rank_p=found.rank_p,
        smallest_p=found.smallest_p,
        n_reference=n_reference,
        reference_version=number,
        words=found.words,
        reason=reason,
    )
