"""All files of a folder with their SHA-256, in the format of ``sha256sum -c``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

from lotwise.errors import InputError
from lotwise.files.checksums import checksum_if_there

_READERS: Final = 4


def take_manifest(root: Path, *, leave_out: Path, only: Iterable[str] = ()) -> str:
    """Return a line for each file below ``root``.

    Parameters
    ----------
    root
        The folder.
    leave_out
        A folder in it that is not listed, namely that of the manifest itself.
    only
        List only these files.

    Raises
    ------
    InputError
        A file is missing, or its name has a line break, which a manifest cannot contain.
    """
    paths = [root / name for name in only] or sorted(files_below(root, leave_out=leave_out))
    odd = next((path for path in paths if "\n" in str(path) or not path.is_file()), None)
    if odd is not None:
        raise InputError(
            "cannot be listed in a manifest: the file is missing, or its name has a line break",
            path=odd,
        )
    with ThreadPoolExecutor(_READERS) as readers:
        digests = readers.map(checksum_if_there, paths)
        lines = [
            f"{digest}  {path.relative_to(root).as_posix()}\n"
            for path, digest in zip(paths, digests, strict=True)
        ]
    return "".join(lines)


def find_faults(
    manifest: str, root: Path, *, leave_out: Path, complete: bool = True
) -> tuple[str, ...]:
    """Compare a folder with a manifest; return a line for each file that differs.

    With ``complete``, a file that the manifest does not list is a fault as well.
    """
    listed: dict[str, str] = {}
    for line in manifest.splitlines():
        digest, _, name = line.partition("  ")
        listed[name] = digest
    with ThreadPoolExecutor(_READERS) as readers:
        present = dict(
            zip(
                listed,
                readers.map(lambda name: checksum_if_there(root / name), listed),
                strict=True,
            )
        )
    faults = [
        f"{name} is missing" if not present[name] else f"{name} has changed"
        for name, digest in listed.items()
        if present[name] != digest
    ]
    if complete:
        below = (
            path.relative_to(root).as_posix() for path in files_below(root, leave_out=leave_out)
        )
        faults += [f"{name} is not in the manifest" for name in sorted(below) if name not in listed]
    return tuple(faults)


def files_below(root: Path, *, leave_out: Path) -> Iterator[Path]:
    """Yield the files below ``root`` that are not below ``leave_out``."""
    for path in root.rglob("*"):
        if path.is_file() and not path.is_relative_to(leave_out):
            yield path
