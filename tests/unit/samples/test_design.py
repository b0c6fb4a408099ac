"""Which batches are alone in a condition."""

from __future__ import annotations

from lotwise.samples.design import groups_of_several_donors, lone_groups


def test_lone_groups__replicates_of_one_batch_are_one_group():
    assert lone_groups([("A", "x"), ("A", "x"), ("B", "y"), ("C", "y")]) == [("A", "x")]


def test_lone_groups__no_condition_is_a_condition():
    assert lone_groups([("A", ""), ("B", "x"), ("C", "x")]) == [("A", "")]
    assert lone_groups([("A", ""), ("B", "")]) == []


def test_lone_groups__of_one_batch_there_is_nothing_to_compare():
    assert lone_groups([("A", "x"), ("A", "y")]) == []


def test_groups_of_several_donors__an_unknown_donor_is_not_another_one():
    assert groups_of_several_donors([("A", "", "D"), ("A", "", ""), ("B", "", "E")]) == []


def test_groups_of_several_donors__of_one_condition():
    labels = [("A", "x", "D"), ("A", "y", "E"), ("B", "x", "D"), ("B", "x", "E")]
    assert groups_of_several_donors(labels) == [("B", "x")]
