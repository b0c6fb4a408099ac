"""One comparison in memory, and what it writes."""

from __future__ import annotations

import json

import anndata
import numpy as np
import pandas as pd
import pytest
from matplotlib.text import Text

import lotwise
from lotwise.config import CorrelationConfig, EvidenceConfig, ExpressionConfig, FiguresConfig
from lotwise.errors import InputError, LotwiseWarning
from lotwise.report.certificate import write_certificate
from lotwise.report.charts import cloud_spec, difference_spec
from lotwise.report.interpretation import remarks_of
from lotwise.report.pairs import contributions_section
from lotwise.report.run_tables import LevelFindings, read_findings
from lotwise.report.sections import sections_of
from lotwise.report.summary import level_answer
from lotwise.run import figures, steps
from lotwise.run.evidence import draw_evidence
from lotwise.tree import ResultTree

EVIDENCE = EvidenceConfig(statistics=("batches", "components", "libraries"))
FIGURES = FiguresConfig(formats=("png",))


@pytest.fixture
def expression_config(sheet_of_three):
    return ExpressionConfig(tx2gene=sheet_of_three.parent / "tx2gene.tsv")


@pytest.fixture
def compared(sheet_of_three, expression_config):
    return lotwise.compare(sheet_of_three, expression=expression_config, evidence=EVIDENCE)


def test_compare__annotates_both_levels_and_holds_their_tables(compared):
    assert compared.gene.shape == (3, 300)
    assert compared.isoform.shape == (3, 600)
    for level, expression in compared.expression.items():
        table = lotwise.get.evidence(expression, "pairs")
        pd.testing.assert_frame_equal(compared.tables[level]["pairs"], table)
        assert lotwise.get.evidence(expression, "batches").shape[0] == 3
        assert {"batch_pairs", "clustering", "libraries"} <= set(compared.tables[level])


@pytest.fixture
def normalized():
    """Genes in memory, in a unit that is not TPM."""
    drawn = np.random.default_rng(3).lognormal(3, 2, (300, 4))
    names = [f"ENSG{i:011d}" for i in range(300)]
    values = pd.DataFrame(drawn, index=names, columns=["a1", "a2", "b1", "b2"])
    return lotwise.from_frame(values, batches=["A", "A", "B", "B"], unit="normalized")


def test_compare__takes_what_is_in_memory_and_names_its_unit_in_every_figure(normalized):
    config = EvidenceConfig(statistics=("batches", "components", "sensitivity", "agreement"))
    compared = lotwise.compare(normalized, evidence=config)
    assert list(compared.expression) == ["gene"]
    assert len(compared.tables["gene"]["pairs"]["sample_a"].unique()) == 3
    drawn = draw_evidence(compared.gene, compared.tables["gene"], config, CorrelationConfig())
    for name, figure in drawn:
        words = " ".join(text.get_text() for text in figure.findobj(Text))
        assert "normalized" in words, name
        assert "TPM" not in words, name


def test_compare__judges_no_limits_of_tpm_in_another_unit_and_reports_the_unit(
    normalized, tmp_path
):
    config = EvidenceConfig(statistics=("identity",))
    compared = lotwise.compare(normalized, evidence=config)
    markers = compared.tables["gene"]["identity"]
    assert markers["tpm"].isna().all()
    assert set(markers["holds"]) == {"-"}
    assert set(markers["note"]) == {"not judged: the limits are TPM, but the values are normalized"}
    assert set(compared.tables["gene"]["replicate_qc"]["unit"]) == {"normalized"}
    compared.write(tmp_path, figures=FIGURES)
    answer = level_answer(LevelFindings(tmp_path, "gene"), decimals=4)
    assert "Pearson's R of log2(normalized + 1) over all 300 genes" in answer.details[0]


