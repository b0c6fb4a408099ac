"""All correlations of a store on disk, or the nearest samples of each of its samples."""

from __future__ import annotations

import os
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from lotwise.errors import InputError
from lotwise.files.tables import write_table
from lotwise.outofcore.assemble import nearest_table, write_matrix
from lotwise.outofcore.plan import make_plan, parse_memory
from lotwise.outofcore.rows import Method
from lotwise.outofcore.scheduler import Client, Cluster, connected, memory_of_task, run
from lotwise.outofcore.source import Source, share_features
from lotwise.outofcore.tiles import Job
from lotwise.outofcore.work import Work, at_work

if TYPE_CHECKING:
    import pandas as pd

MEMORY: Final = "2GB"
_FEWEST_FEATURES: Final = 2


def correlate_store(
    source: Source,
    out: Path | str,
    *,
    method: Method = "pearson",
    memory: int | str = MEMORY,
    threads: int | None = None,
    client: Cluster = None,
) -> Path:
    """Correlate every pair of samples in a store that need not fit into memory.

    Samples are prepared once (layer, features, scale, ranks) as float32 panels on disk. Then pairs
    of panels are multiplied in float32 and summed in float64. If a run was killed, the next call
    continues from the finished panels and pairs.

    Parameters
    ----------
    source
        Samples x features; see :func:`open_store`.
    out
        Folder of the result and, during the run, of temporary files. It needs space for the used
        features as float32 and for the result.
    method
        ``pearson``, or ``spearman`` with average ranks for ties.
    memory
        Total memory that a process may use: bytes, or text such as ``"2GB"``.
    threads
        Threads of BLAS and of the preparation. ``None`` uses all cores; on a cluster, 1 for each
        task.
    client
        A client of dask.distributed, or the address of a scheduler. Its workers do the computation
        and must have access to the same files. ``None`` computes in this process.

    Returns
    -------
    The zarr store ``{method}.zarr`` below ``out``: an AnnData of the samples with the matrix in
    ``obsp[method]``. The matrix is float32, within 1e-6 of float64, and exactly symmetric, with 1
    on the diagonal. If R of a sample is undefined, its row and column are NaN, and obs gives the
    reason.

    Raises
    ------
    InputError
        Too little memory, fewer than 2 features, negative values in place of TPM, or another
        process is using ``out``.
    EnvironmentFault
        The disk is full, dask.distributed is not installed, or there is no scheduler.

    Examples
    --------
    >>> import anndata, lotwise
    >>> from pathlib import Path
    >>> from tempfile import mkdtemp
    >>> folder = Path(mkdtemp())
    >>> lotwise.datasets.three_batches().gene.write_h5ad(folder / "store.h5ad")
    >>> store = lotwise.outofcore.open_store(folder / "store.h5ad")
    >>> made = lotwise.outofcore.correlate_store(store, folder / "made")
    >>> anndata.read_zarr(made).obsp["pearson"].shape
    (3, 3)
    """
    out = Path(out)
    target = out / f"{method}.zarr"
    with connected(client) as workers:
        job = _job(
            source,
            folder=out / f"{method}.work",
            method=method,
            memory=memory,
            threads=threads,
            workers=workers,
        )
        with at_work(job.work.folder, _identity(job)):
            run(job, workers)
            write_matrix(job, target)
    return target


def nearest_samples(
    source: Source,
    out: Path | str,
    *,
    k: int = 20,
    queries: Source | None = None,
    min_shared: float = 0.9,
    method: Method = "pearson",
    memory: int | str = MEMORY,
    threads: int | None = None,
    client: Cluster = None,
) -> pd.DataFrame:
    """Find the k samples of a store with the highest R to each sample, without an n x n matrix.

    Parameters
    ----------
    source
        The reference, samples x features.
    out
        Folder of the result and of temporary files; see :func:`correlate_store`.
    k
        Number of neighbours of each sample.
    queries
        The samples for which neighbours are found, for example manufacturing batches. ``None``:
        every sample of ``source``, compared with all other samples of ``source``.
    min_shared
        Minimum share of the reference's features that ``queries`` must contain. R is computed over
        the features that both stores contain.
    method, memory, threads, client
        As in :func:`correlate_store`.

    Returns
    -------
    One row per sample and neighbour (:class:`~lotwise.outofcore.neighbours.NeighbourRecord`), also
    written as ``{method}.nearest.tsv`` below ``out``. Samples of equal R are in the order of the
    store.

    Raises
    ------
    InputError
        As for :func:`correlate_store`; also if ``k`` is below 1 or the features do not match.

    Examples
    --------
    >>> import lotwise
    >>> from pathlib import Path
    >>> from tempfile import mkdtemp
    >>> folder = Path(mkdtemp())
    >>> lotwise.datasets.three_batches().gene.write_h5ad(folder / "store.h5ad")
    >>> store = lotwise.outofcore.open_store(folder / "store.h5ad")
    >>> lotwise.outofcore.nearest_samples(store, folder / "made", k=2)["rank"].tolist()
    [1, 2, 1, 2, 1, 2]
    """
    if k < 1:
        raise InputError(f"k must be >= 1, got {k}")
    out = Path(out)
    if queries is not None:
        queries, source = share_features(queries, source, min_shared=min_shared)
    with connected(client) as workers:
        job = _job(
            source,
            queries=queries,
            folder=out / f"{method}.nearest.work",
            method=method,
            memory=memory,
            threads=threads,
            workers=workers,
            k=k,
        )
        with at_work(job.work.folder, _identity(job)):
            run(job, workers)
            table = nearest_table(job)
            write_table(out / f"{method}.nearest.tsv", table)
    return table


def _job(
    source: Source,
    *,
    queries: Source | None = None,
    folder: Path,
    method: Method,
    memory: int | str,
    threads: int | None,
    workers: Client | None,
    k: int = 0,
) -> Job:
    if source.n_features < _FEWEST_FEATURES:
        raise InputError(
            f"a correlation needs at least 2 features, got {source.n_features}", path=source.path
        )
    if threads is not None and threads < 1:
        raise InputError(f"threads must be >= 1, got {threads}")
    amount = memory_of_task(parse_memory(memory), workers)
    n_samples = max(each.n_samples for each in (source, queries) if each is not None)
    return Job(
        work=Work(folder.absolute()),
        reference=source.absolute(),
        queries=None if queries is None else queries.absolute(),
        method=method,
        plan=make_plan(n_samples, source.n_features, memory=amount),
        k=k,
        threads=threads or (os.cpu_count() or 1 if workers is None else 1),
    )


def _identity(job: Job) -> dict[str, Any]:
    """Return what the parts of a run depend on: other input, scale or blocks need other parts."""
    return {
        "lotwise": version("lotwise"),
        "method": job.method,
        "k": job.k,
        "panel": job.plan.panel,
        "sources": {which: source.identity() for which, source in job.sources.items()},
    }
