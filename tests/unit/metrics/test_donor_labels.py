"""Donors found, compared with the sample sheet."""

from __future__ import annotations

import pytest

from lotwise.errors import InputError
from lotwise.metrics.donor_labels import compare_labels


def answers(found: list[int], donors: str, batches: str = "") -> list[str]:
    """Return the answers for samples whose donors are one letter each, - for no donor."""
    named = ["" if donor == "-" else donor for donor in donors]
    return [one.agrees for one in compare_labels(found, named, list(batches or donors))]


def test_compare_labels__sound_sets_agree() -> None:
    assert answers([1, 1, 2, 2], "AABB") == ["yes"] * 4
    assert answers([1, 1, 1], "AAA") == ["yes"] * 3


def test_compare_labels__a_swap_names_both_samples() -> None:
    held = compare_labels([1, 1, 2, 2, 2, 1], list("AAABBB"), list("AAABBB"))
    assert [one.agrees for one in held] == ["yes", "yes", "no", "yes", "yes", "no"]
    assert [one.exchanged for one in held] == [(), (), (5,), (), (), (2,)]


def test_compare_labels__the_other_donor_can_settle_a_tie() -> None:
    held = compare_labels([1, 2, 2, 2, 1], list("AABBB"), list("AABBB"))
    assert [one.agrees for one in held] == ["yes", "no", "yes", "yes", "no"]
    assert held[1].exchanged == (4,)


def test_compare_labels__where_it_cannot_be_told_all_are_named() -> None:
    assert answers([1, 2, 1, 2], "AABB") == ["no"] * 4
    assert answers([1, 2], "AA") == ["no"] * 2


def test_compare_labels__a_sample_of_no_labelled_donor_has_no_partner() -> None:
    held = compare_labels([1, 1, 3, 2, 2], list("AAABB"), list("AAABB"))
    assert [one.agrees for one in held] == ["yes", "yes", "no", "yes", "yes"]
    assert held[2].exchanged == ()


def test_compare_labels__two_labels_of_one_donor_disagree() -> None:
    assert answers([1, 1, 1, 1, 1], "AAABB") == ["yes"] * 3 + ["no"] * 2


def test_compare_labels__without_a_donor_batches_are_held_together() -> None:
    assert answers([1, 1, 2, 1, 1], "-----", "xxxyy") == ["yes", "yes", "no", "yes", "yes"]
    # Two batches may be from one donor.
    assert answers([1, 1, 1, 1], "----", "xxyy") == ["yes"] * 4


def test_compare_labels__says_why_it_cannot_be_told() -> None:
    assert answers([0, 1, 1, 2], "AAAB") == [
        "not assessable",
        "yes",
        "yes",
        "only sample of its donor",
    ]


def test_compare_labels__other_lengths_are_refused() -> None:
    with pytest.raises(InputError, match=r"2 samples, 1 donors and 2 batches"):
        compare_labels([1, 1], ["A"], ["x", "y"])
