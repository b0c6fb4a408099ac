"""Declared names of AnnData arrays: each once, each with a meaning, and all that is made."""

from __future__ import annotations

import re

import numpy as np
import pytest

import lotwise
from lotwise import keys

# uns["lotwise"] is one declaration; these are the names within it.
WITHIN_UNS = {
    *(
        keys.LEVEL,
        keys.PARAMETERS,
        keys.VERSION,
        keys.BOOTSTRAPS,
        keys.HALVES,
        keys.INVALID,
        keys.UNIT,
        keys.SUMS_NOT_CHECKED,
        keys.COMPUTED_OVER,
    ),
    *(keys.PAIRS, keys.CHOSEN_PAIRS, keys.REPLICATE_QC, keys.CONTRIBUTIONS),
}


def test_all__declares_each_constant_once_with_a_sentence():
    names = [key.name for key in keys.ALL]
    assert len(set(names)) == len(names)
    constants = {
        value for name, value in vars(keys).items() if name.isupper() and isinstance(value, str)
    }
    assert constants == ({*names} - {"X"}) | WITHIN_UNS
    for key in keys.ALL:
        assert key.kind
        assert len(key.meaning.split()) >= 2


@pytest.fixture(params=keys.LEVELS)
def correlated(request, three_batches):
    level = getattr(three_batches, request.param)
    lotwise.tl.correlate(level)
    return level


def test_all__declares_what_reading_and_correlating_leave(correlated):
    declared = {(key.place, key.name) for key in keys.ALL}
    lotwise.tl.components(correlated)
    lotwise.tl.signal(correlated, grouping="batch")
    for place in ("obs", "layers", "obsm", "varm", "obsp", "uns", "var"):
        # anndata from 0.13 on lists X among the layers, without a name.
        held = {(place, name) for name in getattr(correlated, place) if name is not None}
        assert held <= declared
        assert held or place == "var"  # genes without symbols have no column there


def test_all__kinds_and_ranges_are_those_of_the_arrays(correlated):
    checked = set()
    for key in keys.ALL:
        held = correlated.X if key.place == "X" else getattr(correlated, key.place).get(key.name)
        if held is None or not key.kind.startswith(("float64", "int64")):
            continue
        values = np.asarray(held)
        assert str(values.dtype) == key.kind.split()[0], key.name
        if ">= 0" in key.kind:
            assert (values >= 0).all()
        elif "> 0" in key.kind:
            assert not (values <= 0).any()
        elif found := re.search(r"in \[(\S+), (\S+)\]", key.kind):
            low, high = map(float, found.groups())
            assert ((values >= low) & (values <= high)).all()
        checked.add(key.name)
    assert checked >= {"X", keys.TPM, keys.COUNTS, keys.LENGTH, keys.PEARSON, keys.SPEARMAN}
    np.testing.assert_array_equal(correlated.X, np.log2(correlated.layers[keys.TPM] + 1))
