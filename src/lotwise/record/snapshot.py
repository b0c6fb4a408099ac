"""Files of the results that a step wrote: those new or changed since it began."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from lotwise.tree import HISTORY, ResultTree

_SUFFIXES: Final = frozenset(
    {".tsv", ".json", ".yaml", ".xlsx", ".h5ad", ".gz", ".parquet", ".pdf", ".png", ".svg"}
)


def take_snapshot(root: Path) -> dict[str, tuple[int, int]]:
    """Return size and time of change of each file that a step may write.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import mkdtemp
    >>> take_snapshot(Path(mkdtemp()))
    {}
    """
    found = {}
    for path in _files(root):
        try:
            status = path.stat()
        except OSError:
            continue
        found[path.relative_to(root).as_posix()] = (status.st_size, status.st_mtime_ns)
    return found


def written_since(root: Path, before: Mapping[str, tuple[int, int]]) -> dict[str, str]:
    """Return the SHA-256 of each file that is new or was changed since a snapshot."""
    from lotwise.files.checksums import checksum

    found = {}
    for name, status in sorted(take_snapshot(root).items()):
        if before.get(name) != status:
            try:
                found[name] = checksum(root / name)
            except OSError:  # another step that runs at the same time removed it
                continue
    return found


def _files(root: Path) -> Iterator[Path]:
    for folder in (root, *ResultTree(root).folders):
        if not folder.is_dir():
            continue
        for path in folder.iterdir():
            if (
                path.suffix in _SUFFIXES
                and not path.name.startswith(".")
                and path.name != HISTORY
                and path.is_file()
            ):
                yield path
