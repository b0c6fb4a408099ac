"""Parts of the reads, read beside a quantification."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from lotwise.errors import InputError
from lotwise.expression.halves import read_parts
from lotwise.keys import PARTS
from lotwise.quantify.halves import write_halves
from lotwise.tree import halves_of


@pytest.fixture
def parts(tmp_path):
    columns = {part: [float(10 * number), float(number)] for number, part in enumerate(PARTS)}
    pl.DataFrame({"feature": ["t1", "t2"], **columns}).write_parquet(halves_of(tmp_path))
    return tmp_path / "abundance.tsv"


def test_read_parts__in_the_order_of_the_features(parts):
    found = read_parts(parts, pl.Series(["t2", "t1"]))
    assert found.dtype == np.float32
    assert found.tolist() == [[float(n), float(10 * n)] for n in range(len(PARTS))]


def test_read_parts__none_where_there_are_none(tmp_path):
    assert read_parts(tmp_path / "abundance.tsv", pl.Series(["t1"])) is None


def test_read_parts__none_where_none_could_be_made(tmp_path):
    write_halves(None, halves_of(tmp_path))
    assert read_parts(tmp_path / "abundance.tsv", pl.Series(["t1"])) is None


def test_read_parts__of_a_file_in_the_working_folder(parts, monkeypatch):
    monkeypatch.chdir(parts.parent)
    assert read_parts(Path(parts.name), pl.Series(["t1", "t2"])) is not None


@pytest.mark.parametrize("features", [["t1"], ["t1", "t3"], ["t1", "t2", "t3"]])
def test_read_parts__other_features_are_refused(parts, features):
    with pytest.raises(InputError, match="contains 2 features, but they are not the same as the"):
        read_parts(parts, pl.Series(features))


@pytest.mark.parametrize("content", [b"", b"no table", b"PAR1" + b"\0" * 40 + b"PAR1"])
def test_read_parts__what_is_no_table_is_refused(tmp_path, content):
    (halves_of(tmp_path)).write_bytes(content)
    with pytest.raises(InputError, match="was not written by lotwise, or is damaged"):
        read_parts(tmp_path / "abundance.tsv", pl.Series(["t1"]))
