"""The commands around the record: compare, record, replay, crate, workbook."""

from __future__ import annotations

import json

import pytest

from lotwise.acceptance import path_of_criteria, read_criteria
from lotwise.record.checking import check_record
from lotwise.report.run_tables import read_findings


@pytest.fixture
def compared(study, run, monkeypatch):
    """A comparison by `lotwise compare`, gene level alone, without evidence and figures."""
    monkeypatch.setattr("lotwise.run.steps.draw_correlation", lambda *_: [])
    arguments = (
        "compare", study.sheet, "--tx2gene", study.tx2gene, "--out", study.out,
        "--level", "gene", "--no-evidence", "--format", "png",
    )  # fmt: skip
    assert run(*arguments).code == 0
    return arguments


def test_compare__records_its_own_command_line(compared, study):
    record = json.loads((study.out / "provenance.json").read_text("utf-8"))
    (call,) = record["programs"]
    assert call["command"] == ["lotwise", *map(str, compared)]
    assert record["configuration"]["levels"] == ["gene"]
    assert record["configuration"]["evidence"]["statistics"] == []
    assert {item["path"] for item in record["outputs"]} >= {"tables.xlsx", "samples.tsv"}
    assert not any("isoform" in item["path"] for item in record["outputs"])


def test_compare__records_the_steps_that_quantified_into_the_results(compared, study, run):
    """If the quantifications of the sheet are elsewhere, they belong to another run."""
    told = {"name": "lotwise", "version": "1", "exit_status": 0}
    steps = study.out / "logs" / "steps"
    steps.mkdir(parents=True, exist_ok=True)
    for name in ("check", "quantify", "expression"):
        call = told | {"command": ["lotwise", name, "reads.tsv"], "started": "2026-01-01"}
        (steps / f"{name}.json").write_text(json.dumps(call))

    def programs():
        assert run(*compared).code == 0
        record = json.loads((study.out / "provenance.json").read_text("utf-8"))
        return [call["command"][1] for call in record["programs"]]

    assert programs() == ["compare"]
    (study.out / "quant").mkdir()
    for name in ("A1", "B1", "C1"):
        study.quant(name).rename(study.out / "quant" / f"{name}.sf")
    study.sheet.write_text(
        "sample\tbatch\tquant\n"
        + "".join(f"{name}\t{name}\tresults/quant/{name}.sf\n" for name in ("A1", "B1", "C1"))
    )
    assert programs() == ["check", "quantify", "compare"]


def test_compare__forgets_what_was_said_of_earlier_tables(compared, study, run):
    left = ("verification.tsv", "ro-crate-metadata.json", "verdict.json")
    for name in left:
        (study.out / name).write_text("of an earlier run")
    assert run(*compared).code == 0
    assert not [name for name in left if (study.out / name).exists()]
    record = json.loads((study.out / "provenance.json").read_text("utf-8"))
    assert not {*left} & {item["path"] for item in record["outputs"]}


def test_replay__says_what_it_found_by_words_and_exit_code(compared, study, run):
    said = run("replay", study.out)
    assert said.code == 0, said.err
    assert (
        "software: same versions as recorded" in said.out or "had uncommitted changes" in said.out
    )
    assert "tables: 7 identical, 0 not" in said.out
    assert "other files: 3 with the recorded checksum, 0 changed" in said.out
    table = study.out / "correlation" / "gene.pairs.tsv"
    table.write_text(table.read_text().replace("within", "between", 1).replace("A1", "A9", 1))
    said = run("replay", study.out)
    assert said.code == 1
    assert "differs: correlation/gene.pairs.tsv" in said.out
    assert "differs from the record in 1 point, listed above" in said.err
    (study.out / "verdict.json").write_text("{}")
    said = run("replay", study.out)
    # Counted separately, since a verdict is not a table.
    assert "tables: 6 identical, 1 not" in said.out
    assert "differs: verdict.json exists but is not in the record" in said.out
    assert "differs from the record in 2 points, listed above" in said.err
    (study.out / "verdict.json").unlink()
    study.quant("B1").write_text("changed")
    said = run("replay", study.out)
    assert said.code == 2
    assert "B1.sf has changed" in said.err
    assert "or run lotwise compare again with the present files" in said.err
    (study.out / "provenance.json").write_text("{}")
    assert run("replay", study.out).code == 2


