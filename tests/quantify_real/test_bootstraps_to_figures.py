"""From reads through kallisto's own bootstraps to every table and figure that needs them."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest

from lotwise.config import EvidenceConfig, ExpressionConfig
from lotwise.evidence.ceilings import CeilingRecord
from lotwise.evidence.isoform_usage import StratumRecord, UsageRecord
from lotwise.files.tables import read_table
from lotwise.quantify import Kallisto, Reference, quantify_samples
from lotwise.quantify.kallisto import find_in_wheel
from lotwise.run.steps import compare
from lotwise.samples import read_samples
from lotwise.simulate.truth import TrueGene
from lotwise.tree import ResultTree

N_SWITCHES = 12


def usage_change_of(tpm, tx2gene):
    """Return the largest true change of one isoform's share, gene by gene."""
    genes = pd.read_csv(tx2gene, sep="\t", index_col=0)["gene_id"].reindex(tpm.index)
    shares = tpm / tpm.groupby(genes).transform("sum")
    return (shares.iloc[:, 0] - shares.iloc[:, 1]).abs().groupby(genes).max()


@pytest.fixture(scope="module")
def compared(simulate, cache, require, tmp_path_factory):
    """Two batches of 60,000 pairs that differ in twelve switches alone; 20 bootstraps."""
    from lotwise.quantify import Settings

    if find_in_wheel() is None:
        require("kallisto")
    planted = simulate(
        seed=4,
        n_genes=150,
        n_batches=2,
        n_fragments=60_000,
        n_switches=N_SWITCHES,
        sd_batch=0,
        sd_technical=0,
    )
    out = tmp_path_factory.mktemp("out")
    quantify_samples(
        list(read_samples(planted.samples)),
        quantifier=Kallisto(),
        reference=Reference(transcripts=planted.transcripts),
        out=out,
        settings=dataclasses.replace(Settings(cache=cache, threads=2), bootstraps=20),
    )
    assert len(list(out.glob("quant/kallisto/*/abundance.h5"))) == 2
    tree = ResultTree(out)
    compare(
        out / "quant" / "kallisto" / "samples.tsv",
        tree,
        levels=("isoform",),
        expression=ExpressionConfig(tx2gene=planted.tx2gene, bootstraps=True),
        evidence=EvidenceConfig(statistics=("ceilings", "isoform_usage")),
    )
    genes = read_table(planted.truth / "genes.tsv", TrueGene)
    truth = pd.read_csv(planted.truth / "isoform.tpm.tsv.gz", sep="\t", index_col=0)
    return tree, genes, usage_change_of(truth, planted.tx2gene)


def test_compare__planted_switches_are_found_by_kallistos_bootstraps(compared):
    tree, genes, true_change = compared
    usage = read_table(tree.table("isoform", "isoform_usage"), UsageRecord)
    called = set(usage.loc[usage["p_adjusted"] < 0.05, "gene_id"])
    planted = set(genes.loc[genes["isoform_switch"], "gene_id"])
    tested = set(usage.loc[usage["p"].notna(), "gene_id"])
    assert len(planted) == N_SWITCHES
    assert len(tested - planted) > 20
    # Leading isoforms of like share change places without much to see.
    marked = {gene for gene in planted & tested if true_change[gene] > 0.3}
    assert len(called & marked) > len(marked) / 2
    # A false discovery rate of .05: of so few calls one may be false, and a second seldom.
    assert len(called - planted) <= 2
    flips = usage.set_index("gene_id")["flips"]
    assert flips[sorted(called & planted)].mean() > 0.8


def test_compare__the_ceiling_and_the_strata_rest_on_the_bootstraps(compared):
    tree, _, _ = compared
    ceilings = read_table(tree.table("isoform", "ceilings"), CeilingRecord)
    by_method = ceilings.set_index("method")
    assert by_method.loc["bootstraps", "reason"] == ""
    assert by_method.loc["bootstraps", "noise"] == "quantification"
    assert 0.9 < by_method.loc["bootstraps", "ceiling"] < 1
    strata = read_table(tree.table("isoform", "uncertainty_strata"), StratumRecord)
    assert strata["stratum"].to_list() == ["low", "middle", "high"]
    assert np.isfinite(strata["pearson"]).all()
    assert strata["infrv_to"].is_monotonic_increasing
    assert (tree.figures / "isoform_isoform_switches.pdf").stat().st_size > 5_000
