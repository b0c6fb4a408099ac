"""Progress of long work, shown on a terminal only."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from typing import TypeVar

from tqdm import tqdm

Item = TypeVar("Item")


def progress(
    items: Iterable[Item], what: str, *, unit: str, total: int | None = None
) -> Iterator[Item]:
    """Yield the items and show the progress on a terminal; nothing in a log or with --quiet.

    Parameters
    ----------
    items
        The items to process.
    what
        Text before the progress bar.
    unit
        Unit of the items.
    total
        Number of items, if ``items`` has no length.

    Examples
    --------
    >>> list(progress(["S1", "S2"], "checking", unit="sample"))
    ['S1', 'S2']
    """
    is_quiet = logging.getLogger("lotwise").getEffectiveLevel() >= logging.ERROR
    yield from tqdm(items, what, total, unit=unit, leave=False, disable=True if is_quiet else None)
