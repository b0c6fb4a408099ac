"""An error is one line, whatever its text."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from lotwise.errors import EnvironmentFault, InputError, RefusedError


@given(st.text(), st.text(), st.text(), st.text())
def test_error__is_one_line(problem, path, column, remedy):
    error = InputError(problem, path=path, row=7, column=column, remedy=remedy)
    assert len(str(error).splitlines()) <= 1


def test_error__says_place_problem_and_remedy_in_this_order():
    error = InputError("came", path="f.tsv", row=1234, column="x", remedy="do")
    assert str(error) == "f.tsv, row 1,234, column 'x': came; do"


def test_error__exit_codes():
    found = [kind("x").exit_code for kind in (RefusedError, InputError, EnvironmentFault)]
    assert found == [1, 2, 3]
