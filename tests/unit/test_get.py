"""Tables from an AnnData: tidy, copies, and a message that names the missing tool."""

from __future__ import annotations

import dataclasses
import re

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

import lotwise
from lotwise.accepted import add_to_accepted
from lotwise.errors import InputError
from lotwise.evidence.catalogue import records, tables
from lotwise.evidence.contributions import ContributionRecord
from lotwise.evidence.pairs import PairRecord
from lotwise.evidence.replicate_qc import ReplicateQcRecord
from lotwise.files.records import columns
from lotwise.metrics.detectable import Perturbation
from lotwise.metrics.feature_sets import FEATURE_SETS

TABLES = [record.table for record in records()]
# Arguments that tools need, or that make them fast.
CALLS = {
    "batch_equivalence": {"margin": 0.01},
    "detectable": {"perturbation": Perturbation(folds=(2.0,), shares=(0, 0.2), n_repeats=1)},
    "gene_sets": {"sets": {"one": [f"g{i}" for i in range(12)]}},
    "intervals": {"n_resamples": 20},
    "signal": {"grouping": "batch"},
    "genotype": {
        "alleles": dataclasses.replace(lotwise.datasets.two_donors(), samples=("S1", "S2", "S3"))
    },
    "process_change": {"attributes": None},
}


@pytest.fixture
def gene(three_batches):
    lotwise.tl.correlate(three_batches.gene)
    return three_batches.gene


def is_tidy(table, record):
    return list(table.columns) == list(columns(record)) and list(table.index) == list(
        range(len(table))
    )


def test_pairs__are_sorted_by_r_within_each_feature_set_and_undefined_come_last(gene):
    table = lotwise.get.evidence(gene, "pairs")
    undefined = table["sample_a"].eq("S1") & table["sample_b"].eq("S3")
    gene.uns["lotwise"]["pairs"].loc[undefined, "pearson"] = np.nan
    found = lotwise.get.pairs(gene)
    assert list(dict.fromkeys(found["feature_set"])) == list(dict.fromkeys(table["feature_set"]))
    for _, rows in found.groupby("feature_set"):
        r = rows["pearson"].to_numpy()
        assert r[0] <= r[1]
        assert np.isnan(r[2])


def test_pairs__a_row_a_pair_and_feature_set(gene):
    table = lotwise.get.pairs(gene)
    assert is_tidy(table, PairRecord)
    assert len(table) == 3 * len(FEATURE_SETS)
    assert not table.duplicated(["sample_a", "sample_b", "feature_set"]).any()
    both = lotwise.get.pairs(gene, feature_set="detected_both")
    assert is_tidy(both, PairRecord)
    kept = table[table["feature_set"] == "detected_both"].reset_index(drop=True)
    pd.testing.assert_frame_equal(both, kept)
    with pytest.raises(InputError, match="'detected'; choose from all, detected_any"):
        lotwise.get.pairs(gene, feature_set="detected")


def test_matrix__is_the_pairs_squared_and_named(gene):
    table = lotwise.get.pairs(gene, feature_set="all").set_index(["sample_a", "sample_b"])
    for statistic in ("pearson", "spearman"):
        square = lotwise.get.matrix(gene, statistic)
        assert list(square.index) == list(square.columns) == ["S1", "S2", "S3"]
        assert square.index.name == "sample"
        np.testing.assert_array_equal(np.diag(square), 1)
        for (a, b), r in table[statistic].items():
            assert square.loc[a, b] == square.loc[b, a] == r


def test_tables_of_pairs__of_a_subset_are_of_its_samples(gene):
    lotwise.tl.replicate_qc(gene)
    lotwise.tl.contributions(gene)
    subset = gene[["S3", "S1"]]
    for take in (lotwise.get.pairs, lotwise.get.replicate_qc, lotwise.get.contributions):
        table = take(subset)
        assert set(zip(table["sample_a"], table["sample_b"], strict=True)) == {("S1", "S3")}
    renamed = gene.copy()
    renamed.obs_names = ["A", "B", "C"]
    with pytest.raises(
        InputError, match=r"'pairs' was computed from other samples; call lotwise.tl.correlate"
    ):
        lotwise.get.pairs(renamed)


