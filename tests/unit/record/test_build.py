"""The record of a run: what it lists and what it leaves out."""

from __future__ import annotations

import getpass
import hashlib
import json
import os
import platform
import shutil
from pathlib import Path

import pytest

from lotwise.acceptance import path_of_criteria, read_criteria, write_verdict
from lotwise.config import Config, EvidenceConfig
from lotwise.config.acquire import AcquireSettings, NetworkSettings
from lotwise.errors import InputError
from lotwise.record.build import record_run, refresh_outputs
from lotwise.record.calls import Call, lotwise_call, write_step
from lotwise.record.environment import libraries
from lotwise.record.legacy import fields_of_words
from lotwise.record.provenance import Program, read_provenance


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_record__names_every_input_by_checksum(recorded_run):
    provenance = read_provenance(recorded_run / "results")
    found = {(item.role, Path(item.path).name): item for item in provenance.inputs}
    assert set(found) == {
        ("sample sheet", "samples.tsv"),
        *(("quantification", f"{name}.sf") for name in ("A_1", "A_2", "B_1", "C_1")),
        ("transcripts to genes", "tx2gene.tsv"),
    }
    for item in provenance.inputs:
        path = Path(item.path)
        assert path.is_relative_to(recorded_run / "input")
        assert (item.bytes, item.sha256) == (path.stat().st_size, sha256(path))
        assert item.note == ""
        assert item.source is None


def test_record__names_every_output_by_checksum(recorded_run):
    root = recorded_run / "results"
    provenance = read_provenance(root)
    written = {
        path.relative_to(root).as_posix()
        for path in root.rglob("*")
        if path.is_file()
        and path.name not in {"provenance.json", "verdict_history.jsonl"}
        and path.parent.name != "revisions"
    }
    assert {item.path for item in provenance.outputs} == written
    for item in provenance.outputs:
        assert (item.bytes, item.sha256) == (
            (root / item.path).stat().st_size,
            sha256(root / item.path),
        )


def test_record__has_the_schema_that_readers_rely_on(recorded_run):
    told = json.loads((recorded_run / "results" / "provenance.json").read_text("utf-8"))
    assert {
        "lotwise", "libraries", "machine", "started", "ended", "programs", "configuration",
        "units", "seeds", "criteria_sha256", "inputs", "outputs",
    } <= set(told)  # fmt: skip
    assert {"version", "commit"} <= set(told["lotwise"])
    assert {"path", "bytes", "sha256", "source"} <= set(told["inputs"][0])
    assert told["seeds"] == {"evidence": 0}
    assert told["configuration"]["evidence"]["n_resamples"] == 50
    assert told["configuration"]["samples"] == str(recorded_run / "input" / "samples.tsv")
    assert told["libraries"]["numpy"]
    assert told["criteria_sha256"] is None


def test_libraries__name_that_of_the_wald_tests(monkeypatch):
    """With ``equivalence_method: deseq2`` the numbers come from PyDESeq2."""
    monkeypatch.setattr("lotwise.record.environment.version", lambda name: f"{name} 1")
    assert libraries()["pydeseq2"] == "pydeseq2 1"


def test_record__tells_neither_host_nor_user(recorded_run):
    machine = json.loads((recorded_run / "results" / "provenance.json").read_text("utf-8"))[
        "machine"
    ]
    told = json.dumps(machine).split()
    assert machine["cpus"] >= 1
    assert machine["memory_bytes"] > 1e8
    assert any("openblas" in one or "mkl" in one for one in machine["blas"])
    assert platform.node() not in told
    assert getpass.getuser() not in told


def test_record__criteria_come_from_the_verdict(own_run):
    root = own_run / "results"
    (root / "verdict.json").write_text(json.dumps({"criteria_sha256": "ab" * 32}))
    before = read_provenance(root)
    refresh_outputs(root)
    after = read_provenance(root)
    assert after.criteria_sha256 == "ab" * 32
    assert {item.path for item in after.outputs} - {item.path for item in before.outputs} == {
        "verdict.json",
        "verdict_history.jsonl",
    }
    assert after.inputs == before.inputs
    assert (after.started, after.ended) == (before.started, before.ended)


