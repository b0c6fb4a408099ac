"""What the design of the samples lets be compared."""

from __future__ import annotations

from collections.abc import Iterable


def groups_of_several_donors(
    labels: Iterable[tuple[str, str, str]],
) -> list[tuple[str, str]]:
    """Return the batches of a condition whose samples come from different donors.

    These samples are not replicates: they differ as donors do.

    Parameters
    ----------
    labels
        Batch, condition and donor of each sample; an unknown donor is empty.

    Examples
    --------
    >>> groups_of_several_donors([("lot1", "", "D1"), ("lot1", "", "D2"), ("lot2", "", "D1")])
    [('lot1', '')]
    """
    donors: dict[tuple[str, str], set[str]] = {}
    for batch, condition, donor in labels:
        donors.setdefault((batch, condition), set()).update({donor} - {""})
    return [group for group, found in donors.items() if len(found) > 1]


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
