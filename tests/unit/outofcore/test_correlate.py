"""Whole runs: compared with NumPy, in small blocks, killed and resumed, on a cluster."""

from __future__ import annotations

import os
import tracemalloc

import anndata
import numpy as np
import pytest
import zarr
from filelock import FileLock

from lotwise.errors import EnvironmentFault, InputError
from lotwise.files.tables import read_table
from lotwise.metrics.correlation import spearman_matrix
from lotwise.outofcore import correlate_store, nearest_samples, open_store, scheduler, tiles
from lotwise.outofcore.neighbours import NeighbourRecord
from lotwise.outofcore.plan import Plan


@pytest.fixture
def small_panels(monkeypatch):
    """Sixteen samples per panel, so that 45 make three panels and six pairs of panels."""

    def small(n_samples, n_features, *, memory):
        return Plan(panel=16, strip=7, read_bytes=100_000)

    monkeypatch.setattr("lotwise.outofcore.correlate.make_plan", small)


@pytest.fixture
def expected(annotated):
    return np.corrcoef(annotated.X.astype(np.float64))


def _matrix(path, method="pearson"):
    return anndata.read_zarr(path).obsp[method]


def test_correlate_store__is_numpys_matrix(atlas_store, tmp_path, small_panels, expected):
    made = correlate_store(open_store(atlas_store), tmp_path / "out")
    found = _matrix(made)
    assert np.abs(found - expected).max() < 1e-6
    assert (found == found.T).all()
    assert (np.diagonal(found) == 1).all()
    assert anndata.read_zarr(made).obs_names.tolist() == [f"S{i}" for i in range(45)]
    # No temporary files are left.
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["pearson.zarr"]


def test_correlate_store__cut_or_whole_is_the_same(atlas_store, tmp_path, monkeypatch, expected):
    found = []
    for panel, strip in ((45, 45), (16, 5)):
        plan = Plan(panel=panel, strip=strip, read_bytes=10**6)
        monkeypatch.setattr(
            "lotwise.outofcore.correlate.make_plan", lambda *_, plan=plan, **__: plan
        )
        found.append(_matrix(correlate_store(open_store(atlas_store), tmp_path / "out")))
    np.testing.assert_allclose(found[1], found[0], atol=2e-7)


@pytest.mark.usefixtures("small_panels")
def test_correlate_store__names_the_sample_of_a_negative_value(annotated, tmp_path, write):
    broken = annotated.copy()
    broken.X[41, 4] = -1.0
    store = open_store(write(broken, tmp_path / "s.h5ad"), pseudocount=1.0)
    words = r"s\.h5ad: sample 'S41': TPM must be >= 0, got a value of -1; do not set"
    with pytest.raises(InputError, match=words):
        correlate_store(store, tmp_path / "out")


def test_correlate_store__chunks_are_whole_parts_of_a_panel(
    atlas_store, tmp_path, small_panels, expected, monkeypatch
):
    monkeypatch.setattr("lotwise.outofcore.plan.MOST_OF_CHUNK", 5)
    made = correlate_store(open_store(atlas_store), tmp_path / "out")
    assert zarr.open(made)["obsp/pearson"].chunks == (4, 4)
    assert np.abs(_matrix(made) - expected).max() < 1e-6


@pytest.mark.parametrize("n", [0, 1, 127, 128, 1000])
def test_mirror__copies_the_upper_triangle_in_little_memory(n):
    square = np.random.default_rng(5).random((n, n)).astype(np.float32)
    expected = np.triu(square) + np.triu(square, 1).T
    tracemalloc.start()
    try:
        tiles._mirror(square)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    np.testing.assert_array_equal(square, expected)
    # A corner of 128; the indices of the whole triangle of 1,000 take 8 MB.
    assert peak < 400_000


def test_correlate_store__takes_spearman_of_a_sparse_layer(
    atlas_store, tmp_path, small_panels, tpm
):
    made = correlate_store(open_store(atlas_store, layer="tpm"), tmp_path, method="spearman")
    assert made.name == "spearman.zarr"
    assert np.abs(_matrix(made, "spearman") - spearman_matrix(tpm)).max() < 1e-6


def test_correlate_store__takes_the_log_on_the_fly(atlas_store, tmp_path, small_panels, expected):
    made = correlate_store(open_store(atlas_store, layer="tpm", pseudocount=1.0), tmp_path)
    assert np.abs(_matrix(made) - expected).max() < 1e-6


