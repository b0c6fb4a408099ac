"""Progress of long work: a bar on a terminal, elsewhere a line per step."""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Final, TypeVar

from tqdm import tqdm

Item = TypeVar("Item")

_log = logging.getLogger(__name__)
_SECONDS_BETWEEN_LINES: Final = 15.0
# A step that nobody had to wait for has no line.
_LEAST_SECONDS: Final = 2.0
_open_steps: list[str] = []


def progress(
    items: Iterable[Item], what: str, *, unit: str, total: int | None = None
) -> Iterator[Item]:
    """Yield the items and show the progress; nothing with --quiet.

    On a terminal there is a bar. Elsewhere it is a :func:`step`, with a line every 15 seconds.

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
    bar = tqdm(items, what, total, unit=unit, leave=False, disable=True if is_quiet else None)
    if not bar.disable:
        yield from bar
        return
    of_all = "" if bar.total is None else f"of {bar.total:,} "
    with step(what) as tell:
        for n_done, item in enumerate(items, start=1):
            yield item
            tell(f"{n_done:,} {of_all}{unit}{'s' if of_all or n_done > 1 else ''}")


@contextmanager
def step(what: str) -> Iterator[Callable[[str], None]]:
    """Log a line with the time that the body took, if it was 2 seconds or more.

    The body can call the function that it is given with words on how far it is. They are logged
    if the last line is more than 15 seconds ago. A step within another one has no line when it
    ends. If standard error is a terminal, nothing is logged.

    Parameters
    ----------
    what
        What is done, as in "reading".

    Examples
    --------
    >>> with step("writing the report"):
    ...     pass
    """
    started = last = time.monotonic()
    reached = "done"

    def tell(how_far: str) -> None:
        nonlocal last, reached
        reached = how_far
        if time.monotonic() - last > _SECONDS_BETWEEN_LINES:
            last = time.monotonic()
            _log_line(what, how_far, last - started)

    _open_steps.append(what)
    try:
        yield tell
    finally:
        _open_steps.pop()
    lasted = time.monotonic() - started
    if not _open_steps and lasted >= _LEAST_SECONDS:
        _log_line(what, reached, lasted)


def _log_line(what: str, how_far: str, seconds: float) -> None:
    if not sys.stderr.isatty():
        _log.info("lotwise: %s: %s, %s", what, how_far, _duration(seconds))


def _duration(seconds: float) -> str:
    minutes, left = divmod(round(seconds), 60)
    if minutes:
        return f"{minutes:,} min {left} s"
    return f"{seconds:.1f} s" if seconds < 10 else f"{left} s"
