"""Donors found by genotype, compared with the donors and batches in the sample sheet."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy.optimize import linear_sum_assignment

from lotwise.errors import InputError
from lotwise.metrics.moments import IntArray


class LabelAgreement(NamedTuple):
    """Whether a sample is from the donor in its label.

    Attributes
    ----------
    agrees
        ``yes``, ``no``, or the reason why there is no answer.
    exchanged
        Rows of the samples with which it was exchanged.
    """

    agrees: str
    exchanged: tuple[int, ...]


def compare_labels(
    found: Sequence[int], donors: Sequence[str], batches: Sequence[str]
) -> tuple[LabelAgreement, ...]:
    """Compare the donors found by genotype with those of the sample sheet.

    Each labelled donor is assigned to one group of samples, and each group to at most one donor, so
    that as many samples as possible agree. A sample in another group disagrees. Two assignments can
    be equally good, for example if each of two donors has one sample in each of two groups. All
    samples of these donors then disagree, because genotypes cannot show which samples were
    exchanged. Samples without a donor are compared with the other samples of their batch.

    Parameters
    ----------
    found
        Number of the donor of each sample; 0 if not assessable.
    donors, batches
        Labels of each sample; the donor may be empty.

    Returns
    -------
    One answer per sample. Two samples are exchanged if each is in the other's group.

    Raises
    ------
    InputError
        The lengths differ.

    Examples
    --------
    >>> labels = compare_labels([1, 1, 2, 2, 2, 1], ["A", "A", "A", "B", "B", "B"], list("xxxyyy"))
    >>> [(one.agrees, one.exchanged) for one in labels][2:]
    [('no', (5,)), ('yes', ()), ('yes', ()), ('no', (2,))]
    """
    if not len(found) == len(donors) == len(batches):
        raise InputError(
            f"got {len(found)} samples, {len(donors)} donors and {len(batches)} batches; "
            "expected one donor and one batch per sample"
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
    """Return the group of each labelled donor, 0 if there is none left, and the tied donors."""
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
    """Return samples whose label and donor are those of ``row``, exchanged."""
    into, own = owner.get(found[row]), given.get(donors[row], 0)
    if into is None or not own or owner.get(own) != donors[row]:
        return ()
    return tuple(
        other for other, donor in enumerate(donors) if donor == into and found[other] == own
    )
