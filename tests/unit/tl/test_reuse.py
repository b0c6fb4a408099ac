"""Kept results of samples and pairs, used again after other samples have changed."""

from __future__ import annotations

import numpy as np
import pytest

import lotwise
from lotwise.tl.reuse import Kept, kept_results, reusing


def test_kept__computes_once_per_key_while_it_adds():
    kept = Kept()
    assert [kept.get(("a", 1), lambda: "first"), kept.get(("a", 1), lambda: "second")] == [
        "first",
        "first",
    ]
    assert kept.get(("a", 2), lambda: "second") == "second"


def test_kept__closed_reuses_and_adds_nothing():
    kept = Kept()
    kept.get("known", lambda: 1)
    closed = kept.closed()
    assert closed.get("known", lambda: 2) == 1
    assert closed.get("new", lambda: 3) == 3
    assert closed.get("new", lambda: 4) == 4
    assert kept.get("new", lambda: 5) == 5


def test_reusing__ends_with_its_block_even_after_an_error():
    def stop():
        message = "stop"
        raise ValueError(message)

    kept = Kept()
    kept.get("one", lambda: 1)
    with pytest.raises(ValueError, match="stop"), reusing(kept):
        kept_results().get("two", stop)
    assert kept_results().get("one", lambda: 2) == 2


def test_fingerprint__differs_by_values_type_shape_and_absence():
    zeros = np.zeros(4)
    digests = [
        Kept().fingerprint(*arrays)
        for arrays in (
            (zeros,),
            (zeros.astype(np.float32),),
            (zeros.reshape(2, 2),),
            (zeros + 1e-300,),
            (zeros, None),
            (None, zeros),
            (zeros, zeros),
        )
    ]
    assert len(set(digests)) == len(digests)
    assert Kept().fingerprint(zeros) == Kept().fingerprint(zeros.copy())


def test_kept_results__without_reuse_no_time_is_spent_on_keys():
    assert kept_results().fingerprint(np.zeros(3)) == b""


@pytest.mark.parametrize(
    ("tool", "table"),
    [("correlate", "pairs"), ("agreement", "agreement"), ("ceilings", "ceilings")],
)
def test_reusing__a_changed_sample_is_computed_again_and_the_others_are_not(
    three_batches, monkeypatch, tool, table
):
    gene = three_batches.gene
    compute = getattr(lotwise.tl, tool)
    kept = Kept()
    with reusing(kept):
        compute(gene.copy())
    changed = gene.copy()
    for layer in ("tpm", "counts"):
        changed.layers[layer][0] = changed.layers[layer][0][::-1]
    whole = changed.copy()
    compute(whole)
    n_computed = []
    get = Kept.get
    monkeypatch.setattr(
        Kept,
        "get",
        lambda self, key, made: get(self, key, lambda: [n_computed.append(key), made()][1]),
    )
    with reusing(kept.closed()):
        compute(changed)
    # Of three samples and their three pairs, one sample and two pairs have changed. Ranks are
    # kept in two forms.
    assert len(n_computed) == {"correlate": 2 + 2, "agreement": 2, "ceilings": 1}[tool]
    found, expected = (lotwise.get.evidence(one, table) for one in (changed, whole))
    assert found.equals(expected)
    assert not found.equals(lotwise.get.evidence(_computed(gene, compute), table))


def _computed(gene, compute):
    made = gene.copy()
    compute(made)
    return made


@pytest.mark.parametrize(
    ("tool", "settings"),
    [
        ("correlate", {"pseudocount": 0.1}),
        ("correlate", {"threshold": 5.0}),
        ("correlate", {"min_counts": 100.0}),
        ("correlate", {"sets": ("all", "detected_any")}),
        ("correlate", {"sets": {"mine": []}}),
        ("agreement", {"threshold": 5.0}),
        ("ceilings", {"pseudocount": 0.1}),
        ("ceilings", {"seed": 1}),
    ],
)
def test_reusing__other_settings_are_another_result(three_batches, tool, settings):
    gene, compute = three_batches.gene, getattr(lotwise.tl, tool)
    if isinstance(settings.get("sets"), dict):
        settings = {"sets": {"mine": gene.var_names[:50].to_list()}}
    table = {"correlate": "pairs"}.get(tool, tool)
    made, whole = gene.copy(), gene.copy()
    with reusing(Kept()):
        compute(made)
        compute(made, **settings)
    compute(whole, **settings)
    assert lotwise.get.evidence(made, table).equals(lotwise.get.evidence(whole, table))
