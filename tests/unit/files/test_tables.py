"""Result tables come back from disk as they were."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from lotwise.errors import InputError
from lotwise.evidence.pairs import PairRecord
from lotwise.files.records import columns, meanings
from lotwise.files.tables import from_columns, read_table, to_frame, write_table

ROW = {
    "sample_a": "NA", "sample_b": "nan", "batch_a": "", "batch_b": "1", "condition_a": "",
    "condition_b": "x", "relation": "between",
    "feature_set": "all", "n_features": 2**40, "n_double_zero": 0, "pseudocount": 1.0,
    "pearson": 0.1 + 0.2, "spearman": float("nan"), "ccc": 1e-300, "reason": "b is constant",
}  # fmt: skip


@pytest.mark.parametrize("name", ["t.tsv", "t.tsv.gz"])
def test_write_table__comes_back_to_the_last_digit(tmp_path, name):
    table = to_frame([PairRecord(**ROW), PairRecord(**{**ROW, "pearson": np.nextafter(1, 0)})],
                     PairRecord)  # fmt: skip
    write_table(tmp_path / name, table)
    first = (tmp_path / name).read_bytes()
    back = read_table(tmp_path / name, PairRecord)
    pd.testing.assert_frame_equal(back, table, check_exact=True)
    write_table(tmp_path / name, back)
    assert (tmp_path / name).read_bytes() == first


def test_to_frame__without_rows_has_columns_and_types():
    table = to_frame([], PairRecord)
    assert list(table.columns) == list(columns(PairRecord)) == list(meanings(PairRecord))
    assert table["pearson"].dtype == np.float64


def test_read_table__refuses(tmp_path):
    with pytest.raises(InputError, match="no such table"):
        read_table(tmp_path / "t.tsv", PairRecord)
    (tmp_path / "t.tsv").write_text("sample_a\tr\nx\t1\n")
    with pytest.raises(
        InputError,
        match="row 1: has the columns sample_a, r, but the required columns are sample_a",
    ):
        read_table(tmp_path / "t.tsv", PairRecord)


def test_read_table__only_the_columns_named(tmp_path):
    write_table(tmp_path / "t.tsv", to_frame([PairRecord(**ROW)], PairRecord))
    whole = read_table(tmp_path / "t.tsv", PairRecord)
    part = read_table(tmp_path / "t.tsv", PairRecord, only={"reason", "pearson", "other table's"})
    pd.testing.assert_frame_equal(part, whole[["pearson", "reason"]])
    (tmp_path / "u.tsv").write_text("pearson\textra\n1\t2\n")
    with pytest.raises(
        InputError,
        match="has the columns pearson, extra, but the required columns are pearson, rea",
    ):
        read_table(tmp_path / "u.tsv", PairRecord, only={"reason", "pearson"})


def test_from_columns__is_the_table_of_the_same_records():
    rows = [PairRecord(**ROW), PairRecord(**{**ROW, "pearson": 0.5}), PairRecord(**ROW)]
    expected = to_frame(rows, PairRecord)
    parts = [
        {name: expected[name].to_numpy()[rows] for name in expected}
        for rows in (slice(0, 1), slice(1, 1), slice(1, 3))
    ]
    pd.testing.assert_frame_equal(from_columns(parts, PairRecord), expected, check_exact=True)
    pd.testing.assert_frame_equal(from_columns([], PairRecord), to_frame([], PairRecord))
