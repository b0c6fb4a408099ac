"""`lotwise titrate` on a small comparison."""

from __future__ import annotations

import pytest

from lotwise.acceptance.titrated import TitrationRecord
from lotwise.config import Config
from lotwise.files.tables import read_table
from lotwise.run import titration
from lotwise.tree import ResultTree

CRITERIA = """
title: like lots
criteria:
- id: gene-r
  rationale: a test
  level: gene
  table: pairs
  rows: {relation: between, feature_set: all}
  statistic: pearson
  at_least: 0.9
"""


@pytest.fixture
def results(run, sheet_of_three, tmp_path):
    """Results with a setting of their own, and criteria on record."""
    criteria = tmp_path / "acceptance.yaml"
    criteria.write_text(CRITERIA)
    ended = run(
        "compare", sheet_of_three, "--tx2gene", tmp_path / "tx2gene.tsv", "--out", tmp_path / "out",
        "--level", "gene", "--no-evidence", "--no-report", "--criteria", criteria,
        "--pseudocount", "0.5",
    )  # fmt: skip
    assert ended.code == 0, ended.err
    return tmp_path / "out"


def test_titrate__computes_with_the_settings_of_the_run(run, results, tmp_path, monkeypatch):
    used = []
    original = titration.titrate

    def noted(*arguments, **options):
        used.append(options)
        return original(*arguments, **{**options, "shares": (0.01, 0.5)})

    monkeypatch.setattr(titration, "titrate", noted)
    profile = tmp_path / "other.tsv"
    profile.write_text("gene\tTPM\n" + "".join(f"g{i}\t{1 + i}\n" for i in range(300)))
    ended = run("titrate", "--out", results, "--table", profile, "--repeats", "1")
    assert ended.code == 0, ended.err
    assert "of other" in ended.out
    assert used[0]["correlation"].pseudocount == 0.5
    table = read_table(ResultTree(results).titration, TitrationRecord)
    assert table["n_repeats"].tolist() == [1] * 6
    assert table.loc[table["criterion"] == "gene-r", "caught_from"].tolist() == [0.5] * 3
    # Before there is a record, defaults.
    (results / "provenance.json").unlink()
    assert run("titrate", "--out", results, "--table", profile, "--repeats", "1").code == 0
    assert used[1]["correlation"] == Config().correlation
