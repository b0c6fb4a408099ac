"""Variants of people and of their children."""

from __future__ import annotations

import numpy as np
import pytest

from lotwise.errors import InputError
from lotwise.simulate.donors import draw_child, draw_person, draw_variants


def test_draw_variants__a_person_has_the_heterozygosity_asked_for() -> None:
    rng = np.random.default_rng(1)
    variants = draw_variants(4_000_000, heterozygosity=5e-4, rng=rng)
    people = [draw_person(variants, rng).sum(axis=0) for _ in range(4)]
    rates = [np.mean(person == 1) * person.size / 4_000_000 for person in people]
    assert np.mean(rates) == pytest.approx(5e-4, rel=0.05)
    # Two people differ at 1.5 sites for each heterozygous one of a person.
    differing = np.mean(people[0] != people[1]) * people[0].size / 4_000_000
    assert differing == pytest.approx(7.5e-4, rel=0.1)


def test_draw_variants__none_is_none() -> None:
    assert draw_variants(1_000, heterozygosity=0, rng=np.random.default_rng(1)).places.size == 0
    with pytest.raises(InputError, match=r"heterozygosity must be in \[0, 0.01\], got 0.5"):
        draw_variants(1_000, heterozygosity=0.5, rng=np.random.default_rng(1))


def test_draw_child__shares_an_allele_with_either_parent_at_every_site() -> None:
    rng = np.random.default_rng(2)
    variants = draw_variants(2_000_000, rng=rng)
    mother, father = (draw_person(variants, rng) for _ in range(2))
    child = draw_child(mother, father, variants.places // 3_000, rng).sum(axis=0)
    for parent in (mother, father):
        # No site is homozygous for one allele in the parent and for the other in the child.
        assert not ((parent.sum(axis=0) == 2) & (child == 0)).any()
        assert not ((parent.sum(axis=0) == 0) & (child == 2)).any()
    assert (child != mother.sum(axis=0)).any()
