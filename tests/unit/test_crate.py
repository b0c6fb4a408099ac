"""A run as an RO-Crate: what is in it and what it may not claim."""

from __future__ import annotations

import hashlib
import json

import pytest

from lotwise.crate import write_crate
from lotwise.errors import InputError
from lotwise.provenance import InputFile, Program, read_provenance, write_provenance


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
    changed = (first.model_copy(update={"source": address}), inside, *others)
    write_provenance(root / "provenance.json", provenance.model_copy(update={"inputs": changed}))
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
    quantified = InputFile(
        **like | {"path": "quant/S1/abundance.tsv", "role": "quantification", "sha256": "b" * 64}
    )
    provenance = provenance.model_copy(update={"inputs": (*provenance.inputs, reads, quantified)})
    programs = (
        # As the workflow calls it: from the folder of the run, with relative paths.
        call("kallisto", "quant", *fastq, name="kallisto", sample="S1"),
        call("lotwise", "correlate", "gene", "--out", "results"),
        call("lotwise", "compare", "samples.tsv"),
    )
    write_provenance(root / "provenance.json", provenance.model_copy(update={"programs": programs}))
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
    (root / table).write_text("")
    write_provenance(root / "provenance.json", provenance.model_copy(update=changed))
    action = entities(write_crate(root))["#call-1"]
    assert action.get("result") == ({"@id": table} if wrote else None)


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
