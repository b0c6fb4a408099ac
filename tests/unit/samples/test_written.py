"""Samples written as a sheet come back when it is read."""

from __future__ import annotations

from pathlib import Path

from lotwise.samples import Sample, read_samples, write_samples


def test_write_samples__cells_with_quotes_come_back(tmp_path):
    """A note in quotation marks that was written bare could not be read again."""
    notes = {"title": '"naive" line', "note": 'two\tcells "and more'}
    sheet = tmp_path / "samples.tsv"
    write_samples(sheet, [Sample(sample="S1", batch="A", quant=Path("S1"), annotations=notes)])
    (read,) = read_samples(sheet)
    assert read.annotations == notes
    assert read.quant == tmp_path / "S1"


def test_write_samples__has_the_columns_that_any_sample_has(tmp_path):
    sheet = tmp_path / "samples.tsv"
    one = Sample(sample="S1", batch="A", donor="D1", quant=Path("/a"))
    other = Sample(sample="S2", batch="B", quant=Path("/b"), annotations={"title": "t"})
    write_samples(sheet, [one, other])
    assert sheet.read_text() == (
        "sample\tbatch\tdonor\tquant\ttitle\nS1\tA\tD1\t/a\t\nS2\tB\t\t/b\tt\n"
    )
