"""Features by the names that a user gives."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import lotwise
from lotwise.errors import InputError
from lotwise.expression.features import places_of

GENES = ["ENSG00000136244.12", "ENSG00000075624.1", "ENSG00000000003.14", "ENSG00000000003.15"]


@pytest.fixture
def gene():
    tpm = np.random.default_rng(3).dirichlet(np.ones(len(GENES)), 2).T * 1e6
    return lotwise.from_frame(pd.DataFrame(tpm, index=GENES, columns=["S1", "S2"])).gene


@pytest.mark.parametrize("name", ["ENSG00000136244.12", "ENSG00000136244", "ENSG00000136244.3"])
def test_places_of__any_version_of_a_gene(gene, name):
    assert places_of(gene, [name]) == {name: 0}


@pytest.mark.parametrize(
    ("name", "words"),
    [
        (
            "IL6",
            r"unknown gene 'IL6'; the genes have no symbols: .*column gene_name of the DataFrame",
        ),
        ("ENSG00000075625", "unknown gene 'ENSG00000075625'; it is not among the features"),
        # Of two versions, none is the one that was meant.
        ("ENSG00000000003", "unknown gene 'ENSG00000000003'; it is not among the features"),
    ],
)
def test_places_of__unknown_names_without_symbols(gene, name, words):
    with pytest.raises(InputError, match=words) as raised:
        places_of(gene, [name])
    assert len(str(raised.value)) < 200


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("ILL6", "unknown gene 'ILL6'; did you mean 'IL6'"),
        ("ZZZZ9", "unknown gene 'ZZZZ9'; check its spelling, or give an identifier"),
    ],
)
def test_places_of__unknown_symbols(name, words):
    with pytest.raises(InputError, match=words):
        places_of(lotwise.datasets.three_batches().gene, [name])