@pytest.mark.usefixtures("small_panels")
def test_correlate_store__says_which_samples_have_no_r(
    annotated, tmp_path, write, expected, caplog
):
    broken = annotated.copy()
    broken.X[12] = 3.0
    broken.X[30, 5] = np.nan
    made = correlate_store(open_store(write(broken, tmp_path / "s.h5ad")), tmp_path)
    found = anndata.read_zarr(made)
    gone = [12, 30]
    assert np.isnan(found.obsp["pearson"][gone]).all()
    assert np.isnan(found.obsp["pearson"][:, gone]).all()
    kept = np.delete(np.arange(45), gone)
    assert np.abs(found.obsp["pearson"] - expected)[np.ix_(kept, kept)].max() < 1e-6
    assert np.flatnonzero(found.obs["reason"] != "").tolist() == gone
    assert "2 samples have no R" in caplog.text


def test_nearest_samples__are_those_of_the_matrix(atlas_store, tmp_path, small_panels, expected):
    table = nearest_samples(open_store(atlas_store), tmp_path, k=4)
    others = expected.copy()
    np.fill_diagonal(others, -np.inf)
    order = np.argsort(-others, axis=1)[:, :4]
    assert table["nearest"].tolist() == [f"S{i}" for i in order.ravel()]
    assert table["rank"].tolist() == [1, 2, 3, 4] * 45
    found = table["correlation"].to_numpy().reshape(45, 4)
    assert np.abs(found - np.take_along_axis(others, order, axis=1)).max() < 1e-6
    written = read_table(tmp_path / "pearson.nearest.tsv", NeighbourRecord)
    assert written["nearest"].tolist() == table["nearest"].tolist()


@pytest.mark.usefixtures("small_panels")
def test_nearest_samples__of_queries_find_their_own_copies(annotated, atlas_store, tmp_path, write):
    # Some features are missing and the order differs: R is over those that both have.
    other = anndata.AnnData(
        annotated.X[[20, 3]][:, :49:-1],
        obs=annotated.obs.iloc[[20, 3]],
        var=annotated.var.iloc[:49:-1],
    )
    other = write(other, tmp_path / "q.h5ad")
    table = nearest_samples(open_store(atlas_store), tmp_path, k=2, queries=open_store(other))
    assert table[["sample", "rank", "nearest"]].to_numpy()[::2].tolist() == [
        ["S20", 1, "S20"],
        ["S3", 1, "S3"],
    ]
    shared = annotated.X[:, 50:].astype(np.float64)
    assert table["correlation"].iloc[1] == pytest.approx(
        np.sort(np.corrcoef(shared)[20])[-2], abs=1e-6
    )


def test_nearest_samples__without_an_r_has_one_row_that_says_so(
    annotated, tmp_path, small_panels, write
):
    broken = annotated[:12].copy()
    broken.X[11] = 0.0
    table = nearest_samples(open_store(write(broken, tmp_path / "s.h5ad")), tmp_path, k=20)
    last = table[table["sample"] == "S11"]
    assert last[["rank", "nearest"]].to_numpy().tolist() == [[0, ""]]
    assert "constant" in last["reason"].iloc[0]
    # Fewer than k others: all of them, and the sample without R is a neighbour of none.
    assert table[table["sample"] == "S0"]["rank"].tolist() == list(range(1, 11))
    assert "S11" not in set(table["nearest"])


class KilledError(Exception):
    """Stands for the end of the process."""


@pytest.fixture
def count_steps(monkeypatch):
    """Count the finished steps, and stop before the given number of panels of one kind."""
    done = {"prepare_panel": 0, "correlate_panels": 0}
    dies = {}

    def counted(name):
        step = getattr(tiles, name)

        def run(*args):
            if done[name] == dies.get(name):
                raise KilledError
            done[name] += 1
            return step(*args)

        return run

    for name in done:
        monkeypatch.setattr(scheduler, name, counted(name))
    return done, dies


@pytest.mark.parametrize("case", [("prepare_panel", 2, (1, 6)), ("correlate_panels", 4, (0, 2))])
@pytest.mark.usefixtures("small_panels")
def test_correlate_store__goes_on_where_it_was_killed(
    atlas_store, tmp_path, count_steps, expected, case
):
    (where, before, left), (done, dies) = case, count_steps
    dies[where] = before
    with pytest.raises(KilledError):
        correlate_store(open_store(atlas_store), tmp_path)
    assert not (tmp_path / "pearson.zarr").exists()
    dies.clear()
    done.update(prepare_panel=0, correlate_panels=0)
    found = _matrix(correlate_store(open_store(atlas_store), tmp_path))
    assert (done["prepare_panel"], done["correlate_panels"]) == left
    assert np.abs(found - expected).max() < 1e-6