def test_compare__statistics_of_tpm_are_nan_with_a_reason_in_another_unit(normalized):
    config = EvidenceConfig(statistics=("detectable", "sensitivity"))
    tables = lotwise.compare(normalized, evidence=config).tables["gene"]
    for name in ("pairs", "sensitivity"):
        by_set = tables[name].set_index("feature_set")
        assert by_set.loc["all", "pearson"].notna().all()
        detected = by_set.loc[["detected_any", "detected_both", "decile_1", "decile_10"]]
        assert detected["pearson"].isna().all()
        assert set(detected["reason"]) == {"detection needs TPM, but the numbers are normalized"}, (
            name
        )
    why = {"a change of TPM needs TPM, but the numbers are normalized"}
    assert tables["unseen"]["share"].isna().all()
    assert set(tables["unseen"]["reason"]) == why
    assert tables["detectable"]["pearson"].isna().all()
    assert set(tables["detectable"]["reason"]) == why


def test_write__the_page_names_the_declared_unit_where_it_would_say_tpm(normalized, tmp_path):
    compared = lotwise.compare(normalized, evidence=EvidenceConfig(statistics=("batches",)))
    verdict = compared.write(tmp_path, figures=FIGURES, criteria="encode_isogenic")
    assert verdict is not None
    section = contributions_section(read_findings(tmp_path))
    headings = [label for label, _ in section.levels["gene"][-1].headings]
    assert {"normalized, sample A", "normalized, sample B"} <= set(headings)
    assert not any("TPM" in heading for heading in headings)
    for spec in (cloud_spec("gene", "normalized"), difference_spec("gene", "normalized")):
        assert "TPM" not in json.dumps(spec)
        assert "normalized, sample A" in json.dumps(spec)
    certificate = write_certificate(tmp_path).read_text()
    assert "The numbers compared are normalized, not TPM." in certificate


def test_write__no_sentence_of_the_page_contradicts_that_detection_needs_tpm(normalized, tmp_path):
    config = EvidenceConfig(statistics=("agreement", "libraries"))
    lotwise.compare(normalized, evidence=config).write(tmp_path, figures=FIGURES)
    findings = read_findings(tmp_path)
    said = {one.topic: one.text for one in remarks_of(findings.levels[0], decimals=4)}
    assert "detection needs TPM, but the numbers are normalized" in said["Features counted"]
    size = said["Size of differences"]
    assert "genes with normalized values at or above the threshold in both" in size
    assert "detected" not in size
    for section in sections_of(findings, decimals=4):
        assert "TPM" not in section.lead, section.name
        assert "sum to a million" not in section.lead, section.name


def test_compare__in_memory_refuses_what_it_cannot_do(normalized):
    with pytest.raises(InputError, match=r"these quantifications have no isoform level"):
        lotwise.compare(normalized, levels=["isoform"])
    with pytest.raises(InputError, match=r"these samples are already read; omit 'expression'"):
        lotwise.compare(normalized, expression=ExpressionConfig())
    normalized.gene.obs["batch"] = "A"
    with pytest.raises(InputError, match=r"has samples of only one batch \(samples: 4\)"):
        lotwise.compare(normalized)


def test_compare__refuses_one_batch_and_a_level_that_is_not_there(sheet_of_three):
    with (
        pytest.warns(LotwiseWarning, match="the gene level is missing"),
        pytest.raises(InputError, match="these quantifications have no gene level"),
    ):
        lotwise.compare(sheet_of_three, levels=["gene"])
    one = sheet_of_three.read_text().replace("\tS2\t", "\tS1\t").replace("\tS3\t", "\tS1\t")
    sheet_of_three.write_text(one)
    with pytest.raises(InputError, match="batch"):
        lotwise.compare(sheet_of_three)


def test_write__is_what_the_steps_write_from_disk(compared, expression_config, tmp_path):
    sheet = tmp_path / "samples.tsv"
    assert compared.write(tmp_path / "once", figures=FIGURES) is None
    tree = ResultTree(tmp_path / "steps")
    for level in steps.write_expression(sheet, tree, expression_config):
        steps.write_correlation(tree, level, CorrelationConfig())
        figures.write_figures(tree, level, FIGURES, CorrelationConfig())
        steps.write_evidence_tables(tree, level, EVIDENCE, CorrelationConfig())
        figures.draw_evidence_tables(tree, level, EVIDENCE, CorrelationConfig(), FIGURES)
    found = {
        root: {
            path.relative_to(tmp_path / root).as_posix(): path.read_bytes()
            for path in (tmp_path / root).rglob("*.*")
        }
        for root in ("once", "steps")
    }
    assert set(found["once"]) == set(found["steps"])
    differing = [name for name, held in found["once"].items() if held != found["steps"][name]]
    assert differing == []


