"""The version is set in pyproject.toml; other files repeat it only where necessary."""

from __future__ import annotations

import re
import tomllib
from importlib.metadata import version
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
VERSION = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]


def test_version__installed_and_repeated_as_declared():
    citation = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    changes = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert version("lotwise") == VERSION
    assert re.findall(r"^version: (\S+)$", citation, re.MULTILINE) == [VERSION]
    assert re.findall(r"^## (\d\S*)", changes, re.MULTILINE)[0] == VERSION


def test_version__of_the_wheel_in_the_documentation():
    page = (ROOT / "docs" / "installation.md").read_text(encoding="utf-8")
    assert set(re.findall(r"lotwise-(\d[\d.]*\d)-py3", page)) == {VERSION}
