"""Objects of another kind than a function works on: one line says what to give instead."""

from __future__ import annotations

import inspect
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import lotwise
from lotwise.config import EvidenceConfig
from lotwise.errors import InputError

QUANTIFICATION = lotwise.datasets.three_batches()
GENE = QUANTIFICATION.gene
TPM = GENE.to_df(layer="tpm")


@pytest.fixture(scope="module")
def comparison():
    read = lotwise.datasets.three_batches()
    return lotwise.compare(read, evidence=EvidenceConfig(statistics=("batches",)))


# Arguments that functions need besides the first.
NEEDED = {
    "alleles": lotwise.datasets.two_donors(),
    "attributes": None,
    "density": TPM,
    "donors": TPM,
    "grouping": "batch",
    "lots": TPM,
    "margin": 0.01,
    "merges": TPM,
    "path": "accepted.h5ad",
    "r": 0.98,
    "sample_a": "lot1",
    "sample_b": "lot2",
    "sets": {"one": ["g0"]},
    "source": "genes.gtf",
    "table": "pairs",
    "usage": TPM,
}
OTHERS = {
    "Quantification": (QUANTIFICATION, "give one of its levels, 'gene' or 'isoform'"),
    "dict": ({"gene": GENE}, "give one of its levels, 'gene' or 'isoform'"),
    "DataFrame": (TPM, r"lotwise\.from_frame makes AnnData"),
    "ndarray": (TPM.to_numpy(), r"lotwise\.from_frame makes AnnData"),
    "path": ("samples.tsv", "read the file first, with"),
    "None": (None, "the samples were read without this level"),
}
NOT_OF_DATA = {"MOST_SAMPLES", "add_note", "nothing", "save_figure"}


def functions():
    """Yield each public function, with its name."""
    for module in ("tl", "pl", "pp", "get"):
        part = getattr(lotwise, module)
        for name in getattr(part, "__all__", [name for name in vars(part) if name[0] != "_"]):
            one = getattr(part, name)
            is_ours = getattr(one, "__module__", "").startswith(f"lotwise.{module}")
            if name not in NOT_OF_DATA and inspect.isfunction(one) and is_ours:
                yield f"{module}.{name}", one


def first_argument(function):
    return next(iter(inspect.signature(function).parameters))


FUNCTIONS = dict(functions())
OF_ANNDATA = [name for name, one in FUNCTIONS.items() if first_argument(one) == "expression"]
OF_TABLES = [name for name in FUNCTIONS if name not in OF_ANNDATA]


def called(function, given):
    """Call a function with ``given`` in place of its first argument."""
    others = list(inspect.signature(function).parameters.values())[1:]
    needed = [one for one in others if one.default is one.empty and one.kind != one.VAR_KEYWORD]
    positional = [NEEDED[one.name] for one in needed if one.kind == one.POSITIONAL_OR_KEYWORD]
    named = {one.name: NEEDED[one.name] for one in needed if one.kind == one.KEYWORD_ONLY}
    return function(given, *positional, **named)


def test_functions__are_all_of_these_kinds():
    assert len(OF_ANNDATA) > 30
    assert {"pl.batches", "pl.detectable", "pl.genotype", "pl.variance"} <= set(OF_TABLES)


@pytest.mark.parametrize("kind", OTHERS)
@pytest.mark.parametrize("name", OF_ANNDATA)
def test_require_anndata__other_objects(name, kind):
    given, words = OTHERS[kind]
    if (name, kind) == ("pl.mean_difference", "ndarray"):
        words = "for two vectors, give the table"
    else:
        words = f"expected an AnnData .*, got {kind}; {words}"
    with pytest.raises(InputError, match=words):
        called(FUNCTIONS[name], given)


@pytest.mark.parametrize("name", ["tl.correlate", "get.pairs", "pl.heatmap"])
def test_require_anndata__a_comparison(name, comparison):
    with pytest.raises(InputError, match="got Comparison; give one of its levels"):
        called(FUNCTIONS[name], comparison)
    called(FUNCTIONS[name], comparison.gene)


@pytest.mark.parametrize("given", [GENE, QUANTIFICATION, TPM, "gene.batches.tsv", None, {}])
@pytest.mark.parametrize("name", OF_TABLES)
def test_need_rows__other_objects(name, given):
    with pytest.raises(InputError, match=r"expected the table '\w+', got .*; give .*lotwise\."):
        called(FUNCTIONS[name], given)


def test_need_rows__another_table_of_the_same_samples():
    gene = lotwise.datasets.three_batches().gene
    lotwise.tl.correlate(gene)
    with pytest.raises(InputError, match="'batches', got a DataFrame without its column 'batch'"):
        lotwise.pl.batches(lotwise.get.pairs(gene))


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (GENE, r"got AnnData; give the result of lotwise\.from_frame"),
        (TPM, r"got DataFrame; give the result of lotwise\.from_frame"),
        (None, "got None; give the path of a sample sheet"),
        (np.ones(3), "got ndarray; give the path of a sample sheet"),
        ([Path("a.sf"), Path("b.sf")], "got list of path; give a mapping from sample names"),
    ],
)
@pytest.mark.parametrize("function", [lotwise.compare, lotwise.read_quant])
def test_listed_samples__other_objects(function, given, words):
    with pytest.raises(InputError, match=f"expected a sample sheet or samples, {words}"):
        function(given)


def test_listed_samples__what_was_read_or_compared(comparison):
    with pytest.raises(InputError, match="got Comparison; its samples are already compared"):
        lotwise.compare(comparison)
    with pytest.raises(InputError, match="got Quantification; its samples are already read"):
        lotwise.read_quant(QUANTIFICATION)
    with pytest.raises(InputError, match=r"got dict; give the result of lotwise\.read_quant"):
        lotwise.compare({"a": "a.sf"})


@pytest.mark.parametrize("given", [GENE, TPM, None])
def test_read_quant__a_mapping_to_other_objects(given):
    with pytest.raises(InputError, match="sample 'S1': expected the path of a quantification, got"):
        lotwise.read_quant({"S1": given})


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (GENE, r"got AnnData; give \{'gene': expression\}"),
        (QUANTIFICATION, r"got Quantification; give \{'gene': quantification\.gene\}"),
        (TPM, "got DataFrame; give .* with an AnnData"),
        ({"gene": TPM}, "expected an AnnData .* got DataFrame"),
    ],
)
def test_require_levels__other_objects(given, words):
    with pytest.raises(InputError, match=words):
        lotwise.profile_of(given, sample="lot1")
    with pytest.raises(InputError, match=words):
        lotwise.titrate(given, "encode_isogenic", profile=None)


def test_titrate__another_profile():
    with pytest.raises(InputError, match=r"a profile of lotwise\.profile_of, got DataFrame"):
        lotwise.titrate({"gene": GENE}, "encode_isogenic", profile=pd.DataFrame())


@pytest.mark.parametrize("given", [GENE, (GENE, None), [GENE]])
def test_compare__one_level_of_an_unpacked_result_is_refused_with_what_to_give(given):
    with pytest.raises(InputError, match=r"AnnData; give the result .* as a whole"):
        lotwise.compare(given)
