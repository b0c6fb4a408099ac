"""The series matrix, the second source."""

from __future__ import annotations

import pytest

from lotwise.acquire.geo.matrix import read_matrix
from lotwise.errors import InputError


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('\t"lot C"', "", r"row 7: !Sample_title has 2 cells|has 3 cells, but there are 2 samples"),
        ('"GSM1"\t"GSM2"\t"GSM3"\n!Sample_c', '"GSM1"\t"GSM1"\t"GSM3"\n!Sample_c', r"occurs twice"),
        (
            "GSM1 GSM2 GSM3 ",
            "GSM1 GSM2 GSM3 GSM4",
            r"lists 4 samples but contains only 3 of them; missing samples: GSM4",
        ),
        ('"GSE7"', '"GSE8"', r"is the record of GSE8, not of GSE7"),
    ],
)
def test_read_matrix__refused(old, new, words, write, matrix):
    assert old in matrix
    with pytest.raises(InputError, match=words):
        read_matrix([write(matrix.replace(old, new, 1), "GSE7_series_matrix.txt.gz")], "GSE7")


def test_read_matrix__damaged(write, matrix):
    path = write(matrix, "GSE7_series_matrix.txt.gz")
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(InputError, match=r"is damaged \(.*\); remove the file and run again"):
        read_matrix([path], "GSE7")


def test_read_matrix__two_platforms_are_joined(write, matrix):
    lines = matrix.splitlines(keepends=True)

    def only(columns):
        kept = []
        for line in lines:
            cells = line.rstrip("\n").split("\t")
            is_sample = line.startswith(("!Sample", '"ID'))
            kept.append("\t".join([cells[0], *(cells[i] for i in columns)]) if is_sample else line)
        return "\n".join(text.rstrip("\n") for text in kept) + "\n"

    first = write(only([1]), "GSE7-GPL1_series_matrix.txt.gz")
    second = write(only([2, 3]), "GSE7-GPL2_series_matrix.txt.gz")
    series = read_matrix([first, second], "GSE7")
    assert [sample.accession for sample in series.samples] == ["GSM1", "GSM2", "GSM3"]
    with pytest.raises(InputError, match="contains samples that are also in another file: GSM1"):
        read_matrix([first, first], "GSE7")
    with pytest.raises(InputError, match="missing samples: GSM1"):
        read_matrix([second], "GSE7")
