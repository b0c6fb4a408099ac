"""A run as an RO-Crate: what it contains and what it must not claim."""

from __future__ import annotations

import hashlib
import json
import re
import shutil

import pytest

from lotwise.acceptance import read_criteria, register_criteria, write_verdict
from lotwise.errors import InputError
from lotwise.record.build import configuration_of, record_run, refresh_outputs
from lotwise.record.calls import workflow_call
from lotwise.record.crate import write_crate
from lotwise.record.provenance import InputFile, Program, read_provenance
from lotwise.record.revisions import write_revision

pytestmark = pytest.mark.requirement("REC-005")


def entities(path):
    graph = json.loads(path.read_text("utf-8"))["@graph"]
    assert len({entity["@id"] for entity in graph}) == len(graph)
    return {entity["@id"]: entity for entity in graph}


def test_write_crate__every_output_is_a_part_with_its_checksum(own_run):
    root = own_run / "results"
    found = entities(write_crate(root))
    parts = {part["@id"] for part in found["./"]["hasPart"]}
    provenance = read_provenance(root)
    assert parts == {item.path for item in provenance.outputs} | {"provenance.json"}
    for name in parts:
        content = (root / name).read_bytes()
        assert found[name]["sha256"] == hashlib.sha256(content).hexdigest()
        assert found[name]["contentSize"] == str(len(content))


def test_write_crate__inputs_are_known_by_address_or_by_content(own_run):
    root = own_run / "results"
    provenance = read_provenance(root)
    first, second, *others = provenance.inputs
    address = "https://example.org/S1/quant.sf"
    inside = second.model_copy(update={"path": "quant/S 1/quant.sf"})
    (root / "quant" / "S 1").mkdir(parents=True)
    shutil.copy(second.path, root / inside.path)
    changed = (first.model_copy(update={"source": address}), inside, *others)
    write_revision(root, provenance.model_copy(update={"inputs": changed}))
    found = entities(write_crate(root))
    parts = {part["@id"] for part in found["./"]["hasPart"]}
    assert found[address]["@type"] == "File"
    assert {address, "quant/S%201/quant.sf"} <= parts
    by_content = {name for name in found if name.startswith("ni:///sha-256;")}
    assert len(by_content) == len(others)
    assert not by_content & parts
    assert all(found[name]["@type"] == "CreativeWork" for name in by_content)


def test_write_crate__each_call_is_an_action_with_what_it_wrote(own_run):
    root = own_run / "results"
    provenance = read_provenance(root)

    def call(*command, name="lotwise", sample=None):
        return Program(name=name, version="1", command=command, exit_status=0, sample=sample)

    fastq = ("reads/S1_1.fastq.gz",)
    like = provenance.inputs[1].model_dump()
    reads = InputFile(**like | {"path": f"/a/{fastq[0]}", "role": "reads", "sha256": "a" * 64})
    quantified = InputFile(**like | {"path": "quant/S1/abundance.tsv", "role": "quantification"})
    (root / "quant" / "S1").mkdir(parents=True)
    shutil.copy(like["path"], root / quantified.path)
    provenance = provenance.model_copy(update={"inputs": (*provenance.inputs, reads, quantified)})
    programs = (
        # As the workflow calls it: from the folder of the run, with relative paths.
        call("kallisto", "quant", *fastq, name="kallisto", sample="S1"),
        call("lotwise", "correlate", "gene", "--out", "results"),
        call("lotwise", "compare", "samples.tsv"),
    )
    write_revision(root, provenance.model_copy(update={"programs": programs}))
    found = entities(write_crate(root))
    kallisto, correlate, compare = (found[f"#call-{number}"] for number in (1, 2, 3))
    assert kallisto["name"] == "kallisto quant S1"
    assert found[kallisto["object"]["@id"]]["name"] == reads.path
    assert found[kallisto["result"]["@id"]]["name"] == quantified.path
    assert correlate["object"]["@id"] == "expression/gene.h5ad"
    wrote = {part["@id"] for part in correlate["result"]}
    assert "correlation/gene.pairs.tsv" in wrote
    assert all(name.startswith("correlation/gene.") for name in wrote)
    assert len(compare["result"]) == len(provenance.outputs)
    objects = [found[part["@id"]] for part in compare["object"]]
    settings = {one["name"]: one["value"] for one in objects if one["@type"] == "PropertyValue"}
    assert len(objects) - len(settings) == len(provenance.inputs)
    assert settings["seed: evidence"] == str(provenance.seeds["evidence"])
    assert json.loads(settings["configuration: evidence"]) == provenance.configuration["evidence"]
    assert json.loads(correlate["description"]) == list(programs[1].command)
    assert {one["@id"] for one in found["./"]["mentions"]} == {"#call-1", "#call-2", "#call-3"}


