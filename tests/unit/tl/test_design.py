"""Relations of samples by the design, in pairs, averages, warnings and the grouping."""

from __future__ import annotations

import warnings

import anndata
import numpy as np
import pandas as pd
import pytest

from lotwise import get, pp, tl
from lotwise.config import CorrelationConfig, EvidenceConfig
from lotwise.errors import DesignWarning, InputError
from lotwise.run.evidence import gather_evidence
from lotwise.tl.pairs import pairs_of

N_GENES = 1500


def made(conditions=("naive", "IFNg"), n_batches=3, sd_condition=1.0, n_replicates=1, seed=4):
    """Make batches with a sample of every condition and a planted effect of each."""
    rng = np.random.default_rng(seed)
    base = rng.normal(3, 2.5, N_GENES)
    effects = {name: rng.normal(0, sd_condition, N_GENES) for name in conditions}
    rows, obs = [], []
    for batch in range(n_batches):
        of_batch = rng.normal(0, 0.1, N_GENES)
        for name in conditions:
            for _ in range(n_replicates):
                noise = rng.normal(0, 0.2, N_GENES)
                rows.append(np.exp2(base + of_batch + effects[name] + noise))
                obs.append((f"L{batch}", name))
    tpm = np.array(rows)
    tpm *= 1e6 / tpm.sum(axis=1, keepdims=True)
    names = pd.Index([f"S{i}" for i in range(len(obs))], dtype=object)
    return anndata.AnnData(
        X=np.log2(tpm + 1),
        obs=pd.DataFrame(obs, columns=["batch", "condition"], index=names),
        var=pd.DataFrame(index=pd.Index([f"g{i}" for i in range(N_GENES)], dtype=object)),
        layers={"tpm": tpm},
        uns={"lotwise": {"level": "gene"}},
    )


def test_pairs_of__relates_by_batch_and_condition():
    relations = [pair.relation for pair in pairs_of(made(n_batches=2))]
    # L0 naive, L0 IFNg, L1 naive, L1 IFNg
    assert relations == ["across", "between", "across", "across", "between", "across"]


def test_pairs_of__replicates_share_batch_and_condition():
    one = [pair.relation for pair in pairs_of(made(n_batches=1, n_replicates=2))]
    assert one == ["within", *["across"] * 4, "within"]


def test_pairs_of__without_a_condition_is_as_before():
    expression = made(n_batches=2)
    del expression.obs["condition"]
    relations = [pair.relation for pair in pairs_of(expression)]
    assert relations == ["within", *["between"] * 4, "within"]


def test_pairs__carry_the_conditions():
    expression = made()
    tl.correlate(expression, sets=("all",))
    table = get.pairs(expression)
    conditions = expression.obs["condition"]
    for side in ("a", "b"):
        assert table[f"condition_{side}"].tolist() == conditions[table[f"sample_{side}"]].tolist()


def test_average_replicates__keeps_conditions_apart():
    averaged = pp.average_replicates(made(n_replicates=2))
    assert averaged.obs_names.tolist()[:3] == ["L0 (naive)", "L0 (IFNg)", "L1 (naive)"]
    assert averaged.obs["condition"].tolist()[:2] == ["naive", "IFNg"]
    assert averaged.obs["n_samples"].unique().tolist() == [2]


def test_correlate__warns_of_a_condition_that_is_missing():
    expression = made(n_batches=4)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        tl.correlate(expression, sets=("all",))
    del expression.obs["condition"]
    with pytest.warns(DesignWarning, match="A condition is probably missing"):
        tl.correlate(expression, sets=("all",))


def test_correlate__warns_where_no_two_batches_share_a_condition():
    expression = made(n_batches=2)[[0, 3]].copy()
    with pytest.warns(DesignWarning, match="no two batches share a condition"):
        tl.correlate(expression, sets=("all",))


def test_correlate__warns_of_a_batch_whose_condition_no_other_batch_has():
    expression = made(n_batches=3)[[0, 2, 5]].copy()  # L0 naive, L1 naive, L2 IFNg
    with pytest.warns(DesignWarning, match=r"L2 \(IFNg\) is compared with no other batch"):
        tl.correlate(expression, sets=("all",))


def test_choose_pairs__takes_pairs_of_one_condition_first():
    expression = made(n_batches=4)  # 12 between, 16 across
    with pytest.warns(UserWarning, match="28 pairs of samples"):
        tl.choose_pairs(expression, most_pairs=14)
    relations = pd.Series([pair.relation for pair in pairs_of(expression)]).value_counts()
    assert relations.to_dict() == {"between": 12, "across": 2}


def test_gather_evidence__refuses_a_grouping_that_is_no_column():
    config = EvidenceConfig(statistics=("signal",), grouping="colour")
    with pytest.raises(InputError, match="no column 'colour' with groups; they have batch"):
        gather_evidence(made(), config, CorrelationConfig())
