"""Values that are not what they are given as: CPM as TPM, and counts that are none."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import lotwise
from lotwise.errors import InputError, TpmSumWarning
from lotwise.expression.scale import are_multiples, contradicts

SAMPLES = ["S1", "S2", "S3"]
N = 4_000
GENES = [f"ENSG{n:011d}" for n in range(N)]


@pytest.fixture(scope="module")
def drawn():
    """Counts of three libraries, lengths, and the TPM computed from both: features x samples."""
    rng = np.random.default_rng(11)
    counts = rng.poisson(rng.lognormal(2, 2.5, (N, 1)) * rng.uniform(0.5, 2, 3)).astype(float)
    length = rng.lognormal(7, 0.8, N)
    tpm = counts / length[:, None]
    return counts, length, tpm / tpm.sum(axis=0) * 1e6


def frame(values):
    return pd.DataFrame(values, index=GENES, columns=SAMPLES)


@pytest.mark.parametrize("decimals", [2, 3, 4, 6, None])
@pytest.mark.parametrize("fewest", [1, 10])
def test_are_multiples__finds_cpm_of_any_decimals_also_without_low_counts(drawn, decimals, fewest):
    counts = drawn[0][:, 0]
    cpm = counts[counts >= fewest] / 4e6 * 1e6  # a library of 4 million fragments
    assert are_multiples(cpm if decimals is None else np.round(cpm, decimals))
    assert are_multiples(cpm.astype(np.float32).astype(np.float64))


@pytest.mark.parametrize("decimals", [0, 1, 2, 3, 4, 6, None])
def test_are_multiples__finds_nothing_in_tpm(drawn, decimals):
    tpm = drawn[2]
    for values in (tpm if decimals is None else np.round(tpm, decimals)).T:
        assert not are_multiples(values)


def test_are_multiples__few_values_decide_nothing():
    assert not are_multiples(np.arange(1.0, 40.0))
    assert are_multiples(np.arange(1.0, 400.0) * 0.37)


def rarefied(drawn, n_samples=3):
    counts = drawn[0][:, :n_samples]
    rng = np.random.default_rng(8)
    return np.column_stack([rng.multinomial(1_000_000, one / one.sum()) for one in counts.T])


def test_read__counts_drawn_to_a_million_are_refused(drawn, tmp_path):
    values = frame(rarefied(drawn))
    words = (
        r"sample 'S1': all values are whole numbers, .* exactly 1,000,000, .* \(rarefied\).*; use"
    )
    with pytest.raises(InputError, match=words):
        lotwise.from_frame(values)
    values.to_csv(tmp_path / "matrix.tsv", sep="\t")
    with pytest.raises(InputError, match=r"matrix\.tsv: sample 'S1': all values are whole"):
        lotwise.read_quant(dict.fromkeys(SAMPLES, tmp_path / "matrix.tsv"))
    assert lotwise.from_frame(values, tpm_sum="any").gene.n_vars == N


@pytest.mark.parametrize("decimals", [0, 1, 2])
def test_read__rounded_tpm_are_no_rarefied_counts(drawn, decimals):
    tpm = np.round(drawn[2], decimals)
    if decimals == 0:
        # One sample of rounded TPM may sum to a million by chance.
        tpm[np.argmax(tpm[:, 0]), 0] += 1e6 - tpm[:, 0].sum()
    assert lotwise.from_frame(frame(tpm)).gene.n_vars == N


def test_read__few_features_and_simple_numbers_are_no_rarefied_counts():
    few = pd.DataFrame({"S1": [2e5, 3e5, 5e5], "S2": [1e5, 4e5, 5e5]}, index=GENES[:3])
    tens = np.random.default_rng(9).multinomial(100_000, np.full(100, 0.01), size=3).T * 10.0
    for values in (few, pd.DataFrame(tens, index=GENES[:100], columns=SAMPLES)):
        assert lotwise.from_frame(values).gene is not None


def test_contradicts__counts_of_these_tpm_do_not(drawn):
    counts, _, tpm = drawn
    rng = np.random.default_rng(0)
    for column in range(3):
        assert not contradicts(counts[:, column], tpm[:, column])
        # Another sample's counts are of the same features.
        assert not contradicts(counts[:, column], tpm[:, (column + 1) % 3])
        assert contradicts(rng.permutation(counts[:, column]), tpm[:, column])


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (
            lambda counts: np.roll(counts, 7, axis=0),
            r"features with high TPM do not have high counts.*; check that counts and TPM",
        ),
        (
            lambda counts: np.log2(counts + 1),
            r"the largest count is only .*logarithms of counts; give",
        ),
        (
            lambda counts: counts / counts.sum(axis=0) * 1e6,
            r"the counts of every sample sum to 1,000,000, .* normalised values such as CPM",
        ),
        (
            lambda counts: counts / counts.sum(axis=0) * 1e4,
            r"the counts of every sample sum to 10,000, .* normalised values such as CPM",
        ),
    ],
    ids=["other features", "logarithms", "CPM", "per ten thousand"],
)
@pytest.mark.parametrize("is_file", [False, True])
def test_read__counts_that_are_none_are_refused(drawn, spoil, words, is_file, tmp_path):
    counts, _, tpm = drawn
    if is_file:
        path = tmp_path / "matrix.h5ad"
        stored = lotwise.from_frame(frame(tpm), counts=frame(counts)).gene
        stored.layers["counts"] = spoil(counts).T
        stored.write_h5ad(path)
    with pytest.raises(InputError, match=words):
        _ = (
            lotwise.read_quant(dict.fromkeys(SAMPLES, path))
            if is_file
            else lotwise.from_frame(frame(tpm), counts=frame(spoil(counts)))
        )


@pytest.mark.parametrize("digits", [0, 3])
def test_read__estimated_counts_are_accepted(drawn, digits):
    counts, length, tpm = drawn
    estimated = np.round(counts * np.random.default_rng(1).uniform(0.9, 1.1, counts.shape), digits)
    made = lotwise.from_frame(
        frame(tpm), counts=frame(estimated), lengths=frame(np.tile(length[:, None], 3))
    )
    np.testing.assert_array_equal(made.gene.layers["counts"], estimated.T)


def test_read__one_sample_of_cpm_beside_tpm_is_refused(drawn):
    counts, _, tpm = drawn
    cpm = counts[:, :1] / counts[:, :1].sum() * 1e6
    one = {"index": GENES, "columns": SAMPLES[:1]}
    with pytest.raises(
        InputError, match="the counts sum to 1,000,000, and hardly any count is a whole number"
    ):
        lotwise.from_frame(pd.DataFrame(tpm[:, :1], **one), counts=pd.DataFrame(cpm, **one))


def test_read__estimated_counts_of_equal_totals_are_accepted(drawn):
    """Simulated reads that all map: each sample has as many, and some isoforms share them."""
    _, length, tpm = drawn
    rng = np.random.default_rng(2)
    share = tpm * length[:, None] / (tpm * length[:, None]).sum(axis=0)
    counts = np.column_stack([rng.multinomial(1_000_000, one) for one in share.T]).astype(float)
    # Two of three features share their reads with the next one.
    for first in range(0, N - 2, 3):
        mixed = rng.uniform(0.2, 0.8, 3) * (counts[first] + counts[first + 1])
        counts[first + 1] += counts[first] - mixed
        counts[first] = mixed
    assert np.allclose(counts.sum(axis=0), 1_000_000)
    made = lotwise.from_frame(frame(tpm), counts=frame(counts))
    np.testing.assert_array_equal(made.gene.layers["counts"], counts.T)


def test_read__counts_of_a_failed_library_are_no_logarithms(drawn):
    counts, _, _ = drawn
    few = np.random.default_rng(3).binomial(counts[:, :1].astype(int), 2e-4).astype(float)
    first = np.flatnonzero(few[:, 0])[0]
    few[first] += 0.5  # two isoforms share a read
    tpm = few / few.sum() * 1e6
    one = {"index": GENES, "columns": SAMPLES[:1]}
    made = lotwise.from_frame(
        pd.DataFrame(tpm, **one), counts=pd.DataFrame(few, **one), unit="normalized"
    )
    assert made.gene.layers["counts"].max() <= 30


@pytest.mark.parametrize("n_reads", [200, 1_000, 5_000, 20_000, 200_000])
def test_contradicts__counts_of_a_failed_library_do_not(drawn, n_reads):
    """Most counts are 1 there, so TPM of most features vary by length only."""
    counts, length, _ = drawn
    few = np.random.default_rng(5).multinomial(n_reads, counts[:, 0] / counts[:, 0].sum())
    assert not contradicts(few.astype(float), few / length)


def scaled(values, decimals, kept):
    """TPM printed with few decimals, of some features, scaled to a million again."""
    rounded = np.round(values, decimals) * kept[:, None]
    return rounded / rounded.sum(axis=0) * 1e6


def test_read__rounded_tpm_that_were_scaled_again(drawn):
    tpm = drawn[2]
    kept = np.arange(N) % 3 > 0
    assert lotwise.from_frame(frame(scaled(tpm, 6, kept))).gene.n_obs == 3
    two = frame(scaled(tpm, 2, kept))
    # As many hundredths as a library can have counts: nothing tells them from CPM.
    with pytest.raises(InputError, match=r"rounded values were scaled again; .*tpm_sum: any"):
        lotwise.from_frame(two)
    with pytest.warns(TpmSumWarning, match="multiples of one number, as counts per million"):
        assert lotwise.from_frame(two, tpm_sum="any").gene.n_obs == 3


@pytest.mark.parametrize(
    ("values", "words"),
    [
        (lambda drawn: drawn[0], "all are whole numbers, so these are counts, not TPM"),
        (lambda drawn: drawn[2] * 1.02, "TPM of a subset of the features sum to less than a mil"),
    ],
)
def test_read__a_subset_of_the_features_is_less_than_a_million_and_not_whole(drawn, values, words):
    with pytest.raises(InputError, match=words):
        lotwise.from_frame(frame(values(drawn)), tpm_sum="any")


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda counts: counts, "sample 'S1': CPM sum to .*, and all are whole numbers; divide"),
        (
            lambda counts: np.log1p(counts / counts.sum(axis=0) * 1e4),
            r"the largest CPM is .*, so the values are logarithms; .*numpy\.expm1",
        ),
        (
            lambda counts: counts / counts.sum(axis=0) * 1e4,
            "CPM of every sample sum to 10,000, not to a million; multiply",
        ),
        (lambda counts: counts * 40.5, "CPM sum to .*, which is more than a million; divide"),
    ],
    ids=["counts", "log1p of CP10k", "CP10k", "normalised"],
)
def test_from_frame__what_is_not_cpm_is_refused_as_cpm(drawn, spoil, words):
    counts = drawn[0]
    cpm = counts / counts.sum(axis=0) * 1e6
    kept = np.arange(N) % 2 == 0
    for given, unit in (
        (frame(cpm), "cpm"),
        (frame(cpm)[kept], "cpm"),  # some of the features
        (frame(np.log2(cpm + 1)), "log2(CPM + 1)"),
    ):
        made = lotwise.from_frame(given, unit=unit).gene
        np.testing.assert_allclose(made.layers["tpm"], cpm.T[:, : len(given)] if len(given) == N
                                   else cpm[kept].T, atol=1e-6)  # fmt: skip
    with pytest.raises(InputError, match=words):
        lotwise.from_frame(frame(spoil(counts)), unit="cpm")
