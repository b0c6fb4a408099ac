"""What the design of the samples lets be compared."""

from __future__ import annotations

from collections.abc import Iterable


def lone_groups(groups: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return the batches that are alone in a condition, each with this condition.

    R between batches is of one condition, so it contains none of their samples of this condition.

    Parameters
    ----------
    groups
        Batch and condition of each sample; a sample without a condition has an empty one.

    Returns
    -------
    In the order of the samples; empty if there is only one batch.

    Examples
    --------
    >>> lone_groups([("lot1", "rest"), ("lot2", "rest"), ("lot2", "stimulated")])
    [('lot2', 'stimulated')]
    """
    distinct = list(dict.fromkeys(groups))
    if len({batch for batch, _ in distinct}) < 2:
        return []
    conditions = [condition for _, condition in distinct]
    return [group for group in distinct if conditions.count(group[1]) == 1]
