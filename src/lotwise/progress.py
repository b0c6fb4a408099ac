"""Progress of long work, on a terminal alone."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from typing import TypeVar

from tqdm import tqdm

Item = TypeVar("Item")


def progress(
    items: Iterable[Item], what: str, *, unit: str, total: int | None = None
) -> Iterator[Item]:
    """Give the items, and show on a terminal how many were; in a log, and with --quiet, nothing.

    Parameters
    ----------
    items
        What is worked on, one after the other.
    what
        Before the bar.
    unit
        What one item is.
    total
        How many there are, where ``items`` does not tell.

    Examples
    --------
    >>> list(progress(["S1", "S2"], "checking", unit="sample"))
    ['S1', 'S2']
    """
    is_quiet = logging.getLogger("lotwise").getEffectiveLevel() >= logging.ERROR
    yield from tqdm(items, what, total, unit=unit, leave=False, disable=True if is_quiet else None)
