"""Sentences of the report on what a sample is, each beside a simulated truth."""

from __future__ import annotations

import dataclasses
import re

import numpy as np
import pytest
from simulated import BASE, N_GENES, NAMES, drawn, findings_of, measured, reported

import lotwise
from lotwise.files.panels import read_panel
from lotwise.report.genotype import genotype_remark
from lotwise.report.identity import panels_remark, sex_remark
from lotwise.report.libraries import depth_remark
from lotwise.report.run_tables import read_findings

XIST = "ENSG00000229807"
Y_GENES = ("ENSG00000129824", "ENSG00000067048", "ENSG00000012817", "ENSG00000183878")
SEXES = [XIST, *Y_GENES, *NAMES[5:]]
# log2 of true expression that is as good as none.
SILENT = -6.0


def person(sex, *, seed):
    """Return true log2 expression of one sample; the first five genes tell the sex."""
    made = BASE + np.random.default_rng(seed).normal(0, 0.15, N_GENES)
    made[:5] = [7, *[SILENT] * 4] if sex == "female" else [SILENT, 5, 4, 4, 4]
    return made


def sexed(folder, sexes, donors, *, truths=None):
    truths = truths or [person(sex, seed=row) for row, sex in enumerate(sexes)]
    batches = [f"L{row}" for row in range(len(donors))]
    findings = reported(folder, drawn(truths), batches, "identity", names=SEXES, donor=donors)
    return sex_remark(findings.levels[0])


def test_sex_remark__names_the_two_exchanged_samples_and_no_other(tmp_path):
    remark = sexed(tmp_path, ["male", "female", "male", "female", "male", "female"], "DDDEEE")
    assert remark.state == "concern"
    said = remark.text.partition(" disagree")[0]
    assert said == "S1 (female) and S4 (male)"
    assert "4 of 6 samples agree in sex" in remark.text
    # The lead of the panels: a high R does not exclude an exchange of samples.
    assert min(pair["pearson"] for pair in read_findings(tmp_path).levels[0].pairs) > 0.98


def test_sex_remark__an_exchange_between_donors_of_one_sex_is_not_seen_and_it_says_so(tmp_path):
    # Donors differ in their genes; S0 and S2 are exchanged, which sex cannot tell.
    of_donor = np.random.default_rng(3).normal(0, 0.5, (2, N_GENES))
    truths = [person("male", seed=row) + of_donor[donor] for row, donor in enumerate((1, 0, 0, 1))]
    for truth in truths:
        truth[:5] = person("male", seed=0)[:5]
    remark = sexed(tmp_path, [], "DDEE", truths=truths)
    assert remark.state == "computed"
    assert "4 of 4 samples agree in sex" in remark.text
    assert "half of all pairs of donors have the same sex." in remark.text


def test_sex_remark__cells_of_two_donors_express_both(tmp_path):
    truths = [person("male", seed=row) for row in range(4)]
    truths[2] = np.log2(0.5 * np.exp2(truths[2]) + 0.5 * np.exp2(person("female", seed=9)))
    remark = sexed(tmp_path, [], "DDDD", truths=truths)
    assert remark.text.startswith(
        "S2 expresses XIST and genes of Y. Possible causes: a mixture of two donors"
    )


def test_sex_remark__the_only_sample_of_a_donor_is_unknown(tmp_path):
    remark = sexed(tmp_path, ["male", "male", "female"], "DDE")
    assert "2 of 3 samples agree" in remark.text
    assert (
        "For 1 of 3 samples it is unknown whether they agree in sex: only sample of its donor (1 "
        "sample)." in remark.text
    )
    remark = sexed(tmp_path, ["male", "female"], "DE")
    assert remark.text.startswith(
        "It is unknown whether the samples of a donor agree in sex: only sample of"
    )


def pluripotency(folder, share, *, expressed=()):
    """Mix this share of pluripotent cells into the second of three samples."""
    markers = read_panel("residual_pluripotency").markers
    names = [*(one.ensembl for one in markers), *NAMES[len(markers) :]]
    truths = np.stack([person("male", seed=row) for row in range(3)])
    truths[:, : len(markers)] = SILENT
    for symbol in expressed:
        truths[:, [one.symbol for one in markers].index(symbol)] = 6
    pluripotent = truths[1].copy()
    pluripotent[: len(markers)] = 8
    truths[1] = np.log2((1 - share) * np.exp2(truths[1]) + share * np.exp2(pluripotent))
    findings = reported(
        folder,
        drawn(truths),
        "ABC",
        "identity",
        names=names,
        options={"panels": ("residual_pluripotency",)},
    )
    return panels_remark(findings.levels[0])


def test_panels_remark__residual_cells_break_their_panel_and_sound_ones_do_not(tmp_path):
    sound = pluripotency(tmp_path / "sound", 0.0)
    assert re.match(r"All \d+ expectations of the panels are met\.", sound.text)
    assert sound.state == "computed"
    mixed = pluripotency(tmp_path / "mixed", 0.1)
    # Nine specific expectations of each of three samples; those of the second are not met.
    assert mixed.text.startswith(
        "9 of 27 expectations of the panels are not met: residual_pluripotency (LIN28A"
    )
    assert mixed.state == "concern"