def test_report__an_input_that_changed_since_the_run_is_named_everywhere(compared, study, run):
    assert run(*compared, "--criteria", "encode_isogenic").code in {0, 1}
    changed = f"{study.sheet} has changed since this run; run lotwise compare again"
    commands = (
        ("verdict", "--out", study.out),
        ("record", "--out", study.out),
        ("report", "--certificate", "--out", study.out),
    )
    for command in commands:
        assert "has changed since this run" not in run(*command).err
    # A file that is not here is no change: results may be moved. The same content is none either.
    kept = study.sheet.read_text()
    study.sheet.unlink()
    assert "has changed since this run" not in run(*commands[0]).err
    study.sheet.write_text(kept)
    assert "has changed since this run" not in run(*commands[0]).err
    study.sheet.write_text(kept.replace("A1\tA\t", "A1\tB\t"))
    for command in commands:
        assert f"lotwise: warning: {changed}\n" in run(*command).err
    for name in ("report.html", "certificate.html"):
        page = (study.out / name).read_text("utf-8")
        assert f"{changed}." in page
    study.sheet.write_text(kept)
    study.edit_quant("B1", "tx1.1", "tx1.2")
    (line,) = [one for one in run(*commands[0]).err.splitlines() if "since this run" in one]
    assert "B1.sf has changed" in line


def test_report__a_page_that_is_not_valid_is_a_warning(compared, study, run):
    assert run(*compared, "--criteria", "encode_isogenic").code in {0, 1}
    assert "not valid" not in run("report", "--certificate", "--out", study.out).err
    sheet = study.out / "samples.tsv"
    sheet.write_text(sheet.read_text().replace("A1\tA\t", "A1\tB\t"))
    said = run("report", "--certificate", "--out", study.out)
    assert said.code == 0
    for name in ("report.html", "certificate.html"):
        assert f"lotwise: warning: {study.out / name}: not valid, because these results" in said.err
    assert "restore the recorded files, or run lotwise compare again" in said.err
    said = run("verdict", "--out", study.out)
    assert "when this was computed; run lotwise compare again" in said.out
    assert "lotwise record" not in said.err


def test_steps__each_says_what_it_wrote_and_where(study, run):
    step = ("--out", study.out)
    reading = ("expression", study.sheet, "--tx2gene", study.tx2gene, *step)
    assert run(*reading).out == (
        f"gene and isoform level: expression written to {study.out / 'expression'}\n"
    )
    assert run("correlate", "gene", *step).out == (
        f"gene level: correlations written to {study.out / 'correlation'}\n"
    )
    quick = ("--format", "png")
    assert run("figures", "gene", *step, *quick).out == (
        f"gene level: figures written to {study.out / 'figures'}\n"
    )
    of = ("evidence", "gene", "--statistic", "libraries", *step, *quick)
    tables = f"tables written to {study.out / 'evidence'}"
    figures = f"figures written to {study.out / 'figures'}"
    assert run(*of).out == f"gene level: {tables}, {figures}\n"
    assert run(*of, "--step", "tables").out == f"gene level: {tables}\n"
    assert run(*of, "--step", "figures").out == f"gene level: {figures}\n"
    config = study.folder / "config.yaml"
    config.write_text("evidence: {statistics: []}\nlevels: [gene]\n")
    for arguments in ((study.sheet, "--config", config), ()):
        assert run("record", *arguments, *step).out == (
            f"written to {study.out / 'provenance.json'}\n"
        )


