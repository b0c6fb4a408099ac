"""Computed coefficients against published ones."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from lotwise.acquire.published import compare, summary, verify
from lotwise.config.acquire import ExpectedCoefficient
from lotwise.errors import InputError


def printed(r=0.98, decimals=2, level="gene"):
    return ExpectedCoefficient(
        level=level, batch_a="A", batch_b="B", r=r, decimals=decimals, source="Fig. 1"
    )


@pytest.mark.parametrize(
    ("computed", "status"),
    [
        (0.98, "agrees"), (0.9849, "agrees"), (0.985, "agrees"), (0.975, "agrees"),
        (0.98501, "differs"), (0.97499, "differs"), (math.nan, "not computed"),
    ],
)  # fmt: skip
def test_compare__rounding_rule(computed, status):
    assert compare(printed(), computed).status == status


@given(r=st.floats(-1, 1), decimals=st.integers(1, 6))
def test_compare__a_rounded_coefficient_agrees_with_itself(r, decimals):
    expected = printed(round(r, decimals), decimals)
    assert compare(expected, r).status == "agrees"
    assert compare(expected, r + 1.1 * 10**-decimals).status == "differs"


def test_compare__not_on_file_is_never_agreement():
    row = compare(printed(None, None), 0.98)
    assert row.status == "not on file"
    assert math.isnan(row.published)
    assert math.isnan(row.difference)


def write_pairs(tmp_path, *rows):
    """Write pairs of batches: two names, feature set, pseudocount, R, reason."""
    path = tmp_path / "gene.batch_pairs.tsv"
    header = ("batch_a", "batch_b", "feature_set", "pseudocount", "pearson", "reason")
    path.write_text("".join("\t".join(row) + "\n" for row in (header, *rows)))
    return {"gene": path}


def test_verify__finds_the_pair_in_either_order(tmp_path):
    pairs = write_pairs(
        tmp_path, ("B", "A", "all", "1.0", "0.9812", ""),
        ("B", "A", "detected_any", "1.0", "0.5", ""), ("A", "C", "all", "1.0", "0.1", ""),
    )  # fmt: skip
    rows = verify([printed(), printed(level="isoform")], pairs)
    assert [row.status for row in rows] == ["agrees", "not computed"]
    assert rows[0].computed == 0.9812
    assert [row.reason for row in rows] == ["", "the run has no isoform level"]
    assert summary(rows) == "1 agrees, 1 not computed"


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (("A", "C", "all", "1.0", "0.98", ""), "the run has no such pair of batches"),
        (("A", "B", "all", "1.0", "NaN", "a sample is constant"), "a sample is constant"),
        (("A", "B", "all", "0.1", "0.98", ""), "R was computed with the pseudocount 0.1"),
    ],
)
def test_verify__what_was_not_computed_has_a_reason(row, reason, tmp_path):
    pairs = write_pairs(tmp_path, row)
    found, unread = verify([printed(), printed(None, None)], pairs)
    assert (found.status, unread.status) == ("not computed", "not on file")
    assert math.isnan(found.computed)
    assert found.reason.startswith(reason)
    assert unread.reason == found.reason


def test_verify__no_column(tmp_path):
    pairs = write_pairs(tmp_path)
    pairs["gene"].write_text("batch_a\tbatch_b\nA\tB\n")
    with pytest.raises(InputError, match="has no column feature_set, pseudocount, pearson"):
        verify([printed()], pairs)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"r": 0.98, "decimals": None}, "give both 'r' and 'decimals'"),
        ({"r": 0.985, "decimals": 2}, "has more decimals than 'decimals'"),
        ({"batch_b": "A"}, "got 'A' twice"),
        ({"r": 1.2}, "less than or equal to 1"),
        ({"spot": 1}, "Extra inputs"),
    ],
)
def test_expected__refused(changes, words):
    given_ = {"level": "gene", "batch_a": "A", "batch_b": "B", "r": 0.98, "decimals": 2,
              "source": "Fig."}  # fmt: skip
    with pytest.raises(ValidationError, match=words):
        ExpectedCoefficient(**(given_ | changes))