def test_evidence__of_a_subset_is_of_its_samples(gene):
    lotwise.tl.agreement(gene)
    lotwise.tl.libraries(gene)
    lotwise.tl.signal(gene, grouping="batch")
    subset = gene[["S3", "S1"]].copy()
    pairs = lotwise.get.evidence(subset, "agreement")
    assert set(zip(pairs["sample_a"], pairs["sample_b"], strict=True)) == {("S1", "S3")}
    assert list(pairs.index) == list(range(11))
    assert lotwise.get.evidence(subset, "libraries")["sample"].to_list() == ["S1", "S3"]
    assert len(lotwise.get.evidence(subset, "signal")) == 1


def test_tables__are_copies(gene):
    pairs, square = lotwise.get.pairs(gene), lotwise.get.matrix(gene)
    pairs.loc[:, "pearson"] = 0.0
    square.loc[:, :] = 0.0
    assert (lotwise.get.pairs(gene)["pearson"] > 0.5).any()
    assert (lotwise.get.matrix(gene) > 0.5).all(axis=None)


@pytest.mark.parametrize(
    ("name", "record"), [("contributions", ContributionRecord), ("replicate_qc", ReplicateQcRecord)]
)
def test_tables__of_one_tool_are_there_after_it(gene, name, record):
    take = getattr(lotwise.get, name)
    with pytest.raises(InputError, match=rf"no table '{name}'.*lotwise\.tl\.{name} first"):
        take(gene)
    getattr(lotwise.tl, name)(gene)
    assert is_tidy(take(gene), record)
    assert len(take(gene)) >= 3


@pytest.mark.parametrize("take", [lotwise.get.pairs, lotwise.get.matrix])
def test_correlations__before_they_are_computed_name_correlate(three_batches, take):
    with pytest.raises(InputError, match=r"call lotwise\.tl\.correlate first"):
        take(three_batches.gene)


@pytest.mark.parametrize("record", records(), ids=TABLES)
def test_evidence__names_the_missing_tool_and_that_tool_makes_the_table(
    three_batches, record, tmp_path
):
    of_isoforms = record.table.startswith(("isoform", "uncertainty"))
    level = three_batches.isoform if of_isoforms else three_batches.gene
    with pytest.raises(InputError, match=f"no table '{record.table}'") as caught:
        lotwise.get.evidence(level, record.table)
    tool = re.search(r"call lotwise\.tl\.(\w+) first", str(caught.value)).group(1)
    lotwise.tl.correlate(level)
    if record.table == "isoform_shares":
        lotwise.tl.isoform_usage(level)
    earlier = three_batches.gene.copy()
    earlier.obs["batch"] = [*"XYZ"]
    add_to_accepted(earlier, tmp_path / "set.h5ad")
    calls = CALLS | {"accepted": {"path": tmp_path / "set.h5ad"}}
    getattr(lotwise.tl, tool)(level, **calls.get(tool, {}))
    assert is_tidy(lotwise.get.evidence(level, record.table), record)


def test_evidence__an_unknown_table_is_answered_with_those_there_are(gene):
    with pytest.raises(
        InputError, match=f"unknown table 'sensitive'; choose from .*{', '.join(TABLES)}"
    ):
        lotwise.get.evidence(gene, "sensitive")


@pytest.fixture
def other_genes(gene):
    """R of 300 genes, together with data of 100, and with as many genes of other names."""
    lotwise.tl.libraries(gene)
    renamed, turned = gene.copy(), gene[:, ::-1].copy()
    renamed.var_names = [f"other{i}" for i in range(gene.n_vars)]
    return {
        "computed from 300 features, but the AnnData now has 100": gene[:, :100].copy(),
        "computed from other features, or from": renamed,
        "or from the features in another order": turned,
    }


