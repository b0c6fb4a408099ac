"""Sentences of the report on batches as a whole, each beside a simulated truth."""

from __future__ import annotations

import re
from pathlib import Path

import anndata
import numpy as np
import pandas as pd
import pytest
from simulated import BASE, LENGTHS, N_GENES, NAMES, drawn, findings_of, numbers, reported

import lotwise
from lotwise.config.attributes import Attributes
from lotwise.metrics.isoforms import usage_change
from lotwise.report.interpretation import (
    batches_remark,
    ceiling_remark,
    composition_remark,
    design_remark,
    fold_remark,
    limits_remark,
)
from lotwise.report.process import process_remarks, process_section
from lotwise.report.run_tables import read_findings
from lotwise.report.summary import level_answer, remarks_scope, verdict_of

N_SPIKES = 40
SPIKED = [f"ERCC-{i:05}" for i in range(N_SPIKES)] + NAMES[N_SPIKES:]


def noisy(noises, *, seed=1, effect=0.0, n_replicates=1):
    """Return true log2 expression; noise per batch, and the same for all of its replicates."""
    rng = np.random.default_rng(seed)
    return [
        BASE + shift + rng.normal(0, noise, N_GENES)
        for noise in noises
        for shift in [rng.normal(0, effect, N_GENES)]
        for _ in range(n_replicates)
    ]


def test_batches_remark__a_batch_lies_below_the_limit_only_if_it_adds_so_many_times(tmp_path):
    noises = [0.3, 0.34, 0.38, 0.3, 0.34]

    def last_batch(folder, noise):
        counts = drawn(noisy([*noises, noise]), depths=5e7)
        findings = reported(folder, counts, "ABCDEF", "batches")
        row = findings.levels[0].rows("batches")[-1]
        return row["median_to_others"] < row["prediction_lower"], row["words"]

    _, words = last_batch(tmp_path / "like", 0.34)
    times = float(re.search(r"if it adds more than ([\d.]+) times", words)[1])
    # What a batch adds to -ln R goes with the variance of its noise.
    usual = np.exp(np.mean(np.log(np.square(noises))))
    below, _ = last_batch(tmp_path / "less", np.sqrt(0.75 * times * usual))
    assert not below
    below, _ = last_batch(tmp_path / "more", np.sqrt(1.4 * times * usual))
    assert below


def test_limits_remark__names_the_batch_that_varies_more_than_the_others(tmp_path):
    noises = [0.3, 0.34, 0.38, 0.3, 0.34]

    def remarks(folder, noise):
        counts = drawn(noisy([*noises, noise]), depths=5e7)
        (level,) = reported(folder, counts, "ABCDEF", "batches").levels
        return [*limits_remark(level, decimals=4)]

    assert remarks(tmp_path / "like", 0.34) == []
    (remark,) = remarks(tmp_path / "far", 3.0)
    assert " interval computed from these other batches: F (" in remark.text
    assert remark.text.endswith(" For F, the median R is also below the wider tolerance interval.")


def test_batches_remark__says_each_thing_once_whatever_the_number_of_batches(tmp_path):
    findings = reported(tmp_path, drawn(noisy([0.2, 0.3, 0.4] * 2)), "ABCDEF", "batches")
    text = batches_remark(findings).text
    assert text.count("a normal 95 %/95 % tolerance interval") == 1
    low, high = map(float, re.search(r"adds more than ([\d.]+) to ([\d.]+) times", text).groups())
    of_rows = [
        float(re.search(r"adds more than ([\d.]+) times", row["words"])[1])
        for row in findings.levels[0].rows("batches")
    ]
    assert (low, high) == (min(of_rows), max(of_rows))


def test_batches_remark__unequal_batches_have_no_p_of_the_rank(tmp_path):
    counts = drawn(noisy([0.3] * 5, n_replicates=2)[1:])
    findings = reported(tmp_path, counts, "ABBCCDDEE", "batches")
    words = batches_remark(findings).text
    assert "No p-value of the rank: the batches have 1 to 2 samples" in words
    assert all(np.isnan(row["rank_p"]) for row in findings.levels[0].rows("batches"))


def within_and_between(folder, effect):
    """Return the middle of the ranges of R that the page gives for single samples."""
    counts = drawn(noisy([0.5] * 4, effect=effect, n_replicates=3), depths=2e7)
    details = level_answer(reported(folder, counts, "AAABBBCCCDDD").levels[0], decimals=6).details
    found = numbers(re.search(r"R of two single samples is (.*)", details[-1])[1])
    return np.mean(found[2:4]), np.mean(found[:2])


def test_level_answer__replicates_are_as_alike_as_batches_unless_batches_differ(tmp_path):
    within, between = within_and_between(tmp_path / "null", 0.0)
    assert within == pytest.approx(between, abs=0.002)
    within, between = within_and_between(tmp_path / "effect", 0.3)
    assert within - between > 0.005


