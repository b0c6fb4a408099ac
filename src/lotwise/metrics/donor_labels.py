"""Donors found by genotype, held against the donors and batches that samples are labelled with."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy.optimize import linear_sum_assignment

from lotwise.errors import InputError
from lotwise.metrics.moments import IntArray


class LabelAgreement(NamedTuple):
    """Whether a sample is of the donor that it is labelled with.

    Attributes
    ----------
    agrees
        ``yes``, ``no``, or why it cannot be told.
    exchanged
        Rows of the samples that it was exchanged with.
    """

    agrees: str
    exchanged: tuple[int, ...]


def hold_against(
    found: Sequence[int], donors: Sequence[str], batches: Sequence[str]
) -> tuple[LabelAgreement, ...]:
    """Hold the donors found by genotype against those of the sample sheet.

    Each labelled donor is given the group of samples that makes most samples agree, and each group
    at most one donor. A sample of another group disagrees. Where two ways to give the groups agree
    in as many samples (one sample against one), all samples concerned disagree: genotype cannot
    tell which was exchanged. Samples without a donor are compared within their batch.

    Parameters
    ----------
    found
        Number of the donor of each sample; 0 where not assessable.
    donors, batches
        Labels of each sample; an empty donor is not given.

    Returns
    -------
    One answer per sample. Two samples are exchanged where each is in the other's group.

    Raises
    ------
    InputError
        Other lengths.

    Examples
    --------
    >>> held = hold_against([1, 1, 2, 2, 2, 1], ["A", "A", "A", "B", "B", "B"], list("xxxyyy"))
    >>> [(one.agrees, one.exchanged) for one in held][2:]
    [('no', (5,)), ('yes', ()), ('yes', ()), ('no', (2,))]
    """
    if not len(found) == len(donors) == len(batches):
        raise InputError(
            f"there are {len(found)} samples, {len(donors)} donors and {len(batches)} batches"
        )
    answers = ["not assessable"] * len(found)
    of_donor: dict[str, list[int]] = defaultdict(list)
    of_batch: dict[str, list[int]] = defaultdict(list)
    for row, (donor, batch) in enumerate(zip(donors, batches, strict=True)):
        if found[row]:
            (of_donor[donor] if donor else of_batch[batch]).append(row)
    given, unsure = _assign(found, of_donor)
    for donor, rows in of_donor.items():
        for row in rows:
            answers[row] = _answer(found, rows, row, given[donor], unsure=donor in unsure)
    for rows in of_batch.values():
        ranked = Counter(found[row] for row in rows).most_common()
        tied = len(ranked) > 1 and ranked[0][1] == ranked[1][1]
        for row in rows:
            answers[row] = _answer(found, rows, row, ranked[0][0], unsure=tied)
    owner = {group: donor for donor, group in given.items() if donor not in unsure and group}
    return tuple(
        LabelAgreement(
            answer, _partners(row, found, donors, owner, given) if answer == "no" else ()
        )
        for row, answer in enumerate(answers)
    )


def _answer(found: Sequence[int], rows: list[int], row: int, group: int, *, unsure: bool) -> str:
    if found[row] != group or (unsure and len({found[mate] for mate in rows}) > 1):
        return "no"
    return "yes" if len(rows) > 1 else "only sample of its donor"


def _assign(
    found: Sequence[int], of_donor: dict[str, list[int]]
) -> tuple[dict[str, int], set[str]]:
    """Give each labelled donor a group, 0 where none is left, and name the donors of a tie."""
    names, groups = list(of_donor), sorted({group for group in found if group})
    table = np.zeros((len(names), len(groups)), dtype=np.intp)
    for place, rows in enumerate(of_donor.values()):
        for row in rows:
            table[place, groups.index(found[row])] += 1
    chosen, total = _best(table)
    given, unsure = dict.fromkeys(names, 0), set()
    for donor, group in chosen:
        if not table[donor, group]:
            continue
        given[names[donor]] = groups[group]
        other = table.copy()
        other[donor, group] = 0
        if _best(other)[1] == total:
            unsure.add(names[donor])
    return given, unsure


def _best(table: IntArray) -> tuple[list[tuple[int, int]], int]:
    rows, columns = linear_sum_assignment(table, maximize=True)
    return list(zip(rows.tolist(), columns.tolist(), strict=True)), int(table[rows, columns].sum())


def _partners(
    row: int,
    found: Sequence[int],
    donors: Sequence[str],
    owner: dict[int, str],
    given: dict[str, int],
) -> tuple[int, ...]:
    """Return the samples labelled with the donor that ``row`` is of, which are of its label."""
    into, own = owner.get(found[row]), given.get(donors[row], 0)
    if into is None or not own or owner.get(own) != donors[row]:
        return ()
    return tuple(
        other for other, donor in enumerate(donors) if donor == into and found[other] == own
    )
