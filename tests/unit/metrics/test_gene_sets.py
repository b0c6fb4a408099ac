"""Gene sets whose genes shift together."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from lotwise.errors import InputError
from lotwise.metrics.gene_sets import gene_set_shift, inter_gene_correlation

N_GENES = 2000
GENES = [f"g{i}" for i in range(N_GENES)]
SETS = {f"set {i}": GENES[20 * i : 20 * i + 20] for i in range(50)}


def null_rate(rho, *, assumed, n_runs=200):
    """Share of tests at p < .05 when genes of a set share variation and nothing is planted."""
    below = []
    for seed in range(n_runs):
        rng = np.random.default_rng(seed)
        m = math.sqrt(1 - rho) * rng.normal(size=N_GENES)
        m[:1000] += np.repeat(math.sqrt(rho) * rng.normal(size=50), 20)
        m[1000:] += math.sqrt(rho) * rng.normal(size=1000)
        found = gene_set_shift(m, genes=GENES, sets=SETS, correlation=assumed)
        below.append(np.mean(found.p < 0.05))
    return float(np.mean(below))


def test_gene_set_shift__hand_value_of_means():
    found = gene_set_shift(
        [1, 2, 3, 10, 20, 30], genes=[*"abcdef"], sets={"low": [*"abcx"]}, n_smallest=3
    )
    assert found.n_genes[0] == 3
    assert found.mean_difference[0] == 2
    assert found.mean_other[0] == 20


def test_gene_set_shift__hand_value_of_p():
    # Ranks 6 to 10 of 10: U = 5 * 5 + 5 * 6 / 2 - 40 = 0, middle 12.5, variance 5 * 5 * 11 / 12.
    found = gene_set_shift(
        range(10),
        genes=[*"abcdefghij"],
        sets={"high": [*"fghij"], "low": [*"abcde"]},
        correlation=0,
    )
    z = (0 + 0.5 - 12.5) / math.sqrt(5 * 5 * 11 / 12)
    assert z == pytest.approx(-2.5067, abs=1e-4)
    np.testing.assert_allclose(found.p, math.erfc(-z / math.sqrt(2)), rtol=1e-12)
    np.testing.assert_allclose(found.p, 0.01219, atol=1e-5)


def test_gene_set_shift__equals_scipys_rank_sum_for_independent_genes():
    m = np.random.default_rng(1).normal(size=N_GENES).round(1)
    found = gene_set_shift(m, genes=GENES, sets=SETS, correlation=0.0)
    for i, members in enumerate(SETS.values()):
        inside = np.isin(GENES, members)
        expected = stats.mannwhitneyu(m[inside], m[~inside], method="asymptotic").pvalue
        assert found.p[i] == pytest.approx(expected, rel=1e-9)


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 1000), st.floats(0.1, 10), st.floats(-3, 3))
def test_gene_set_shift__ignores_order_scale_and_direction(seed, scale, shift):
    rng = np.random.default_rng(seed)
    m = rng.normal(size=N_GENES)
    found = gene_set_shift(m, genes=GENES, sets=SETS).p
    order = rng.permutation(N_GENES)
    moved = gene_set_shift(m[order], genes=[GENES[i] for i in order], sets=SETS).p
    np.testing.assert_allclose(moved, found)
    np.testing.assert_allclose(
        gene_set_shift(-scale * m + shift, genes=GENES, sets=SETS).p, found, rtol=1e-6
    )


@pytest.mark.slow
def test_gene_set_shift__null_rate_is_held_where_the_correlation_is_known():
    tolerance = 3 * math.sqrt(0.0475 / (200 * 50))
    assert null_rate(0.0, assumed=0.0) == pytest.approx(0.05, abs=tolerance)
    assert null_rate(0.1, assumed=0.1) == pytest.approx(0.05, abs=2 * tolerance)
    # Why it is required: genes assumed independent are called several times too often.
    assert null_rate(0.1, assumed=0.0) > 0.15


@pytest.mark.slow
def test_gene_set_shift__nothing_planted_nothing_named_after_adjustment():
    n_named = 0
    for seed in range(200):
        m = np.random.default_rng(seed).normal(size=N_GENES)
        n_named += (
            gene_set_shift(m, genes=GENES, sets=SETS, correlation=0.0).p_adjusted < 0.05
        ).any()
    assert n_named <= 200 * 0.05 + 3 * math.sqrt(200 * 0.0475)


def test_gene_set_shift__power_a_planted_set_is_named():
    rng = np.random.default_rng(2)
    m = rng.normal(0, 0.5, N_GENES)
    m[40:60] += 1.0
    found = gene_set_shift(m, genes=GENES, sets=SETS)
    assert list(np.flatnonzero(found.p_adjusted < 0.05)) == [2]
    assert found.mean_difference[2] == pytest.approx(1, abs=0.4)


def test_gene_set_shift__sets_that_cannot_be_tested_are_nan_with_a_reason():
    sets = {"none": ["x"], "small": ["g1", "g2"], "all": GENES, "twice": ["g1"] * 9}
    found = gene_set_shift(np.arange(N_GENES), genes=GENES, sets=sets)
    assert np.isnan(found.p).all()
    assert found.reasons == (
        "no gene of the set is present",
        "fewer than 5 genes of the set are present",
        "the set contains all genes",
        "fewer than 5 genes of the set are present",
    )
    assert list(found.n_genes) == [0, 2, N_GENES, 1]
    assert math.isnan(found.mean_difference[0])
    tied = gene_set_shift(np.zeros(N_GENES), genes=GENES, sets=SETS)
    assert set(tied.reasons) == {"M is the same for all genes"}
    assert gene_set_shift([1.0, 2.0], genes=["a", "b"], sets={}).names == ()


def test_gene_set_shift__bad_input_is_refused():
    with pytest.raises(InputError, match="there are 2 values, but 1 different gene names"):
        gene_set_shift([1, 2], genes=["a", "a"], sets={})
    with pytest.raises(InputError, match=r"correlation of set 's' must be in \[0, 1\], got 2"):
        gene_set_shift([1, 2], genes=["a", "b"], sets={"s": ["a"]}, correlation=2.0)


def test_inter_gene_correlation__recovers_what_was_planted():
    rng = np.random.default_rng(3)
    found = [
        inter_gene_correlation(
            math.sqrt(0.3) * rng.normal(size=(12, 1)) + math.sqrt(0.7) * rng.normal(size=(12, 60))
        )
        for _ in range(300)
    ]
    assert np.mean(found) == pytest.approx(0.28, abs=0.04)
    independent = [inter_gene_correlation(rng.normal(size=(12, 60))) for _ in range(300)]
    assert np.mean(independent) < 0.01
    assert math.isnan(inter_gene_correlation(rng.normal(size=(2, 9))))
    assert math.isnan(inter_gene_correlation(np.zeros((5, 9))))


@settings(max_examples=40)
@given(st.integers(0, 10_000), st.floats(0.1, 10), st.floats(-50, 50))
def test_inter_gene_correlation__ignores_order_unit_of_each_gene_and_names_of_groups(
    seed, scale, shift
):
    rng = np.random.default_rng(seed)
    values = rng.normal(size=(9, 1)) + rng.normal(size=(9, 12))
    groups = np.repeat([0, 1, 2], 3)
    samples, genes = rng.permutation(9), rng.permutation(12)
    units = scale * rng.uniform(0.5, 2, 12)
    for labels in (None, groups):
        found = inter_gene_correlation(values, groups=labels)
        moved = None if labels is None else labels[samples]
        again = inter_gene_correlation(values[np.ix_(samples, genes)], groups=moved)
        assert again == pytest.approx(found, abs=1e-9)
        unit = inter_gene_correlation(values * units + shift, groups=labels)
        assert unit == pytest.approx(found, abs=1e-9)
    names = np.array(["z", "a", "m"])[groups]
    assert inter_gene_correlation(values, groups=names) == pytest.approx(found, abs=1e-9)
    # Differences between groups are not correlation within them.
    apart = values + rng.normal(0, 20, (3, 12))[groups]
    assert inter_gene_correlation(apart, groups=groups) == pytest.approx(found, abs=1e-9)


def test_inter_gene_correlation__is_numpys_mean_r_of_pairs_of_residuals():
    rng = np.random.default_rng(8)
    values = rng.normal(size=(9, 1)) + rng.normal(size=(9, 12))
    groups = np.repeat([0, 1, 2], 3)
    off = np.triu_indices(12, k=1)
    assert inter_gene_correlation(values) == pytest.approx(np.corrcoef(values.T)[off].mean())
    residuals = values - np.stack([values[groups == g].mean(axis=0) for g in range(3)])[groups]
    expected = np.corrcoef(residuals.T)[off].mean()
    assert expected > 0.2
    assert inter_gene_correlation(values, groups=groups) == pytest.approx(expected)


def test_inter_gene_correlation__opposite_genes_are_0_by_hand():
    line = np.array([0.0, 1, 3])
    # R of the pairs: 1, -1 and -1; the mean of -1/3 is set to 0.
    assert inter_gene_correlation(np.stack([line, 2 * line, -line], axis=1)) == 0


def test_gene_set_shift__says_where_few_replicates_have_no_power():
    """Three batches of two: p is NaN even if every gene of a set doubles."""
    genes = [f"g{i}" for i in range(2000)]
    shift = np.random.default_rng(1).normal(0, 0.2, 2000)
    shift[:50] += 1
    sets = {f"s{i}": genes[50 * i : 50 * (i + 1)] for i in range(20)}
    few = gene_set_shift(shift, genes=genes, sets=sets, correlation=0.05, degrees_of_freedom=3)
    assert np.isnan(few.p).all()
    assert few.reasons[0].startswith("no power: even if every gene of the set shifted, p would be")
    many = gene_set_shift(shift, genes=genes, sets=sets, correlation=0.05, degrees_of_freedom=30)
    assert many.p_adjusted[0] < 0.01
    assert many.reasons[0] == ""
