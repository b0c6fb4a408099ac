"""Every rate that the documentation and the docstrings state is held by something that can fail.

``claims.tsv`` names for each sentence with a per cent what holds it: a test, a benchmark, the
example of the page (which is computed when the documentation is built), a comparison of the code
with the number, or a reference. A sentence that is new, or gone, or whose test is gone, fails here.
Other numbers, such as defaults, may be listed too; then they must be as in the code.
"""

from __future__ import annotations

import ast
import csv
import re
from importlib import import_module
from pathlib import Path

import pytest

from lotwise.config.reads import Limits

ROOT = Path(__file__).resolve().parents[2]
# Written by a command that measures, and compared with it elsewhere.
_WRITTEN = {"docs/benchmarks.md", "docs/what-real-data-say.md"}
PAGES = [
    page
    for page in [*sorted((ROOT / "docs").rglob("*.md")), ROOT / "README.md", ROOT / "config.yaml"]
    if str(page.relative_to(ROOT)) not in _WRITTEN and "_build" not in page.parts
]
_RATE = re.compile(
    r"\d\s?%|(?<!\d)0?\.\d+ of the|"
    r"\bone [a-z ]{0,20}in (?:two|five|ten|sixteen|eighteen|twenty|forty|16)\b"
)
_END = re.compile(r"(?<=[.:!?])\s+(?=[A-Z`*-])")
with (Path(__file__).parent / "claims.tsv").open(encoding="utf-8") as listed:
    HELD = {
        row["words"]: row["held_by"]
        for row in csv.DictReader(listed, delimiter="\t", quoting=csv.QUOTE_NONE)
    }


def sentences_of(text):
    return [found for found in _END.split(" ".join(text.split())) if _RATE.search(found)]


def prose(page):
    """Return a page without code, formulas and tables; of the configuration, its comments."""
    text = page.read_text(encoding="utf-8")
    if page.suffix == ".yaml":
        return " . ".join(re.findall(r"#(.*)", text))
    for pattern in (r"(?s)```.*?```", r"(?s)\$\$.*?\$\$", r"(?m)^\|.*\n", r"<img.*?>"):
        text = re.sub(pattern, "", text)
    # A list item, a heading and a paragraph each end a sentence.
    return re.sub(r"\n\s*\n|\n(?=#)|\n(?=\s*(?:[-*]|\d+\.) )", " . ", text)


def docstrings():
    """Yield the place and the text of every docstring of the library, without its examples."""
    for path in sorted((ROOT / "src" / "lotwise").rglob("*.py")):
        place = str(path.relative_to(ROOT / "src" / "lotwise"))
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.ClassDef | ast.Module):
                yield place, re.split(r"\n *Examples\n *-", ast.get_docstring(node) or "")[0]


def texts():
    return [*((str(page.relative_to(ROOT)), prose(page)) for page in PAGES), *docstrings()]


def test_claims__each_is_held_by_something():
    unheld = [
        (place, sentence)
        for place, text in texts()
        for sentence in sentences_of(text)
        if not any(words in sentence for words in HELD)
    ]
    assert unheld == [], "add them to claims.tsv, with what holds them"


def test_claims__none_is_listed_that_is_gone():
    every = [" ".join(text.split()) for _, text in texts()]
    assert [words for words in HELD if not any(words in text for text in every)] == []


@pytest.mark.parametrize("held_by", sorted(set(HELD.values())))
def test_claims__what_holds_them_is_there(held_by):
    kind, _, what = held_by.partition(" ")
    assert kind in {"test", "benchmark", "example", "code", "reference"}
    if kind == "test":
        path, _, name = what.partition("::")
        assert f"def {name}(" in (ROOT / "tests" / path).read_text(encoding="utf-8")
    elif kind == "benchmark":
        assert (ROOT / "benchmarks" / what.split()[0]).is_file()
    elif kind == "code":
        place, value = re.fullmatch(r"(\S+) is (\S+)", what).groups()
        module, _, name = place.rpartition(".")
        found = getattr(import_module(f"lotwise.{module}"), name)
        assert found == ast.literal_eval(value)


def test_claims__an_example_is_on_the_page():
    for page in PAGES:
        text = " ".join(prose(page).split())
        if any(held_by == "example" and words in text for words, held_by in HELD.items()):
            assert "```{code-cell}" in page.read_text(encoding="utf-8"), page.name


def test_claims__a_table_of_rates_names_its_command():
    """The section of a table with rates has the command that prints it, or the test."""
    for page in PAGES:
        if page.suffix != ".md" or "tutorials" in page.parts:
            continue
        for section in re.split(r"(?m)^#+ ", page.read_text(encoding="utf-8"))[1:]:
            rows = re.findall(r"(?m)^\|.*(?:\.\d+|\d %).*\|$", section)
            rates = [
                row for row in rows if len(re.findall(r"\| *-?[\d.]+(?: %)? *(?=\|)", row)) >= 2
            ]
            if rates:
                assert re.search(r"`[^`]*(benchmarks|tests)/", section), (page.name, section[:60])


def test_defaults__the_limits_of_reads_are_those_of_the_configuration():
    text = (ROOT / "docs" / "reads.md").read_text(encoding="utf-8")
    stated = dict(re.findall(r"(?m)^\| `(\w+)` \| ([\d.]+) \|", text))
    assert stated == {name: str(field.default) for name, field in Limits.model_fields.items()}
