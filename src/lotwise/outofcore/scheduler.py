"""Execution of the steps of a run: in this process one after the other, or on a dask cluster."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeAlias

from lotwise.errors import EnvironmentFault, InputError
from lotwise.outofcore.tiles import Job, correlate_panels, prepare_panel
from lotwise.progress import progress

# A distributed.Client, which has no types of its own, and what it can be made from.
Client: TypeAlias = Any
Cluster: TypeAlias = Client | str | None
_RETRIES = 2


def run(job: Job, client: Client | None) -> None:
    """Do every step that is not done yet."""
    if client is None:
        _run_here(job)
    else:
        # Sent once, and with a key of its own: names of many samples are megabytes, and data sent
        # again under the same key would be dropped with the first.
        sent = client.scatter(job, broadcast=True, hash=False)
        _run_there(client, _prepare, sent, job.to_prepare(), what="preparing")
        _run_there(client, _correlate, sent, job.to_correlate(), what="correlating")


@contextmanager
def connected(cluster: Cluster) -> Iterator[Client | None]:
    """Yield the given client, a new client for a given address, or None.

    Raises
    ------
    EnvironmentFault
        dask.distributed is not installed, or no scheduler answers at the address.
    """
    if not isinstance(cluster, str):
        yield cluster
        return
    try:
        import distributed
    except ImportError:
        raise EnvironmentFault(
            "dask.distributed is not installed", remedy="install it with `pip install distributed`"
        ) from None
    try:
        client: Client = distributed.Client(cluster)
    except (OSError, ValueError) as error:
        raise EnvironmentFault(
            f"no dask scheduler answers at {cluster!r} ({error})",
            remedy="start a scheduler with `dask scheduler` and give its address",
        ) from None
    with client:
        yield client


def memory_of_task(memory: int, client: Client | None) -> int:
    """Return the memory of a process divided by the number of tasks that it runs at once.

    Raises
    ------
    InputError
        The cluster has no workers.
    """
    if client is None:
        return memory
    n_threads: list[int] = list(client.nthreads().values())
    if not n_threads:
        raise InputError(
            "the dask cluster has no workers", remedy="start workers with `dask worker ADDRESS`"
        )
    return memory // max(n_threads)


def _run_here(job: Job) -> None:
    for which, panel in progress(job.to_prepare(), "preparing", unit="panel"):
        prepare_panel(job, which, panel)
    at, held = -1, None
    for first, second in progress(job.to_correlate(), "correlating", unit="block"):
        if first != at:
            # Released before the next is read, because two panels do not fit.
            held = None
        at, held = first, correlate_panels(job, first, second, held)


def _run_there(
    client: Client,
    step: Callable[[Job, Any], None],
    sent: Any,
    tasks: Sequence[Any],
    *,
    what: str,
) -> None:
    import distributed

    if not tasks:
        return
    futures = client.map(step, [sent] * len(tasks), tasks, pure=False, retries=_RETRIES)
    done: Client = distributed.as_completed(futures)
    for future in progress(done, what, unit="block", total=len(futures)):
        try:
            future.result()
        except BaseException:
            client.cancel(futures)
            raise
        future.release()


def _prepare(job: Job, task: tuple[str, int]) -> None:
    prepare_panel(job, *task)


def _correlate(job: Job, task: tuple[int, int]) -> None:
    correlate_panels(job, *task)
