"""Values of an AnnData: NaN are refused and logarithms are named by all functions alike."""

from __future__ import annotations

import warnings

import anndata
import numpy as np
import pytest
from scipy import sparse

import lotwise
from lotwise.errors import InputError, LotwiseWarning
from lotwise.expression.layers import tpm_of, values_by_sample

# Functions that read no TPM, read none of these samples, or read results of the same values.
NO_TPM = {
    "accepted",
    "blocks",
    "genotype",
    "isoform_shares",
    "least_and_most_alike",
    "process_change",
}
ARGUMENTS = {
    "batch_equivalence": {"margin": 0.01},
    "choose_pairs": {"most_pairs": 2},
    "gene_sets": {"sets": {"one": [f"g{i}" for i in range(12)]}},
    "intervals": {"n_resamples": 20},
    "signal": {"grouping": "batch"},
}


@pytest.fixture
def gene():
    return lotwise.datasets.three_batches().gene


def use(name):
    """Return a tool that gets its level and its arguments."""

    def call(change):
        gene, isoform = lotwise.datasets.three_batches()
        level = isoform if name.startswith("isoform") else gene
        change(level)
        getattr(lotwise.tl, name)(level, **ARGUMENTS.get(name, {}))

    return call


def draw(function):
    def call(change):
        gene = lotwise.datasets.three_batches().gene
        change(gene)
        function(gene, "lot1", "lot2")

    return call


USES = {name: use(name) for name in lotwise.tl.__all__ if name not in NO_TPM} | {
    "pl.scatter": draw(lotwise.pl.scatter),
    "pl.mean_difference": draw(lotwise.pl.mean_difference),
    "pp.average_replicates": draw(lambda gene, *_: lotwise.pp.average_replicates(gene)),
}


def log_tpm(expression):
    expression.layers["tpm"] = np.log2(expression.layers["tpm"] + 1)


def lose_a_value(expression):
    expression.layers["tpm"][1, 0] = np.nan


@pytest.mark.filterwarnings("ignore:there are 3 pairs of samples")
@pytest.mark.parametrize("name", USES)
def test_tpm_of__logarithms_are_named_by_every_function(name):
    with pytest.warns(LotwiseWarning, match="sample 'lot1': the largest TPM .* put TPM") as told:
        USES[name](log_tpm)
    # The warning is at the call of the user.
    assert told[0].filename == __file__


def test_tpm_of__logarithms_of_one_sample_are_named(gene):
    gene.layers["tpm"][1] = np.log1p(gene.layers["tpm"][1])
    with pytest.warns(LotwiseWarning, match="sample 'lot2': the largest TPM .* put TPM"):
        lotwise.tl.correlate(gene)


@pytest.mark.parametrize("name", USES)
def test_tpm_of__nan_are_refused_by_every_function(name):
    words = r"sample 'lot2': TPM of '[gt]0' is nan \(1 such value\).* join='inner'"
    with pytest.raises(InputError, match=words):
        USES[name](lose_a_value)


def test_tpm_of__features_of_an_outer_join_are_refused(gene):
    joined = anndata.concat([gene[:1, :200], gene[1:, 100:]], join="outer")
    with pytest.raises(InputError, match=r"is nan \(100 such values\)"):
        lotwise.tl.variance(joined)
    lotwise.tl.variance(anndata.concat([gene[:1, :200], gene[1:, 100:]], join="inner"))


@pytest.mark.parametrize(
    ("value", "words"), [(-2e6, "is -2e.06 .*linear scale"), (np.inf, "is inf .*linear scale")]
)
def test_tpm_of__other_wrong_values(gene, value, words):
    gene.layers["tpm"][0, 0] = value
    with pytest.raises(InputError, match=words):
        tpm_of(gene)


@pytest.mark.parametrize("logged", [np.log1p, lambda tpm: np.log2(tpm + 1), np.log10])
@pytest.mark.parametrize("has_tpm", [True, False])
def test_tpm_of__logarithms_in_another_layer_are_named(gene, logged, has_tpm):
    gene.layers["logged"] = logged(np.maximum(gene.layers["tpm"], 1))
    if not has_tpm:
        del gene.layers["tpm"]
    words = "the largest value of layer 'logged' is .* give a layer that is not logged"
    with pytest.warns(LotwiseWarning, match=words):
        lotwise.pl.scatter(gene, "lot1", "lot2", layer="logged")
    with pytest.warns(LotwiseWarning, match=words):
        lotwise.tl.correlate(gene, layer="logged")


def test_tpm_of__linear_layers_of_small_values_are_no_logarithms(gene):
    rng = np.random.default_rng(4)
    tpm = gene.layers["tpm"]
    gene.layers["share"] = tpm / tpm.sum(axis=1, keepdims=True)
    gene.layers["few"] = rng.poisson(tpm / 1e5).astype(float)
    gene.layers["normalised"] = sparse.csr_matrix(tpm * rng.lognormal(0, 0.5, tpm.shape[1]) / 1e5)
    with warnings.catch_warnings(action="error"):
        for layer in ("share", "few", "normalised"):
            tpm_of(gene, layer)


@pytest.mark.parametrize("function", [lotwise.pl.scatter, lotwise.pl.mean_difference])
def test_tpm_of__features_of_low_expression_are_no_logarithms(gene, function):
    gene.layers["tpm"] *= 0.01
    gene.X = np.log2(gene.layers["tpm"] + 1)
    low = gene[:, gene.layers["tpm"].max(axis=0) < 20].copy()
    with warnings.catch_warnings(action="error"):
        function(low, "lot1", "lot2")


@pytest.mark.filterwarnings("always")
@pytest.mark.parametrize("function", [lotwise.pl.scatter, lotwise.pl.mean_difference])
def test_tpm_of__a_figure_names_logarithms_once(gene, function):
    gene.layers["logged"] = np.log1p(gene.layers["tpm"])
    with pytest.warns(LotwiseWarning) as told:
        function(gene, "lot1", "lot2", layer="logged")
    assert len(told) == 1


def test_tpm_of__logarithms_that_were_declared_are_accepted(gene):
    log_tpm(gene)
    gene.uns["lotwise"]["unit"] = "normalized"
    with warnings.catch_warnings(action="error"):
        tpm_of(gene)


def test_values_by_sample__a_sample_without_counts_is_none(gene):
    gene.layers["counts"][1] = np.nan
    found = values_by_sample(gene, "counts")
    assert [sample is None for sample in found] == [False, True, False]
    assert values_by_sample(gene, "fpkm") == [None] * 3
    gene.layers["counts"][0, 0] = np.nan
    with pytest.raises(InputError, match="sample 'lot1': 'counts' of 'g0' is nan"):
        lotwise.tl.libraries(gene)
