"""lotwise's section in a report that the real MultiQC makes of a folder of results."""

from __future__ import annotations

import html
import json
import re
import shutil
import subprocess

import pandas as pd
import pytest

from lotwise.acceptance import CriteriaFile, parse_criteria, write_verdict
from lotwise.evidence.pairs import PairRecord
from lotwise.files.tables import read_table

VERDICT = {
    "outcome": "fail",
    "title": "<script>alert(3)</script>",
    "criteria_file": "criteria.yaml",
    "criteria_sha256": "cd" * 32,
    "notices": ["the criteria were changed after the results were computed"],
    "criteria": [
        {
            "id": "gene_r", "statement": "R >= 0.99 <img src=x onerror=alert(4)>", "rationale": "",
            "level": "gene", "statistic": "min", "value": 0.95, "bound": ">= 0.99",
            "interval": None, "where": "A_1 - C_1", "outcome": "fail", "reason": "",
        },
        {
            "id": "ceiling", "statement": "R / ceiling >= 0.9", "rationale": "", "level": "gene",
            "statistic": "min", "value": None, "bound": ">= 0.9", "interval": None, "where": "",
            "outcome": "not assessable", "reason": "no ceilings were computed",
        },
    ],
    "lotwise_version": "0.1.0",
}  # fmt: skip


@pytest.fixture(scope="module")
def report(recorded_run, tmp_path_factory, tool):
    """The report of `multiqc .` in a folder of results: its page and its data."""
    folder = tmp_path_factory.mktemp("multiqc")
    shutil.copytree(recorded_run / "results", folder / "results")
    (folder / "results" / "verdict.json").write_text(json.dumps(VERDICT))
    command = [tool("multiqc"), "results", "--no-ansi", "--no-version-check", "--outdir", "out"]
    said = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert said.returncode == 0, said.stderr
    assert "Found 1 results of lotwise" in said.stderr
    data = json.loads((folder / "out" / "multiqc_data" / "multiqc_data.json").read_text("utf-8"))
    return (folder / "out" / "multiqc_report.html").read_text("utf-8"), data, folder


def test_multiqc__general_statistics_hold_what_the_tables_hold(report):
    _, data, folder = report
    pairs = read_table(folder / "results" / "correlation" / "gene.pairs.tsv", PairRecord)
    libraries = pd.read_csv(
        folder / "results" / "evidence" / "gene.libraries.tsv", sep="\t", index_col="sample"
    )
    # General statistics are a list of tables in some versions and a mapping in others.
    tables = data["report_general_stats_data"]
    tables = tables.values() if isinstance(tables, dict) else tables
    found: dict[str, dict] = {}
    for one in tables:
        for sample, cells in one.items():
            for group in cells if isinstance(cells, list) else [{"data": cells}]:
                found.setdefault(sample, {}).update(group.get("data", group))
    between = pairs[(pairs["relation"] == "between") & (pairs["feature_set"] == "all")]
    assert set(found) == {"A_1", "A_2", "B_1", "C_1"}
    for sample, cells in found.items():
        r = between[(between["sample_a"] == sample) | (between["sample_b"] == sample)]["pearson"]
        assert cells["gene_lowest"] == pytest.approx(r.min(), abs=1e-12)
        assert cells["gene_median"] == pytest.approx(r.median(), abs=1e-12)
        assert cells["gene_n_detected"] == libraries.loc[sample, "n_detected"]
        assert cells["gene_library"] == "unremarkable"
        assert cells["isoform_n_detected"] > cells["gene_n_detected"]


def test_multiqc__heatmaps_verdict_and_batches_are_in_the_page(report):
    page, data, _ = report
    for level in ("gene", "isoform"):
        assert f"lotwise_heatmap_{level}_0_plot" in data["report_plot_data"]
        assert f"Batches, {level} level" in page
    assert 'class="alert alert-danger"' in page
    assert "<strong>fail</strong>" in page
    assert "not assessable" in page
    assert "the criteria were changed after the results were computed" in page
    assert "no ceilings were computed" in page


def test_multiqc__hostile_text_stays_text(report):
    page, _, _ = report
    for text in ("<script>alert(3)</script>", "<img src=x onerror=alert(4)>", "<b>B</b>"):
        assert text not in page
        assert html.escape(text) in page
    assert not re.search(r"<script>alert", page)


CRITERIA = (
    "title: t\ncriteria:\n- {id: r, rationale: b, level: gene, table: pairs, "
    "rows: {feature_set: all}, statistic: pearson, at_least: -0.9}"
)


@pytest.mark.parametrize("how", ["as written", "table changed", "without its history"])
def test_multiqc__a_pass_is_green_only_as_it_was_written(recorded_run, tmp_path, tool, how):
    root = tmp_path / "results"
    shutil.copytree(recorded_run / "results", root)
    criteria = parse_criteria(CRITERIA, source="c")
    written = CriteriaFile(name="c", criteria=criteria, text=CRITERIA)
    assert write_verdict(root, written).outcome == "pass"
    if how == "table changed":
        with (root / "correlation" / "gene.pairs.tsv").open("a") as table:
            table.write("\n")
    elif how == "without its history":
        (root / "verdict_history.jsonl").unlink()
    command = [tool("multiqc"), "results", "--no-ansi", "--no-version-check"]
    subprocess.run(command, cwd=tmp_path, capture_output=True, check=True)
    page = (tmp_path / "multiqc_report.html").read_text("utf-8")
    assert "<strong>pass</strong>" in page
    assert ('class="alert alert-success"><strong>pass' in page) == (how == "as written")
    assert ("gene.pairs.tsv; run `lotwise verdict` again" in page) == (how == "table changed")
    assert ("not checked against its history" in page) == (how == "without its history")


