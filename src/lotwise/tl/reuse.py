"""Results of single samples and pairs, kept while the other samples change.

The key of a result contains everything that the result depends on: the values of its samples and
all settings. A kept result therefore equals a newly computed result. Without :func:`reusing`
nothing is kept.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

_Result = TypeVar("_Result")


class Kept:
    """Kept results by key; if ``adds`` is false, new results are not kept."""

    def __init__(self, results: dict[Hashable, Any] | None = None, *, adds: bool = True) -> None:
        self._results = {} if results is None else results
        self._adds = adds

    def closed(self) -> Kept:
        """Return the same results, but keep no new results."""
        return Kept(self._results, adds=False)

    def get(self, key: Hashable, compute: Callable[[], _Result]) -> _Result:
        """Return the kept result of ``key`` or, if there is none, the result of ``compute``.

        Parameters
        ----------
        key
            Everything that the result depends on.
        compute
            Called if no result is kept for ``key``. Its result may be kept, so never change it.
        """
        if key in self._results:
            found: _Result = self._results[key]
            return found
        found = compute()
        if self._adds:
            self._results[key] = found
        return found

    def fingerprint(self, *arrays: npt.NDArray[Any] | None) -> bytes:
        """Return a digest of ``arrays``, for a key that depends on values of a sample.

        If nothing is kept now and nothing will be, no digest is computed, and the text is empty.
        """
        if not (self._adds or self._results):
            return b""
        digest = hashlib.blake2b(digest_size=16)
        for array in arrays:
            if array is None:
                digest.update(b"none")
            else:
                digest.update(f"{array.dtype} {array.shape} ".encode())
                digest.update(np.ascontiguousarray(array).data)
        return digest.digest()


_NOTHING = Kept(adds=False)
_current: ContextVar[Kept] = ContextVar("kept", default=_NOTHING)


def kept_results() -> Kept:
    """Return the kept results; call this before threads start: threads do not inherit them."""
    return _current.get()


@contextmanager
def reusing(kept: Kept) -> Iterator[None]:
    """Reuse ``kept`` inside the block.

    Examples
    --------
    >>> kept = Kept()
    >>> with reusing(kept):
    ...     kept_results().get("one", lambda: 1), kept_results().get("one", lambda: 2)
    (1, 1)
    >>> kept_results().get("one", lambda: 2)
    2
    """
    token = _current.set(kept)
    try:
        yield
    finally:
        _current.reset(token)
