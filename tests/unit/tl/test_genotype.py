"""Donors of samples, held against the sheet."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

import lotwise
from lotwise.errors import InputError


def donors_of(alleles, donors, batches=("lot1", "lot2", "lot3")):
    """Return the table of donors of three samples."""
    gene = lotwise.datasets.three_batches().gene
    gene.obs["donor"], gene.obs["batch"] = list(donors), list(batches)
    lotwise.tl.genotype(gene, alleles=alleles)
    return lotwise.get.evidence(gene, "donors"), lotwise.get.evidence(gene, "genotype")


def test_genotype__two_donors_under_one_label_are_named() -> None:
    donors, pairs = donors_of(lotwise.datasets.two_donors(), ["D", "D", "D"])
    assert donors["found"].tolist() == ["1", "1", "2"]
    assert donors["agrees"].tolist() == ["yes", "yes", "no"]
    assert (
        donors["reason"].tolist()[2]
        == "of another donor than lot1, lot2, although the donor label is the same"
    )
    assert pairs["same_donor"].tolist() == ["yes", "no", "no"]
    assert pairs["informative_concordance"][0] > 0.98
    assert pairs["informative_concordance"][1] < 0.3
    assert (pairs["reason"] == "").all()


def test_genotype__without_donors_batches_are_held_together() -> None:
    donors, _ = donors_of(lotwise.datasets.two_donors(), [""] * 3, ["A", "A", "A"])
    assert donors["agrees"].tolist() == ["yes", "yes", "no"]
    assert (
        donors["reason"].tolist()[2]
        == "of another donor than lot1, lot2, although the batch label is the same"
    )


def test_genotype__too_little_covered_is_said() -> None:
    alleles = lotwise.datasets.two_donors()
    nothing = dataclasses.replace(
        alleles, counts=alleles.counts // 10, covered=np.zeros_like(alleles.covered)
    )
    donors, pairs = donors_of(nothing, ["D", "D", "D"])
    assert donors["agrees"].tolist() == ["not assessable: 0 bases at depth 15"] * 3
    assert donors["mixed"].tolist() == ["not assessable: 0 bases at depth 15"] * 3
    assert donors["share"].isna().all()
    assert pairs["same_donor"][0] == "not assessable: 0 sites, 0 bases at depth 15"
    assert pairs["reason"][0] == pairs["same_donor"][0]


def test_genotype__a_mixed_sample_is_named_with_its_share() -> None:
    alleles = lotwise.datasets.two_donors()
    counts = alleles.counts.copy()
    rng = np.random.default_rng(1)
    # A fifth of the bases of the second sample are replaced by those of the third donor.
    counts[1] = rng.binomial(counts[1], 0.8) + rng.binomial(alleles.counts[2], 0.2)
    donors, _ = donors_of(dataclasses.replace(alleles, counts=counts), ["D", "D", "E"])
    assert donors["mixed"].tolist()[:2] == ["no", "yes"]
    assert donors["share"][1] == pytest.approx(0.2, abs=0.03)
    assert donors["second_donor"][1] == "donor 2 (lot3)"


def test_genotype__order_and_subset_of_samples_do_not_matter() -> None:
    gene = lotwise.datasets.three_batches().gene
    gene.obs["donor"] = ["D", "D", "E"]
    turned = gene[["lot3", "lot1"]].copy()
    lotwise.tl.genotype(turned, alleles=lotwise.datasets.two_donors())
    table = lotwise.get.evidence(turned, "donors")
    assert table["sample"].tolist() == ["lot3", "lot1"]
    assert table["found"].tolist() == ["1", "2"]


def test_genotype__a_sample_that_was_not_read_is_refused(tmp_path) -> None:
    path = tmp_path / "alleles.npz"
    lotwise.datasets.two_donors().save(path)
    gene = lotwise.datasets.three_batches().gene
    gene.obs_names = ["lot1", "lot2", "lot9"]
    with pytest.raises(InputError, match=r"alleles\.npz: has no sample 'lot9'"):
        lotwise.tl.genotype(gene, alleles=path)
