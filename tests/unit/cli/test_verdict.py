"""The verdict on simulated batches: by words, by exit code, by `verdict` and by `compare`."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from lotwise.config import CorrelationConfig, EvidenceConfig, ExpressionConfig, FiguresConfig
from lotwise.errors import LotwiseWarning
from lotwise.evidence.catalogue import tables
from lotwise.run.steps import write_correlation, write_evidence, write_expression
from lotwise.simulate import Plan, simulate_experiment
from lotwise.tree import ResultTree

CRITERIA = """
title: Lots of one process
criteria:
- id: gene-r
  rationale: what lots released before show among themselves
  level: gene
  table: pairs
  rows: {relation: between, feature_set: detected_both}
  statistic: pearson
  at_least: 0.95
  needs:
  - because: a shallow library has a low R whatever the cells are
    table: libraries
    statistic: share_of_median
    at_least: 0.25
"""
WITHIN = """
- id: gene-r-within
  rationale: replicates of one lot differ by handling alone
  level: gene
  table: pairs
  rows: {relation: within, feature_set: detected_both}
  statistic: pearson
  at_least: 0.95
"""
# Nothing is drawn of these, which keeps the simulation quick.
EVIDENCE = EvidenceConfig(statistics=("libraries",))


def results_of(folder: Path, plan: Plan) -> Path:
    """Simulate batches, and compute the tables that the criteria above judge."""
    made = simulate_experiment(folder / "input", rng=np.random.default_rng(3), plan=plan)
    tree = ResultTree(folder / "results")
    expression = ExpressionConfig(tx2gene=made.tx2gene)
    write_expression(made.samples, tree, expression, levels=("gene",))
    write_correlation(tree, "gene", CorrelationConfig())
    write_evidence(tree, "gene", EVIDENCE, CorrelationConfig(), FiguresConfig())
    return tree.root


@pytest.fixture
def criteria(tmp_path) -> Path:
    path = tmp_path / "acceptance.yaml"
    path.write_text(CRITERIA)
    return path


def test_verdict__sound_batches_pass(run, tmp_path, criteria):
    criteria.write_text(CRITERIA + WITHIN)
    run("verdict", "--register", "--criteria", criteria, "--out", tmp_path / "results")
    root = results_of(tmp_path, Plan(n_genes=400, n_replicates=2, n_fragments=2_000_000))
    found = run("verdict", "--out", root)
    assert found.code == 0, found.err
    first = found.out.splitlines()[0]
    assert first == (
        "Verdict: pass: all acceptance criteria are met; this supports lot consistency but does "
        "not prove it"
    )
    assert found.err.strip().endswith("no criterion covers identity, size of differences")
    assert found.err.count("\n") == 1
    assert "NOTICE" not in found.out
    assert json.loads((root / "verdict.json").read_text())["outcome"] == "pass"


def test_verdict__planted_differences_fail(run, tmp_path, criteria):
    root = results_of(tmp_path, Plan(n_genes=400, n_de_genes=100, n_fragments=2_000_000))
    found = run("verdict", "--criteria", criteria, "--out", root)
    assert found.code == 1
    assert found.out.startswith("Verdict: fail: the acceptance criteria are not met")
    # The pair that decided is one of the batch in which they were planted.
    given = json.loads((root / "verdict.json").read_text())
    assert given["outcome"] == "fail"
    assert "lot3_rep1" in given["criteria"][0]["where"]
    assert found.err.endswith("the verdict is 'fail' (failed: gene-r)\n")
    assert "NOTICE: the criteria were first recorded on" in found.out


def test_verdict__names_a_batch_under_rows_that_the_results_do_not_have(run, tmp_path, criteria):
    root = results_of(tmp_path, Plan(n_genes=200, n_fragments=2_000_000))
    written = CRITERIA.replace("relation: between", "batch_a: [BATCHES]")
    words = (
        f"warning: {criteria}: criterion 'gene-r': rows: batch_a 'lot9' does not occur in "
        "correlation/gene.pairs.tsv; did you mean 'lot1' or 'lot2'?"
    )
    # lot3 is a batch of these results, but never the first of a pair.
    for batches, warned in (("lot1, lot3", False), ("lot1, lot9", True)):
        criteria.write_text(written.replace("BATCHES", batches))
        found = run("verdict", "--register", "--criteria", criteria, "--out", root)
        assert found.code == 0
        assert (words in found.err) == warned, found.err


def test_verdict__a_shallow_library_is_not_assessable(run, tmp_path, criteria):
    plan = Plan(n_genes=400, n_fragments=2_000_000, faults={"lot2_rep1": "failed"})
    with pytest.warns(LotwiseWarning, match=r"'lot2_rep1' has only [\d,]+ counts"):
        root = results_of(tmp_path, plan)
    found = run("verdict", "--criteria", criteria, "--out", root)
    assert found.code == 1
    assert found.out.startswith("Verdict: not assessable: these results are not sufficient")
    assert "a shallow library has a low R whatever the cells are" in found.out
    assert "lot2_rep1" in found.out
    assert "the verdict is 'not assessable' (not assessable: gene-r)" in found.err


def test_verdict__one_replicate_has_nothing_within(run, tmp_path, criteria):
    criteria.write_text(CRITERIA + WITHIN)
    root = results_of(tmp_path, Plan(n_genes=400, n_fragments=2_000_000))
    found = run("verdict", "--criteria", criteria, "--out", root)
    assert found.code == 1
    assert found.out.startswith("Verdict: not assessable")
    words = (
        "  not assessable  gene-r-within: required >= 0.95; there are no replicates: each batch "
        "has only one sample per condition"
    )
    assert words in found.out.splitlines()


def test_verdict__before_there_are_results(run, tmp_path, criteria):
    out = tmp_path / "results"
    assert run("verdict", "--register", "--criteria", criteria, "--out", out).code == 0
    before = (out / "verdict_history.jsonl").read_text()
    found = run("verdict", "--out", out)
    assert found.code == 2
    assert f"error: {out}: has no results to judge; run lotwise compare first\n" in found.err
    # Nothing was judged, so the history does not say so.
    assert (out / "verdict_history.jsonl").read_text() == before
    # Some tables, but not this one.
    (out / "evidence").mkdir()
    (out / "evidence/gene.batches.tsv").write_text("")
    found = run("verdict", "--out", out)
    assert found.code == 1
    assert "correlation/gene.pairs.tsv does not exist" in found.out


def test_verdict__without_criteria(run, tmp_path):
    found = run("verdict", "--out", tmp_path)
    assert found.code == 2
    assert (
        "no acceptance criteria are on record here; choose criteria (--criteria FILE" in found.err
    )


def test_verdict__wrong_criteria_write_nothing(run, tmp_path, criteria):
    criteria.write_text(CRITERIA.replace("pearson", "persons"))
    found = run("verdict", "--criteria", criteria, "--out", tmp_path / "results")
    assert found.code == 2
    assert "did you mean 'pearson'?" in found.err
    assert not (tmp_path / "results").exists()


def test_verdict__hostile_text_stays_on_its_line(run, tmp_path, criteria):
    title = '"<script>alert(1)</script>\\n\\e[31mred \\u202e =1+1"'
    criteria.write_text(CRITERIA.replace("Lots of one process", title))
    other = tmp_path / "results/evidence/gene.batches.tsv"
    other.parent.mkdir(parents=True)
    other.write_text("")
    found = run("verdict", "--criteria", criteria, "--out", tmp_path / "results")
    assert found.code == 1
    assert "  <script>alert(1)</script>  [31mred   =1+1 (SHA-256 " in found.out
    assert "\x1b" not in found.out
    assert "\u202e" not in found.out
    lines = (tmp_path / "results/verdict.tsv").read_text().splitlines()
    # The header, two criteria, and that nothing tells whether samples can be compared.
    assert len(lines) == 4


def compare(study, run, *options: object):
    common = ("--level", "gene", "--format", "png", "--statistic", "libraries")
    return study.call(run, *common, *options, command="compare")


def test_compare__with_criteria_gives_the_verdict(run, study, criteria):
    criteria.write_text(CRITERIA.replace("at_least: 0.95", "at_least: 1"))
    found = compare(study, run, "--criteria", criteria)
    assert found.code == 1
    assert "\nVerdict: fail: " in found.out
    assert "the verdict is 'fail' (failed: gene-r)" in found.err
    assert {"verdict.json", "verdict.tsv", "verdict_criteria.yaml", "verdict_history.jsonl"} <= set(
        study.written()
    )
    # The criteria were on record before anything was computed.
    assert json.loads((study.out / "verdict.json").read_text())["notices"] == []
    criteria.write_text(CRITERIA)
    found = run("verdict", "--criteria", criteria, "--out", study.out)
    assert found.code == 0
    assert "NOTICE: the criteria were changed: 'Lots of one process'" in found.out


def test_compare__without_criteria_says_so(run, study):
    study.out.mkdir()
    (study.out / "verdict.json").write_text('{"outcome": "pass"}')
    found = compare(study, run)
    assert found.code == 0
    assert found.out.startswith("Gene level: Pearson's R of log2(TPM + 1) between batches, ")
    assert f"Report: {study.out / 'report.html'}\n" in found.out
    assert "no verdict: no acceptance criteria were given (--criteria FILE)\n" in found.err
    assert "verdict.json" not in study.written()
    assert f"lotwise: note: {study.out}: removed verdict.json of an earlier run" in found.err


def test_compare__names_registered_criteria_by_which_it_did_not_judge(run, study, criteria):
    assert run("verdict", "--register", "--criteria", criteria, "--out", study.out).code == 0
    found = compare(study, run)
    assert found.code == 0
    assert (
        "no verdict yet: criteria are registered here, 'Lots of one process' (SHA-256 "
    ) in found.err
    assert f"judge these results by them: lotwise verdict --out {study.out}\n" in found.err
    assert "no acceptance criteria were given" not in found.err
    said = run("verdict", "--out", study.out).err
    assert "report.html does not show this verdict yet; to write it again: lotwise report" in said
    page = (study.out / "report.html").read_text()
    assert "These results were not judged by the registered criteria “Lots of one process”." in page
    assert "No acceptance criteria were given" not in page


def test_compare__wrong_criteria_compute_nothing(run, study, criteria):
    criteria.write_text(CRITERIA.replace("pearson", "persons"))
    found = compare(study, run, "--criteria", criteria)
    assert found.code == 2
    assert study.written() == []


def test_verdict__lists_what_can_be_judged(run):
    found = run("verdict", "--tables")
    assert found.code == 0
    for table in tables().values():
        assert f"\n{table.name} (" in f"\n{found.out}"
    assert "  median_to_others      median R over the other batches" in found.out
    assert "\nbatch_pairs (gene, isoform): R between batches; " in found.out
    assert "informative_concordance share of these sites" in found.out


def test_verdict__lists_by_which_columns_and_values_rows_can_be_chosen(run):
    of_table, name = {}, ""
    for line in run("verdict", "--tables").out.splitlines():
        if not line.startswith(" "):
            name = line.partition(" ")[0]
        elif line.startswith("    "):
            of_table.setdefault(name, {})[line.split()[0]] = line[24:]
    assert of_table["pairs"]["relation"] == "within, between, across"
    assert of_table["pairs"]["feature_set"].startswith("required: all, detected_any, ")
    assert of_table["pairs"]["condition_a"].startswith("condition of the first sample")
    assert of_table["unseen"]["fold"].startswith("required: ")
    assert of_table["libraries"]["shallow"] == "true, false"
    assert of_table["sex"]["agrees"] == "yes, no"
    # Sentences are no choice.
    assert not {"reason", "words"} & {column for chosen in of_table.values() for column in chosen}
    for table in tables().values():
        for column in table.to_choose:
            assert of_table[table.name][column].startswith("required: "), (table.name, column)
