"""The workbook, read back: text stays text, and numbers stay numbers."""

from __future__ import annotations

import csv
import shutil
import zipfile

import openpyxl
import pandas as pd
import pytest

from lotwise.errors import InputError
from lotwise.evidence.contributions import ContributionRecord
from lotwise.evidence.libraries import LibraryRecord
from lotwise.files.tables import read_table
from lotwise.report import workbook
from lotwise.report.workbook import write_workbook


@pytest.fixture(scope="module")
def book(recorded_run, tmp_path_factory):
    folder = tmp_path_factory.mktemp("workbook") / "results"
    shutil.copytree(recorded_run / "results", folder)
    return openpyxl.load_workbook(write_workbook(folder)), folder


def cells_of(sheet):
    header, *rows = ([cell.value for cell in row] for row in sheet.iter_rows())
    return pd.DataFrame(rows, columns=header)


def test_write_workbook__hostile_names_stay_text(book, hostile):
    read, folder = book
    sheet = read["gene.tpm"]
    names = {cell.value: cell for cell in sheet["A"][1:]}
    assert set(hostile) <= set(names)
    for name in hostile:
        assert names[name].data_type == "s"
        assert names[name].hyperlink is None
    with zipfile.ZipFile(folder / "tables.xlsx") as parts:
        sheets = [name for name in parts.namelist() if name.startswith("xl/worksheets/sheet")]
        assert sheets
        assert not any(b"<f>" in parts.read(name) for name in sheets)


def test_write_workbook__batches_and_titles_too(book):
    read, folder = book
    sheet = cells_of(read["samples"])
    with (folder / "samples.tsv").open(encoding="utf-8", newline="") as text:
        rows = list(csv.DictReader(text, delimiter="\t"))
    for name in ("sample", "batch", "quant", "title"):
        assert sheet[name].tolist() == [row[name] for row in rows]
    assert sheet["batch"].tolist()[0] == "=1+1"


def test_write_workbook__numbers_are_numbers_to_the_last_digit(book):
    read, folder = book
    sheet = cells_of(read["gene.contributions"])
    table = read_table(folder / "correlation" / "gene.contributions.tsv", ContributionRecord)
    assert len(sheet) == len(table)
    assert sheet["feature"].tolist() == table["feature"].tolist()
    for name in ("tpm_a", "share", "log2_ratio", "rank"):
        assert sheet[name].tolist() == table[name].tolist()


def test_write_workbook__nan_is_a_word_and_truth_is_truth(book):
    read, folder = book
    table = pd.read_csv(folder / "evidence" / "gene.batches.tsv", sep="\t", keep_default_na=False)
    sheet = cells_of(read["gene.batches"])
    assert table["within"].tolist().count("NaN") == 2
    assert sheet["within"].tolist().count("NaN") == 2
    libraries = read_table(folder / "evidence" / "gene.libraries.tsv", LibraryRecord)
    shallow = cells_of(read["gene.libraries"])["shallow"]
    assert shallow.tolist() == libraries["shallow"].tolist() == [False] * 4
    assert {cell.data_type for cell in read["gene.libraries"]["E"][1:]} == {"b"}


def test_write_workbook__lists_every_table_and_explains_every_column(book):
    read, folder = book
    contents = cells_of(read["contents"]).set_index("table")
    tables = {path.relative_to(folder).as_posix() for path in folder.rglob("*.tsv*")}
    tables |= {path.relative_to(folder).as_posix() for path in folder.rglob("*.parquet")}
    assert set(contents.index) == tables
    assert contents["sheet"].tolist() == read.sheetnames[2:]
    assert contents.loc["evidence/gene.libraries.tsv", "rows"] == 4
    explained = cells_of(read["columns"])
    for name in ("gene.pairs", "isoform.isoform_usage"):
        columns = explained[explained["sheet"] == name]
        assert columns["column"].tolist() == [cell.value for cell in read[name][1]]
        assert all(columns["meaning"])


def test_write_workbook__too_large_a_table_is_left_out_with_a_word(own_run, monkeypatch):
    monkeypatch.setattr(workbook, "LARGEST_TABLE", 1_000)
    read = openpyxl.load_workbook(write_workbook(own_run / "results"))
    contents = cells_of(read["contents"]).set_index("table")
    assert "gene.contributions" not in read.sheetnames
    row = contents.loc["correlation/gene.contributions.tsv"]
    assert row["note"].startswith("not included: has more than 1,000 cells (3,913)")
    assert row["rows"] == 300
    monkeypatch.setattr(workbook, "_MOST_ROWS", 100)
    read = openpyxl.load_workbook(write_workbook(own_run / "results"))
    contents = cells_of(read["contents"]).set_index("table")
    assert contents.loc["correlation/gene.contributions.tsv", "note"] == (
        "not included: has 301 rows, but a sheet can have at most 100"
    )


def test_write_workbook__cell_longer_than_a_sheet_takes_is_cut_with_a_word(own_run):
    path = own_run / "results" / "samples.tsv"
    path.write_text(path.read_text("utf-8") + "Z\tZ\tz\t" + "y" * 40_000 + "\n", "utf-8")
    read = openpyxl.load_workbook(write_workbook(own_run / "results"))
    last = cells_of(read["samples"]).iloc[-1]["title"]
    assert len(last) == 32_767
    assert last.endswith("... (cut, 40,000 characters)")


def test_write_workbook__equal_tables_are_equal_files(own_run):
    path = write_workbook(own_run / "results")
    first = path.read_bytes()
    assert write_workbook(own_run / "results").read_bytes() == first


def test_write_workbook__needs_tables(tmp_path):
    with pytest.raises(InputError, match="has no tables"):
        write_workbook(tmp_path)
