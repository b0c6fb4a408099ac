"""Genotypes from counted bases, and concordance."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from lotwise.errors import InputError
from lotwise.metrics.genotypes import (
    call_genotypes,
    concordance,
    sound_sites,
    varying_sites,
)

CALLS = arrays(
    np.int8, st.tuples(st.integers(2, 6), st.integers(0, 12)), elements=st.integers(-1, 2)
)


def counts_of(*bases: tuple[int, int, int, int]) -> list[list[list[int]]]:
    """Return one site in several samples."""
    return [[list(sample)] for sample in bases]


def test_call_genotypes__hand_values_at_the_bounds() -> None:
    counts = counts_of(
        (92, 0, 8, 0), (91, 0, 9, 0), (80, 0, 20, 0), (20, 0, 80, 0), (8, 0, 92, 0), (7, 0, 7, 0)
    )
    assert call_genotypes(counts, [0]).calls.ravel().tolist() == [0, -1, 1, 1, 2, -1]


def test_call_genotypes__a_third_allele_is_no_call() -> None:
    found = call_genotypes(counts_of((20, 6, 20, 0), (20, 2, 20, 0)), [0])
    assert found.alternative.tolist() == [2]
    assert found.calls.ravel().tolist() == [-1, 1]


def test_call_genotypes__one_deep_sample_does_not_choose_the_alternative() -> None:
    found = call_genotypes(counts_of((900, 40, 0, 0), (0, 0, 30, 0), (0, 0, 30, 0)), [0])
    assert found.alternative.tolist() == [2]
    assert found.calls.ravel().tolist() == [0, 2, 2]


def test_call_genotypes__min_depth_is_what_is_asked_for() -> None:
    counts = counts_of((15, 0, 0, 0), (14, 0, 0, 0))
    assert call_genotypes(counts, [0]).calls.ravel().tolist() == [0, -1]
    assert call_genotypes(counts, [0], min_depth=14).calls.ravel().tolist() == [0, 0]


def test_call_genotypes__other_shapes_are_refused() -> None:
    with pytest.raises(
        InputError, match=r"expected samples x sites x 4 for 'counts' and one base per site"
    ):
        call_genotypes([[[1, 2, 3]]], [0])
    with pytest.raises(InputError, match=r"every reference base must be 0, 1, 2 or 3"):
        call_genotypes(counts_of((1, 2, 3, 4)), [4])


def test_sound_sites__four_sites_in_ten_bases_are_left_out_and_three_stay() -> None:
    assert sound_sites([0] * 4, [1, 4, 7, 11], [0] * 4).tolist() == [False] * 4
    assert sound_sites([0] * 3, [1, 4, 7], [0] * 3).tolist() == [True] * 3
    assert sound_sites([0, 0, 1, 1], [1, 4, 5, 6], [0] * 4).tolist() == [True] * 4


def test_sound_sites__alleles_on_reads_of_another_gene_are_left_out() -> None:
    assert sound_sites([0, 0], [1, 90], [3.1, np.nan]).tolist() == [False, True]


def test_concordance__hand_value() -> None:
    calls = np.array([[0, 0, 1, 2, -1], [0, 1, 1, 0, 1], [0, 1, 1, 2, 1]], dtype=np.int8)
    found = concordance(calls)
    # The first site is homozygous for the reference in all.
    assert found.n_sites.tolist() == [[3, 3, 3], [3, 4, 4], [3, 4, 4]]
    assert found.concordance[0, 1] == pytest.approx(1 / 3)
    assert found.n_informative[0, 1] == 2
    assert found.informative[0, 1] == 0
    assert found.informative[0, 2] == 0.5


@given(CALLS)
def test_concordance__does_not_depend_on_the_order_of_samples(calls: np.ndarray) -> None:
    order = np.arange(len(calls))[::-1]
    one, other = concordance(calls), concordance(calls[order])
    for found, turned in zip(one, other, strict=True):
        np.testing.assert_array_equal(found[np.ix_(order, order)], turned)


@given(CALLS)
def test_concordance__equals_a_count_by_hand(calls: np.ndarray) -> None:
    found = concordance(calls)
    columns = [site for site in calls.T if (site > 0).any()]
    both = [site for site in columns if site[0] >= 0 and site[1] >= 0]
    assert found.n_sites[0, 1] == len(both)
    if both:
        assert found.concordance[0, 1] == pytest.approx(np.mean([s[0] == s[1] for s in both]))
    else:
        assert np.isnan(found.concordance[0, 1])


def test_varying_sites__no_call_is_no_genotype() -> None:
    calls = np.array([[0, 1, -1], [-1, 2, -1]], dtype=np.int8)
    assert varying_sites(calls).tolist() == [False, True, False]
