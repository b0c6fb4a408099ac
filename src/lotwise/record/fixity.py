"""Recorded files, compared with the present ones."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Final

from lotwise.record.provenance import InputFile, OutputFile
from lotwise.tree import HISTORY

_SHORT: Final = 12
# Only extended by new lines: its content at the time of recording must still be present.
_GROWING: Final = HISTORY


def fault_of(item: InputFile | OutputFile, path: Path) -> str:
    """Return whether a recorded file is missing or changed, with checksums; empty if unchanged.

    Examples
    --------
    >>> item = OutputFile(path="a.tsv", bytes=1, sha256="ab" * 32)
    >>> from pathlib import Path
    >>> from tempfile import mkdtemp
    >>> fault_of(item, Path(mkdtemp()) / "a.tsv")
    'is missing (SHA-256 abababababab... was recorded)'
    """
    from lotwise.files.checksums import checksum

    if not path.is_file():
        return f"is missing (SHA-256 {item.sha256[:_SHORT]}... was recorded)"
    found = _of_beginning(path, item.bytes) if path.name == _GROWING else checksum(path)
    if found == item.sha256:
        return ""
    return f"has changed (SHA-256 {item.sha256[:_SHORT]}... was recorded, now {found[:_SHORT]}...)"


def _of_beginning(path: Path, n_bytes: int) -> str:
    return hashlib.sha256(path.read_bytes()[:n_bytes]).hexdigest()
