"""The tools on simulated batches with known truth: faults are found, sound sets are not flagged."""

from __future__ import annotations

import anndata
import numpy as np
import pandas as pd
import pytest

import lotwise
from lotwise import keys
from lotwise.simulate import (
    Plan,
    simulate_counts,
    simulate_expression,
    simulate_transcriptome,
    sum_to_genes,
)

N_SETS = 200
N_GENES = 400
TRANSCRIPTOME = simulate_transcriptome(np.random.default_rng(1), n_genes=N_GENES)
DEPTHS = (200_000, 20_000_000)
ALPHA = 0.05


def at_most(share, n_runs=N_SETS):
    """Return the largest plausible number of events at this rate: 3 standard errors."""
    return share * n_runs + 3 * np.sqrt(share * (1 - share) * n_runs)


def sequenced(plan, seed, *, level="gene", n_bootstraps=0, transcriptome=TRANSCRIPTOME):
    """Return the samples of a plan as if read from quantifications, without files."""
    truth_rng, count_rng, bootstrap_rng = np.random.default_rng(seed).spawn(3)
    drawn = simulate_expression(transcriptome, plan, rng=truth_rng)
    lengths = transcriptome.lengths
    libraries = [plan.library(sample) for sample in plan.samples]
    counts = np.stack(
        [
            simulate_counts(tpm, lengths, library=library, rng=rng)
            for tpm, library, rng in zip(
                drawn.tpm, libraries, count_rng.spawn(len(libraries)), strict=True
            )
        ]
    ).astype(float)
    effective = np.stack([library.effective_lengths(lengths) for library in libraries])
    rate = counts / effective
    tpm = rate / rate.sum(axis=1, keepdims=True) * 1e6
    names = pd.Index(list(plan.samples), dtype=object)
    uns = {keys.LEVEL: level}
    if n_bootstraps:
        uns[keys.BOOTSTRAPS] = {
            name: bootstrap_rng.multinomial(int(row.sum()), row / row.sum(), n_bootstraps)
            for name, row in zip(names, counts, strict=True)
        }
    if level == "gene":
        features, var = transcriptome.gene_ids, {keys.GENE_NAME: transcriptome.gene_names}
        tpm, counts = (sum_to_genes(values, transcriptome) for values in (tpm, counts))
        layers = {keys.TPM: tpm, keys.COUNTS: counts}
    else:
        features = transcriptome.isoform_ids
        var = {keys.GENE_ID: [transcriptome.gene_ids[i] for i in transcriptome.gene_index]}
        layers = {keys.TPM: tpm, keys.COUNTS: counts, keys.LENGTH: effective}
    obs = {
        keys.BATCH: [plan.batch_of(sample) for sample in plan.samples],
        keys.DONOR: [plan.donor_of(sample) for sample in plan.samples],
    }
    return drawn, anndata.AnnData(
        np.log2(tpm + 1),
        obs=pd.DataFrame(obs, index=names),
        var=pd.DataFrame(var, index=pd.Index(list(features), dtype=object)),
        layers=layers,
        uns={keys.LOTWISE: uns},
    )


@pytest.mark.parametrize("seed", range(10))
def test_identity__a_swap_between_donors_is_named_in_both_tubes(seed):
    plan = Plan(
        n_genes=N_GENES,
        n_batches=2,
        n_replicates=3,
        female=("lot2",),
        swapped=("lot1_rep2", "lot2_rep1"),
    )
    drawn, gene = sequenced(plan, seed)
    lotwise.tl.identity(gene)
    table = lotwise.get.evidence(gene, "sex").set_index("sample")
    moved = [a for a, b in zip(plan.samples, drawn.carries, strict=True) if a != b]
    assert list(table.index[table["agrees"] == "no"]) == moved == ["lot1_rep2", "lot2_rep1"]
    assert set(table.loc[table["agrees"] != "no", "agrees"]) == {"yes"}
    assert table["sex"].to_list() == ["male", "female", "male", "male", "female", "female"]


@pytest.mark.parametrize("seed", range(10))
def test_libraries__a_failed_and_a_shallow_library_are_named_by_depth(seed):
    faults = {"lot2_rep1": "failed", "lot5_rep1": "shallow"}
    _, gene = sequenced(Plan(n_genes=N_GENES, n_batches=6, faults=faults), seed)
    lotwise.tl.libraries(gene, shallow_below=0.2)
    table = lotwise.get.evidence(gene, "libraries").set_index("sample")
    assert list(table.index[table["shallow"]]) == list(faults)
    assert table["tpm_sum"].to_numpy() == pytest.approx(1e6)


