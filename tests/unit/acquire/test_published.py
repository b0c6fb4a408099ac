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
    path = tmp_path / "gene.pairs.tsv"
    path.write_text(
        "batch_a\tbatch_b\tfeature_set\tpearson\n" + "".join("\t".join(r) + "\n" for r in rows)
    )
    return {"gene": path}


def test_verify__finds_the_pair_in_either_order(tmp_path):
    pairs = write_pairs(
        tmp_path, ("B", "A", "all", "0.9812"), ("B", "A", "detected_any", "0.5"),
        ("A", "C", "all", "0.1"),
    )  # fmt: skip
    rows = verify([printed(), printed(level="isoform")], pairs)
    assert [row.status for row in rows] == ["agrees", "not computed"]
    assert rows[0].computed == 0.9812
    assert summary(rows) == "1 agrees, 1 not computed"


def test_verify__several_pairs_or_no_column(tmp_path):
    pairs = write_pairs(tmp_path, ("A", "B", "all", "0.9"), ("A", "B", "all", "0.8"))
    with pytest.raises(InputError, match=r"2 pairs of samples are of the batches A and B"):
        verify([printed()], pairs)
    pairs["gene"].write_text("batch_a\tbatch_b\nA\tB\n")
    with pytest.raises(InputError, match="has no column feature_set, pearson"):
        verify([printed()], pairs)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"r": 0.98, "decimals": None}, "go together"),
        ({"r": 0.985, "decimals": 2}, "has more than the 2 decimals"),
        ({"batch_b": "A"}, "'A' came twice"),
        ({"r": 1.2}, "less than or equal to 1"),
        ({"spot": 1}, "Extra inputs"),
    ],
)
def test_expected__refused(changes, words):
    given_ = {"level": "gene", "batch_a": "A", "batch_b": "B", "r": 0.98, "decimals": 2,
              "source": "Fig."}  # fmt: skip
    with pytest.raises(ValidationError, match=words):
        ExpectedCoefficient(**(given_ | changes))
