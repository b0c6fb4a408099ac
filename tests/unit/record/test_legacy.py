"""Records of version 0.1 are read as this version writes them."""

from __future__ import annotations

import json

import pytest

from lotwise.record.legacy import current_name, earlier_name, fields_of_words
from lotwise.record.provenance import Program, read_provenance

pytestmark = pytest.mark.requirement("REC-004")


@pytest.mark.parametrize(
    ("words", "step", "level", "options"),
    [
        # Both were once read wrongly from the words: a value was mistaken for the level.
        (["evidence", "--note", "gene", "isoform"], "evidence", "isoform", {"note": "gene"}),
        (["figures", "gene", "--note", "isoform"], "figures", "gene", {"note": "isoform"}),
        (["-q", "verdict", "--register", "-o", "r"], "verdict", "", {"register": True, "out": "r"}),
        (["compare", "gene", "--out=r"], "compare", "", {"out": "r"}),
        (["fetch", "--reference", "r"], "fetch", "", {"reference_folder": "r"}),
        (["report", "--out", "check"], "", "", {"out": "check"}),
    ],
)
def test_fields_of_words__arguments_and_values_are_told_apart(words, step, level, options):
    found = fields_of_words(["lotwise", *words])
    assert (found["step"], found["level"], found["options"]) == (step, level, options)


def test_fields_of_words__samples():
    found = fields_of_words(["lotwise", "check", "s.tsv", "--sample", "A", "--sample=B"])
    assert found["samples"] == ["A", "B"]


def test_program__words_of_today_are_not_parsed():
    told = {"name": "lotwise", "version": "1", "command": ["lotwise", "evidence", "gene"],
            "exit_status": 0, "step": "evidence", "level": "isoform"}  # fmt: skip
    assert Program.model_validate(told).level == "isoform"


def test_read_provenance__an_earlier_form(own_run):
    path = own_run / "results" / "provenance.json"
    told = json.loads(path.read_text("utf-8"))
    told["record_format"] = 1
    told["configuration"]["correlation"]["n_culprits"] = told["configuration"]["correlation"].pop(
        "n_contributions"
    )
    for item in told["outputs"]:
        item["path"] = earlier_name(item["path"])
    told["programs"] = [
        {"name": "lotwise", "version": "0.1.0", "command": ["lotwise", "evidence", "gene"],
         "exit_status": 0}
    ]  # fmt: skip
    path.write_text(json.dumps(told), "utf-8")
    found = read_provenance(path)
    assert (found.programs[0].step, found.programs[0].level) == ("evidence", "gene")
    assert "n_contributions" in found.configuration["correlation"]
    assert "correlation/gene.contributions.tsv" in {item.path for item in found.outputs}


def test_current_name__only_the_table_that_was_renamed():
    assert (
        current_name("correlation/isoform.culprits.tsv") == "correlation/isoform.contributions.tsv"
    )
    assert current_name("input/culprits.tsv") == "input/culprits.tsv"
