"""Stores are read in every format, by samples, and refused with a message."""

from __future__ import annotations

import anndata
import numpy as np
import pandas as pd
import pytest
import scipy.sparse
import zarr

from lotwise.errors import InputError
from lotwise.outofcore import open_store
from lotwise.outofcore.source import share_features


def _everything(source, *, most_bytes=10**6):
    return np.concatenate([*source.blocks(0, source.n_samples, most_bytes=most_bytes)])


@pytest.mark.parametrize("kind", [("a.zarr", 2), ("a.zarr", 3), ("a.h5ad", None)])
@pytest.mark.parametrize("layer", [None, "tpm"])
def test_blocks__gives_dense_and_sparse_in_every_format(tmp_path, annotated, write, kind, layer):
    name, zarr_format = kind
    source = open_store(write(annotated, tmp_path / name, zarr_format=zarr_format), layer=layer)
    expected = annotated.X if layer is None else annotated.layers["tpm"].toarray()
    np.testing.assert_array_equal(_everything(source), expected)
    assert source.samples.tolist() == annotated.obs_names.tolist()
    assert source.features.tolist() == annotated.var_names.tolist()


@pytest.mark.parametrize("zarr_format", [2, 3])
def test_blocks__of_a_bare_array_has_numbers_for_names(tmp_path, zarr_format):
    values = np.arange(12.0).reshape(3, 4)
    array = zarr.create_array(
        tmp_path / "b", shape=(3, 4), chunks=(2, 3), dtype="f8", zarr_format=zarr_format
    )
    array[:] = values
    source = open_store(tmp_path / "b")
    np.testing.assert_array_equal(_everything(source), values)
    assert source.samples.tolist() == ["0", "1", "2"]


def test_blocks__end_at_the_borders_of_chunks(tmp_path):
    zarr.create_array(tmp_path / "b", shape=(20, 10), chunks=(4, 10), dtype="f4")
    source = open_store(tmp_path / "b")
    sizes = [len(block) for block in source.blocks(3, 20, most_bytes=9 * 10 * 4)]
    # 9 rows would fit: 8 are two chunks.
    assert sizes == [5, 8, 4]


def test_blocks__never_holds_more_than_is_allowed(tmp_path):
    zarr.create_array(tmp_path / "b", shape=(20, 10), chunks=(20, 10), dtype="f4")
    source = open_store(tmp_path / "b")
    assert max(len(block) for block in source.blocks(0, 20, most_bytes=3 * 10 * 4)) == 3


@pytest.mark.parametrize("mask", [["G3", "G1"], np.isin(np.arange(2500), [1, 3])])
def test_open_store__takes_some_features_in_the_order_of_the_store(atlas_store, annotated, mask):
    source = open_store(atlas_store, features=mask)
    assert source.features.tolist() == ["G1", "G3"]
    np.testing.assert_array_equal(_everything(source), annotated.X[:, [1, 3]])


def test_share_features__brings_both_into_one_order(tmp_path, annotated, atlas_store, write):
    other = write(annotated[:4, ::-1][:, :2400].copy(), tmp_path / "queries.h5ad")
    queries, reference = share_features(open_store(other), open_store(atlas_store), min_shared=0.9)
    assert queries.features.tolist() == reference.features.tolist()
    np.testing.assert_array_equal(_everything(queries), _everything(reference)[:4])


def test_share_features__refuses_other_annotations(tmp_path, annotated, atlas_store, write):
    other = write(annotated[:, :100].copy(), tmp_path / "queries.h5ad")
    with pytest.raises(InputError, match="contains 100 of the 2,500 features"):
        share_features(open_store(other), open_store(atlas_store), min_shared=0.9)


@pytest.mark.parametrize("doubled", ["queries", "reference"])
def test_share_features__refuses_a_name_that_comes_twice(tmp_path, annotated, write, doubled):
    sources = {}
    for name in ("queries", "reference"):
        made = annotated[:3, :3].copy()
        made.var_names = ["A", "A", "B"] if name == doubled else ["A", "B", "C"]
        sources[name] = open_store(write(made, tmp_path / f"{name}.h5ad"))
    with pytest.raises(
        InputError, match=rf"{doubled}\.h5ad: contains the feature name 'A' 2 times; keep one"
    ):
        share_features(sources["queries"], sources["reference"], min_shared=0.1)


def test_open_store__refuses_a_named_feature_that_comes_twice(tmp_path, annotated, write):
    made = annotated[:3, :3].copy()
    made.var_names = ["A", "A", "B"]
    path = write(made, tmp_path / "a.h5ad")
    with pytest.raises(InputError, match="contains the feature name 'A' 2 times"):
        open_store(path, features=["B"])
    # By position there is no ambiguity, nor if all are used.
    assert open_store(path, features=np.array([True, False, True])).n_features == 2
    assert open_store(path).n_features == 3


def test_identity__changes_with_the_values(atlas_store):
    before = open_store(atlas_store).identity()
    zarr.open(atlas_store)["X"][0, 0] = 77.0
    assert open_store(atlas_store).identity() != before


@pytest.mark.parametrize("change", [{"layer": "tpm"}, {"pseudocount": 1.0}, {"features": ["G1"]}])
def test_identity__changes_with_the_scale(atlas_store, change):
    assert open_store(atlas_store, **change).identity() != open_store(atlas_store).identity()


def test_open_store__refuses_what_is_absent(tmp_path, atlas_store):
    with pytest.raises(InputError, match="no such store"):
        open_store(tmp_path / "nothing.zarr")
    with pytest.raises(InputError, match=r"has no 'layers/fpkm'; its layers are: tpm"):
        open_store(atlas_store, layer="fpkm")
    with pytest.raises(InputError, match=r"has no feature 'G9999'; 1 of the requested features"):
        open_store(atlas_store, features=["G1", "G9999"])
    with pytest.raises(InputError, match="the mask has 3 entries"):
        open_store(atlas_store, features=np.array([True, False, True]))


def test_open_store__refuses_other_files(tmp_path):
    (tmp_path / "text.h5ad").write_text("sample\tbatch\n")
    with pytest.raises(InputError, match="is neither a zarr store nor an h5ad file"):
        open_store(tmp_path / "text.h5ad")
    (tmp_path / "folder").mkdir()
    with pytest.raises(InputError, match="is neither a zarr store nor an h5ad file"):
        open_store(tmp_path / "folder")


def test_open_store__refuses_columns_and_cubes(tmp_path, write):
    by_features = anndata.AnnData(
        scipy.sparse.csc_matrix(np.eye(3, dtype=np.float32)),
        obs=pd.DataFrame(index=list("abc")),
        var=pd.DataFrame(index=list("xyz")),
    )
    with pytest.raises(
        InputError, match=r"contains a csc_matrix.*save the matrix as a dense array"
    ):
        open_store(write(by_features, tmp_path / "csc.h5ad"))
    zarr.create_array(tmp_path / "cube", shape=(2, 2, 2), chunks=(1, 1, 1), dtype="f4")
    with pytest.raises(InputError, match=r"got shape \(2, 2, 2\)"):
        open_store(tmp_path / "cube")
    zarr.create_array(tmp_path / "flat", shape=(2, 2), chunks=(1, 1), dtype="f4")
    with pytest.raises(InputError, match="is a single array, so it has no layer 'tpm'"):
        open_store(tmp_path / "flat", layer="tpm")
