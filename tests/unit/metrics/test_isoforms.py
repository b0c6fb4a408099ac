"""Isoform usage, its test against bootstraps, and InfRV."""

from __future__ import annotations

import math
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import stats
from scipy.spatial.distance import jensenshannon

from lotwise.errors import InputError
from lotwise.metrics.isoforms import (
    inferential_relative_variance,
    usage_change,
    usage_test,
)

samples = st.integers(1, 30).flatmap(
    lambda n: st.tuples(
        arrays(np.float64, n, elements=st.floats(0, 100, width=32)),
        arrays(np.float64, n, elements=st.floats(0, 100, width=32)),
        arrays(np.int64, n, elements=st.integers(0, 6)),
    )
)


def two_sequencings(seed, *, n_switched, n_genes=1500, n_bootstraps=20):
    """Two sequencings of one truth, in which isoforms of some genes are exchanged."""
    rng = np.random.default_rng(seed)
    sizes = rng.integers(1, 7, n_genes)
    genes = np.repeat(np.arange(n_genes), sizes)
    totals = rng.lognormal(4, 1.7, n_genes)
    weight = rng.gamma(0.7, 1, genes.size)
    usage = weight / np.bincount(genes, weight)[genes]
    x = usage * totals[genes]
    y = x.copy()
    largest = np.zeros(n_genes)
    np.maximum.at(largest, genes, usage)
    clear = np.flatnonzero((sizes > 1) & (totals > 100) & (largest > 0.7))
    switched = rng.choice(clear, n_switched, replace=False)
    for gene in switched:
        members = np.flatnonzero(genes == gene)
        y[members] = np.roll(x[members], 1)
    counts = [rng.poisson(20 * truth) for truth in (x, y)]
    bootstraps = [rng.poisson(np.tile(part, (n_bootstraps, 1))) for part in counts]
    to_tpm = 1e6 / (20 * totals.sum())
    samples = counts[0] * to_tpm, counts[1] * to_tpm
    change = usage_change(*samples, genes=genes)
    test = usage_test(
        change,
        samples=samples,
        bootstraps=(bootstraps[0] * to_tpm, bootstraps[1] * to_tpm),
        genes=genes,
        prior=4,
    )
    return change, test, set(switched)


def test_usage_change__hand_value():
    found = usage_change([9, 1, 5, 0, 7], [1, 9, 5, 0, 7], genes=["B", "B", "A", "A", "C"])
    assert list(found.gene) == ["A", "B", "C"]
    # p = (.9, .1), q = (.1, .9), m = (.5, .5): KL(p||m) = 1 - H(.1) bits
    entropy = -(0.9 * math.log2(0.9) + 0.1 * math.log2(0.1))
    np.testing.assert_allclose(found.distance, [0, math.sqrt(1 - entropy), np.nan])
    np.testing.assert_allclose(found.largest_change, [0, 0.8, np.nan])
    assert list(found.flips) == [False, True, False]
    assert (found.dominant_x[1], found.dominant_y[1]) == (0, 1)
    assert list(found.reasons) == ["", "", "one isoform"]
    assert found.isoform[2] == -1


def test_usage_change__equals_scipys_jensen_shannon():
    rng = np.random.default_rng(1)
    genes = rng.permutation(np.repeat(np.arange(50), 4))
    x, y = rng.gamma(0.5, 20, (2, 200))
    found = usage_change(x, y, genes=genes, threshold=0)
    expected = [jensenshannon(x[genes == gene], y[genes == gene], base=2) for gene in range(50)]
    np.testing.assert_allclose(found.distance, expected, atol=1e-10)