@pytest.mark.parametrize(
    ("command", "options"),
    [
        ("report", ()),
        ("verdict", ("--criteria", "encode_isogenic")),
        ("titrate", ("--criteria", "encode_isogenic", "--sample", "A1", "--repeats", "1")),
        ("workbook", ()),
        ("replay", ()),
        ("crate", ()),
        ("check-seal", ("--any-key",)),
        ("seal", ("--key", "none", "--name", "N", "--meaning", "performed")),
    ],
)
def test_results_folder__is_an_option_or_the_only_argument(tmp_path, run, command, options):
    """Without results, each says what the folder lacks, whichever way the folder was given."""
    folder = tmp_path / "results"
    folder.mkdir()
    said = run(command, folder, *options)
    assert said.code in {1, 2}
    assert "one folder of results" not in said.err
    assert said.err.replace("\n", "").strip()
    # A verdict leaves notices for the next one.
    assert run(command, "--out", folder, *options).err.splitlines()[-1] == said.err.splitlines()[-1]
    for wrong in ((), (folder, "--out", folder)):
        said = run(command, *wrong, *options)
        assert said.code == 2
        assert "Error: give one folder of results: --out FOLDER" in said.err


def test_record__by_hand_needs_the_configuration(study, run):
    step = ("--out", study.out)
    assert run("expression", study.sheet, "--tx2gene", study.tx2gene, *step).code == 0
    assert run("correlate", "gene", *step).code == 0
    assert "--config or --configuration is required" in run("record", study.sheet, *step).err
    config = study.folder / "config.yaml"
    config.write_text(
        f"expression: {{tx2gene: {study.tx2gene}}}\nevidence: {{statistics: []}}\nlevels: [gene]\n"
    )
    assert run("record", study.sheet, "--config", config, *step).code == 0
    record = json.loads((study.out / "provenance.json").read_text("utf-8"))
    assert [call["command"][:3] for call in record["programs"]] == [
        ["lotwise", "expression", str(study.sheet)],
        ["lotwise", "correlate", "gene"],
    ]
    assert run("replay", study.out).code == 0
    assert run("record", *step).code == 0
    assert run("record", study.sheet, "--configuration", "[]", *step).code == 2
    assert run("record", study.sheet, "--configuration", "{", *step).code == 2


def test_report__results_from_before_a_change_of_the_expression_are_a_fault(compared, study, run):
    """Steps were repeated by hand after other values, but not all of them."""

    def faults():
        assert run("report", "--out", study.out).code == 0
        return read_findings(study.out).faults

    reading = ("expression", study.sheet, "--tx2gene", study.tx2gene, "--level", "gene")
    assert run(*reading, "--out", study.out).code == 0
    assert faults() == ()  # the same values again
    tpm = study.tpm("C1")
    study.write_quant("C1", tpm[::-1])
    assert run(*reading, "--out", study.out).code == 0
    (fault,) = faults()
    assert fault == (
        "correlation/gene.batch_pairs.tsv, correlation/gene.contributions.tsv, "
        "correlation/gene.pairs.tsv and 3 more are from an earlier run: "
        "expression/gene.h5ad was changed since; run lotwise compare again"
    )
    assert run("correlate", "gene", "--out", study.out).code == 0
    assert faults() == ()


def test_record__evidence_of_other_values_is_refused(study, run):
    """Steps by hand: evidence was not repeated after other values."""
    reading = ("expression", study.sheet, "--tx2gene", study.tx2gene, "--level", "gene")
    evidence = ("evidence", "gene", "--statistic", "libraries", "--step", "tables")
    steps = (reading, ("correlate", "gene"), evidence)
    for step in steps:
        assert run(*step, "--out", study.out).code == 0
    study.write_quant("C1", study.tpm("C1")[::-1])
    for step in steps[:2]:
        assert run(*step, "--out", study.out).code == 0
    configuration = {
        "expression": {"tx2gene": str(study.tx2gene)},
        "evidence": {"statistics": ["libraries"]},
        "levels": ["gene"],
    }
    record = ("record", study.sheet, "--configuration", json.dumps(configuration))
    ended = run(*record, "--out", study.out)
    assert ended.code == 2
    assert "evidence/gene.libraries.tsv is from an earlier run: expression/gene.h5ad" in ended.err
    assert not (study.out / "provenance.json").exists()
    assert run(*steps[2], "--out", study.out).code == 0
    assert run(*record, "--out", study.out).code == 0


