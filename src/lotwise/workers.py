"""Threads for work whose result does not depend on their number."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final, TypeVar

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")

_limit: ContextVar[int | None] = ContextVar("threads", default=None)
# Snakemake sets it to the threads of the rule, and it is the variable that numpy uses.
_VARIABLE: Final = "OMP_NUM_THREADS"


def n_threads() -> int:
    """Return the number of threads to use.

    The number set by :func:`limit_threads`, else ``OMP_NUM_THREADS``, else all cores that this
    process may use.
    """
    limit = _limit.get()
    if limit is not None:
        return limit
    given = os.environ.get(_VARIABLE, "")
    if given.isdecimal() and int(given):
        return min(int(given), n_cores())
    return n_cores()


def n_cores() -> int:
    """Return the number of cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


@contextmanager
def limit_threads(n: int | None) -> Iterator[None]:
    """Use at most ``n`` threads inside the block; ``None`` changes nothing.

    Examples
    --------
    >>> with limit_threads(1):
    ...     n_threads()
    1
    """
    token = _limit.set(n if n is not None else _limit.get())
    try:
        yield
    finally:
        _limit.reset(token)


def in_threads(function: Callable[[_Item], _Result], items: Iterable[_Item]) -> Iterator[_Result]:
    """Yield ``function(item)`` in the order of ``items``, computed by :func:`n_threads` threads.

    The result of a call must not depend on other calls. A new thread has numpy's default error
    state: set it inside ``function``.

    Examples
    --------
    >>> list(in_threads(abs, [-1, 2]))
    [1, 2]
    """
    n = n_threads()
    if n == 1:
        yield from map(function, items)
        return
    with ThreadPoolExecutor(n) as pool:
        try:
            yield from pool.map(function, items)
        finally:
            # After an error or an interruption the remaining results are not needed.
            pool.shutdown(wait=True, cancel_futures=True)
