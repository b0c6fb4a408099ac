"""What a command notes of its call."""

from __future__ import annotations

import json

import pytest

from lotwise.files.checksums import checksum


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


def test_step__notes_only_its_own_files(study, run, monkeypatch):
    """Steps of a workflow run at the same time: one noted what another was about to replace.

    The record then refused the results: "changed, but not by a step of lotwise".
    """
    other = study.out / "evidence" / "isoform.libraries.tsv"

    def figures(*_):
        other.parent.mkdir(exist_ok=True)
        other.write_text("by another step, and to be replaced by it")
        (study.out / "expression" / "gene.h5ad").write_bytes(b"by another step")
        return []

    assert run("expression", study.sheet, "--tx2gene", study.tx2gene, "--out", study.out).code == 0
    monkeypatch.setattr("lotwise.run.figures.write_figures", figures)
    assert run("figures", "gene", "--out", study.out).code == 0
    steps = {path.stem: path for path in (study.out / "logs" / "steps").iterdir()}
    assert json.loads(steps["figures.gene"].read_text("utf-8"))["wrote"] == {}
    noted = json.loads(steps["expression"].read_text("utf-8"))["wrote"]
    assert {*noted} == {
        "samples.tsv",
        *(f"expression/{level}.{end}" for level in ("gene", "isoform")
          for end in ("h5ad", "tpm.tsv.gz")),
    }  # fmt: skip


def test_step__notes_a_file_whose_time_it_keeps(study, run):
    """`correlate` keeps the time of the h5ad, so that Snakemake does not repeat later steps."""
    out = ("--out", study.out)
    assert run("expression", study.sheet, "--tx2gene", study.tx2gene, *out).code == 0
    for _ in range(2):
        (study.out / "logs" / "steps" / "correlate.gene.json").unlink(missing_ok=True)
        assert run("correlate", "gene", *out).code == 0
        noted = json.loads((study.out / "logs" / "steps" / "correlate.gene.json").read_text())
        assert noted["wrote"]["expression/gene.h5ad"] == checksum(
            study.out / "expression" / "gene.h5ad"
        )
