"""Foreign entries in an AnnData under lotwise's keys, and files that declare too much."""

from __future__ import annotations

import anndata
import h5py
import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from lotwise import get, pl, tl
from lotwise.errors import InputError
from lotwise.expression.matrix import read_matrix
from lotwise.expression.store import read_level
from lotwise.outofcore import correlate_store, open_store

pytestmark = pytest.mark.fault


def make(n_samples=6, n_features=30):
    rng = np.random.default_rng(3)
    tpm = rng.lognormal(2, 1, (n_samples, n_features))
    tpm *= 1e6 / tpm.sum(axis=1, keepdims=True)
    batches = [f"b{i // 2}" for i in range(n_samples)]
    made = anndata.AnnData(
        np.log2(tpm + 1),
        obs=pd.DataFrame({"batch": batches}, index=[f"s{i}" for i in range(n_samples)]),
        var=pd.DataFrame(index=[f"g{i}" for i in range(n_features)]),
    )
    made.layers["tpm"], made.layers["counts"] = tpm, tpm
    made.uns["lotwise"] = {"level": "gene"}
    return made


USES = {
    "correlate": tl.correlate,
    "batches": tl.batches,
    "libraries": tl.libraries,
    "identity": tl.identity,
    "detectable": tl.detectable,
    "ceilings": tl.ceilings,
    "pairs": get.pairs,
}


@pytest.mark.parametrize("use", USES)
@pytest.mark.parametrize("other", ["text", ["a"], 3, np.arange(2)])
def test_noted__uns_of_another_type(use, other):
    expression = make()
    expression.uns["lotwise"] = other
    with pytest.raises(
        InputError, match=r"uns\['lotwise'\] is a \w+ that was not written by lotwise"
    ):
        USES[use](expression)


@pytest.mark.parametrize("show", [get.matrix, pl.heatmap])
def test_correlations_of__parts_that_were_joined(show):
    parts = [make(), make()]
    parts[1].obs_names = [f"x{name}" for name in parts[1].obs_names]
    for part in parts:
        tl.correlate(part)
    joined = anndata.concat(parts, pairwise=True)
    assert sparse.issparse(joined.obsp["pearson"])
    with pytest.raises(InputError, match=r"obsp\['pearson'\] is not a full matrix; .*again"):
        show(joined)


def test_batches__dates_and_no_samples():
    expression = make()
    expression.obs["batch"] = pd.to_datetime(["2026-01-01", "2026-01-02", "2026-01-03"] * 2)
    tl.batches(expression)
    assert expression.uns["lotwise"]["batches"]["batch"].iloc[0].startswith("2026-01-01")
    with pytest.raises(InputError, match="there are no samples"):
        tl.batches(make()[:0].copy())


def replaced(file, name, values, **attributes):
    del file[name]
    file[name] = values
    file[name].attrs.update(attributes)


ARRAY = {"encoding-type": "array", "encoding-version": "0.2.0"}


def shorten(file):
    index = file["obs/_index"]
    # anndata 0.13 writes text as a group of values and mask.
    names = (index if isinstance(index, h5py.Dataset) else index["values"])[:2]
    replaced(file, "obs/_index", names, **ARRAY | {"encoding-type": "string-array"})


def be_old(file):
    replaced(file, "obs", np.array([(b"s",)] * 6, dtype=[("index", "S3")]))


def declare(file):
    del file["layers/tpm"]
    huge = file["layers"].create_dataset("tpm", (10**6, 10**8), "f8", chunks=(1, 1000))
    huge.attrs.update(ARRAY)


def link(file):
    del file["X"]
    file["X"] = h5py.SoftLink("/X")


STORES = {
    "obs that is shorter than X": (shorten, "its obs has 2 rows, but the matrix has 6"),
    "obs of anndata before 0.7": (be_old, "was written by a version of AnnData before 0.7"),
    "text": (
        lambda file: replaced(file, "X", np.full((6, 30), b"a"), **ARRAY),
        "must contain numbers, got values of type .S1",
    ),
    "no samples": (
        lambda file: replaced(file, "X", np.zeros((0, 30)), **ARRAY),
        "its obs has 6 rows, but the matrix has 0",
    ),
    "a link to itself": (link, r"cannot be read \("),
}


@pytest.fixture
def changed(tmp_path):
    def change(by):
        path = tmp_path / "a.h5ad"
        make().write_h5ad(path)
        with h5py.File(path, "r+") as file:
            by(file)
        return path

    return change


@pytest.mark.parametrize("store", STORES)
def test_open_store__foreign(store, changed):
    by, words = STORES[store]
    with pytest.raises(InputError, match=words):
        open_store(changed(by))


@pytest.mark.parametrize("threads", [0, -1])
def test_correlate_store__threads(threads, changed, tmp_path):
    with pytest.raises(InputError, match=f"threads must be >= 1, got {threads}"):
        correlate_store(open_store(changed(len)), tmp_path / "out", threads=threads)


@pytest.mark.parametrize("by", [declare, link])
@pytest.mark.parametrize("read", [read_level, lambda path: read_matrix(path, ["s0"])])
def test_read__a_file_that_declares_terabytes_or_links_to_itself(by, read, changed):
    with pytest.raises(InputError, match=r"declares 800,000 GB|is not an h5ad file"):
        read(changed(by))
