"""Donors of real reads: three airway runs, of which two are of one donor."""

from __future__ import annotations

import numpy as np
import pytest
from anndata import AnnData

import lotwise
from lotwise.quantify.alleles import join_pileups
from lotwise.quantify.pileup import pile_up
from lotwise.quantify.placement import read_genes
from lotwise.samples import Run, Sample

# Untreated and treated cells of one donor, and cells of another.
RUNS = {"SRR1039508": "N61311", "SRR1039509": "N61311", "SRR1039513": "N052611"}


@pytest.fixture(scope="module")
def alleles(shared, tmp_path_factory):
    folder = shared / "airway_gse52778"
    sequences = read_genes(folder / "reference" / "Homo_sapiens.GRCh38.cdna.all.1.1.10M.fa.gz")
    files = {}
    for name in RUNS:
        mates = [folder / "fastq" / f"{name}_R{mate}.fastq.gz" for mate in (1, 2)]
        reads = Run(fastq_1=mates[0], fastq_2=mates[1])
        files[name] = tmp_path_factory.mktemp("counted") / f"{name}.npz"
        pile_up(Sample(sample=name, batch="", runs=(reads,)), sequences).save(files[name])
    return join_pileups(files, min_depth=15)


def donors_of(alleles, labels):
    """Return the table of donors for what the sheet says."""
    expression = AnnData(np.zeros((len(RUNS), 0)))
    expression.obs_names = list(RUNS)
    expression.obs["batch"] = expression.obs_names
    expression.obs["donor"] = labels
    lotwise.tl.genotype(expression, alleles=alleles)
    pairs = lotwise.get.evidence(expression, "genotype")
    return lotwise.get.evidence(expression, "donors").set_index("sample"), pairs


def test_genotype__airway_runs_are_of_two_donors(alleles):
    donors, pairs = donors_of(alleles, list(RUNS.values()))
    assert donors["found"].tolist() == ["1", "1", "2"]
    assert donors["agrees"].tolist() == ["yes", "yes", "only sample of its donor"]
    assert pairs["same_donor"].tolist() == ["yes", "no", "no"]
    assert pairs["informative_concordance"].round(2).tolist() == [1.0, 0.0, 0.0]


def test_genotype__an_airway_run_under_the_label_of_another_donor_is_named(alleles):
    donors, _ = donors_of(alleles, ["N61311"] * 3)
    assert donors["agrees"].tolist() == ["yes", "yes", "no"]