def test_record__collects_quantifier_calls_and_steps(own_run):
    inputs = own_run / "input"
    sheet = ["sample\tbatch\tquant"]
    for name in ("A_1", "B_1"):
        (inputs / "quant" / name).mkdir(parents=True)
        (inputs / f"{name}.sf").rename(inputs / "quant" / name / "quant.sf")
        call = {"program": "salmon", "version": "1.10.3", "exit_status": 0, "log": "x"}
        index = {**call, "command": ["salmon", "index", "-t", "t.fa"]}
        told = {**call, "command": ["salmon", "quant", name], "strandedness": {}, "index": [index]}
        (inputs / "quant" / f"{name}.json").write_text(json.dumps(told))
        sheet.append(f"{name}\t{name}\tquant/{name}")
    (inputs / "samples.tsv").write_text("\n".join(sheet) + "\n")
    root = own_run / "results"
    # From a level that this run does not have, so from an earlier run.
    left = step("evidence", "isoform", started="2025-01-01")
    write_step(root, "evidence.isoform", left)
    for number, name in enumerate(("expression", "correlate")):
        write_step(root, name, step(name, started=f"2026-01-0{number + 1}"))
    config = Config(samples=inputs / "samples.tsv", results=root, source="reads", levels=("gene",))
    provenance = record_run(config, inputs / "samples.tsv", root)
    assert [(one.name, one.command[1:], one.sample) for one in provenance.programs] == [
        ("salmon", ("index", "-t", "t.fa"), None),
        ("salmon", ("quant", "A_1"), "A_1"),
        ("salmon", ("quant", "B_1"), "B_1"),
        ("lotwise", ("expression",), None),
        ("lotwise", ("correlate",), None),
    ]
    assert provenance.started == "2026-01-01"
    assert provenance.seeds == {"evidence": 0, "quantifier": 42}


def step(*words, started="2026-01-01"):
    command = ("lotwise", *words)
    return lotwise_call(
        Call(command=command, **fields_of_words(command)), started=started, ended=started
    )


def kept_steps(own_run, *steps, **given):
    """Record a run with the results of these steps; return the names of steps on its record."""
    root, sheet = own_run / "results", own_run / "input" / "samples.tsv"
    for number, one in enumerate(steps):
        write_step(root, str(number), one)
    config = Config.model_validate({"samples": sheet, "results": root} | given)
    return {" ".join(one.command[1:]) for one in record_run(config, sheet, root).programs}


def test_record__lists_only_steps_that_the_configuration_has(own_run):
    steps = [
        step("expression", "s.tsv"),
        step("evidence", "gene"),
        step("verdict", "--out", "r"),
        step("verdict", "--register", "--out", "r"),
        step("verify", "--results", "r"),
        step("check", "reads.tsv"),
        step("fetch", "GSE1"),
        step("quantify", "reads.tsv", started="2020-01-01"),
    ]
    root, sheet = own_run / "results", own_run / "input" / "samples.tsv"
    for number, one in enumerate(steps):
        write_step(root, str(number), one)
    bare = {"evidence": {"statistics": ()}}
    config = Config.model_validate({"samples": sheet, "results": root} | bare)
    provenance = record_run(config, sheet, root)
    assert [one.command[1] for one in provenance.programs] == ["expression"]
    # The time of a step that is not of this run is not used either.
    assert provenance.started == "2026-01-01"
    (root / "verification.tsv").write_text("")
    given = {"acceptance": "example", "source": "accession", "acquire": {"accession": "GSE1"}}
    assert len(kept_steps(own_run, *steps, **given)) == len(steps)


