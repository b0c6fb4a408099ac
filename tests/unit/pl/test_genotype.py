"""Figure of donors."""

from __future__ import annotations

import numpy as np
import pytest

import lotwise
from lotwise.errors import InputError


def tables():
    """Return the tables of three samples, of which one is of another donor."""
    gene = lotwise.datasets.three_batches().gene[["lot3", "lot1", "lot2"]].copy()
    gene.obs["donor"] = "D"
    lotwise.tl.genotype(gene, alleles=lotwise.datasets.two_donors())
    return lotwise.get.evidence(gene, "genotype"), lotwise.get.evidence(gene, "donors")


def test_genotype__samples_stand_by_donor_and_odd_ones_are_marked() -> None:
    pairs, donors = tables()
    figure = lotwise.pl.genotype(pairs, donors=donors)
    axis = figure.axes[0]
    names = [label.get_text() for label in axis.get_yticklabels()]
    assert names == ["lot3 (donor 1) *", "lot1 (donor 2)", "lot2 (donor 2)"]
    shown = axis.images[0].get_array().filled(np.nan)
    assert np.isnan(np.diag(shown)).all()
    assert shown[1, 2] > 0.98
    assert shown[0, 1] < 0.3
    assert axis.get_xlabel() == "* not from the donor on its label"
    assert "that vary among the samples" in axis.get_title()


def test_genotype__one_sample_has_no_pair() -> None:
    pairs, donors = tables()
    figure = lotwise.pl.genotype(pairs[:0], donors=donors[:1])
    assert figure.axes[0].texts[0].get_text() == "not drawn: there is one sample"
    with pytest.raises(InputError, match=r"the table 'donors' is empty"):
        lotwise.pl.genotype(pairs, donors=donors[:0])
