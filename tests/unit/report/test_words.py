"""Numbers as the report prints them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lotwise.report.words import MINUS, bound_words, number_beside, number_words, percent_words


def plain(text):
    return text.replace("\N{NO-BREAK SPACE}", " ")


@pytest.mark.parametrize(
    ("value", "digits", "words"),
    [
        (999.7, 3, "1,000"),
        (9999.6, 4, "10,000"),
        (1234.5678, 6, "1,234.57"),
        (123456.7, 3, "123,457"),
        (-999.7, 3, f"{MINUS}1,000"),
        (99.97, 3, "100"),
        (0.00001234, 3, f"1.23e{MINUS}05"),
    ],
)
def test_number_words__rounding_up_brings_no_exponent(value, digits, words):
    assert number_words(value, digits) == words


@pytest.mark.parametrize(
    ("bound", "words"),
    [
        (">= 20000000", ">= 20,000,000"),
        ("<= 0.978853 (rounded to 3 decimals)", "<= 0.978853 (rounded to 3 decimals)"),
        ("between -1500 and 1500.5", f"between {MINUS}1,500 and 1,500.5"),
        (">= its share_over_1_5_fold", ">= its share_over_1_5_fold"),
        ("is lot10000", "is lot10000"),
    ],
)
def test_bound_words__numbers_are_printed_as_those_beside_them(bound, words):
    assert bound_words(bound) == words


@given(st.floats(1e-4, 1e12), st.integers(1, 12))
def test_number_words__reads_back_to_so_many_digits(value, digits):
    read = float(number_words(value, digits).replace(",", ""))
    assert read == pytest.approx(value, rel=0.5000001 * 10.0 ** (1 - digits))


@pytest.mark.parametrize(
    ("share", "words"),
    [
        (0.99959, ">99.9 %"),
        (0.9999999999999999, ">99.9 %"),
        (1.0, "100 %"),
        (1.0004, "100.04 %"),
        (1.0000001, "100.00001 %"),
        (0.09997, "10 %"),
        (9.997, "1,000 %"),
        (0.0, "0 %"),
        (1e-9, f"1e{MINUS}07 %"),
    ],
)
def test_percent_words__nothing_but_1_reads_as_100(share, words):
    assert plain(percent_words(share)) == words


@pytest.mark.parametrize(
    ("value", "bounds", "words"),
    [
        (0.94996, ">= 0.95", "0.94996"),
        (0.95004, ">= 0.95", "0.95004"),
        (0.95, ">= 0.95", "0.95"),
        (0.99999, ">= 0.95", "0.99999"),
        (1.0, ">= 0.95", "1"),
        (3.2e-5, "<= 0.001", f"3.2e{MINUS}05"),
        (1_100_000.4, "between 900000 and 1100000", "1,100,000.4"),
        (0.5, "is yes", "0.5"),
    ],
)
def test_number_beside__rounding_takes_no_number_to_its_bound(value, bounds, words):
    assert number_beside(value, bounds, 4) == words


@given(st.floats(0.001, 0.999), st.integers(-3, 3))
def test_number_beside__stands_on_the_side_of_the_bound_where_the_number_is(bound, steps):
    bound = round(bound, 4)
    value = bound + steps * 2.0**-52
    read = float(number_beside(value, f"at least {bound}"))
    assert (read < bound, read > bound) == (value < bound, value > bound)
