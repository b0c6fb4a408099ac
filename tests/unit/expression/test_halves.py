"""Parts of the reads, read beside a quantification."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from lotwise.errors import InputError
from lotwise.expression.halves import read_parts
from lotwise.keys import PARTS
from lotwise.tree import HALVES_FILE


@pytest.fixture
def parts(tmp_path):
    columns = {part: [float(10 * number), float(number)] for number, part in enumerate(PARTS)}
    pl.DataFrame({"feature": ["t1", "t2"], **columns}).write_parquet(tmp_path / HALVES_FILE)
    return tmp_path / "abundance.tsv"


def test_read_parts__in_the_order_of_the_features(parts):
    found = read_parts(parts, pl.Series(["t2", "t1"]))
    assert found.dtype == np.float32
    assert found.tolist() == [[float(n), float(10 * n)] for n in range(len(PARTS))]


def test_read_parts__none_where_there_are_none(tmp_path):
    assert read_parts(tmp_path / "abundance.tsv", pl.Series(["t1"])) is None


@pytest.mark.parametrize("features", [["t1"], ["t1", "t3"], ["t1", "t2", "t3"]])
def test_read_parts__other_features_are_refused(parts, features):
    with pytest.raises(InputError, match="holds 2 features that are not the"):
        read_parts(parts, pl.Series(features))


@pytest.mark.parametrize("content", [b"", b"no table", b"PAR1" + b"\0" * 40 + b"PAR1"])
def test_read_parts__what_is_no_table_is_refused(tmp_path, content):
    (tmp_path / HALVES_FILE).write_bytes(content)
    with pytest.raises(InputError, match="is not what lotwise writes"):
        read_parts(tmp_path / "abundance.tsv", pl.Series(["t1"]))
