"""Gene sets tested with batches as the unit."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from lotwise.errors import InputError
from lotwise.metrics.batch_gene_sets import batch_set_shift

N_GENES, SIZE, N_SETS = 1000, 20, 25
GENES = [f"g{i}" for i in range(N_GENES)]
SETS = {f"set {i}": GENES[SIZE * i : SIZE * (i + 1)] for i in range(N_SETS)}


def batches(k, rng, *, rho=0.5):
    """Draw batches whose sets vary together between batches."""
    noise = np.sqrt(1 - rho) * rng.normal(size=(k, N_GENES))
    noise[:, : SIZE * N_SETS] += np.sqrt(rho) * np.repeat(rng.normal(size=(k, N_SETS)), SIZE, 1)
    return 8 + 0.3 * noise


def test_batch_set_shift__is_scipys_t_of_the_scores():
    log_tpm = batches(7, np.random.default_rng(1))
    found = batch_set_shift(log_tpm, batch=2, genes=GENES, sets={"a": GENES[:30]})
    score = log_tpm[:, :30].mean(axis=1) - log_tpm[:, 30:].mean(axis=1)
    others = np.delete(score, 2)
    wanted = stats.t.sf(
        abs(score[2] - others.mean()) / (others.std(ddof=1) * np.sqrt(1 + 1 / 6)), 5
    )
    assert found.p[0] == pytest.approx(2 * wanted, rel=1e-9)
    assert found.shift[0] == pytest.approx(score[2] - others.mean())


def test_batch_set_shift__does_not_depend_on_order_or_scale_of_all():
    log_tpm = batches(7, np.random.default_rng(2))
    order = np.random.default_rng(0).permutation(7)
    first = batch_set_shift(log_tpm, batch=int(order[0]), genes=GENES, sets=SETS)
    # Every gene of a batch doubled, as by another depth, is no shift of a set.
    moved = batch_set_shift(log_tpm[order] + np.arange(7)[:, None], batch=0, genes=GENES, sets=SETS)
    np.testing.assert_allclose(first.p, moved.p, rtol=1e-6)


@pytest.mark.parametrize("rho", [0.0, 0.5])
@pytest.mark.parametrize("k", [6, 10])
def test_batch_set_shift__sets_that_vary_between_sound_batches_are_called_as_stated(k, rho):
    n_runs = 150
    found = [
        batch_set_shift(
            batches(k, np.random.default_rng(seed), rho=rho), batch=0, genes=GENES, sets=SETS
        )
        for seed in range(n_runs)
    ]
    rate = np.mean([one.p < 0.05 for one in found])
    assert rate == pytest.approx(0.05, abs=3 * np.sqrt(0.0475 / (n_runs * N_SETS)) + 0.005)
    named = np.mean([(one.p_adjusted < 0.05).any() for one in found])
    assert named <= 0.05 + 3 * np.sqrt(0.0475 / n_runs)


def test_batch_set_shift__a_planted_shift_is_found():
    log_tpm = batches(10, np.random.default_rng(4), rho=0.1)
    log_tpm[3, : 2 * SIZE] += 1
    found = batch_set_shift(log_tpm, batch=3, genes=GENES, sets=SETS)
    assert set(np.flatnonzero(found.p_adjusted < 0.05)) == {0, 1}


def test_batch_set_shift__unknown_is_nan_with_a_reason():
    log_tpm = batches(5, np.random.default_rng(5))
    sets = {"all": GENES, "few": GENES[:2], "none": ["x"], "set": GENES[:9]}
    found = batch_set_shift(log_tpm, batch=0, genes=GENES, sets=sets)
    assert np.isnan(found.p).all()
    assert found.reasons == (
        "the set contains all genes",
        "fewer than 5 genes of the set are present",
        "no gene of the set is present",
        "fewer than 6 batches of the condition",
    )
    same = batch_set_shift(np.ones((6, 20)), batch=0, genes=GENES[:20], sets={"a": GENES[:9]})
    assert same.reasons == ("the score is the same in all other batches",)
    with pytest.raises(
        InputError,
        match=r"has 5 batches x 1,000 genes, but got 3 gene names and batch number 9\. Give one",
    ):
        batch_set_shift(log_tpm, batch=9, genes=GENES[:3], sets=sets)