def test_panels_remark__a_gene_that_other_cells_express_is_no_alarm(tmp_path):
    remark = pluripotency(tmp_path, 0.0, expressed=["SOX2"])
    assert remark.state == "computed"
    assert "they are unspecific and never count as a finding: SOX2." in remark.text


def genotyped(folder, people, donors, *, mixed=None):
    """Return the remark on samples of these people (0 and 1) under these labels."""
    two = lotwise.datasets.two_donors()
    rng = np.random.default_rng(5)
    share = two.counts[[0, 2]] / np.maximum(1, two.counts[[0, 2]].sum(axis=2, keepdims=True))
    true = [share[person] for person in people]
    if mixed is not None:
        true[mixed] = 0.75 * true[mixed] + 0.25 * share[1 - people[mixed]]
    counts = np.stack([rng.poisson(60 * one) for one in true]).astype(np.uint16)
    samples = [f"S{row}" for row in range(len(people))]
    n = len(samples)
    alleles = dataclasses.replace(
        two,
        samples=tuple(samples),
        counts=counts,
        covered=np.repeat(two.covered[:1], n, axis=0),
        n_fragments=np.full(n, 200_000),
        n_placed=np.full(n, 180_000),
    )
    truths = [person("male", seed=row) for row in range(n)]
    gene = measured(drawn(truths), [f"L{row}" for row in range(n)])
    gene.obs["donor"] = list(donors)
    lotwise.tl.genotype(gene, alleles=alleles)
    lotwise.tl.correlate(gene, sets=("all",))
    names = ("pairs", "donors", "genotype")
    found = {name: lotwise.get.evidence(gene, name) for name in names}
    return genotype_remark(findings_of(folder, found).levels[0])


def test_genotype_remark__exchanged_samples_are_named_with_each_other(tmp_path):
    remark = genotyped(tmp_path, [0, 1, 0, 1, 0, 1], "DDDEEE")
    assert remark.text.startswith(
        "S1 and S4 were exchanged: by genotype, each comes from the donor"
    )
    assert remark.state == "concern"
    assert "4 of 6 samples agree in genotype" in remark.text
    assert "2 donors were found in the samples." in remark.text


def test_genotype_remark__a_sample_of_another_donor_is_named_and_no_other(tmp_path):
    remark = genotyped(tmp_path, [0, 0, 1], "DDD")
    assert re.match(
        r"By genotype, S2 \(of another donor than S0, S1, although the donor label is the "
        r"same\) does",
        remark.text,
    )


def test_genotype_remark__lots_of_one_donor_cannot_be_told_apart(tmp_path):
    # Whatever was exchanged between these four, their genotypes agree.
    remark = genotyped(tmp_path, [0, 0, 0, 0], "DDDD")
    assert "4 of 4 samples agree in genotype" in remark.text
    assert "1 donor was found in the samples." in remark.text


def test_genotype_remark__sound_samples_are_no_concern(tmp_path):
    remark = genotyped(tmp_path, [0, 0, 1, 1], "DDEE")
    assert remark.state == "computed"
    assert "4 of 4 samples agree in genotype" in remark.text


def test_genotype_remark__the_share_of_a_second_donor_is_the_planted_one(tmp_path):
    remark = genotyped(tmp_path, [0, 0, 1, 1], "DDEE", mixed=1)
    found = re.search(r"About (\d+)\s% of the cells in S1 come from donor 2", remark.text)
    assert int(found[1]) == pytest.approx(25, abs=4)


@pytest.mark.parametrize("planted", [False, True])
def test_depth_remark__an_outlier_is_the_planted_one_and_its_level_is_named(tmp_path, planted):
    rng = np.random.default_rng(17)
    truths = [BASE + rng.normal(0, 0.2, N_GENES) for _ in range(6)]
    if planted:
        truths[4] = truths[4] + rng.normal(0, 1.0, N_GENES)
    findings = reported(tmp_path, drawn(truths), "ABCDEF", "libraries")
    remark = depth_remark(*findings.levels)
    found = re.findall(r"(S\d) \(gene level: score (\S+), limit (\S+?)\)", remark.text)
    assert [name for name, *_ in found] == ["S4"] * planted
    assert ("is unusually low" in remark.text) == planted


def test_depth_remark__a_batch_of_one_sample_was_not_tested(tmp_path):
    rng = np.random.default_rng(17)
    truths = [BASE + rng.normal(0, 0.2, N_GENES) for _ in range(9)]
    remark = depth_remark(*reported(tmp_path, drawn(truths), "AAAABBBBC", "libraries").levels)
    assert "No sample is an outlier. Outliers could not be tested for S8: " in remark.text
    assert "fewer than three samples. A sample is compared within its batch if " in remark.text


def test_depth_remark__says_that_groups_of_three_hide_an_outlier(tmp_path):
    rng = np.random.default_rng(17)
    truths = [BASE + rng.normal(0, 0.2, N_GENES) for _ in range(9)]
    truths[4] = truths[4] + rng.normal(0, 1.0, N_GENES)
    remark = depth_remark(*reported(tmp_path, drawn(truths), "AAABBBCCC", "libraries").levels)
    # The bad sample is scored in a batch of three, where the limit is far.
    assert "S4" not in remark.text
    assert "in groups of three samples only an extreme outlier would be found" in remark.text