@given(samples, st.floats(0.1, 10))
def test_usage_change__symmetric_and_ignores_order_and_depth(sample, scale):
    x, y, genes = sample
    found = usage_change(x, y, genes=genes, threshold=0.5)
    swapped = usage_change(y, x, genes=genes, threshold=0.5)
    np.testing.assert_allclose(swapped.distance, found.distance, atol=1e-7)
    np.testing.assert_array_equal(swapped.dominant_x, found.dominant_y)
    order = np.random.default_rng(0).permutation(x.size)
    moved = usage_change(x[order], y[order], genes=genes[order], threshold=0.5)
    np.testing.assert_allclose(moved.distance, found.distance, atol=1e-7)
    deeper = usage_change(scale * x, scale * y, genes=genes, threshold=0.5 * scale)
    both = np.isfinite(found.distance) & np.isfinite(deeper.distance)
    np.testing.assert_allclose(deeper.distance[both], found.distance[both], atol=1e-7)
    tested = found.distance[np.isfinite(found.distance)]
    assert ((tested >= 0) & (tested <= 1)).all()


def test_usage_change__low_genes_and_empty_input():
    found = usage_change([0.1, 0.2, 0], [5, 5, 0], genes=["A", "A", "A"], threshold=1)
    assert math.isnan(found.distance[0])
    assert found.reasons[0] == "gene below the threshold"
    assert usage_change([], [], genes=[]).gene.size == 0
    with pytest.raises(InputError, match="got 3 values, but genes were given for 2 isoforms"):
        usage_change([1, 2, 3], [1, 2, 3], genes=["A", "B"])


def test_usage_test__null_names_no_more_than_it_says():
    n_sets, n_named, n_below, n_tested = 60, 0, 0, 0
    for seed in range(n_sets):
        _, test, _ = two_sequencings(seed, n_switched=0, n_genes=800)
        n_named += bool((test.p_adjusted < 0.05).any())
        n_below += np.count_nonzero(test.p < 0.05)
        n_tested += np.count_nonzero(np.isfinite(test.p))
    # At most 5 % of sets without planted change report anything, plus three standard errors.
    assert n_named <= 0.05 * n_sets + 3 * math.sqrt(0.0475 * n_sets)
    assert n_below / n_tested == pytest.approx(0.05, abs=0.01)


def test_usage_test__power_planted_switches_are_found_at_the_stated_error():
    n_true, n_false = 0, 0
    for seed in range(10):
        change, test, switched = two_sequencings(100 + seed, n_switched=40)
        called = set(np.flatnonzero(test.p_adjusted < 0.05))
        n_true += len(called & switched)
        n_false += len(called - switched)
        assert change.flips[list(switched)].mean() > 0.9
    assert n_true >= 0.95 * 400
    # A rate of 5 % over about 420 calls, with three standard errors.
    assert n_false / (n_true + n_false) < 0.05 + 3 * math.sqrt(0.05 * 0.95 / 420)


def test_usage_test__missing_bootstraps_are_nan_with_a_reason():
    change = usage_change([5, 5], [5, 6], genes=["A", "A"])
    empty = np.empty((0, 2))
    found = usage_test(
        change, samples=([5, 5], [5, 6]), bootstraps=(empty, empty), genes=["A", "A"], prior=4
    )
    assert np.isnan(found.p).all()
    assert found.reason == "fewer than four bootstraps of a sample"
    assert np.isnan(found.distance).all()
    with pytest.raises(InputError, match=r"prior must be >= 0 TPM, got -1"):
        usage_test(
            change, samples=([5], [5]), bootstraps=(empty, empty), genes=["A", "A"], prior=-1
        )


def test_usage_test__a_gene_absent_from_a_bootstrap_is_not_tested_nor_part_of_the_null():
    genes = np.repeat(np.arange(40), 2)
    rng = np.random.default_rng(3)
    x, y = rng.poisson(300, (2, 80)).astype(float)
    x[:2], y[:2] = (3, 0), (3, 0)
    x[2:4], y[2:4] = (500, 50), (50, 500)
    draws = [rng.poisson(part, (12, 80)).astype(float) for part in (x, y)]
    draws[0][3, :2] = 0
    change = usage_change(x, y, genes=genes)
    found = usage_test(
        change, samples=(x, y), bootstraps=(draws[0], draws[1]), genes=genes, prior=4
    )
    assert math.isnan(found.p[0])
    assert math.isnan(found.null_distance[0])
    assert np.isfinite(found.p[1:]).all()
    assert found.p_adjusted[1] < 0.05


