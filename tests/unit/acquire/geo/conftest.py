"""A SOFT file built from a series matrix, as GEO would write it."""

from __future__ import annotations

import csv
import gzip
from io import StringIO

import pytest

MATRIX = """!Series_title	"Three batches, δ and β"
!Series_geo_accession	"GSE7"
!Series_sample_id	"GSM1 GSM2 GSM3 "
!Series_relation	"SRA: https://www.ncbi.nlm.nih.gov/sra?term=SRP000007"
!Series_relation	"Reanalyzed by GSE9"

!Sample_title	"lot A"	"lot B"	"lot C"
!Sample_geo_accession	"GSM1"	"GSM2"	"GSM3"
!Sample_characteristics_ch1	"dose: 1 μM"	"dose: 2 μM"	"dose: 3 μM"
!Sample_characteristics_ch1	"lot: !Sample_x 1"	""	"lot: _table_begin"
!Sample_relation	"SRA: https://www.ncbi.nlm.nih.gov/sra?term=SRX1"	"no colon here"	"a: b: c"
!series_matrix_table_begin
"ID_REF"	"GSM1"	"GSM2"	"GSM3"
!series_matrix_table_end
"""


def soft_of(matrix: str) -> str:
    """Write the records of a series matrix as a family SOFT file."""
    series, samples = [], []
    for cells in csv.reader(StringIO(matrix), delimiter="\t"):
        if not cells:
            continue
        if cells[0].startswith("!Series_sample_id"):
            series += [f"{cells[0]} = {name}" for name in cells[1].split()]
        elif cells[0].startswith("!Series_"):
            series += [f"{cells[0]} = {value}" for value in cells[1:]]
        elif cells[0].startswith("!Sample_"):
            samples = samples or [[] for _ in cells[1:]]
            for lines, value in zip(samples, cells[1:], strict=True):
                if value:
                    lines.append(f"{cells[0]} = {value}")
    blocks = ["^DATABASE = GeoMiame\n!Database_name = Gene Expression Omnibus (GEO)"]
    names = [line.split(" = ")[1] for line in series if line.startswith("!Series_geo_accession")]
    blocks.append("\n".join([f"^SERIES = {names[0]}", *series]))
    blocks.append("^PLATFORM = GPL1\n!Platform_title = HiSeq\n!platform_table_begin\nID\n1\n"
                  "!platform_table_end")  # fmt: skip
    for lines in samples:
        [name] = [x.split(" = ")[1] for x in lines if x.startswith("!Sample_geo_accession")]
        blocks.append("\n".join([f"^SAMPLE = {name}", *lines]))
    return "\n".join(blocks) + "\n"


@pytest.fixture
def matrix() -> str:
    """A small series matrix with what breaks naive readers."""
    return MATRIX


@pytest.fixture
def as_soft():
    """The function that writes a matrix as SOFT."""
    return soft_of


@pytest.fixture
def soft() -> str:
    """The same series as SOFT."""
    return soft_of(MATRIX)


@pytest.fixture
def write(tmp_path):
    """Write a text, gzipped, and give its path."""

    def writing(text: str | bytes, name: str = "GSE7_family.soft.gz"):
        path = tmp_path / name
        raw = text.encode() if isinstance(text, str) else text
        path.write_bytes(gzip.compress(raw) if name.endswith(".gz") else raw)
        return path

    return writing