@pytest.mark.parametrize(
    ("step", "wrote"), [("reads", False), ("join", True), ("quantify", False), ("judge", True)]
)
def test_write_crate__a_table_is_of_the_call_that_joined_it(own_run, step, wrote):
    root = own_run / "results"
    provenance = read_provenance(root)
    name, table = (
        ("check", "intake.tsv") if step in {"reads", "join"} else ("quantify", "yield.tsv")
    )
    command = ("lotwise", name, "samples.tsv", "--out", "results", "--step", step)
    call = Program(name="lotwise", version="1", command=command, exit_status=0)
    made = provenance.outputs[0].model_copy(update={"path": table})
    changed = {"programs": (call,), "outputs": (made,)}
    shutil.copy(root / provenance.outputs[0].path, root / table)
    write_revision(root, provenance.model_copy(update=changed))
    action = entities(write_crate(root))["#call-1"]
    assert action.get("result") == ({"@id": table} if wrote else None)


def described(root, provenance, *programs, **changed):
    """Return the actions of a crate of these calls."""
    record = provenance.model_copy(update={"programs": programs} | changed)
    write_revision(root, record)
    found = entities(write_crate(root))
    return [found[f"#call-{number}"] for number in range(1, len(programs) + 1)], found


def names(part):
    """Return what an action read or wrote: nothing, one thing or several."""
    parts = part if isinstance(part, list) else [part] if part else []
    return {one["@id"] for one in parts}


def lotwise(*words):
    return Program(name="lotwise", version="1", command=("lotwise", *words), exit_status=0)


@pytest.mark.parametrize(
    "words",
    [
        ("-q", "evidence", "gene", "--out", "r"),
        ("evidence", "--out", "isoform", "gene"),
        ("evidence", "--out=r", "gene"),
    ],
)
def test_write_crate__step_and_level_are_found_by_name(own_run, words):
    root = own_run / "results"
    provenance = read_provenance(root)
    stored = own_run / "input" / "reference.h5ad"
    like = provenance.inputs[1].model_dump()
    reference = InputFile(
        **like | {"path": str(stored), "role": "accepted set", "sha256": "c" * 64}
    )
    inputs = (*provenance.inputs, reference)
    heatmap = provenance.outputs[0].model_copy(update={"path": "figures/gene_heatmap_given.pdf"})
    (root / "figures").mkdir()
    shutil.copy(root / provenance.outputs[0].path, root / heatmap.path)
    outputs = (*provenance.outputs, heatmap)
    (call,), found = described(root, provenance, lotwise(*words), inputs=inputs, outputs=outputs)
    assert call["name"] == "lotwise evidence"
    assert {found[name]["name"] for name in names(call["object"])} == {
        str(stored),
        "expression/gene.h5ad",
    }
    wrote = names(call["result"])
    assert "evidence/gene.batches.tsv" in wrote
    assert all(name.startswith("evidence/gene.") for name in wrote)


def test_write_crate__registering_criteria_judges_nothing(own_run):
    root = own_run / "results"
    criteria = read_criteria("example")
    register_criteria(root, criteria)
    write_verdict(root, criteria)
    calls, found = described(
        root,
        refresh_outputs(root),
        lotwise("verdict", "--register", "--criteria", "example", "--out", "r"),
        lotwise("verdict", "--out", "r"),
    )
    register, judge = calls
    assert register["name"] == "lotwise verdict --register"
    (read,) = names(register["object"])
    assert found[read]["description"] == "acceptance criteria"
    assert names(register["result"]) == {"verdict_criteria.yaml", "verdict_history.jsonl"}
    assert "correlation/gene.pairs.tsv" in names(judge["object"])
    assert {"verdict.json", "verdict.tsv"} <= names(judge["result"])


def test_write_crate__compare_is_not_credited_with_what_other_steps_wrote(own_run):
    root = own_run / "results"
    (root / "yield.tsv").write_text("by quantify")
    criteria = read_criteria("example")
    write_verdict(root, criteria)
    calls, _ = described(
        root,
        refresh_outputs(root),
        lotwise("quantify", "reads.tsv", "--out", "r"),
        lotwise("compare", "samples.tsv", "--out", "r"),
        lotwise("verdict", "--criteria", "example", "--out", "r"),
    )
    wrote = [names(call["result"]) for call in calls]
    assert wrote[0] == {"yield.tsv"}
    assert "correlation/gene.pairs.tsv" in wrote[1]
    assert not wrote[1] & (wrote[0] | wrote[2])
    read = [names(call.get("object")) for call in calls]
    (of_criteria,) = {name for name in read[2] if name.startswith("ni:///")}
    assert of_criteria not in read[1]