def test_record__a_step_with_other_settings_may_write_and_remove_other_files(compared, study, run):
    assert run("figures", "gene", "--format", "svg", "--out", study.out).code == 0
    assert not [*study.out.glob("figures/gene_*.pdf")]
    assert check_record(study.out) == ()
    assert run("record", "--out", study.out).code == 0
    outputs = json.loads((study.out / "provenance.json").read_text("utf-8"))["outputs"]
    drawn = {item["path"] for item in outputs if item["path"].startswith("figures/")}
    assert {*drawn} == {f"figures/{path.name}" for path in study.out.glob("figures/*")}
    removed = min(study.out.glob("figures/*"))
    removed.unlink()
    (fault,) = check_record(study.out)
    assert fault.startswith(f"figures/{removed.name} is missing")
    ended = run("record", "--out", study.out)
    assert ended.code == 2
    assert "1 recorded file changed, but not by a step of lotwise" in ended.err


def test_verdict__is_on_record_with_its_exit_status(compared, study, run):
    criteria = study.folder / "criteria.yaml"
    example = path_of_criteria("encode_isogenic").read_text("utf-8")
    criteria.write_text(example.replace("gene", "isoform"), "utf-8")
    assert run("verdict", "--criteria", criteria, "--register", "--out", study.out).code == 0
    # There is no isoform level: not assessable, which is not a pass.
    assert run("verdict", "--out", study.out).code == 1
    steps = {
        path.name: json.loads(path.read_text("utf-8"))["exit_status"]
        for path in (study.out / "logs" / "steps").iterdir()
    }
    assert steps == {"verdict.register.json": 0, "verdict.json": 1}
    assert run("record", "--out", study.out).code == 0
    record = json.loads((study.out / "provenance.json").read_text("utf-8"))
    assert record["criteria_sha256"] == read_criteria(criteria).criteria.sha256
    assert record["configuration"]["acceptance"] == str(criteria)
    assert str(criteria) in {item["path"] for item in record["inputs"]}
    assert [call["command"][1:3] for call in record["programs"]] == [
        ["compare", str(study.sheet)],
        ["verdict", "--criteria"],
        ["verdict", "--out"],
    ]
    assert {"verdict.json", "verdict.tsv", "verdict_criteria.yaml"} <= {
        item["path"] for item in record["outputs"]
    }


def test_crate_and_workbook__are_written_into_the_results(compared, study, run):
    (study.out / "tables.xlsx").unlink()
    assert run("workbook", study.out).code == 0
    assert run("crate", study.out, "--name", "Lots 1 to 3").code == 0
    assert (study.out / "tables.xlsx").is_file()
    assert (study.out / "logs" / "steps" / "workbook.json").is_file()
    assert "Lots 1 to 3" in (study.out / "ro-crate-metadata.json").read_text("utf-8")
    assert run("workbook", study.folder / "nothing").code == 2


def test_verdict__asked_again_says_how_replay_and_crate_accept_it(study, run):
    arguments = ("--format", "png", "--statistic", "libraries", "--level", "gene")
    study.call(run, *arguments, "--criteria", "example", command="compare")
    again = run("verdict", "--out", study.out)
    command = f"lotwise record --out {study.out}"
    assert command in again.err
    for name in ("replay", "crate"):
        refused = run(name, study.out)
        assert refused.code != 0
        assert command in refused.err
    assert run("record", "--out", study.out).code == 0
    assert run("replay", study.out).code == 0
    assert run("crate", study.out).code == 0
