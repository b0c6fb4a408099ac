"""`lotwise titrate` on a small comparison."""

from __future__ import annotations

import json

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


@pytest.fixture
def titrated(run, sheet_of_three, tmp_path, monkeypatch):
    """Results with a report; functions that compare again, and titrate."""
    monkeypatch.setattr("lotwise.run.steps.draw_correlation", lambda *_: [])
    criteria, profile = tmp_path / "acceptance.yaml", tmp_path / "other.tsv"
    criteria.write_text(CRITERIA)
    profile.write_text("gene\tTPM\n" + "".join(f"g{i}\t{1 + i}\n" for i in range(300)))
    out = tmp_path / "out"
    options = (
        "--tx2gene", tmp_path / "tx2gene.tsv", "--out", out, "--level", "gene",
        "--no-evidence", "--format", "png",
    )  # fmt: skip

    def compare(*more):
        return run("compare", sheet_of_three, *options, *more)

    def titrate(*more):
        return run("titrate", "--out", out, "--table", profile, "--repeats", "1", *more)

    assert compare("--criteria", criteria).code == 0
    return out, compare, titrate


def test_titrate__the_report_follows_each_titration(titrated):
    out, _, titrate = titrated
    for name in ("other", "second"):
        (out.parent / "other.tsv").rename(out.parent / "kept.tsv")
        (out.parent / "kept.tsv").rename(out.parent / f"{name}.tsv")
        ended = titrate("--table", out.parent / f"{name}.tsv")
        assert ended.code == 0, ended.err
        assert f"written to {out / 'titration.tsv'}\n" in ended.out
        assert f"written to {out / 'report.html'}\n" in ended.out
        assert f"of {name} mixed in." in (out / "report.html").read_text()
        (out.parent / f"{name}.tsv").rename(out.parent / "other.tsv")
    # Without a page, none is made.
    (out / "report.html").unlink()
    ended = titrate()
    assert "report.html" not in ended.out
    assert not (out / "report.html").exists()


def test_compare__says_which_answers_of_an_earlier_run_it_removed(titrated):
    out, compare, titrate = titrated
    assert titrate().code == 0
    (out / "certificate.html").write_text("of the earlier run")
    ended = compare()
    assert (
        f"lotwise: note: {out}: removed verdict.json, verdict.tsv, titration.tsv, "
        "titration_curve.tsv, figures/titration.pdf, figures/titration.png, certificate.html of "
        "an earlier run; repeat the commands that wrote them"
    ) in ended.err
    assert not [path for path in out.rglob("*") if path.name.startswith("titration")]
    # Nothing was removed, or all is written again: nothing is said.
    assert "removed" not in compare().err
    assert compare("--criteria", out.parent / "acceptance.yaml").code == 0
    assert "removed" not in compare("--criteria", out.parent / "acceptance.yaml").err


def test_titrate__a_titration_of_a_batch_before_its_change_is_not_shown(
    titrated, run, sheet_of_three
):
    """The steps were repeated after the change, but the titration was not."""
    out, _, titrate = titrated
    assert titrate().code == 0
    first, *others = sheet_of_three.read_text().splitlines()
    sample, _, *rest = others[-1].split("\t")
    last = "\t".join([sample, others[0].split("\t")[1], *rest])
    sheet_of_three.write_text("\n".join([first, *others[:-1], last]) + "\n")
    map_ = ("--tx2gene", out.parent / "tx2gene.tsv", "--level", "gene")
    assert run("expression", sheet_of_three, *map_, "--out", out).code == 0
    assert run("report", "--out", out).code == 0
    page = (out / "report.html").read_text()
    assert "titration.tsv is from an earlier run: samples.tsv changed since" in page
    assert "These criteria would have passed" not in page


def test_titrate__expression_of_other_labels_than_the_sheet_is_refused(titrated):
    out, _, titrate = titrated
    sheet = out / "samples.tsv"
    first, *rows = sheet.read_text().splitlines()
    cells = rows[0].split("\t")
    sheet.write_text("\n".join([first, "\t".join([cells[0], "other", *cells[2:]]), *rows[1:]]))
    ended = titrate()
    assert ended.code == 2
    assert f"gene.h5ad: is from an earlier run: sample '{cells[0]}' has batch 'other'" in ended.err
    assert ended.err.endswith("when this was computed; run lotwise compare again\n")
    sheet.write_text("\n".join([first, *rows[1:]]))
    assert f"sample '{cells[0]}' is not in samples.tsv; run" in titrate().err


def test_titrate__is_on_record_and_linked_on_the_page(titrated, run):
    out, _, titrate = titrated
    written = {
        "titration.tsv", "titration_curve.tsv", "figures/titration.pdf", "figures/titration.png",
    }  # fmt: skip
    ended = titrate()
    assert f"titration yet; before `replay` or `crate`, run: lotwise record --out {out}" in (
        ended.err
    )
    page = (out / "report.html").read_text()
    assert "These files are not those of this run" not in page
    assert all(f'href="{name}"' in page for name in written)
    assert run("report", "--certificate", "--out", out).code == 0
    assert "of other mixed in." in (out / "certificate.html").read_text()
    assert run("record", "--out", out).code == 0
    record = json.loads((out / "provenance.json").read_text())
    assert written <= {one["path"] for one in record["outputs"]}
    (step,) = [one for one in record["programs"] if one["step"] == "titrate"]
    assert {*step["wrote"]} == written
    (out / "titration.tsv").write_text("edited")
    assert "titration.tsv has changed" in run("replay", out).out


def test_titrate__of_other_criteria_than_the_verdict_says_that_no_page_shows_it(titrated):
    out, _, titrate = titrated
    assert "do not show this titration" not in titrate().err
    other = out.parent / "other.yaml"
    other.write_text(CRITERIA.replace("0.9", "0.8"))
    assert "do not show this titration, because its criteria" in titrate("--criteria", other).err
    assert 'href="titration.tsv"' not in (out / "report.html").read_text()