@pytest.mark.parametrize(
    "take",
    [
        lotwise.get.pairs,
        lotwise.get.matrix,
        lotwise.pl.heatmap,
        lotwise.pl.scatter_matrix,
        lambda expression: lotwise.get.evidence(expression, "libraries"),
    ],
)
def test_stale__numbers_of_other_features_are_refused(other_genes, take):
    for words, stale in other_genes.items():
        with pytest.raises(InputError, match=rf"{words}.*; call lotwise\.tl\.\w+ again"):
            take(stale)


def test_stale__is_over_after_the_tool_was_called_again(other_genes):
    for stale in other_genes.values():
        lotwise.tl.correlate(stale)
        fresh = lotwise.get.pairs(stale, feature_set="all")
        assert set(fresh["n_features"]) == {stale.n_vars}
        first = fresh.iloc[0]
        r = lotwise.get.matrix(stale).loc[first["sample_a"], first["sample_b"]]
        assert r == first["pearson"]
        figure = lotwise.pl.scatter_matrix(stale)
        titles = [axis.get_title() for axis in figure.axes]
        assert any(f"{stale.n_vars:,} genes" in title for title in titles)


@pytest.mark.parametrize(
    "take", [lotwise.get.matrix, lotwise.pl.heatmap, lotwise.pl.scatter_matrix]
)
def test_stale__numbers_of_samples_of_other_names_are_refused(gene, take):
    gene.obs_names = ["S1", "S2", "S4"]
    with pytest.raises(InputError, match=r"without sample 'S4'; call lotwise\.tl\.correlate again"):
        take(gene)


def test_stale__is_seen_after_a_trip_to_disk(gene, tmp_path):
    gene[:, :100].copy().write_h5ad(tmp_path / "g.h5ad")
    import anndata

    back = anndata.read_h5ad(tmp_path / "g.h5ad")
    with pytest.raises(InputError, match="computed from 300 features, but the AnnData now has 100"):
        lotwise.get.pairs(back)


@pytest.mark.parametrize("column", ["batch", "condition"])
def test_pairs__labels_that_were_changed_since_are_refused(three_batches, column):
    gene = three_batches.gene.copy()
    lotwise.tl.correlate(gene)
    lotwise.tl.libraries(gene)
    gene.obs[column] = ["lot1", "lot2", "lot2"]
    with pytest.raises(InputError, match=f"had {column} .* call lotwise.tl.correlate again"):
        lotwise.get.pairs(gene)
    if column == "batch":
        with pytest.raises(
            InputError, match="'libraries' was computed when sample 'S1' had batch 'S1'"
        ):
            lotwise.get.evidence(gene, "libraries")


@pytest.mark.parametrize("column", ["batch", "condition"])
def test_evidence__tables_of_batches_are_refused_after_a_change_of_labels(three_batches, column):
    gene = three_batches.gene.copy()
    lotwise.tl.variance(gene)
    kept = lotwise.get.evidence(gene, "variance")
    assert lotwise.get.evidence(gene[:2], "variance").equals(kept)
    gene.obs["condition"] = ""
    assert lotwise.get.evidence(gene, "variance").equals(kept)
    gene.obs[column] = ["lot1", "lot2", "lot2"]
    with pytest.raises(
        InputError,
        match=r"'variance' was computed before the name, batch or condition of sample 'S1' was "
        r"changed; call lotwise\.tl\.variance again",
    ):
        lotwise.get.evidence(gene, "variance")


def swap_names(gene):
    gene.obs_names = ["S3", "S2", "S1"]
    gene.obs["batch"] = gene.obs["batch"].to_numpy()[::-1]


def rename_all(gene):
    gene.obs_names = [f"new_{name}" for name in gene.obs_names]


def change_values(gene):
    gene.layers["tpm"] = gene.layers["tpm"][::-1].copy()