def test_usage_test__no_gene_to_compare_says_so():
    change = usage_change([5, 5], [5, 6], genes=["A", "B"])
    draws = np.ones((4, 2))
    found = usage_test(
        change, samples=([5, 5], [5, 6]), bootstraps=(draws, draws), genes=["A", "B"], prior=4
    )
    assert np.isnan(found.p).all()
    assert found.reason == "no gene can be compared"


def test_inferential_relative_variance__hand_value_and_floor():
    # mean 10, variance 200: (200 - 10) / 15 + .01
    found = inferential_relative_variance([[0, 5], [20, 5]])
    np.testing.assert_allclose(found, [190 / 15 + 0.01, 0.01])
    assert np.isnan(inferential_relative_variance([[1, 2]])).all()


def test_inferential_relative_variance__null_poisson_and_power_uncertain_assignment():
    rng = np.random.default_rng(2)
    poisson = rng.poisson(100, (500, 50))
    uncertain = rng.poisson(100 * rng.uniform(0, 2, (500, 50)))
    assert inferential_relative_variance(poisson).mean() < 0.1
    assert inferential_relative_variance(uncertain).min() > 10
    order = rng.permutation(500)
    np.testing.assert_allclose(
        inferential_relative_variance(uncertain[order]), inferential_relative_variance(uncertain)
    )


def test_inferential_relative_variance__is_the_formula_feature_by_feature_in_any_order():
    rng = np.random.default_rng(3)
    draws = rng.poisson(rng.lognormal(3, 1, 40), (9, 40)).astype(float)
    found = inferential_relative_variance(draws)
    for feature, column in enumerate(draws.T):
        mean = sum(column) / 9
        variance = sum((value - mean) ** 2 for value in column) / 8
        expected = max(variance - mean, 0) / (mean + 5) + 0.01
        assert found[feature] == pytest.approx(expected, rel=1e-12)
    order = rng.permutation(40)
    np.testing.assert_allclose(inferential_relative_variance(draws[::-1, order]), found[order])


@given(
    arrays(np.float64, st.tuples(st.integers(2, 9), st.integers(1, 9)), elements=st.floats(0, 1e6)),
    st.integers(0, 1000),
)
def test_inferential_relative_variance__ignores_the_order_of_bootstraps(draws, seed):
    rng = np.random.default_rng(seed)
    rows, columns = (rng.permutation(size) for size in draws.shape)
    found = inferential_relative_variance(draws)
    mixed = inferential_relative_variance(draws[np.ix_(rows, columns)])
    np.testing.assert_allclose(mixed, found[columns], rtol=1e-9, atol=1e-6)


def test_usage_change__null_of_identical_samples_is_0_everywhere():
    rng = np.random.default_rng(6)
    x, genes = rng.lognormal(3, 1, 300), rng.permutation(np.repeat(np.arange(100), 3))
    found = usage_change(x, x, genes=genes)
    np.testing.assert_array_equal(found.distance, 0)
    np.testing.assert_array_equal(found.largest_change, 0)
    assert not found.flips.any()


def small_test(*, prior=4.0, n_draws=5):
    """Continuous draws, so that no two isoforms tie for the dominant one."""
    rng = np.random.default_rng(7)
    genes = np.repeat(np.arange(30), 3)
    x = rng.lognormal(3, 1, 90)
    y = x * rng.lognormal(0, 0.2, 90)
    draws = tuple(part * rng.lognormal(0, 0.1, (n_draws, 90)) for part in (x, y))
    return {"samples": (x, y), "bootstraps": draws, "genes": genes, "prior": prior}


def run(case):
    change = usage_change(*case["samples"], genes=case["genes"])
    return usage_test(change, **case)


