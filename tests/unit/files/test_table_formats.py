"""Large tables as text by polars, and tables as Parquet."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lotwise.errors import InputError
from lotwise.evidence.equivalence import EquivalenceRecord
from lotwise.files import tables
from lotwise.files.tables import as_text, read_rows, read_table, size_of, text_of, write_table

ROWS = st.lists(
    st.tuples(
        st.one_of(st.floats(), st.floats(-1e-3, 1e-3), st.floats(1e14, 1e18)),
        st.integers(-(2**63), 2**63 - 1),
        st.booleans(),
        st.one_of(
            st.text(st.characters(exclude_categories=["Cs"])),
            st.sampled_from(["", "NaN", "1", '"', "a\tb", "a\nb", "a\rb"]),
        ),
    ),
    min_size=1,
)


@given(ROWS)
def test_as_text__of_a_large_table_is_that_of_pandas(rows):
    table = pd.DataFrame(rows, columns=["r", "n", "flips", "name"]).astype({"name": "object"})
    expected = table.to_csv(sep="\t", index=False, na_rep="NaN", lineterminator="\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tables, "_MANY", 0)
        assert as_text(table) == expected


# pandas 3 makes text of another type; tables that are read have objects.
TEXT = dict.fromkeys(
    ("batch_a", "batch_b", "condition", "method", "feature", "outcome", "reason"), object
)


@pytest.fixture
def equivalence():
    rng = np.random.default_rng(1)
    n = 3_000
    return pd.DataFrame(
        {
            "batch_a": np.full(n, "A", dtype=object),
            "batch_b": np.full(n, "B", dtype=object),
            "condition": np.full(n, "", dtype=object),
            "method": np.full(n, "welch", dtype=object),
            "feature": np.array([f"g{i}" for i in range(n)], dtype=object),
            "difference": rng.normal(size=n),
            "p_equivalent": np.where(rng.random(n) < 0.1, np.nan, rng.random(n) * 1e-6),
            "p_different": rng.random(n),
            "outcome": np.full(n, "equivalent", dtype=object),
            "reason": np.full(n, "", dtype=object),
        }
    ).astype(TEXT)


def test_write_table__parquet_comes_back_and_equal_tables_are_equal_files(equivalence, tmp_path):
    path = tmp_path / "gene.equivalence.parquet"
    write_table(path, equivalence)
    first = path.read_bytes()
    back = read_table(path, EquivalenceRecord)
    pd.testing.assert_frame_equal(back, equivalence, check_exact=True)
    write_table(path, back)
    assert path.read_bytes() == first
    few = read_table(path, EquivalenceRecord, only=["feature", "difference"])
    pd.testing.assert_frame_equal(few, equivalence[["feature", "difference"]], check_exact=True)


def test_read_rows_and_size_of__are_the_same_of_either_format(equivalence, tmp_path):
    paths = [tmp_path / name for name in ("t.parquet", "t.tsv", "t.tsv.gz")]
    for path in paths:
        write_table(path, equivalence)
        assert size_of(path) == (3_001, 10)
    parquet, text, packed = [list(read_rows(path)) for path in paths]
    assert parquet == text == packed
    assert text_of(paths[0]) == paths[1].read_text()


def test_read_table__a_parquet_table_of_other_columns_is_refused(tmp_path):
    path = tmp_path / "t.parquet"
    with pytest.raises(InputError, match="no such table"):
        read_table(path, EquivalenceRecord)
    write_table(path, pd.DataFrame({"batch_a": ["A"], "r": [1.0]}))
    with pytest.raises(
        InputError,
        match=r"has the columns batch_a, r, but the required columns are batch_a, batch_b",
    ):
        read_table(path, EquivalenceRecord)


def test_write_table__parquet_stores_and_reads_each_string_once(equivalence, tmp_path):
    long = pd.concat([equivalence] * 100, ignore_index=True)
    path = tmp_path / "long.parquet"
    write_table(path, long)
    read = read_table(path, EquivalenceRecord)
    pd.testing.assert_frame_equal(read.astype(TEXT), long.astype(TEXT), check_exact=True)
    assert len(set(map(id, read["feature"]))) == equivalence["feature"].nunique()
    # Names take two bytes a row at most: a number in the dictionary of the only group of rows.
    names = tmp_path / "names.parquet"
    write_table(names, long[["feature"]])
    assert names.stat().st_size < 2 * len(long)
