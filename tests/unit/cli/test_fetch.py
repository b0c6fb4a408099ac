"""What `lotwise fetch` refuses and where it writes, without a network."""

from __future__ import annotations

from pathlib import Path

from lotwise.cli.fetch import command
from lotwise.tree import ResultTree


def test_fetch__a_pattern_that_is_none_is_one_line(run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    said = run("fetch", "GSE1", "--offline", "--pattern", "LOT-(")
    assert said.code == 2
    (line,) = said.err.splitlines()
    assert line.startswith(
        "lotwise: error: --pattern 'LOT-(' is not a valid regular expression (missing"
    )


def test_fetch__sheet_is_not_the_one_that_results_write():
    (sheet,) = (parameter for parameter in command.params if parameter.name == "sheet")
    assert sheet.default == Path("results/fetched.tsv")
    assert sheet.default != ResultTree(Path("results")).samples
