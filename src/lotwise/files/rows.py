"""Rows of text as a tab-separated table, for what no record declares, such as a sample sheet."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence


def text_of_rows(rows: Sequence[Mapping[str, object]]) -> str:
    r"""Return rows as tab-separated text below the names of the first, such as a sample sheet.

    Examples
    --------
    >>> text_of_rows([{"sample": "S1", "batch": "A"}, {"sample": "S2", "batch": 1}])
    'sample\tbatch\nS1\tA\nS2\t1\n'
    """
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, list(rows[0]), delimiter="\t", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()
