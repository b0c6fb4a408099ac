"""YAML in which nothing is silently another value than was written."""

from __future__ import annotations

import pytest

from lotwise.errors import InputError
from lotwise.files.yaml import parse_yaml


@pytest.mark.parametrize("number", ["010", "1:30", "1:30.5", "0x1F", "0b11", "1_000", "-017"])
def test_parse_yaml__numbers_in_another_base(number):
    with pytest.raises(
        InputError, match=r"c.yaml, row 2: .*interprets '.*' as a number in a special notation"
    ):
        parse_yaml(f"a: 1\nseed: {number}", source="c.yaml")
    assert parse_yaml(f"seed: '{number}'", source="c.yaml") == {"seed": number}


@pytest.mark.parametrize("number", ["0", "-3", "+4", "10", "0.5", "1.5e+3", ".5", "0.05"])
def test_parse_yaml__plain_numbers(number):
    assert parse_yaml(f"a: {number}", source="c.yaml") == {"a": float(number)}


@pytest.mark.parametrize("text", ["a: 1\na: 2", "s:\n  a: 1\n  a: 2", "- {a: 1, a: 2}"])
def test_parse_yaml__a_key_that_comes_twice(text):
    with pytest.raises(InputError, match="the key 'a' occurs twice"):
        parse_yaml(text, source="c.yaml")
