"""What a command notes of its call."""

from __future__ import annotations

import json

import pytest


@pytest.mark.parametrize(
    ("words", "options"),
    [
        (("figures", "gene", "--note", "isoform", "--format", "png"),
         {"note": "isoform", "formats": ["png"]}),
        (("evidence", "--note", "isoform", "gene", "--statistic", "batches"),
         {"note": "isoform", "statistics": ["batches"]}),
    ],
)  # fmt: skip
def test_step__records_what_was_given_by_name(study, run, monkeypatch, words, options):
    for name in ("figures.write_figures", "steps.write_evidence"):
        monkeypatch.setattr(f"lotwise.run.{name}", lambda *_: [])
    assert run(*words, "--out", study.out).code == 0
    (path,) = (study.out / "logs" / "steps").iterdir()
    noted = json.loads(path.read_text("utf-8"))
    assert (noted["step"], noted["level"], noted["samples"]) == (words[0], "gene", [])
    # What was not given stands in the configuration, not in the call.
    assert noted["options"] == options | {"out": str(study.out)}


def test_step__a_note_that_names_another_level_stays_on_record(study, run, monkeypatch):
    """A call was lost from the record where any of its words was a level of another run."""
    monkeypatch.setattr("lotwise.run.figures.write_figures", lambda *_: [])
    step = ("--out", study.out)
    assert run("expression", study.sheet, "--tx2gene", study.tx2gene, *step).code == 0
    assert run("figures", "gene", "--note", "isoform", *step).code == 0
    assert run("figures", "isoform", *step).code == 0
    config = study.folder / "config.yaml"
    config.write_text(
        f"expression: {{tx2gene: {study.tx2gene}}}\nevidence: {{statistics: []}}\nlevels: [gene]\n"
    )
    assert run("record", study.sheet, "--config", config, *step).code == 0
    programs = json.loads((study.out / "provenance.json").read_text("utf-8"))["programs"]
    assert [(one["step"], one["level"]) for one in programs] == [
        ("expression", ""),
        ("figures", "gene"),
    ]