def test_usage_test__hand_value_of_bootstraps_without_noise():
    samples = np.array([9.0, 1, 5, 5]), np.array([1.0, 9, 5, 5])
    draws = tuple(np.tile(part, (4, 1)) for part in samples)
    found = run({"samples": samples, "bootstraps": draws, "genes": [*"AABB"], "prior": 4})
    # 6 pairs per sample, 2 genes: 24 null distances of 0. A is above all, B above none.
    assert found.n_null == 24
    np.testing.assert_array_equal(found.null_distance, 0)
    np.testing.assert_allclose(found.p, [1 / 25, 1])
    np.testing.assert_allclose(found.p_adjusted, [2 / 25, 1])


def test_usage_test__is_the_definition_written_out_gene_by_gene():
    case = small_test()
    found = run(case)
    (x, y), genes = case["samples"], case["genes"]
    pairs = [(part, a, b) for part in (0, 1) for a, b in combinations(range(5), 2)]
    null, apart, flips, observed = {}, {}, {}, {}
    for gene in range(30):
        members = genes == gene
        rows = [part[:, members] + 4 for part in case["bootstraps"]]
        d = [jensenshannon(rows[part][a], rows[part][b], base=2) for part, a, b in pairs]
        null[gene] = d
        flips[gene] = np.mean(
            [rows[part][a].argmax() != rows[part][b].argmax() for part, a, b in pairs]
        )
        # For each pair, the pairs that share no bootstrap with it.
        apart[gene] = [
            math.sqrt(
                np.mean(
                    [
                        e**2
                        for e, other in zip(d, pairs, strict=True)
                        if other[0] != part or not {a, b} & set(other[1:])
                    ]
                )
            )
            for part, a, b in pairs
        ]
        observed[gene] = jensenshannon(x[members] + 4, y[members] + 4, base=2)
    scale = {gene: math.sqrt(np.mean(np.square(d))) for gene, d in null.items()}
    floor = np.median(list(scale.values())) / 3
    pooled = [
        d / (rest + floor) for gene in null for d, rest in zip(null[gene], apart[gene], strict=True)
    ]
    p = [
        (1 + sum(d >= observed[gene] / (scale[gene] + floor) for d in pooled)) / (1 + len(pooled))
        for gene in null
    ]
    np.testing.assert_allclose(found.null_distance, list(scale.values()), atol=1e-7)
    np.testing.assert_allclose(found.p, p, rtol=1e-12)
    np.testing.assert_allclose(found.p_adjusted, stats.false_discovery_control(p))
    np.testing.assert_allclose(found.flip_share, list(flips.values()))
    assert found.n_null == len(pooled)
    assert min(p) < 0.01
    assert max(p) > 0.5


@settings(max_examples=20)
@given(st.integers(0, 2**32 - 1))
def test_usage_test__ignores_order_of_isoforms_names_of_genes_and_unit_and_swapped_samples(seed):
    case = small_test()
    found = run(case)
    (x, y), (draws_x, draws_y), genes = case["samples"], case["bootstraps"], case["genes"]
    order = np.random.default_rng(seed).permutation(90)
    moved = run(
        case
        | {
            "samples": (x[order], y[order]),
            "bootstraps": (draws_x[:, order], draws_y[:, order]),
            "genes": genes[order],
        }
    )
    swapped = run(case | {"samples": (y, x), "bootstraps": (draws_y, draws_x)})
    unit = {"samples": (8 * x, 8 * y), "bootstraps": (8 * draws_x, 8 * draws_y), "prior": 32.0}
    renamed = run(case | {"genes": 29 - genes})
    # Rounding may move a null distance past an observed one: one step of p.
    step = 1 / (1 + found.n_null)
    for other in (moved, swapped, run(case | unit)):
        np.testing.assert_allclose(other.p, found.p, atol=1.01 * step)
        np.testing.assert_allclose(other.flip_share, found.flip_share)
        np.testing.assert_allclose(other.null_distance, found.null_distance, atol=1e-7)
    np.testing.assert_allclose(renamed.p[::-1], found.p, atol=1.01 * step)