def test_remarks_scope__averages_of_noisy_replicates_are_more_alike_than_single_samples(tmp_path):
    rng = np.random.default_rng(5)
    truths = [BASE + rng.normal(0, 0.4, N_GENES) for _ in range(6)]
    found = reported(tmp_path, drawn(truths), "AAABBB")
    single = next(row for row in found.levels[0].pairs if row["relation"] == "between")
    assert found.levels[0].batch_pairs[0]["pearson"] > single["pearson"]
    assert "It is usually lower" in remarks_scope(found)


def test_remarks_scope__one_sample_per_batch_has_one_r(tmp_path):
    found = reported(tmp_path, drawn([BASE, BASE + 0.1]), "AB")
    assert remarks_scope(found) == ""
    assert found.levels[0].batch_pairs[0]["pearson"] == found.levels[0].pairs[0]["pearson"]


def test_composition_remark__names_who_shifts_by_the_planted_factor(tmp_path):
    truths = noisy([0.1] * 6)
    amount = np.exp2(truths[4]) * LENGTHS
    # One gene takes four parts of ten: TPM of the others fall to six tenths.
    truths[4][0] = np.log2(amount[1:].sum() * (4 / 6) / LENGTHS[0])
    (remark,) = composition_remark(
        reported(tmp_path, drawn(truths, depths=2e7), "ABCDEF", "composition").levels[0]
    )
    assert remark.state == "concern"
    found = re.search(
        r"more than 1.25-fold in S4 \(\N{MINUS SIGN}(\d+)\s%\), compared", remark.text
    )
    assert int(found[1]) == pytest.approx(40, abs=3)


def test_composition_remark__most_genes_that_change_one_way_shift_the_others(tmp_path):
    truths = noisy([0.1] * 6)
    # Six genes of ten are up by a factor of six, so that the median gene is one of them.
    truths[2][: int(0.6 * N_GENES)] += np.log2(6)
    (remark,) = composition_remark(
        reported(tmp_path, drawn(truths, depths=2e7), "ABCDEF", "composition").levels[0]
    )
    assert "in S2 (" in remark.text
    assert "or most genes changed in one direction" in remark.text


def test_composition_remark__a_sound_run_has_none(tmp_path):
    findings = reported(tmp_path, drawn(noisy([0.1] * 6)), "ABCDEF", "composition")
    assert not list(composition_remark(findings.levels[0]))


def test_composition_remark__a_change_of_all_genes_shows_in_spike_ins_alone(tmp_path):
    truths = np.stack(noisy([0.05] * 4))
    # Ten parts in a hundred are spike-ins, of which every sample has the same amount.
    total = (np.exp2(BASE) * LENGTHS)[N_SPIKES:].sum()
    truths[:, :N_SPIKES] = np.log2(total / 9 / N_SPIKES / LENGTHS[:N_SPIKES])
    plain = truths.copy()
    truths[3, N_SPIKES:] += 1

    def shown(folder, made):
        counts = drawn(made, depths=2e7)
        findings = reported(folder, counts, "ABCD", "composition", "agreement", names=SPIKED)
        return findings, list(composition_remark(findings.levels[0]))

    changed, (remark,) = shown(tmp_path / "changed", truths)
    assert remark.state == "concern"
    found = re.search(r"from the other samples of the condition in S3 \((\S+) times\)", remark.text)
    assert float(found[1]) == pytest.approx(2, rel=0.05)
    same, (unchanged,) = shown(tmp_path / "same", plain)
    assert unchanged.state == "computed"
    assert numbers(unchanged.text)[0] == pytest.approx(1, rel=0.05)

    def of_pair(findings):
        level = findings.levels[0]
        pair = next(row for row in level.pairs if row["sample_b"] == "S3")
        return pair["pearson"], numbers(fold_remark(level, pair).text)[0]

    # Of all genes none differs and R is as high; what differs is the spike-ins.
    assert of_pair(changed)[0] == pytest.approx(of_pair(same)[0], abs=0.002)
    assert of_pair(changed)[1] - of_pair(same)[1] < 100 * N_SPIKES / N_GENES


def test_design_remark__samples_of_different_donors_are_not_replicates(tmp_path):
    rng = np.random.default_rng(11)
    donors = "DEFGDEFG"
    of_donor = {name: rng.normal(0, 0.8, N_GENES) for name in "DEFG"}
    truths = [BASE + of_donor[name] + rng.normal(0, 0.1, N_GENES) for name in donors]
    counts = drawn(truths, depths=2e7)
    findings = reported(tmp_path, counts, "AAAABBBB", "ceilings", donor=list(donors))
    # Both batches have the same donors, so samples of different batches are more alike. This is
    # no missing condition, and no warning.
    (remark,) = design_remark(findings)
    assert remark.state == "computed"
    assert remark.text.startswith(
        "The samples of A and B come from different donors, so they are not replicates. "
    )
    level = findings.levels[0]
    text = ceiling_remark(level, level.pairs[0], decimals=4).text
    assert "replicates" not in text
    said = text.partition("Preparation")[2]
    assert said.startswith(
        " noise and differences between donors (from samples of one batch and condition, from "
        "different donors) would limit R to 0."
    )
    # The pair that is least alike has two donors, as the samples of a batch have.
    assert numbers(said)[0] < 0.96


