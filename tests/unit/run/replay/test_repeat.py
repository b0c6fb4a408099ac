"""A replay finds later changes: in inputs, tables and the record."""

from __future__ import annotations

import hashlib
import json
import shutil

import pytest

from lotwise.acceptance import CriteriaFile, parse_criteria, write_verdict
from lotwise.errors import InputError
from lotwise.record.build import refresh_outputs
from lotwise.record.provenance import read_provenance
from lotwise.run.replay import replay

pytestmark = pytest.mark.requirement("REC-001")


def edit(path, change):
    told = json.loads(path.read_text("utf-8"))
    change(told)
    path.write_text(json.dumps(told), "utf-8")


def test_replay__gives_identical_tables(recorded_run):
    found = replay(recorded_run / "results")
    recorded = [
        item.path
        for item in read_provenance(recorded_run / "results").outputs
        if item.path.endswith((".tsv", ".tsv.gz", ".parquet")) and "/" in item.path
    ]
    assert found.all_differences == ()
    assert found.notes == ()
    assert found.n_identical == len(recorded) > 20


def test_replay__moved_results_and_inputs_are_found_by_checksum(recorded_run, tmp_path):
    shutil.copytree(recorded_run / "results", tmp_path / "elsewhere")
    attic = tmp_path / "attic"
    attic.mkdir()
    for number, path in enumerate(sorted((recorded_run / "input").iterdir())):
        shutil.copy(path, attic / f"file_{number}")
    # The recorded paths are from another run and do not exist here.
    record = tmp_path / "elsewhere" / "provenance.json"
    text = record.read_text("utf-8").replace(str(recorded_run), "/no/such/place")
    record.write_text(text, "utf-8")
    with pytest.raises(InputError, match="6 of 6 recorded inputs cannot be used"):
        replay(tmp_path / "elsewhere")
    found = replay(tmp_path / "elsewhere", inputs_from=attic)
    assert found.differences == ()
    assert found.n_identical > 20


def test_replay__changed_input_is_named_before_anything_is_computed(own_run, monkeypatch):
    path = own_run / "input" / "B_1.sf"
    path.write_text(path.read_text().replace("tx5\t", "tx500\t"))
    (own_run / "input" / "C_1.sf").unlink()
    monkeypatch.setattr("lotwise.run.replay.repeat._analyse", None)
    with pytest.raises(InputError, match="2 of 6") as fault:
        replay(own_run / "results")
    said = str(fault.value)
    recorded = {item.path: item.sha256 for item in read_provenance(own_run / "results").inputs}
    assert f"{path} has changed (SHA-256 {recorded[str(path)][:12]}" in said
    assert "C_1.sf is missing" in said


def test_replay__table_changed_by_hand_is_named_with_row_and_column(own_run):
    path = own_run / "results" / "correlation" / "gene.pairs.tsv"
    header, first, *rest = path.read_text().splitlines(keepends=True)
    cells = first.split("\t")
    place = header.split("\t").index("pearson")
    was, cells[place] = cells[place], "0.999"
    path.write_text("".join([header, "\t".join(cells), *rest]))
    found = replay(own_run / "results")
    (line,) = found.differences
    assert line.startswith("correlation/gene.pairs.tsv was changed after the run (the replay")
    assert f"row 2, column 'pearson': '{was}' was recorded, '0.999' is in the results" in line


def test_replay__other_configuration_than_recorded_differs(own_run):
    """A record that claims another seed is detected: the intervals differ."""
    record = own_run / "results" / "provenance.json"
    edit(record, lambda told: told["configuration"]["evidence"].update(seed=1))
    found = replay(own_run / "results")
    assert found.differences
    assert {line.partition(",")[0] for line in found.differences} == {
        "evidence/gene.batches.tsv",  # thinned to one depth, at random
        "evidence/gene.intervals.tsv",
        "evidence/isoform.batches.tsv",
        "evidence/isoform.intervals.tsv",
    }
    assert any("intervals.tsv" in line and "column 'lower'" in line for line in found.differences)