def test_multiqc__an_edited_verdict_is_not_believed(recorded_run, tmp_path, tool):
    root = tmp_path / "results"
    shutil.copytree(recorded_run / "results", root)
    text = CRITERIA.replace("at_least: -0.9", "at_least: 0.9999999")
    criteria = parse_criteria(text, source="c")
    assert (
        write_verdict(root, CriteriaFile(name="c", criteria=criteria, text=text)).outcome == "fail"
    )
    path = root / "verdict.json"
    path.write_text(path.read_text("utf-8").replace('"fail"', '"pass"'))
    command = [tool("multiqc"), "results", "--no-ansi", "--no-version-check"]
    subprocess.run(command, cwd=tmp_path, capture_output=True, check=True)
    page = (tmp_path / "multiqc_report.html").read_text("utf-8")
    assert "<strong>fail</strong>" in page
    assert "<strong>pass</strong>" not in page
    assert re.search(
        r"verdict\.json is not the file that was written on [^<]+: it was edited", page
    )


def test_multiqc__two_runs_are_told_apart(recorded_run, tmp_path, tool):
    for name in ("lots_1", "lots_2"):
        shutil.copytree(recorded_run / "results" / "correlation", tmp_path / name / "correlation")
    command = [tool("multiqc"), ".", "--no-ansi", "--no-version-check"]
    subprocess.run(command, cwd=tmp_path, capture_output=True, check=True)
    data = json.loads((tmp_path / "multiqc_data" / "multiqc_data.json").read_text("utf-8"))
    assert set(data["report_saved_raw_data"]["multiqc_lotwise_gene"]) == {
        f"{run} | {sample}"
        for run in ("lots_1", "lots_2")
        for sample in ("A_1", "A_2", "B_1", "C_1")
    }


@pytest.mark.parametrize("options", [(), ("--ignore-samples", "A_*"), ("--replace-names",)])
def test_multiqc__runs_in_folders_of_one_name_keep_all_rows(recorded_run, tmp_path, tool, options):
    for site in ("here", "there"):
        shutil.copytree(
            recorded_run / "results" / "correlation", tmp_path / site / "results" / "correlation"
        )
    if options == ("--replace-names",):
        (tmp_path / "names.tsv").write_text("A_1\tfirst\n")
        options = (*options, "names.tsv")
    command = [tool("multiqc"), ".", "--no-ansi", "--no-version-check", *options]
    subprocess.run(command, cwd=tmp_path, capture_output=True, check=True)
    data = json.loads((tmp_path / "multiqc_data" / "multiqc_data.json").read_text("utf-8"))
    samples = ["A_1", "A_2", "B_1", "C_1"]
    if "--ignore-samples" in options:
        samples = ["B_1", "C_1"]
    elif "--replace-names" in options:
        samples[0] = "first"
    expected = {f"{site}/results | {name}" for site in ("here", "there") for name in samples}
    assert set(data["report_saved_raw_data"]["multiqc_lotwise_gene"]) == expected
    page = (tmp_path / "multiqc_report.html").read_text("utf-8")
    assert "Pearson's R, gene level: here/results" in html.unescape(page)
    assert "lotwise_heatmap_gene_1_plot" in data["report_plot_data"]
    heatmap = json.dumps(data["report_plot_data"]["lotwise_heatmap_gene_0_plot"])
    assert ("A_2" in heatmap) == ("--ignore-samples" not in options)
    assert ("first" in heatmap) == ("--replace-names" in options)


def test_multiqc__says_nothing_where_there_is_nothing_of_lotwise(tmp_path, tool):
    (tmp_path / "verdict.json").write_text('{"outcome": "guilty"}')
    (tmp_path / "x.pairs.tsv").write_text("a\tb\n1\t2\n")
    command = [tool("multiqc"), ".", "--no-ansi", "--no-version-check"]
    said = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert said.returncode == 0
    assert "of lotwise" not in said.stderr


ODD = {
    "no pairs": lambda run: [p.unlink() for p in run.rglob("*.pairs.tsv")],
    "a column": lambda run: (run / "correlation" / "gene.pairs.tsv").write_text("sample_a\nA\n"),
    "criteria": lambda run: (run / "verdict.json").write_text('{"criteria": null}'),
    "record": lambda run: (run / "provenance.json").write_text('{"lotwise": ["x"]}'),
    "matrix": lambda run: (run / "correlation" / "gene.pearson.tsv").write_text("sample\tA\nx\n"),
    "libraries": lambda run: (run / "evidence" / "gene.libraries.tsv").write_text("a\tb\n1\t2\n"),
}


@pytest.mark.fault
@pytest.mark.parametrize("odd", ODD)
def test_multiqc__an_odd_run_hides_no_other(odd, recorded_run, tmp_path, tool):
    for name in ("sound", "odd_one"):
        shutil.copytree(recorded_run / "results", tmp_path / "in" / name)
        (tmp_path / "in" / name / "verdict.json").write_text(json.dumps(VERDICT))
    ODD[odd](tmp_path / "in" / "odd_one")
    command = [tool("multiqc"), "in", "--no-ansi", "--no-version-check", "--outdir", "out"]
    said = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert said.returncode == 0, said.stderr
    page = (tmp_path / "out" / "multiqc_report.html").read_text("utf-8")
    assert "Verdict: sound" in page
    assert "Pearson's R, gene level: sound" in html.unescape(page)
    # The other is shown as far as it goes, or told.
    assert "odd_one" in page