def test_ceiling_remark__preparations_that_differ_explain_what_batches_do_not(tmp_path):
    def explained(folder, effect):
        counts = drawn(noisy([0.5] * 3, effect=effect, n_replicates=2), depths=2e7)
        level = reported(folder, counts, "AABBCC", "ceilings").levels[0]
        text = ceiling_remark(level, level.pairs[0], decimals=6).text.partition("Preparation")[2]
        assert text.startswith(" noise alone (from replicates of the same batch and condition)")
        found = re.search(
            r"difference between R and 1 is (\S+); this noise explains (\S+) of this", text
        )
        return float(found[2]) / float(found[1]) if found else 1.0

    # Without an effect of the batch all of 1 - R is preparation; the worst pair is a little worse.
    assert explained(tmp_path / "null", 0.0) > 0.9
    # An effect with the variance of the preparation doubles 1 - R.
    assert explained(tmp_path / "effect", 0.5) == pytest.approx(0.5, abs=0.07)


DECLARED = {
    "lots": {"pre": 6, "post": 3},
    "k": 3,
    "attributes": [
        {"name": name, "gene": name, "margin": 1.0, "rationale": "a test", "sd": 0.2}
        for name in ("g7", "g8", "g9")
    ],
}


def changed_process(folder: Path, shift):
    """Return findings of six lots before and three after, in which g7 has shifted."""
    rng = np.random.default_rng(4)
    log = rng.normal(6, 2, 500) + 0.1 * rng.normal(size=(9, 500))
    log[6:, 7] += shift
    tpm = np.exp2(log)
    tpm *= 1e6 / tpm.sum(axis=1, keepdims=True)
    samples = [f"S{row}" for row in range(9)]
    obs = pd.DataFrame({"batch": samples, "phase": ["pre"] * 6 + ["post"] * 3}, index=samples)
    made = anndata.AnnData(
        np.log2(tpm + 1), obs=obs, var=pd.DataFrame(index=[f"g{i}" for i in range(500)])
    )
    made.layers["tpm"] = tpm
    made.uns["lotwise"] = {"level": "gene"}
    lotwise.tl.correlate(made, sets=("all",))
    lotwise.tl.process_change(made, attributes=Attributes.model_validate(DECLARED), gene_sets={})
    names = ("pairs", "process_change", "quality_range", "process_features")
    return findings_of(folder, {name: lotwise.get.evidence(made, name) for name in names})


def test_process_remarks__the_attribute_that_changed_is_the_one_not_shown(tmp_path):
    (remark,) = process_remarks(changed_process(tmp_path / "changed", 2.0).levels[0])
    assert "in 2 of 3 declared attributes" in remark.text
    assert "Equivalence was not shown for g7. This does not prove a difference." in remark.text
    (remark,) = process_remarks(changed_process(tmp_path / "same", 0.0).levels[0])
    assert remark.text.endswith("within the margins, in 3 of 3 declared attributes.")
    assert remark.state == "computed"


def test_process_section__counts_the_single_genes_that_changed(tmp_path):
    section = process_section(changed_process(tmp_path, 4.0), 4)
    (text,) = (block.text for block in section.blocks if getattr(block, "text", ""))
    counted = {
        word: int(n) for n, word in re.findall(r"(\d+) (equivalent|different|inconclusive)", text)
    }
    assert counted["different"] == 1
    assert counted["equivalent"] > 400


def test_isoform_section__most_large_distances_at_low_counts_are_noise():
    # Two sequencings of one truth: every distance is noise.
    rng = np.random.default_rng(6)
    share = rng.dirichlet([2, 2], 2000)
    genes = np.repeat(np.arange(2000), 2)

    def large(depth):
        drawn_twice = rng.poisson(depth * share.ravel(), (2, 4000)).astype(float)
        found = usage_change(*drawn_twice, genes=genes)
        return np.mean(np.asarray(found.distance) > 0.3)

    assert large(5) > 0.1
    assert large(500) == 0


def test_verdict_of__without_criteria_no_run_is_decided(tmp_path):
    reported(tmp_path, drawn([BASE, BASE + np.linspace(-3, 3, N_GENES)]), "AB")
    assert verdict_of(read_findings(tmp_path).verdict).outcome == "none"