def test_write__samples_in_memory_have_a_sheet_that_the_page_shows(normalized, tmp_path):
    normalized.gene.obs["donor"] = ["D1", "D1", "D2", "D2"]
    compared = lotwise.compare(normalized, evidence=EvidenceConfig(statistics=()))
    compared.write(tmp_path / "out", figures=FIGURES)
    findings = read_findings(tmp_path / "out")
    assert findings.batches == {"A": ["a1", "a2"], "B": ["b1", "b2"]}
    assert [row["donor"] for row in findings.samples] == ["D1", "D1", "D2", "D2"]
    assert findings.faults == ()


def test_write__removes_pages_and_record_of_an_earlier_run(compared, tmp_path, caplog):
    out = tmp_path / "out"
    out.mkdir()
    stale = ("report.html", "provenance.json", "certificate.html", "tables.xlsx")
    for name in stale:
        (out / name).write_text("old")
    compared.write(out, figures=FIGURES)
    assert not any((out / name).exists() for name in stale)
    assert "removed provenance.json, " in caplog.text


def test_write__leaves_a_sheet_of_the_user_as_it_is(compared, normalized, tmp_path):
    sheet = tmp_path / "samples.tsv"
    own = sheet.read_bytes()
    in_memory = lotwise.compare(normalized, evidence=EvidenceConfig(statistics=()))
    with pytest.raises(InputError, match="has a sample sheet, but no results"):
        in_memory.write(tmp_path, figures=FIGURES)
    compared.write(tmp_path, figures=FIGURES)
    assert sheet.read_bytes() == own


def test_write__the_h5ad_answers_without_computing(compared, tmp_path, monkeypatch):
    compared.write(tmp_path / "out", figures=FIGURES)
    monkeypatch.setattr("lotwise.metrics.correlation.pearson_matrix", None)
    for level, expression in compared.expression.items():
        stored = anndata.read_h5ad(ResultTree(tmp_path / "out").h5ad(level))
        for take in (lotwise.get.pairs, lotwise.get.contributions, lotwise.get.replicate_qc):
            pd.testing.assert_frame_equal(
                take(stored), take(expression), check_dtype=False, check_exact=True
            )
        for statistic in ("pearson", "spearman"):
            expected = lotwise.get.matrix(expression, statistic)
            assert (lotwise.get.matrix(stored, statistic).to_numpy() == expected).all(axis=None)


@pytest.mark.parametrize(("least", "outcome"), [(-0.5, "pass"), (1.0, "fail")])
def test_write__gives_the_verdict_of_criteria(compared, tmp_path, least, outcome):
    criteria = tmp_path / "criteria.yaml"
    criteria.write_text(
        "title: Batches are alike\nsource: this test\ncriteria:\n  - id: r\n"
        "    statement: R of every pair is high\n    rationale: a test\n    level: gene\n"
        "    table: pairs\n    rows: {feature_set: all}\n    statistic: pearson\n"
        f"    at_least: {least}\n"
    )
    verdict = compared.write(tmp_path / "out", figures=FIGURES, criteria=criteria)
    assert verdict.outcome == outcome
    assert ResultTree(tmp_path / "out").verdict.is_file()


def test_comparison__is_printed_without_its_tables(compared):
    lines = repr(compared).splitlines()
    assert lines[:2] == ["Comparison", "gene: 3 samples, 300 genes, 3 batches (S1, S2, S3)"]
    assert lines[2].startswith("  tables: pairs, replicate_qc, ")
    assert len(lines) == 5