def test_write_crate__what_was_fetched_is_of_the_call_that_fetched_it(own_run):
    root = own_run / "results"
    provenance = read_provenance(root)
    like = provenance.inputs[1].model_dump()
    inputs = []
    for path, role, source in (
        ("/d/S1_1.fastq.gz", "reads", "https://example.org/S1_1.fastq.gz"),
        ("/d/own.fastq.gz", "reads", None),
        ("/r/reference/transcripts.fa.gz", "transcripts", None),
        ("/r/reference/annotation.gtf.gz", "annotation", None),
    ):
        digest = hashlib.sha256(path.encode()).hexdigest()
        told = {"path": path, "role": role, "source": source, "sha256": digest}
        inputs.append(InputFile(**like | told))
    fetch = ("fetch", "--settings", "{}", "--results", "r")
    (samples, reference), found = described(
        root,
        provenance,
        lotwise(*fetch, "--samples", "r/fetched.tsv"),
        lotwise(*fetch, "--reference", "r/reference"),
        inputs=(*provenance.inputs, *inputs),
    )
    assert samples["name"] == reference["name"] == "lotwise fetch"
    assert names(samples["result"]) == {"https://example.org/S1_1.fastq.gz"}
    assert {found[name]["name"] for name in names(reference["result"])} == {
        "/r/reference/transcripts.fa.gz",
        "/r/reference/annotation.gtf.gz",
    }


def test_write_crate__the_call_of_snakemake_is_the_run_of_the_workflow(own_run):
    root = own_run / "results"
    (root / "workflow").mkdir()
    (root / "workflow" / "Snakefile").write_text("rule all:\n")
    provenance = read_provenance(root).model_copy(update={"workflow": "workflow/Snakefile"})
    write_revision(root, provenance)
    provenance = refresh_outputs(root)
    call = workflow_call("snakemake --cores 2 --configfile config.yaml")
    step = lotwise("correlate", "gene", "--out", "r")
    write_revision(root, provenance.model_copy(update={"programs": (call, step)}))
    found = entities(write_crate(root))
    said = found["#run"]["description"]
    assert f"Snakemake {call.version}" in said
    assert json.dumps(call.command) in said
    assert names(found["./"]["mentions"]) == {"#run", "#call-1"}
    assert found["#call-1"]["name"] == "lotwise correlate"


@pytest.mark.parametrize("how", ["changed", "missing", "input"])
def test_write_crate__refuses_what_is_not_as_recorded(own_run, how):
    root = own_run / "results"
    remedy = rf"`lotwise record --out {re.escape(str(root))}`"
    table = root / "correlation" / "gene.pairs.tsv"
    if how == "changed":
        table.write_text("edited")
    elif how == "missing":
        table.unlink()
    else:
        provenance = read_provenance(root)
        inside = provenance.inputs[1].model_copy(update={"path": "quant/S1.sf"})
        changed = {"inputs": (*provenance.inputs, inside)}
        write_revision(root, provenance.model_copy(update=changed))
        remedy = "restore the recorded inputs"
    name = "quant/S1.sf" if how == "input" else "correlation/gene.pairs.tsv"
    verb = "has changed" if how == "changed" else "is missing"
    words = f"1 file of the results differ from the record: {name} {verb} .*{remedy}"
    with pytest.raises(InputError, match=words):
        write_crate(root)
    assert not (root / "ro-crate-metadata.json").exists()


def test_record__a_crate_of_an_earlier_record_is_removed(own_run):
    root = own_run / "results"
    for renew in (
        lambda: refresh_outputs(root),
        lambda: record_run(
            configuration_of(read_provenance(root), root), own_run / "input" / "samples.tsv", root
        ),
    ):
        crate = write_crate(root)
        renew()
        assert not crate.exists()


def test_write_crate__hostile_text_comes_back_as_it_was(own_run, hostile):
    for name in hostile:
        found = entities(write_crate(own_run / "results", name=name))
        assert found["./"]["name"] == name


def test_write_crate__licence_is_the_users_or_none(own_run):
    found = entities(write_crate(own_run / "results"))
    assert "No licence was stated" in found[found["./"]["license"]["@id"]]["name"]
    address = "https://creativecommons.org/licenses/by/4.0/"
    found = entities(write_crate(own_run / "results", licence=address))
    assert found["./"]["license"]["@id"] == address


def test_write_crate__needs_a_record(tmp_path):
    with pytest.raises(InputError, match="no such record"):
        write_crate(tmp_path)
