"""An error is one line, whatever its text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

import lotwise
from lotwise.errors import EnvironmentFault, InputError, RefusedError, TpmSumWarning


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


def test_warn__names_the_line_of_the_user_and_no_file_of_lotwise():
    table = lotwise.datasets.three_batches().gene.to_df(layer="tpm") * 0.95
    with pytest.warns(TpmSumWarning, match="R is computed without the missing features") as told:
        lotwise.from_frame(table, level="gene")
    assert {one.filename for one in told} == {__file__}
