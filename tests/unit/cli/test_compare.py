"""`lotwise compare` in a folder that holds the results of another run."""

from __future__ import annotations

import json
import re
from pathlib import Path

from lotwise.config import (
    Config,
    CorrelationConfig,
    EvidenceConfig,
    ExpressionConfig,
    FiguresConfig,
    write_template,
)
from lotwise.evidence.ceilings import CeilingRecord
from lotwise.evidence.pairs import PairRecord
from lotwise.files.tables import read_table

QUICK = ("--statistic", "libraries", "--format", "png")


def test_compare__leaves_nothing_of_a_level_that_this_run_does_not_have(run, study):
    assert study.call(run, *QUICK, command="compare").code == 0
    both = study.written()
    kept = study.out / "figures" / "mine.png"
    kept.write_bytes(b"")
    done = study.call(run, *QUICK, "--level", "isoform", command="compare")
    assert done.code == 0, done.err
    assert any("gene" in Path(path).name for path in both)
    assert [path for path in study.written() if Path(path).name.startswith("gene")] == []
    assert "figures/extended_data_fig1_gene.png" not in study.written()
    assert kept.exists()


def test_compare__leaves_no_evidence_that_this_run_was_not_asked_for(run, study):
    drawn = ("--statistic", "libraries", "--statistic", "sensitivity", "--level", "gene")
    assert study.call(run, *drawn, "--format", "svg", command="compare").code == 0
    both = study.written()
    assert {"evidence/gene.sensitivity.tsv", "figures/gene_sensitivity.svg"} <= {*map(str, both)}
    done = study.call(run, *QUICK, "--level", "gene", command="compare")
    assert done.code == 0, done.err
    evidence = [path for path in map(str, study.written()) if "evidence/" in path]
    assert evidence == ["evidence/gene.libraries.tsv"]
    assert not [path for path in map(str, study.written()) if "gene_sensitivity" in path]
    assert "the statistic sensitivity is switched off" in (study.out / "report.html").read_text()


def test_compare__interrupted_leaves_no_answer_of_an_earlier_run(run, study, monkeypatch):
    chosen = (*QUICK, "--level", "gene")
    study.call(run, *chosen, "--criteria", "example", command="compare")
    answers = ("verdict.json", "verdict.tsv", "report.html", "provenance.json")
    assert all((study.out / name).is_file() for name in answers)

    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("lotwise.run.steps.write_comparison", interrupted)
    assert study.call(run, *chosen, command="compare").code != 0
    assert [name for name in answers if (study.out / name).exists()] == []


def test_compare__the_files_do_not_depend_on_threads(run, study):
    chosen = (
        "--level",
        "gene",
        "--statistic",
        "libraries",
        "--format",
        "svg",
        "--format",
        "pdf",
        "--no-report",
    )
    written = []
    for threads in ("1", "3"):
        done = study.call(run, *chosen, "--threads", threads, command="compare")
        assert done.code == 0, done.err
        # Records name the time and the call.
        records = ("provenance", "revisions", "logs", "verdict_history")
        paths = [path for path in map(str, study.written()) if not path.startswith(records)]
        written.append({path: (study.out / path).read_bytes() for path in paths})
    assert len(written[0]) > 10
    assert [path for path in written[0] if written[0][path] != written[1].get(path)] == []


def test_compare__prints_r_per_pair_of_batches_with_its_ceiling(run, study):
    done = study.call(
        run, "--level", "gene", "--format", "png", "--statistic", "ceilings", command="compare"
    )
    assert done.code == 0
    table = read_table(study.out / "correlation" / "gene.batch_pairs.tsv", PairRecord)
    of_all = table[table["feature_set"] == "all"].sort_values("pearson")
    heading = done.out.splitlines().index("  batch A  batch B  R       counting")
    lines = done.out.splitlines()[heading + 1 : heading + 1 + len(of_all)]
    ceilings = read_table(study.out / "evidence" / "gene.ceilings.tsv", CeilingRecord)
    for line, (_, row) in zip(lines, of_all.iterrows(), strict=True):
        of_pair = (ceilings["batch_a"] == row["batch_a"]) & (ceilings["batch_b"] == row["batch_b"])
        (ceiling,) = ceilings[of_pair & (ceilings["noise"] == "counting")]["ceiling"]
        assert line.split() == [
            row["sample_a"], row["sample_b"], f"{row['pearson']:.4f}", f"{ceiling:.4f}"
        ]  # fmt: skip
    assert f"Report: {study.out / 'report.html'}" in done.out


