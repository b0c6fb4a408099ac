"""docs/verdict.md lists every key, and the examples of criteria are valid."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from lotwise.acceptance import SHIPPED, Criteria, Criterion, Need, parse_criteria

DOCS = Path(__file__).resolve().parents[3] / "docs"
TEXT = (DOCS / "verdict.md").read_text(encoding="utf-8")
MORE = (DOCS / "formats" / "verdict-files.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```yaml\n(.*?)```", TEXT + MORE, flags=re.DOTALL)


@pytest.mark.parametrize("example", EXAMPLES)
def test_documentation__examples_are_criteria(example):
    assert parse_criteria(example, source="docs").criteria


def test_documentation__has_every_key():
    cells = "".join(re.findall(r"^\| (`.*?) \|", TEXT, flags=re.MULTILINE))
    for model in (Criteria, Criterion, Need):
        for name, field in model.model_fields.items():
            assert f"`{field.alias or name}`" in cells, name
    assert all(name in TEXT for name in SHIPPED)
