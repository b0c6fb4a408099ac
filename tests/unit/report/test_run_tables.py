"""The report's view of the tables of a run."""

from __future__ import annotations

import pandas as pd
import polars as pl
import pytest

from lotwise.errors import InputError
from lotwise.evidence.equivalence import EquivalenceRecord
from lotwise.files.tables import to_frame, write_table
from lotwise.report.page import render
from lotwise.report.run_tables import _scan, read_findings

ROWS = [
    EquivalenceRecord(
        batch_a="A", batch_b="B", condition="", method="welch", feature=feature, difference=0.1,
        p_equivalent=p, p_different=0.5, outcome="equivalent", reason="",
    )
    for feature, p in (("g1", 1e-7), ("g2", float("nan")))
]  # fmt: skip


def test_scan__is_the_same_of_text_and_of_parquet(tmp_path):
    table = to_frame(ROWS, EquivalenceRecord)
    found = []
    for name in ("t.tsv", "t.parquet"):
        write_table(tmp_path / name, table)
        found.append(_scan(tmp_path / name, EquivalenceRecord).collect())
    assert found[0].equals(found[1], null_equal=False)
    assert found[1]["feature"].to_list() == ["g1", "g2"]


@pytest.mark.parametrize("name", ["t.tsv", "t.parquet"])
def test_scan__a_value_that_no_row_has_is_found_in_no_row(tmp_path, name):
    """The same for text and for Parquet, whose Enum has only the values that occur."""
    write_table(tmp_path / name, to_frame(ROWS, EquivalenceRecord))
    read = _scan(tmp_path / name, EquivalenceRecord)
    assert read.filter(pl.col("outcome") == "different").collect().is_empty()


@pytest.mark.parametrize("name", ["t.tsv", "t.parquet"])
def test_scan__other_columns_are_refused(tmp_path, name):
    write_table(tmp_path / name, pd.DataFrame({"batch_a": ["A"], "r": [1.0]}))
    with pytest.raises(InputError, match="has the columns batch_a, r, expected batch_a, batch_b"):
        _scan(tmp_path / name, EquivalenceRecord)


@pytest.mark.parametrize(
    ("sheet", "what"),
    [
        (
            "sample\tbatch\nS1\tA\nS2\tB\nS3\tB\n",
            "sample 'S3' has batch 'B' in samples.tsv, but had 'C' when this was computed",
        ),
        (
            "sample\tbatch\tcondition\nS1\tA\tx\nS2\tB\tx\nS3\tC\tx\n",
            "sample 'S1' has condition 'x' in samples.tsv, but had '' when this was computed",
        ),
        ("sample\tbatch\nS1\tA\nS2\tB\n", "sample 'S3' is not in samples.tsv"),
    ],
)
def test_read_findings__a_table_of_other_samples_than_the_sheet_is_a_fault(tree, sheet, what):
    root = tree.write_all()
    assert read_findings(root).faults == ()
    (root / "samples.tsv").write_text(sheet)
    findings = read_findings(root)
    assert findings.faults == (
        f"correlation/gene.pairs.tsv is from an earlier run: {what}; run lotwise compare again",
    )
    assert "These files are not those of this run." in render(findings)