@pytest.mark.parametrize("change", [swap_names, rename_all, change_values])
@pytest.mark.parametrize("table", ["pairs", "libraries", "agreement", "variance"])
def test_evidence__of_samples_that_were_exchanged_since_is_refused(three_batches, change, table):
    """A swap of tubes is often corrected by renaming; results belong to the old names."""
    gene = three_batches.gene.copy()
    for compute in ("correlate", "libraries", "agreement", "variance"):
        getattr(lotwise.tl, compute)(gene)
    wanted = lotwise.get.evidence(gene, table)
    # As float32, and sparse, the values are the same.
    gene.layers["tpm"] = sparse.csr_matrix(gene.layers["tpm"].astype(np.float32))
    assert lotwise.get.evidence(gene, table).equals(wanted)
    gene.layers["tpm"] = gene.layers["tpm"].toarray()
    change(gene)
    with pytest.raises(InputError, match=rf"'{table}' was computed .* call lotwise\.tl\.\w+ again"):
        lotwise.get.evidence(gene, table)


def test_evidence__a_phase_or_donor_counts_where_it_is_used(three_batches):
    gene = three_batches.gene.copy()
    gene.obs["donor"] = ["D1", "D1", "D2"]
    lotwise.tl.correlate(gene)
    lotwise.tl.variance(gene)
    gene.obs["donor"] = ["D1", "D2", "D2"]
    assert len(lotwise.get.pairs(gene))
    with pytest.raises(InputError, match="'variance' was computed before the donor of sample 'S2'"):
        lotwise.get.evidence(gene, "variance")


READS_R = [
    lotwise.get.matrix,
    lotwise.get.pairs,
    lotwise.pl.heatmap,
    lotwise.pl.scatter_matrix,
    lotwise.tl.least_and_most_alike,
]


@pytest.mark.parametrize("take", READS_R)
@pytest.mark.parametrize("layer", ["tpm", "cpm"])
def test_stale__a_value_that_was_changed_since_is_noticed(three_batches, take, layer):
    gene = three_batches.gene.copy()
    gene.layers["cpm"] = gene.layers["counts"] / 2
    lotwise.tl.correlate(gene, layer=layer)
    take(gene)
    # The batch of a sample does not change R.
    if take is not lotwise.get.pairs:
        gene.obs["batch"] = ["lot1", "lot2", "lot2"]
        take(gene)
        gene.obs["batch"] = ["S1", "S2", "S3"]
    # A single value of 300.
    gene.layers[layer][2, 151] += 1
    words = rf"'pairs' was computed before the layer '{layer}' of sample 'S3' was changed; "
    with pytest.raises(InputError, match=rf"{words}call lotwise\.tl\.correlate again"):
        take(gene)
    lotwise.tl.correlate(gene, layer=layer)
    take(gene)


@pytest.mark.parametrize("take", READS_R)
def test_correlations__are_missing_before_correlate(three_batches, take):
    with pytest.raises(InputError, match=r"call lotwise\.tl\.correlate first"):
        take(three_batches.gene)


def test_isoform_shares__usage_of_other_values_is_refused(three_batches):
    isoform = three_batches.isoform.copy()
    lotwise.tl.isoform_usage(isoform)
    isoform.layers["tpm"][0] = isoform.layers["tpm"][0][::-1]
    words = "'isoform_usage' was computed before the layer 'tpm' of sample 'S1'"
    with pytest.raises(InputError, match=words):
        lotwise.tl.isoform_shares(isoform)


def test_evidence__batch_pairs_are_the_pairs_of_averaged_replicates(gene):
    words = (
        r"the table 'batch_pairs' is the table 'pairs' of lotwise\.pp\.average_replicates"
        r"\(expression\); call lotwise\.tl\.correlate for this result and take its table 'pairs'"
    )
    with pytest.raises(InputError, match=words):
        lotwise.get.evidence(gene, "batch_pairs")
    batches = lotwise.pp.average_replicates(gene)
    lotwise.tl.correlate(batches)
    assert is_tidy(lotwise.get.evidence(batches, "pairs"), tables()["batch_pairs"].record)
    with pytest.raises(InputError, match="unknown table 'x'") as told:
        lotwise.get.evidence(gene, "x")
    assert "batch_pairs" not in str(told.value)


def test_evidence__every_table_names_a_function_that_exists():
    for table in tables().values():
        for named in filter(None, (table.tool, table.shown.of)):
            module, _, name = named.removeprefix("lotwise.").partition(".")
            assert callable(getattr(getattr(lotwise, module), name))
