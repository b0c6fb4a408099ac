"""Every sentence of the report has a test that holds it to a planted truth.

``sentences.tsv`` names the test of each. Of a sentence about cells the truth is simulated; of one
about the run (what was computed, given, edited) it is a run made so by hand. A sentence is a text
of five words or more, or of eleven where statistics are computed. The methods have one line
per heading.
"""

from __future__ import annotations

import ast
import csv
import re
from pathlib import Path

UNIT = Path(__file__).resolve().parents[1]
SOURCE = UNIT.parents[1] / "src" / "lotwise"
METHODS = SOURCE / "report/templates/methods.html.j2"
# Layout, files and headings of columns: nothing about cells or the run.
_NO_CLAIMS = {"columns.py", "page.py", "pictures.py", "tables.py", "workbook.py", "certificate.py"}
MODULES = [
    *(path for path in sorted((SOURCE / "report").glob("*.py")) if path.name not in _NO_CLAIMS),
    SOURCE / "evidence/sections.py",
]
WORDS = 5
_WORD = re.compile(r"\W*[A-Za-z][\w'-]*\W*")
# Where statistics are computed, the page takes sentences from tables; shorter texts are reasons.
COMPUTED = [
    *(SOURCE / "metrics").glob("*.py"),
    *(SOURCE / "tl").glob("*.py"),
    SOURCE / "acceptance/titrated.py",
    SOURCE / "expression/comparability.py",
]
COMPUTED_WORDS = 11
with (Path(__file__).parent / "sentences.tsv").open(encoding="utf-8") as listed:
    HELD = {row["words"]: row["test"] for row in csv.DictReader(listed, delimiter="\t")}


def texts_of(node):
    """Yield texts of a syntax tree, except docstrings and words of errors."""
    for child in ast.iter_child_nodes(node):
        is_docstring = isinstance(child, ast.Expr) and isinstance(child.value, ast.Constant)
        if is_docstring or isinstance(child, ast.Raise):
            continue
        if isinstance(child, ast.JoinedStr):
            yield "".join(
                part.value if isinstance(part, ast.Constant) else "{}" for part in child.values
            )
        elif isinstance(child, ast.Constant) and isinstance(child.value, str):
            yield child.value
        else:
            yield from texts_of(child)


def sentences():
    return [
        text
        for modules, n_words in ((MODULES, WORDS), (COMPUTED, COMPUTED_WORDS))
        for module in modules
        for text in texts_of(ast.parse(module.read_text(encoding="utf-8")))
        if sum(_WORD.fullmatch(part) is not None for part in text.split()) >= n_words
    ]


def headings():
    found = re.findall(r"<h3>(.*?)</h3>", METHODS.read_text(encoding="utf-8"))
    return [heading for heading in found if heading != "References"]


def test_sentences__each_has_a_test_that_holds_it():
    unheld = [text for text in sentences() if not any(words in text for words in HELD)]
    assert unheld == [], "add them to sentences.tsv, with their test"


def test_methods__each_has_a_test_that_holds_it():
    assert [heading for heading in headings() if heading not in HELD] == []


def test_sentences__none_is_listed_that_is_not_in_the_report():
    every = sentences() + headings()
    assert [words for words in HELD if not any(words in one for one in every)] == []


def test_sentences__every_test_is_there():
    def is_there(test):
        path, _, name = test.partition("::")
        return f"def {name}(" in (UNIT / path).read_text(encoding="utf-8")

    assert [test for test in HELD.values() if not is_there(test)] == []