def test_compare__ceilings_stand_beside_r_of_single_samples(run, study):
    # Averages of replicates have a higher R than the ceiling of single samples may allow.
    study.sheet.write_text("sample\tbatch\tquant\nA1\tA\tA1.sf\nB1\tA\tB1.sf\nC1\tB\tC1.sf\n")
    done = study.call(
        run, "--level", "gene", "--format", "png", "--statistic", "ceilings", command="compare"
    )
    assert done.code == 0, done.err
    lines = done.out.splitlines()
    at = next(i for i, line in enumerate(lines) if line.startswith("  batch A  batch B  R "))
    assert re.split(r"\s{2,}", lines[at].strip())[3] == "R (samples)"
    pairs = read_table(study.out / "correlation" / "gene.pairs.tsv", PairRecord)
    chosen = (pairs["relation"] == "between") & (pairs["feature_set"] == "all")
    assert lines[at + 1].split()[3] == f"{pairs[chosen]['pearson'].median():.4f}"
    assert lines[at + 2].startswith("  R: batch averages. R (samples): median")
    assert (
        lines[at + 3]
        == "  counting: ceiling, the highest R of single samples that this noise allows."
    )
    assert max(map(len, lines[at : at + 4])) < 80


def test_compare__a_ceiling_of_several_donors_is_named_so(run, study):
    rows = ["A1\tA\tD\tA1.sf", "B1\tA\tE\tB1.sf", "C1\tB\tD\tC1.sf", "C2\tB\tE\tC2.sf"]
    text = study.sheet.with_name("C1.sf").read_text()
    study.sheet.with_name("C2.sf").write_text(text.replace("\t10", "\t11"))
    study.sheet.write_text("\n".join(["sample\tbatch\tdonor\tquant", *rows, ""]))
    done = study.call(
        run, "--level", "gene", "--format", "png", "--statistic", "ceilings", command="compare"
    )
    assert done.code == 0, done.err
    assert "  preparation and donors\n" in done.out


def test_compare__the_table_leaves_out_pairs_of_two_conditions(run, study):
    study.sheet.write_text(
        "sample\tbatch\tcondition\tquant\n"
        "A1\tA\tday 0\tA1.sf\nB1\tB\tday 0\tB1.sf\nC1\tC\tday 7\tC1.sf\n"
    )
    done = study.call(run, "--level", "gene", *QUICK, command="compare")
    assert done.code == 0, done.err
    heading = done.out.splitlines().index("  batch A  batch B  R")
    (line,) = [one.split() for one in done.out.splitlines()[heading + 1 :] if one[0] == " "]
    assert line[:2] == ["A", "B"]


def config_of(study, **changed):
    """Write a configuration of the study; returns its path."""
    config = Config(
        samples=study.sheet,
        results=study.out,
        levels=("gene",),
        expression=ExpressionConfig(tx2gene=study.tx2gene),
        correlation=CorrelationConfig(pseudocount=0.5),
        figures=FiguresConfig(formats=("png",)),
        evidence=EvidenceConfig(statistics=("libraries",), seed=3),
        **changed,
    )
    path = study.folder / "config.yaml"
    path.write_text(write_template(config))
    return path


def test_compare__takes_its_settings_from_a_configuration(run, study):
    done = run("compare", "--config", config_of(study), "--seed", "5")
    assert done.code == 0, done.err
    assert "log2(TPM + 0.5)" in done.out
    record = json.loads((study.out / "provenance.json").read_text())
    told = record["configuration"]
    assert told["correlation"]["pseudocount"] == 0.5
    assert told["evidence"]["statistics"] == ["libraries"]
    # An option replaces the value of the file.
    assert told["evidence"]["seed"] == 5
    assert told["levels"] == ["gene"]
    assert run("replay", study.out).code == 0


def test_compare__judges_by_the_criteria_of_a_configuration(run, study):
    done = run("compare", "--config", config_of(study, acceptance="example"))
    assert done.code == 1
    assert (study.out / "verdict.json").is_file()


def test_compare__a_configuration_of_reads_is_for_run(run, study):
    done = run("compare", "--config", config_of(study, source="reads"))
    assert done.code == 2
    assert "source is 'reads', but `lotwise compare` needs quantifications" in done.err
    assert "lotwise run --config" in done.err


def test_compare__says_where_the_paths_of_a_configuration_start(run, study, tmp_path, monkeypatch):
    path = study.folder / "config.yaml"
    path.write_text("samples: samples.tsv\n")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    done = run("compare", "--config", path)
    assert done.code == 2
    assert f"cd {study.folder} && lotwise compare --config config.yaml" in done.err


def test_compare__needs_samples_or_a_configuration(run):
    done = run("compare", "--out", "x")
    assert done.code == 2
    assert "SAMPLES is missing; give SAMPLES or --config FILE" in done.err
