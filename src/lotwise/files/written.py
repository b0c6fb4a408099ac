"""Which files a call wrote, with the SHA-256 of what it wrote.

Only the writer knows this. Files that changed while a call was running may have been written by
another call at the same time, or by hand.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from lotwise.files.checksums import checksum

# Not a context variable: the threads of a call write too.
_open: list[dict[Path, str]] = []


@contextmanager
def note_written() -> Iterator[dict[Path, str]]:
    """Yield a mapping to which each file that this process writes inside the block is added.

    Keys are absolute paths, values the SHA-256 of the content. Processes beside this one return
    theirs (:mod:`lotwise.run.processes`).

    Examples
    --------
    >>> from tempfile import mkdtemp
    >>> from lotwise.files.atomic import atomic_path
    >>> file = Path(mkdtemp(), "r.tsv")
    >>> with note_written() as written, atomic_path(file) as temporary:
    ...     _ = temporary.write_text("r 0.99 ")
    >>> [path.name for path in written]
    ['r.tsv']
    """
    written: dict[Path, str] = {}
    _open.append(written)
    try:
        yield written
    finally:
        # By identity: mappings with the same content are equal.
        _open[:] = [one for one in _open if one is not written]


def add_content(target: Path, content: Path) -> None:
    """Note that ``target`` is about to get the content of another file."""
    if _open:
        add_written({target.absolute(): checksum(content)})


def add_removed(path: Path) -> None:
    """Note that a file was removed: its SHA-256 is empty."""
    add_written({path.absolute(): ""})


def add_written(written: Mapping[Path, str]) -> None:
    """Add files to all open blocks of :func:`note_written`."""
    for one in _open:
        one.update(written)
