"""SOFT by GEOparse, and all that GEOparse alone would lose."""

from __future__ import annotations

import gzip
import logging

import pytest

from lotwise.acquire.geo.matrix import read_matrix
from lotwise.acquire.geo.soft import read_soft
from lotwise.errors import InputError


def fields_of(series):
    """All fields, the list of samples spelt one way (SOFT a line each, the matrix one cell)."""
    series_fields = dict(series.fields)
    series_fields["sample_id"] = tuple(" ".join(series_fields["sample_id"]).split())
    return series_fields, [(s.accession, s.title, dict(s.fields)) for s in series.samples]


def test_read_soft__equals_the_matrix(write, matrix, soft):
    from_soft = read_soft(write(soft), "GSE7")
    from_matrix = read_matrix([write(matrix, "GSE7_series_matrix.txt.gz")], "GSE7")
    assert fields_of(from_soft) == fields_of(from_matrix)


def test_read_soft__equals_the_real_matrix_of_16_samples(shared, write, as_soft):
    path = shared / "airway_gse52778" / "GSE52778_series_matrix.txt"
    from_matrix = read_matrix([path], "GSE52778")
    from_soft = read_soft(write(as_soft(path.read_text(encoding="utf-8"))), "GSE52778")
    assert len(from_soft.samples) == 16
    assert fields_of(from_soft) == fields_of(from_matrix)
    assert from_soft.samples[0].linked("SRA") == ("SRX384345",)
    assert from_soft.samples[0].linked("BioSample") == ("SAMN02422669",)
    assert from_soft.studies == ("SRP033351",)
    assert "β2-agonists" in from_soft.fields["summary"][0]


def test_read_soft__values_come_through_unspoilt(write, soft):
    series = read_soft(write(soft), "GSE7")
    assert series.title == "Three batches, δ and β"
    assert series.samples[0].characteristics == ("dose: 1 μM", "lot: !Sample_x 1")
    assert series.samples[2].characteristics == ("dose: 3 μM", "lot: _table_begin")


@pytest.mark.parametrize("ends", ["\n", "\r\n"])
def test_read_soft__a_carriage_return_within_a_value_is_a_space(write, soft, ends):
    spoilt = soft.replace("dose: 2 μM", "dose: 2\rμM").replace("no colon here", "no\rcolon: GSE8\r")
    series = read_soft(write(spoilt.replace("\n", ends)), "GSE7")
    assert len(series.samples) == 3
    assert series.samples[1].characteristics == ("dose: 2 μM",)
    assert [(r.kind, r.target) for r in series.samples[1].relations] == [("no colon", "GSE8")]


def test_read_soft__relation_without_colon(write, soft):
    series = read_soft(write(soft), "GSE7")
    assert [r.accession for r in series.relations] == ["SRP000007", "GSE9"]
    assert series.samples[1].relations[0].kind == ""
    assert series.samples[2].relations[0].target == "b: c"


def test_read_soft__not_utf8_is_said(write, soft, caplog):
    raw = soft.replace("δ", "x").replace("β", "x").replace("μ", "µ").encode("cp1252")
    with caplog.at_level(logging.WARNING):
        series = read_soft(write(raw), "GSE7")
    assert "not UTF-8, read as Windows-1252" in caplog.text
    assert series.samples[0].characteristics[0] == "dose: 1 µM"


def test_read_soft__duplicate_title_is_said(write, soft, caplog):
    with caplog.at_level(logging.WARNING):
        series = read_soft(write(soft.replace("lot B", "lot A")), "GSE7")
    assert "several samples have the same title; choose them by accession: lot A" in caplog.text
    assert len(series.samples) == 3


def test_read_soft__truncated_gzip(write, soft):
    path = write(soft)
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(InputError, match=r"family.soft.gz: is damaged"):
        read_soft(path, "GSE7")


def test_read_soft__corrupted_member_of_the_gzip(write, soft):
    """A gzip of two members, as appended files are: damage in the second is damage."""
    half = soft.index("^SAMPLE = GSM2")
    path = write(soft[:half])
    second = bytearray(gzip.compress(soft[half:].encode(), mtime=0))
    path.write_bytes(path.read_bytes() + bytes(second))
    assert len(read_soft(path, "GSE7").samples) == 3
    second[-6] ^= 1  # its CRC
    path.write_bytes(gzip.compress(soft[:half].encode()) + bytes(second))
    with pytest.raises(InputError, match=r"family.soft.gz: is damaged .*; remove the file"):
        read_soft(path, "GSE7")


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("^SAMPLE = GSM2\n", "", r"in its record|contains only 2 of them; missing samples: GSM2"),
        ("^SAMPLE = GSM2\n", "^SAMPLE = GSM1\n", r"row \d+: SAMPLE GSM1 occurs twice"),
        ("^SAMPLE = GSM2\n", "^SAMPLE = GSM2\n^SAMPLE = GSM4\n", r"SAMPLE GSM2 has no lines"),
        (
            "^SAMPLE = GSM2\n",
            "^SAMPL\0 = GSM2\n",
            r"row \d+: '\^SAMPL.* is not the beginning of a known record",
        ),
        ("^SAMPLE = GSM2\n", "^SAMPLE\n", r"is not the beginning of a known record"),
        ("= GSM3\n", "= GSM4\n", r"missing samples: GSM4"),
        ("!Series_sample_id = GSM3\n", "", r"samples that are not in its list of samples: GSM3"),
        ("!Sample_title = lot B\n", "", r"the sample GSM2 has no title"),
        ("!Sample_title = lot B", "!Sample_title = ", r"the sample GSM2 has no title"),
        (
            "!Sample_geo_accession = GSM2",
            "!Sample_geo_accession = GSM3",
            r"the sample is listed as GSM2, but its record has the accession GSM3",
        ),
        (
            "!Sample_title = lot B",
            "Sample\x01title = lot B",
            r"row \d+: the line does not belong to any record",
        ),
        ("!Sample_title = lot B", "!Sa\x01mple", r"is not a line of SOFT"),
        ("^SERIES = GSE7", "^SERIES = GSE8\n!Series_title = x\n^SERIES = GSE7", r"occurs twice"),
        ("!Series_geo_accession = GSE7", "!Series_geo_accession = GSE8", r"is the record of GSE8"),
        ("!platform_table_end\n", "", r"the table of PLATFORM GPL1 has no line table_end"),
    ],
)
def test_read_soft__never_shortened(old, new, words, write, soft):
    assert old in soft
    with pytest.raises(InputError, match=words):
        read_soft(write(soft.replace(old, new, 1)), "GSE7")


def test_read_soft__every_single_lost_line_of_structure_is_noticed(write, soft):
    lines = soft.splitlines(keepends=True)
    structural = ("^SERIES", "^SAMPLE", "!Sample_title", "!Sample_geo_acc", "!Series_geo_acc")
    for index, line in enumerate(lines):
        if line.startswith((*structural, "!Series_sample_id")):
            with pytest.raises(InputError, match=r"soft.gz"):
                read_soft(write("".join(lines[:index] + lines[index + 1 :])), "GSE7")


def test_read_soft__leaves_the_log_alone(write, soft, capfd):
    read_soft(write(soft), "GSE7")
    assert capfd.readouterr() == ("", "")