def test_record__lists_only_steps_of_samples_that_are_there(own_run):
    reads = ("check", "reads.tsv", "--step", "reads")
    steps = [step(*reads, "--sample", name) for name in ("A_1", "gone")]
    steps.append(step(*reads, "--sample=gone", "--sample=B_1"))
    steps.append(step(*reads))
    assert kept_steps(own_run, *steps, source="reads", reads={"transcripts": "t.fa"}) == {
        "check reads.tsv --step reads --sample A_1",
        "check reads.tsv --step reads --sample=gone --sample=B_1",
        "check reads.tsv --step reads",
    }


def test_record__steps_that_quantified_into_the_results_are_of_a_run_by_hand(own_run):
    root, inputs = own_run / "results", own_run / "input"
    steps = [step("check", "reads.tsv"), step("quantify", "reads.tsv")]
    assert kept_steps(own_run, *steps) == set()
    (root / "quant").mkdir()
    for path in inputs.glob("*.sf"):
        shutil.move(path, root / "quant" / path.name)
    sheet = inputs / "samples.tsv"
    rows = [line.split("\t") for line in sheet.read_text().splitlines()]
    place = rows[0].index("quant")
    for row in rows[1:]:
        row[place] = str(root / "quant" / Path(row[place]).name)
    sheet.write_text("".join("\t".join(row) + "\n" for row in rows))
    assert kept_steps(own_run, *steps) == {"check reads.tsv", "quantify reads.tsv"}


@pytest.mark.parametrize("named", ["file", "moved", "shipped"])
def test_refresh_outputs__a_verdict_since_brings_its_criteria_and_its_steps(own_run, named):
    root = own_run / "results"
    before = read_provenance(root)
    own = own_run / "input" / "criteria.yaml"
    shutil.copy(path_of_criteria("example"), own)
    criteria = read_criteria("example" if named == "shipped" else str(own))
    earlier, later = "2001-01-01", "2999-01-01"
    write_step(root, "verdict.register", step("verdict", "--register", started=earlier))
    write_step(root, "evidence.gene", step("evidence", "gene", started=earlier))
    write_verdict(root, criteria)
    for again in ("first", "second"):
        write_step(root, "verdict", step("verdict", "--out", again, started=later))
        if named == "moved":
            own.unlink(missing_ok=True)
        after = refresh_outputs(root)
    (item,) = [one for one in after.inputs if one.role == "acceptance criteria"]
    expected = {
        "file": (str(own), str(own)),
        # Their copy in the results has the same content.
        "moved": ("verdict_criteria.yaml", str(root / "verdict_criteria.yaml")),
        "shipped": (str(path_of_criteria("example")), "example"),
    }[named]
    assert (item.path, after.configuration["acceptance"]) == expected
    assert item.sha256 == sha256(path_of_criteria("example"))
    assert after.criteria_sha256 == criteria.criteria.sha256
    assert after.inputs[:-1] == before.inputs
    assert [one.command[1:] for one in after.programs[len(before.programs) :]] == [
        ("verdict", "--register"),
        ("verdict", "--out", "first"),
        ("verdict", "--out", "second"),
    ]


def test_refresh_outputs__criteria_that_a_name_no_longer_holds_are_those_of_the_copy(own_run):
    root = own_run / "results"
    own = own_run / "input" / "criteria.yaml"
    shutil.copy(path_of_criteria("example"), own)
    write_verdict(root, read_criteria(str(own)))
    shutil.copy(path_of_criteria("encode_isogenic"), own)
    after = refresh_outputs(root)
    (item,) = [one for one in after.inputs if one.role == "acceptance criteria"]
    assert item.path == "verdict_criteria.yaml"
    assert item.sha256 == sha256(path_of_criteria("example"))