def test_libraries_and_identity__sound_sets_are_not_named_beyond_the_stated_rate():
    # R of few genes has heavier tails: one in ten sets of 400 genes has a flag.
    made = simulate_transcriptome(np.random.default_rng(1), n_genes=2_000)
    n_flagged = 0
    for seed in range(N_SETS):
        _, gene = sequenced(Plan(n_batches=6), seed, transcriptome=made)
        lotwise.tl.libraries(gene)
        lotwise.tl.identity(gene)
        libraries = lotwise.get.evidence(gene, "libraries")
        assert not libraries["shallow"].any()
        assert set(lotwise.get.evidence(gene, "sex")["agrees"]) == {"yes"}
        n_flagged += libraries["outlier"].any()
    # At most 5 % of runs with two levels, of which this is one.
    assert n_flagged <= at_most(0.05)


def test_identity__two_sound_donors_are_no_swap():
    plan = Plan(n_genes=N_GENES, n_batches=4, female=("lot2", "lot4"))
    for seed in range(N_SETS):
        _, gene = sequenced(plan, seed)
        lotwise.tl.identity(gene)
        assert set(lotwise.get.evidence(gene, "sex")["agrees"]) == {"yes"}


def test_gene_sets__sound_sets_are_not_named_beyond_alpha():
    rng = np.random.default_rng(2)
    members = rng.permutation(np.array(TRANSCRIPTOME.gene_ids, dtype=object))[:300].reshape(10, 30)
    sets = {f"set {i}": genes.tolist() for i, genes in enumerate(members)}
    plan = Plan(n_genes=N_GENES, n_batches=2, n_replicates=3)
    n_named = 0
    for seed in range(N_SETS):
        _, gene = sequenced(plan, seed)
        pair = [plan.samples.index("lot1_rep1"), plan.samples.index("lot2_rep1")]
        lotwise.tl.gene_sets(gene, sets=sets)
        table = lotwise.get.evidence(gene, "gene_sets")
        a, b = gene.obs_names[pair]
        one = table[(table["sample_a"] == a) & (table["sample_b"] == b)]
        n_named += (one["p_adjusted"] < ALPHA).any()
    assert n_named <= at_most(ALPHA)


@pytest.mark.parametrize("n_fragments", DEPTHS)
def test_isoform_usage__sound_sets_are_not_named_beyond_alpha(n_fragments):
    # Two sequencings of one truth, which differ only by quantification noise.
    plan = Plan(n_genes=N_GENES, n_batches=2, sd_batch=0, sd_technical=0, n_fragments=n_fragments)
    n_named = 0
    for seed in range(N_SETS):
        _, isoform = sequenced(plan, seed, level="isoform", n_bootstraps=20)
        lotwise.tl.isoform_usage(isoform)
        n_named += (lotwise.get.evidence(isoform, "isoform_usage")["p_adjusted"] < ALPHA).any()
    assert n_named <= at_most(ALPHA)


@pytest.mark.parametrize("n_fragments", DEPTHS)
def test_isoform_usage__planted_switches_are_found_with_at_most_the_stated_error(n_fragments):
    plan = Plan(
        n_genes=N_GENES,
        n_batches=2,
        sd_batch=0,
        sd_technical=0,
        n_switches=20,
        n_fragments=n_fragments,
    )
    found, false_share = [], []
    for seed in range(20):
        drawn, isoform = sequenced(plan, seed, level="isoform", n_bootstraps=20)
        lotwise.tl.isoform_usage(isoform)
        table = lotwise.get.evidence(isoform, "isoform_usage")
        named = set(table.loc[table["p_adjusted"] < ALPHA, "gene_id"])
        planted = {TRANSCRIPTOME.gene_ids[i] for i in np.flatnonzero(drawn.switched)}
        compared = planted & set(table["gene_id"])
        found.append(len(named & compared) / len(compared))
        false_share.append(len(named - planted) / max(len(named), 1))
    assert np.mean(found) > 0.5
    assert np.mean(false_share) <= ALPHA + 3 * np.std(false_share) / np.sqrt(20)
