"""Sentences of the report, each beside a simulated truth that it must agree with."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import polars as pl
import pytest
from simulated import BASE, LENGTHS, N_GENES, drawn, gene_level, numbers, reported

import lotwise
from lotwise.errors import LotwiseWarning
from lotwise.expression.transcripts import TranscriptMap
from lotwise.report.interpretation import (
    ceiling_remark,
    change_remark,
    design_remark,
    features_remark,
    fold_remark,
    unmapped_remark,
    variance_remark,
)
from lotwise.report.libraries import depth_remark
from lotwise.report.pairs import _sensitivity
from lotwise.report.run_tables import LevelFindings
from lotwise.report.summary import level_answer
from lotwise.tree import ResultTree


def test_ceiling_remark__two_sequencings_of_one_truth_are_at_the_ceiling(tmp_path):
    counts = drawn([BASE, BASE], depths=2e5)
    level, pair = gene_level(reported(tmp_path, counts, "AB", "ceilings"))
    text = ceiling_remark(level, pair, decimals=4).text
    ceiling = float(re.search(r"would limit R to (0\.\d+)", text)[1])
    # The same truth: what is missing from 1 is counting noise alone.
    assert ceiling == pytest.approx(pair["pearson"], abs=0.003)


def test_ceiling_remark__a_true_difference_is_not_explained_by_noise(tmp_path):
    other = BASE + np.random.default_rng(3).normal(0, 0.8, N_GENES)
    level, pair = gene_level(reported(tmp_path, drawn([BASE, other]), "AB", "ceilings"))
    missing, expected = numbers(
        ceiling_remark(level, pair, decimals=4).text.split("R and 1 is")[1]
    )[:2]
    assert missing == pytest.approx(1 - pair["pearson"], rel=0.01)
    assert expected < 0.2 * missing


def test_change_remark__so_many_genes_changed_at_random_give_this_r_and_one_way_a_higher(tmp_path):
    rng = np.random.default_rng(5)
    chosen = rng.permutation(N_GENES)[: N_GENES // 5]
    both, one_way = BASE.copy(), BASE.copy()
    both[chosen] += rng.choice([-1.0, 1.0], chosen.size)
    one_way[chosen] += 1.0
    deep = {"depths": 5e7}
    level, pair = gene_level(
        reported(tmp_path / "a", drawn([BASE, both], **deep), "AB", "detectable")
    )
    share = float(re.search(r"up to ([\d.]+) % of the expressed", change_remark(level).text)[1])
    assert share == pytest.approx(20, abs=4)
    _, same_way = gene_level(
        reported(tmp_path / "b", drawn([BASE, one_way], **deep), "AB", "detectable")
    )
    assert (
        "If all changes go in one direction, R would miss changes in an even larger share of"
        in change_remark(level).text
    )
    assert same_way["pearson"] > pair["pearson"]


def test_change_remark__r_falls_more_where_highly_expressed_genes_change(tmp_path):
    # The page says of its numbers that R misses less there.
    rng = np.random.default_rng(6)
    sign = rng.choice([-1.0, 1.0], N_GENES // 5)
    places = {"random": rng.permutation(N_GENES), "high": np.argsort(-BASE)}
    r = {}
    for name, order in places.items():
        changed = BASE.copy()
        changed[order[: N_GENES // 5]] += sign
        counts = drawn([BASE, changed], depths=5e7)
        r[name] = gene_level(reported(tmp_path / name, counts, "AB"))[1]["pearson"]
    assert r["high"] < r["random"]


def test_fold_remark__two_fold_is_two_fold(tmp_path):
    rng = np.random.default_rng(7)
    chosen = rng.permutation(N_GENES)
    other = BASE.copy()
    other[chosen[:300]] += np.log2(3) * rng.choice([-1, 1], 300)
    other[chosen[300:450]] += np.log2(6) * rng.choice([-1, 1], 150)
    counts = drawn([BASE, other], depths=1e9)
    level, pair = gene_level(reported(tmp_path, counts, "AB", "agreement"))
    text = fold_remark(level, pair).text
    two = float(re.match(r"([\d.]+)", text)[1])
    four = float(re.search(r"2-fold, and ([\d.]+)", text)[1])
    assert two == pytest.approx(15, abs=0.7)
    assert four == pytest.approx(5, abs=0.4)


def test_features_remark__the_silent_genes_are_those_that_were_silent(tmp_path):
    silent = BASE.copy()
    silent[:1200] = -np.inf
    level, pair = gene_level(reported(tmp_path, drawn([silent, silent], depths=1e8), "AB"))
    text = features_remark(level, pair, decimals=4).text
    assert numbers(text)[0] == pytest.approx(40, abs=0.5)


@pytest.mark.parametrize(("lost", "state"), [(0.04, "computed"), (0.2, "concern")])
def test_unmapped_remark__the_share_left_out_is_the_one_without_a_gene(tmp_path, lost, state):
    tpm = np.full((3, 10), (1 - lost) / 9)
    tpm[:, -1] = lost
    tpm *= 1 + np.random.default_rng(2).uniform(-1e-3, 1e-3, tpm.shape)
    names = [f"ENST{n:011d}" for n in range(10)]
    frame = pd.DataFrame(tpm / tpm.sum(axis=1, keepdims=True) * 1e6, list("ABC"), names)
    genes = [f"ENSG{n // 2:011d}" for n in range(9)]
    table = pl.DataFrame({"transcript": names[:9], "gene": genes, "gene_name": [""] * 9})
    with pytest.warns(LotwiseWarning, match="1 of 10 transcripts have no gene"):
        gene = lotwise.from_frame(frame, tx2gene=TranscriptMap(table, "map.csv")).gene
    path = ResultTree(tmp_path).h5ad("gene")
    path.parent.mkdir()
    gene.write_h5ad(path)
    [remark] = unmapped_remark(LevelFindings(root=tmp_path, level="gene"))
    assert remark.text.startswith("1 transcript has no gene")
    assert numbers(remark.text)[1:] == pytest.approx([100 * lost] * 2, rel=0.01)
    assert remark.state == state
    assert not list(unmapped_remark(LevelFindings(root=tmp_path, level="isoform")))


def test_sensitivity_table__is_of_pairs_of_different_batches(tmp_path):
    # Replicates are the same; batches are not.
    truths = [BASE, BASE, BASE + np.random.default_rng(8).normal(0, 0.8, N_GENES)]
    level, pair = gene_level(reported(tmp_path, drawn(truths, depths=5e7), "AAB", "sensitivity"))
    shown = [[cell.text for cell in row] for row in _sensitivity(level, 6).rows]
    (lowest, highest), *_ = ((row[2], row[4]) for row in shown if row[:2] == ["all", "1"])
    assert float(lowest) == pytest.approx(pair["pearson"], abs=1e-6)
    assert float(highest) < 0.99


def test_variance_remark__the_share_of_the_batch_is_the_planted_one(tmp_path):
    rng = np.random.default_rng(9)
    batches = np.repeat(np.arange(8), 4)
    truth = BASE + 3 + rng.normal(0, 0.6, (8, N_GENES))[batches]
    truth = truth + rng.normal(0, 0.6, (32, N_GENES))
    findings = reported(tmp_path, drawn(truth, depths=2e8), [f"L{b}" for b in batches], "variance")
    (remark,) = variance_remark(findings.levels[0])
    # Half of the variance is between batches; the median of a share of 8 batches is near it.
    share = float(re.search(r"Batch explains (\d+)", remark.text)[1])
    assert share == pytest.approx(50, abs=8)


@pytest.mark.filterwarnings("ignore:sample 'S2' has:lotwise.errors.LotwiseWarning")
@pytest.mark.parametrize("shallow", [None, 2])
def test_depth_remark__names_the_shallow_library_and_no_other(tmp_path, shallow):
    depths = np.full(6, 2e6)
    if shallow is not None:
        depths[shallow] = 5e4
    counts = drawn([BASE] * 6, depths=depths)
    remark = depth_remark(*reported(tmp_path, counts, "AABBCC", "libraries").levels)
    if shallow is None:
        assert "No library is shallow" in remark.text
    else:
        assert re.search(r"\bS2\b", remark.text)
        assert not re.search(r"\bS[01345]\b", remark.text)
        assert remark.state == "concern"


@pytest.mark.filterwarnings("ignore:Samples of one batch:lotwise.errors.DesignWarning")
@pytest.mark.parametrize("missing", [False, True])
def test_design_remark__says_so_where_a_condition_is_missing(tmp_path, missing):
    rng = np.random.default_rng(11)
    treatment = rng.normal(0, 1.0, (2, N_GENES)) * missing
    truth = [BASE + treatment[row % 2] + rng.normal(0, 0.2, N_GENES) for row in range(8)]
    findings = reported(tmp_path, drawn(truth), "AABBCCDD")
    found = list(design_remark(findings))
    assert [remark.state for remark in found] == ["concern"] * missing
    if missing:
        assert "A condition is probably missing from the sample sheet" in found[0].text


def test_design_remark__a_named_condition_is_no_concern(tmp_path):
    rng = np.random.default_rng(11)
    treatment = rng.normal(0, 1.0, (2, N_GENES))
    truth = [BASE + treatment[row % 2] + rng.normal(0, 0.2, N_GENES) for row in range(8)]
    findings = reported(tmp_path, drawn(truth), "AABBCCDD", condition=["x", "y"] * 4)
    assert not list(design_remark(findings))


def test_level_answer__the_least_alike_pair_is_the_planted_one(tmp_path):
    rng = np.random.default_rng(13)
    truth = [BASE + rng.normal(0, 0.1, N_GENES) for _ in range(8)]
    for row in (4, 5):
        truth[row] = truth[row] + np.linspace(-1, 1, N_GENES)
    findings = reported(tmp_path, drawn(truth), "AABBCCDD")
    answer = level_answer(findings.levels[0], decimals=4)
    assert re.search(r"\bC\b", answer.sentence)


@pytest.mark.filterwarnings("ignore:no two batches share:lotwise.errors.DesignWarning")
def test_level_answer__says_why_no_two_batches_are_compared(tmp_path):
    findings = reported(tmp_path, drawn([BASE] * 4), "AABB", condition=["x", "x", "y", "y"])
    said = level_answer(findings.levels[0], decimals=4).sentence
    assert said == "R between batches is not defined: no two batches share a condition."


def test_level_answer__a_sample_without_expression_has_its_reason(tmp_path):
    counts = drawn([BASE] * 2)
    counts[1] = LENGTHS
    with pytest.warns(LotwiseWarning):
        findings = reported(tmp_path, counts, "AB")
    said = level_answer(findings.levels[0], decimals=4).sentence
    assert said == "R between batches is not defined: B is constant."