def test_record__says_when_an_input_changed_after_it_was_read(own_run):
    path = own_run / "input" / "B_1.sf"
    os.utime(path, ns=(0, (own_run / "results" / "samples.tsv").stat().st_mtime_ns + 10**9))
    config = Config(samples=own_run / "input" / "samples.tsv", results=own_run / "results")
    provenance = record_run(config, config.samples, config.results)
    assert {Path(item.path).name for item in provenance.inputs if item.note} == {"B_1.sf"}


def test_record__address_of_a_fetched_file(own_run):
    from lotwise.acquire.download.manifest import Entry, Manifest

    Manifest(own_run).record(
        Entry("input/A_1.sf", "https://example.org/A_1.sf", 1, "md5:0", 0, "2026-01-01")
    )
    config = Config(samples=own_run / "input" / "samples.tsv", results=own_run / "results")
    provenance = record_run(config, config.samples, config.results)
    named = {Path(item.path).name: item.source for item in provenance.inputs}
    assert named["A_1.sf"] == "https://example.org/A_1.sf"
    assert named["A_2.sf"] is None


def test_record__strikes_out_a_password(own_run):
    proxy = "http://jane:secret@proxy.example.org:3128"
    config = Config(
        samples=own_run / "input" / "samples.tsv",
        results=own_run / "results",
        acquire=AcquireSettings(network=NetworkSettings(proxy=proxy)),
    )
    record_run(config, config.samples, config.results)
    text = (own_run / "results" / "provenance.json").read_text("utf-8")
    assert "secret" not in text
    assert "http://***@proxy.example.org:3128" in text


def test_record__paths_below_the_results_are_relative(own_run):
    root = own_run / "results"
    panel = root / "panel.yaml"
    panel.write_text("name: own\n")
    evidence = EvidenceConfig(panels=(str(panel), "sex"))
    config = Config(samples=own_run / "input" / "samples.tsv", results=root, evidence=evidence)
    provenance = record_run(config, config.samples, root)
    assert [item.path for item in provenance.inputs if item.role == "panel"] == ["panel.yaml"]
    assert provenance.configuration["evidence"]["panels"] == [str(panel), "sex"]


def test_record__needs_results(tmp_path):
    with pytest.raises(InputError, match="the folder contains no results"):
        record_run(Config(), tmp_path / "samples.tsv", tmp_path)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (None, "no such record"),
        ("{", "is not a record of lotwise"),
        ('{"record_format": 3}', "record_format"),
        ("[]", "is not a record of lotwise"),
    ],
)
def test_read_provenance__bad_record_is_one_line(tmp_path, text, words):
    if text is not None:
        (tmp_path / "provenance.json").write_text(text)
    with pytest.raises(InputError, match=words) as fault:
        read_provenance(tmp_path)
    assert "\n" not in str(fault.value)
    assert fault.value.exit_code == 2


def test_write_step__keeps_what_was_typed(tmp_path):
    call = Call(
        command=("lotwise", "correlate", "gene", "--out", "a b"),
        step="correlate",
        level="gene",
        options={"out": "a b"},
    )
    step = lotwise_call(call, started="s", ended="e")
    write_step(tmp_path, "correlate.gene/../x", step)
    (path,) = (tmp_path / "logs" / "steps").iterdir()
    assert path.name == "correlate.gene_.._x.json"
    assert Program.model_validate_json(path.read_text()) == step


@pytest.mark.parametrize("criteria", ["example", "own"])
def test_record__acceptance_criteria_are_an_input(own_run, criteria):
    if criteria == "own":
        criteria = str(own_run / "input" / "criteria.yaml")
        shutil.copy(path_of_criteria("example"), criteria)
    config = Config(
        samples=own_run / "input" / "samples.tsv", results=own_run / "results", acceptance=criteria
    )
    provenance = record_run(config, config.samples, config.results)
    (item,) = [item for item in provenance.inputs if item.role == "acceptance criteria"]
    assert item.sha256 == sha256(path_of_criteria(criteria))
    assert provenance.configuration["acceptance"] == criteria
