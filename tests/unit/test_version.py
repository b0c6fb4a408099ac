"""The version is set in pyproject.toml; other files repeat it only where necessary."""

from __future__ import annotations

import re
import tomllib
from importlib.metadata import version
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
VERSION = PROJECT["version"]
# What conda calls otherwise; kb-python is there for kallisto alone.
CONDA = {"isal": "python-isal", "kb-python": "kallisto", "snakemake": "snakemake-minimal"}


def test_version__installed_and_repeated_as_declared():
    citation = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    changes = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert version("lotwise") == VERSION
    assert re.findall(r"^version: (\S+)$", citation, re.MULTILINE) == [VERSION]
    assert re.findall(r"^## (\d\S*)", changes, re.MULTILINE)[0] == VERSION


def test_version__of_the_wheel_in_the_documentation():
    page = (ROOT / "docs" / "installation.md").read_text(encoding="utf-8")
    assert set(re.findall(r"lotwise-(\d[\d.]*\d)-py3", page)) == {VERSION}


def test_recipe_of_conda__version_and_requirements_as_declared():
    recipe = yaml.safe_load((ROOT / "containers/bioconda/meta.yaml").read_text(encoding="utf-8"))
    declared = {"python": PROJECT["requires-python"]}
    extras = PROJECT["optional-dependencies"]
    for line in (
        *PROJECT["dependencies"],
        *(x for e in ("report", "workflow", "acquire") for x in extras[e]),
    ):
        name, bound = re.fullmatch(r"([A-Za-z0-9_.-]+)(\S*)", line).groups()
        declared[CONDA.get(name, name.lower())] = "" if name == "kb-python" else bound
    listed = dict(line.partition(" ")[::2] for line in recipe["requirements"]["run"])
    assert recipe["package"]["version"] == VERSION
    assert listed == declared
