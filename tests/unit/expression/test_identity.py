"""The id of expression: what changes it, and what does not."""

from __future__ import annotations

import anndata
import pytest

import lotwise
from lotwise.expression.identity import identify, read_identities
from lotwise.expression.store import read_level, write_level


@pytest.fixture
def gene():
    return lotwise.datasets.three_batches().gene


def _set(data, layer):
    data.layers[layer][1, 3] += 0.5


def _label(data, column, *labels):
    data.obs[column] = labels


@pytest.mark.parametrize(
    "change",
    [
        lambda data: _set(data, "tpm"),
        lambda data: _set(data, "counts"),
        lambda data: _set(data, "length"),
        lambda data: _label(data, "batch", "lot1", "lot2", "lot2"),
        lambda data: _label(data, "donor", "D1", "D1", "D2"),
        lambda data: setattr(data, "obs_names", ["A", "B", "C"]),
        lambda data: setattr(data, "var_names", [*data.var_names[:-1], "other"]),
    ],
)
def test_identify__other_names_labels_or_values_are_another_id(gene, change):
    known = identify(gene)
    change(gene)
    assert identify(gene) != known


def test_identify__results_and_comments_do_not_change_it(gene):
    known = identify(gene)
    lotwise.tl.correlate(gene)
    lotwise.tl.variance(gene)
    gene.obs["comment"] = "checked"
    assert identify(gene) == known


def test_read_identities__are_those_of_the_values_in_the_files(gene, tmp_path):
    write_level(gene, tmp_path / "expression")
    assert read_identities(tmp_path) == {"gene": identify(gene)}
    assert identify(read_level(tmp_path / "expression" / "gene.h5ad")) == identify(gene)


def test_read_identities__of_files_of_other_programs_are_left_out(gene, tmp_path):
    write_level(gene, tmp_path / "expression")
    path = tmp_path / "expression" / "gene.h5ad"
    anndata.read_h5ad(path).write_h5ad(path)
    assert read_identities(tmp_path) == {}
    path.write_text("no h5ad")
    assert read_identities(tmp_path) == {}
