"""`lotwise compare` in a folder that holds the results of another run."""

from __future__ import annotations

from pathlib import Path

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
    lines = [line for line in done.out.splitlines() if "  R " in line]
    assert len(lines) == len(of_all)
    for line, (_, row) in zip(lines, of_all.iterrows(), strict=True):
        assert {row["sample_a"], row["sample_b"]} <= set(line.split())
        assert f"R {row['pearson']:.4f}  counting noise alone allows 0.9" in line
