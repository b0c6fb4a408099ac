"""The verdict of the workflow: it finishes whatever the outcome, and says it in words."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from snakemake_run import run, snakemake

CRITERIA = """
title: Lots of one process
criteria:
- id: gene-r
  rationale: what lots released before show among themselves
  level: gene
  table: pairs
  rows: {relation: between, feature_set: all}
  statistic: pearson
  at_least: 1
- id: isoform-r
  rationale: the run has no isoform level
  level: isoform
  table: pairs
  rows: {relation: between, feature_set: all}
  statistic: pearson
  at_least: 0
"""


def said_by_snakemake(*arguments: object, cwd: Path) -> str:
    found = snakemake(*arguments, cwd=cwd)
    return found.stdout + found.stderr


@pytest.fixture(scope="module")
def judged(tmp_path_factory):
    """The folder of a run whose criteria fail, and what Snakemake said."""
    folder = tmp_path_factory.mktemp("verdict")
    run("lotwise", "simulate", "input", "--genes", "150", cwd=folder)
    config = {
        "source": "quant",
        "samples": "input/samples.tsv",
        "results": "out",
        "levels": ["gene"],
        "expression": {"tx2gene": "input/reference/tx2gene.tsv"},
        "evidence": {"statistics": []},
        "figures": {"formats": ["png"]},
        "acceptance": "acceptance.yaml",
    }
    (folder / "config.yaml").write_text(yaml.safe_dump(config))
    (folder / "acceptance.yaml").write_text(CRITERIA)
    return folder, said_by_snakemake(cwd=folder)


def verdict_of(folder: Path) -> dict:
    return json.loads((folder / "out/verdict.json").read_text())


def test_workflow__a_failing_verdict_is_said_and_the_run_is_whole(judged):
    folder, said = judged
    assert "Verdict: fail: the acceptance criteria are not met" in said
    found = verdict_of(folder)
    assert found["outcome"] == "fail"
    assert found["notices"] == []
    assert [one["outcome"] for one in found["criteria"]] == ["fail", "not assessable"]
    assert list((folder / "out/figures").glob("*.png"))
    assert "Nothing to be done" in said_by_snakemake("--dry-run", cwd=folder)
    # By hand the same verdict ends with exit code 1.
    by_hand = run("lotwise", "verdict", "--out", "out", cwd=folder, check=False)
    assert by_hand.returncode == 1
    assert "the verdict is 'fail' (failed: gene-r; not assessable: isoform-r)" in by_hand.stderr


def test_workflow__criteria_changed_after_the_results_are_noticed(judged):
    folder, _ = judged
    (folder / "acceptance.yaml").write_text(CRITERIA.replace("at_least: 1", "at_least: 0.5"))
    said = said_by_snakemake(cwd=folder)
    assert "NOTICE: the criteria were changed: 'Lots of one process'" in said
    assert "rule correlation" not in said
    found = verdict_of(folder)
    assert found["outcome"] == "not assessable"
    assert "(changed: gene-r)" in found["notices"][0]
    # To put them on record once more does not make it go away.
    again = said_by_snakemake("--forcerun", "register_criteria", cwd=folder)
    assert "NOTICE: the criteria were changed: 'Lots of one process'" in again


def test_workflow__linter_is_content_with_a_verdict(judged):
    folder, _ = judged
    assert "your workflow is in a good condition" in said_by_snakemake("--lint", cwd=folder)