def test_replay__lost_and_unrecorded_tables_are_named(own_run):
    root = own_run / "results"
    (root / "correlation" / "gene.pairs.tsv").unlink()

    def forget(told):
        kept = [item for item in told["outputs"] if item["path"] != "correlation/gene.pearson.tsv"]
        extra = {"path": "evidence/gene.own.tsv", "bytes": 1, "sha256": "0" * 64}
        told["outputs"] = [*kept, extra]

    edit(root / "provenance.json", forget)
    found = replay(root)
    assert found.differences == (
        "correlation/gene.pearson.tsv was computed, but is not in the record",
        (
            "correlation/gene.pairs.tsv is missing in the results "
            "(the replay reproduced the recorded file)"
        ),
        "evidence/gene.own.tsv is in the record, but was not computed",
    )


def test_replay__input_that_was_read_and_not_recorded_is_missed(own_run):
    """The repetition sees only what the record lists."""

    def forget(told):
        told["inputs"] = [item for item in told["inputs"] if not item["path"].endswith("A_2.sf")]

    edit(own_run / "results" / "provenance.json", forget)
    with pytest.raises(InputError, match=r"A_2\.sf: no such file, directory or RSEM prefix"):
        replay(own_run / "results")


def test_replay__other_versions_are_said(own_run):
    def age(told):
        told["lotwise"] = {"version": "0.0.1", "commit": "0" * 40, "modified": False}
        told["libraries"]["numpy"] = "1.0"
        told["libraries"]["old"] = "2.0"

    edit(own_run / "results" / "provenance.json", age)
    said = " | ".join(replay(own_run / "results").software)
    assert "lotwise: 0.0.1 is on record" in said
    assert f"commit of lotwise: {'0' * 40} is on record" in said
    assert "numpy: 1.0 is on record" in said
    assert "old: 2.0 is on record, none is installed" in said


def test_replay__keeps_the_repeated_results_where_asked(own_run, tmp_path):
    replay(own_run / "results", keep=tmp_path / "again")
    for name in ("correlation/gene.pairs.tsv", "evidence/isoform.batches.tsv"):
        assert (tmp_path / "again" / name).read_bytes() == (own_run / "results" / name).read_bytes()
    with pytest.raises(InputError, match="is not empty"):
        replay(own_run / "results", keep=own_run / "results")


def test_replay__configuration_that_is_not_one(own_run):
    edit(
        own_run / "results" / "provenance.json",
        lambda told: told["configuration"]["correlation"].update(pseudocount=-1),
    )
    with pytest.raises(InputError, match=r"correlation\.pseudocount"):
        replay(own_run / "results")


def judged(own_run, bound, *, recorded=True):
    """Judge a run by one bound on R, and update its record if requested."""
    root = own_run / "results"
    text = (
        "title: t\ncriteria:\n- {id: r, rationale: b, level: gene, table: pairs, "
        f"rows: {{feature_set: all}}, statistic: pearson, at_least: {bound}}}"
    )
    criteria = CriteriaFile(name="c", criteria=parse_criteria(text, source="c"), text=text)
    outcome = write_verdict(root, criteria).outcome
    if recorded:
        refresh_outputs(root)
    return root, outcome


@pytest.mark.parametrize("bound", [-0.5, 0.9999999])
def test_replay__judges_again_by_the_criteria_on_record(own_run, bound):
    root, outcome = judged(own_run, bound)
    found = replay(root)
    assert (found.verdict, found.all_differences) == (outcome, ())


