"""Transcripts of donors, with their variants."""

from __future__ import annotations

import numpy as np
import pytest

from lotwise.errors import InputError
from lotwise.simulate import Plan, simulate_experiment, simulate_expression, simulate_transcriptome
from lotwise.simulate.haplotypes import draw_alleles, tubes

PLAN = Plan(
    n_genes=120,
    n_batches=2,
    n_replicates=2,
    other_donor=("lot2",),
    heterozygosity=5e-3,
    swapped=("lot1_rep1", "lot2_rep1"),
    contaminated={"lot1_rep2": ("lot2_rep2", 0.2)},
)


def test_tubes__follow_swaps_and_mixtures() -> None:
    made = simulate_transcriptome(np.random.default_rng(1), n_genes=120)
    expression = simulate_expression(made, PLAN, rng=np.random.default_rng(2))
    assert PLAN.donors == ("donor1", "donor2")
    assert tubes(PLAN, expression) == [
        [("donor2", 1.0)],
        [("donor1", 0.8), ("donor2", 0.2)],
        [("donor1", 1.0)],
        [("donor2", 1.0)],
    ]


def test_draw_alleles__isoforms_of_a_gene_share_its_variants() -> None:
    made = simulate_transcriptome(np.random.default_rng(1), n_genes=120)
    expression = simulate_expression(made, PLAN, rng=np.random.default_rng(2))
    swapped, mixed, other, last = draw_alleles(made, PLAN, expression, rng=np.random.default_rng(3))
    assert swapped.sequences.shape == (2, made.sequence.size)
    assert last.sequences is swapped.sequences
    assert mixed.weights.tolist() == [0.4, 0.4, 0.1, 0.1]
    np.testing.assert_array_equal(mixed.sequences[:2], other.sequences)
    np.testing.assert_array_equal(mixed.sequences[2:], swapped.sequences)
    # A variant base differs in every isoform that has it: count by the place on the chromosome.
    place = np.concatenate(
        [
            np.concatenate([np.arange(start, end) for start, end in exons])[
                :: 1 if made.forward[made.gene_index[isoform]] else -1
            ]
            for isoform, exons in enumerate(made.exons)
        ]
    )
    differs = other.sequences[0] != made.sequence
    assert 0.001 < differs.mean() < 0.02
    for at in np.unique(place[differs])[:50]:
        assert differs[place == at].all()


def test_draw_alleles__without_variants_there_are_none() -> None:
    plan = Plan(n_genes=30)
    made = simulate_transcriptome(np.random.default_rng(1), n_genes=30)
    expression = simulate_expression(made, plan, rng=np.random.default_rng(2))
    assert draw_alleles(made, plan, expression, rng=np.random.default_rng(3)) == [None] * 3


def test_simulate_experiment__variants_change_the_reads_alone(tmp_path) -> None:
    for name, heterozygosity in (("none", 0.0), ("some", 5e-3)):
        plan = Plan(n_genes=30, n_batches=1, n_fragments=500, heterozygosity=heterozygosity)
        simulate_experiment(tmp_path / name, rng=np.random.default_rng(1), plan=plan, form="reads")
    same = ("reference/transcripts.fa", "truth/isoform.tpm.tsv.gz", "samples.tsv")
    for file in same:
        assert (tmp_path / "none" / file).read_bytes() == (tmp_path / "some" / file).read_bytes()
    reads = "fastq/lot1_rep1_R1.fastq.gz"
    assert (tmp_path / "none" / reads).read_bytes() != (tmp_path / "some" / reads).read_bytes()
    assert not (tmp_path / "none/truth/donors.tsv").exists()
    assert (tmp_path / "some/truth/donors.tsv").read_text().splitlines()[
        1
    ] == "lot1_rep1\tdonor1\t\t0.0"


def test_plan__refuses_what_cannot_be_mixed() -> None:
    with pytest.raises(
        InputError, match=r"fraction mixed into lot1_rep1 must be in \(0, 1\), got 2"
    ):
        Plan(contaminated={"lot1_rep1": ("lot2_rep1", 2)})
    with pytest.raises(InputError, match=r"unknown sample 'lot9_rep1'"):
        Plan(contaminated={"lot1_rep1": ("lot9_rep1", 0.1)})
    with pytest.raises(InputError, match=r"unknown batch 'lot9'"):
        Plan(other_donor=("lot9",))