@pytest.mark.usefixtures("small_panels")
def test_correlate_store__a_panel_that_lost_its_end_is_prepared_anew(
    atlas_store, tmp_path, count_steps, expected
):
    """As a crash of the machine may leave it: the file has its name but is incomplete."""
    done, dies = count_steps
    dies["correlate_panels"] = 2
    with pytest.raises(KilledError):
        correlate_store(open_store(atlas_store), tmp_path)
    dies.clear()
    done.update(prepare_panel=0)
    rows = min(tmp_path.rglob("*.rows"))
    os.truncate(rows, rows.stat().st_size // 2)
    found = _matrix(correlate_store(open_store(atlas_store), tmp_path))
    assert done["prepare_panel"] == 1
    assert np.abs(found - expected).max() < 1e-6


def test_correlate_store__begins_anew_where_the_input_has_changed(
    atlas_store, annotated, tmp_path, small_panels, count_steps
):
    done, dies = count_steps
    dies["correlate_panels"] = 4
    with pytest.raises(KilledError):
        correlate_store(open_store(atlas_store), tmp_path)
    zarr.open(atlas_store)["X"][0] = annotated.X[1] * 2
    dies.clear()
    done.update(prepare_panel=0, correlate_panels=0)
    found = _matrix(correlate_store(open_store(atlas_store), tmp_path))
    assert (done["prepare_panel"], done["correlate_panels"]) == (3, 6)
    assert found[0, 1] == pytest.approx(1, abs=1e-6)


def test_correlate_store__refuses_a_folder_at_work(atlas_store, tmp_path):
    with (
        FileLock(tmp_path / "pearson.work.lock"),
        pytest.raises(InputError, match="another process is using this folder"),
    ):
        correlate_store(open_store(atlas_store), tmp_path)


def test_correlate_store__needs_two_features(atlas_store, tmp_path):
    with pytest.raises(InputError, match="a correlation needs at least 2 features, got 1"):
        correlate_store(open_store(atlas_store, features=["G1"]), tmp_path)
    with pytest.raises(InputError, match="k must be >= 1, got 0"):
        nearest_samples(open_store(atlas_store), tmp_path, k=0)


def test_correlate_store__says_how_to_get_dask(atlas_store, tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "distributed", None)
    with pytest.raises(EnvironmentFault, match=r"pip install distributed"):
        correlate_store(open_store(atlas_store), tmp_path, client="tcp://127.0.0.1:1")


@pytest.fixture(scope="module")
def client():
    """Two threads of dask.distributed within this process."""
    distributed = pytest.importorskip("distributed", reason="needs lotwise[cluster]")
    with (
        distributed.LocalCluster(
            n_workers=1, threads_per_worker=2, processes=False, dashboard_address=None
        ) as cluster,
        distributed.Client(cluster) as found,
    ):
        yield found


@pytest.mark.usefixtures("small_panels")
def test_correlate_store__two_processes_of_a_cluster_are_the_same(atlas_store, tmp_path, expected):
    """Data sent to another process arrive, and two processes share the work."""
    distributed = pytest.importorskip("distributed", reason="needs lotwise[cluster]")
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None
        ) as cluster,
        distributed.Client(cluster) as two,
    ):
        with distributed.get_task_stream(client=two) as stream:
            made = correlate_store(open_store(atlas_store), tmp_path, client=two)
        processes = two.run(os.getpid)
    assert {task["worker"] for task in stream.data} == set(processes)
    assert len({*processes.values(), os.getpid()}) == 3
    assert np.abs(_matrix(made) - expected).max() < 1e-6


@pytest.mark.parametrize("by_address", [False, True])
@pytest.mark.usefixtures("small_panels")
def test_correlate_store__on_a_cluster_is_the_same(
    atlas_store, tmp_path, expected, client, by_address
):
    scheduler_of = client.scheduler.address if by_address else client
    made = correlate_store(open_store(atlas_store), tmp_path, client=scheduler_of)
    assert np.abs(_matrix(made) - expected).max() < 1e-6


@pytest.mark.usefixtures("small_panels")
def test_nearest_samples__on_a_cluster_are_the_same(atlas_store, tmp_path, client):
    here = nearest_samples(open_store(atlas_store), tmp_path / "here", k=3)
    there = nearest_samples(open_store(atlas_store), tmp_path / "there", k=3, client=client)
    assert there["nearest"].tolist() == here["nearest"].tolist()


def test_memory_of_task__is_shared_by_the_tasks_of_a_worker(client):
    assert scheduler.memory_of_task(10**9, client) == 5 * 10**8
    assert scheduler.memory_of_task(10**9, None) == 10**9


def test_correlate_store__on_a_cluster_tells_the_fault(annotated, tmp_path, write, client):
    broken = annotated.copy()
    broken.X[3, 4] = -1.0
    store = open_store(write(broken, tmp_path / "s.h5ad"), pseudocount=1.0)
    with pytest.raises(InputError, match="TPM must be >= 0, got a value of -1"):
        correlate_store(store, tmp_path, client=client)
