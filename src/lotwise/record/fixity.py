"""Recorded files, held against what lies there now."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Final

from lotwise.record.provenance import InputFile, OutputFile
from lotwise.tree import HISTORY

_SHORT: Final = 12
# Lines are only ever added to it: what was there when it was recorded must still be there.
_GROWING: Final = HISTORY


def fault_of(item: InputFile | OutputFile, path: Path) -> str:
    """Say that the recorded file is not at ``path`` or no longer the same; empty where it is.

    Examples
    --------
    >>> item = OutputFile(path="a.tsv", bytes=1, sha256="ab" * 32)
    >>> fault_of(item, getfixture("tmp_path") / "a.tsv")
    'is missing (SHA-256 abababababab... was recorded)'
    """
    from lotwise.files.checksums import checksum

    if not path.is_file():
        return f"is missing (SHA-256 {item.sha256[:_SHORT]}... was recorded)"
    found = _of_beginning(path, item.bytes) if path.name == _GROWING else checksum(path)
    if found == item.sha256:
        return ""
    return f"has changed (SHA-256 {item.sha256[:_SHORT]}... was recorded, {found[:_SHORT]}... came)"


def _of_beginning(path: Path, n_bytes: int) -> str:
    return hashlib.sha256(path.read_bytes()[:n_bytes]).hexdigest()