def test_replay__a_verdict_that_does_not_come_out_is_named(own_run):
    root, _ = judged(own_run, 0.9999999)
    path = root / "verdict.json"
    path.write_text(path.read_text("utf-8").replace('"fail"', '"pass"'), "utf-8")
    found = replay(root)
    assert found.differences == ()
    overall, criterion, edited = found.verdict_differences
    assert (
        overall == "verdict.json, outcome: the file contains 'pass', but a new verdict gives 'fail'"
    )
    assert criterion.startswith("verdict.json, criterion 'r', outcome: the file contains 'pass'")
    assert edited.startswith("verdict.json is not the file that was written on ")
    (changed,) = found.changes
    assert changed.startswith("verdict.json has changed (SHA-256 ")
    (root / "verdict_criteria.yaml").unlink()
    found = replay(root)
    (line,) = found.verdict_differences
    assert line.startswith(
        "verdict.json is in the record, but this file or its criteria cannot be read ("
    )
    assert "no acceptance criteria are on record here" in line
    assert [line.partition(" ")[0] for line in found.changes] == [
        "verdict.json",
        "verdict_criteria.yaml",
    ]


def test_replay__a_verdict_that_is_not_on_record_is_a_difference(own_run):
    root, _ = judged(own_run, -0.5, recorded=False)
    (line,) = replay(root).verdict_differences
    assert line.startswith("verdict.json exists but is not in the record: `lotwise record --out`")


def test_replay__recorded_files_that_are_not_repeated_are_held_against_their_checksums(own_run):
    root = own_run / "results"
    for name in ("verification.tsv", "intake.tsv", "yield.tsv", "tables.xlsx"):
        (root / name).write_text("as recorded")
    (root / "figures").mkdir(exist_ok=True)
    (root / "figures" / "gene_heatmap_given.pdf").write_text("a figure")
    refresh_outputs(root)
    found = replay(root)
    assert found.all_differences == ()
    assert found.n_unchanged >= 6
    (root / "intake.tsv").unlink()
    changed = ("figures/gene_heatmap_given.pdf", "samples.tsv", "tables.xlsx", "verification.tsv")
    for name in changed:
        with (root / name).open("a") as text:
            text.write("edited")
    again = replay(root)
    assert again.differences == again.verdict_differences == ()
    assert again.n_unchanged == found.n_unchanged - 5
    said = {line.partition(" ")[0]: line for line in again.changes}
    assert set(said) == {*changed, "intake.tsv"}
    assert "intake.tsv is missing (SHA-256 " in said["intake.tsv"]
    assert "samples.tsv has changed (SHA-256 " in said["samples.tsv"]


def test_replay__inputs_that_it_does_not_read_are_noted(own_run):
    root = own_run / "results"
    reads = own_run / "input" / "S1.fastq.gz"
    reads.write_bytes(b"reads")
    told = {"path": str(reads), "bytes": 5, "sha256": "a" * 64, "source": None, "role": "reads"}
    edit(root / "provenance.json", lambda record: record["inputs"].append(told))
    found = replay(root)
    assert found.differences == ()
    (note,) = found.notes
    assert note.startswith(f"{reads} has changed (SHA-256 aaaaaaaaaaaa... was recorded")
    assert note.endswith("it is not read by a replay (reads)")


def test_replay__a_table_that_had_other_columns_is_compared_in_those_it_shares(own_run, anew):
    """As from an earlier version of lotwise: new columns are reported, but not as a change."""
    root = own_run / "results"
    path = root / "correlation" / "gene.pairs.tsv"
    rows = [line.split("\t") for line in path.read_text().splitlines()]
    path.write_text("".join("\t".join(row[:-1]) + "\n" for row in rows))
    digest = hashlib.sha256(path.read_bytes()).hexdigest()

    def record(told):
        for item in told["outputs"]:
            if item["path"] == "correlation/gene.pairs.tsv":
                item["sha256"] = digest

    edit(root / "provenance.json", record)
    anew(root)
    (line,) = replay(root).differences
    assert line == (
        "correlation/gene.pairs.tsv: this version of lotwise writes a different set of columns "
        "(the other columns are the same)"
    )


def test_replay__a_record_without_its_revisions_and_history(own_run):
    root = own_run / "results"
    shutil.rmtree(root / "revisions")
    (root / "verdict_history.jsonl").unlink()
    assert "revisions/ is missing" in replay(root).changes
    edit(root / "provenance.json", lambda told: told.update(record_format=1))
    assert "revisions/ is missing" not in replay(root).changes
