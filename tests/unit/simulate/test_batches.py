import numpy as np
import pytest

from lotwise.errors import InputError
from lotwise.simulate import Plan, simulate_expression, simulate_transcriptome, sum_to_genes


@pytest.fixture(scope="module")
def made():
    return simulate_transcriptome(np.random.default_rng(7), n_genes=1_000)


def draw(made, seed=3, **plan):
    return simulate_expression(made, Plan(**plan), rng=np.random.default_rng(seed))


def log_gene(made, expression):
    return np.log2(sum_to_genes(expression.tpm, made) + 1)


def test_simulate_expression__rows_sum_to_a_million_and_half_the_genes_are_off(made):
    drawn = draw(made, n_replicates=2)
    assert drawn.tpm.shape == (6, made.n_isoforms)
    np.testing.assert_allclose(drawn.tpm.sum(axis=1), 1e6)
    off = (sum_to_genes(drawn.tpm, made) == 0).all(axis=0).mean()
    assert 0.45 < off < 0.55


def test_simulate_expression__no_spread_makes_equal_batches(made):
    drawn = draw(made, sd_batch=0, sd_technical=0)
    np.testing.assert_allclose(drawn.tpm[0], drawn.tpm[1])


def test_simulate_expression__replicates_lie_closer_than_batches(made):
    log_tpm = log_gene(made, draw(made, n_replicates=2, sd_batch=0.5, sd_technical=0.1))
    r = np.corrcoef(log_tpm)
    assert r[0, 1] > r[0, 2]
    assert r[0, 1] > r[1, 4]


def test_simulate_expression__planted_folds_are_there_and_nowhere_else(made):
    drawn = draw(made, sd_batch=0, sd_technical=0, n_de_genes=20, log2_fold=2.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        per_gene = np.log2(sum_to_genes(drawn.tpm, made))
        difference = per_gene[2] - per_gene[0]
    unchanged = np.isfinite(difference) & (drawn.log2_fold == 0)
    # All genes move by one constant, since TPM is a share.
    shift = np.median(difference[unchanged])
    np.testing.assert_allclose(difference[unchanged], shift, atol=1e-9)
    changed = drawn.log2_fold != 0
    assert changed.sum() == 20
    np.testing.assert_allclose(difference[changed] - shift, drawn.log2_fold[changed])


def test_simulate_expression__a_switch_keeps_the_gene_and_flips_the_isoforms(made):
    drawn = draw(made, sd_batch=0, sd_technical=0, n_switches=15)
    per_gene = sum_to_genes(drawn.tpm, made)
    np.testing.assert_allclose(per_gene[0], per_gene[2])
    assert drawn.switched.sum() == 15
    for gene in range(made.n_genes):
        of_gene = drawn.tpm[:, made.gene_index == gene]
        if per_gene[0, gene] > 0:
            flipped = of_gene[0].argmax() != of_gene[2].argmax()
            assert flipped == drawn.switched[gene]


def test_simulate_expression__a_swap_exchanges_two_tubes(made):
    plain, swapped = (
        draw(made, n_replicates=2),
        draw(made, n_replicates=2, swapped=("lot1_rep2", "lot3_rep1")),
    )
    assert swapped.carries[1] == "lot3_rep1"
    assert swapped.carries[4] == "lot1_rep2"
    np.testing.assert_array_equal(swapped.tpm[[1, 4]], plain.tpm[[4, 1]])
    np.testing.assert_array_equal(swapped.tpm[[0, 2, 3, 5]], plain.tpm[[0, 2, 3, 5]])


def test_simulate_expression__markers_are_on_and_off(made):
    per_gene = sum_to_genes(draw(made).tpm, made)
    names = list(made.gene_names)
    assert (per_gene[:, names.index("ENG")] > 1).all()
    assert (per_gene[:, names.index("XIST")] == 0).all()


def test_simulate_expression__refuses_more_changes_than_genes(made):
    with pytest.raises(InputError, match="n_de_genes is 1,001, but only"):
        draw(made, n_de_genes=1_001)
    with pytest.raises(InputError, match="n_switches is 900, but only"):
        draw(made, n_switches=900)


@pytest.mark.parametrize(
    ("plan", "words"),
    [
        ({"expressed_share": 0.0}, r"expressed_share must be in \(0, 1\], got 0"),
        ({"sd_batch": -1.0}, "every standard deviation must be >= 0"),
        ({"n_batches": 0}, "n_batches and n_replicates must be >= 1"),
        ({"swapped": ("lot1_rep1", "lot9_rep1")}, "unknown sample 'lot9_rep1'"),
        ({"faults": {"lot2": "failed"}}, "unknown sample 'lot2'; the samples are lot1_rep1"),
    ],
)
def test_plan__refuses(plan, words):
    with pytest.raises(InputError, match=words):
        Plan(**plan)


def test_simulate_expression__a_female_donor_has_xist_and_nothing_of_y(made):
    male, mixed = (draw(made, female=names) for names in ((), ("lot2",)))
    tpm = sum_to_genes(mixed.tpm, made)
    at = {name: gene for gene, name in enumerate(made.gene_names)}
    y = [at[name] for name in ("RPS4Y1", "DDX3Y", "KDM5D", "UTY", "EIF1AY")]
    assert (tpm[1, y] == 0).all()
    assert tpm[1, at["XIST"]] > 1
    assert (tpm[[0, 2]][:, y] > 1).all()
    assert (tpm[[0, 2], at["XIST"]] == 0).all()
    # The batches of the other donor are those that they were.
    np.testing.assert_array_equal(mixed.tpm[[0, 2]], male.tpm[[0, 2]])


def test_plan__names_the_donor_of_each_sample_and_refuses_other_batches():
    plan = Plan(n_replicates=2, female=("lot3",))
    assert [plan.donor_of(sample) for sample in plan.samples] == ["donor1"] * 4 + ["donor2"] * 2
    with pytest.raises(InputError, match="unknown batch 'lot4'; the batches are lot1, lot2, lot3"):
        Plan(female=("lot4",))
    few = simulate_transcriptome(np.random.default_rng(7), n_genes=5)
    with pytest.raises(InputError, match="a female donor needs the gene XIST"):
        draw(few, female=("lot1",))
