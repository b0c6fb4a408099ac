"""The first row and column in which two tables differ."""

import pytest

from lotwise.run.replay.differences import first_difference

NAMES = ("was recorded", "came")
TABLE = "a\tb\n1\t2\n3\t4\n"


@pytest.mark.parametrize(
    ("other", "words"),
    [
        (TABLE, ""),
        ("a\tb\n1\t2\n3\t5\n", ", row 3, column 'b': '4' was recorded, '5' came"),
        ("a\tc\n1\t2\n3\t4\n", ", row 1, column 'b': 'b' was recorded, 'c' came"),
        (
            "a\tb\n1\t2\n",
            (
                ", row 3: the number of rows differs: 3 in the table that was recorded, "
                "2 in the table that came"
            ),
        ),
        ("a\tb\n1\n3\t4\n", ", row 2, column 'b': '2' was recorded, nothing came"),
        ("a\tb\n1\t2\t9\n3\t4\n", ", row 2, column 'number 3': nothing was recorded, '9' came"),
        ("a\tb\r\n1\t2\r\n3\t4\r\n", ": line ends differ"),
    ],
)
def test_first_difference__says_where(other, words):
    assert first_difference(TABLE, other, names=NAMES) == words


def test_first_difference__long_cells_are_cut():
    said = first_difference("a\n" + "x" * 9999 + "\n", "a\n" + "x" * 9998 + "y\n", names=NAMES)
    assert len(said) < 250
