"""The manifest of a page lists the SHA-256 of every file from which the page was made."""

from __future__ import annotations

import hashlib
import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from lotwise.files.checksums import checksum_if_there
from lotwise.tree import (
    COPY,
    INTAKE,
    PROVENANCE,
    SAMPLES,
    TITRATION,
    TITRATION_CURVE,
    VERDICT,
    VERIFICATION,
    YIELD,
    ResultTree,
)

_AT_ROOT: Final = (
    SAMPLES, INTAKE, YIELD, VERIFICATION, VERDICT, COPY, PROVENANCE, TITRATION, TITRATION_CURVE,
)  # fmt: skip
_READERS: Final = 4
_LENGTH: Final = 16


@dataclass(frozen=True, slots=True)
class Manifest:
    """The SHA-256 of each file from which a page was made; the keys are the paths."""

    files: dict[str, str]

    @property
    def text(self) -> str:
        """The manifest as JSON, with sorted paths."""
        return json.dumps(self.files, indent=0, sort_keys=True)

    @property
    def document_id(self) -> str:
        """Name of the document: the first characters of the SHA-256 of the manifest."""
        return f"LW-{hashlib.sha256(self.text.encode('utf-8')).hexdigest()[:_LENGTH]}"


def manifest_of(root: Path) -> Manifest:
    """Return the SHA-256 of every file below ``root`` that a page may show.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import mkdtemp
    >>> manifest_of(Path(mkdtemp())).files
    {}
    """
    paths = [root / name for name in _AT_ROOT]
    for folder in ResultTree(root).folders:
        paths += (path for path in folder.glob("*") if not path.name.startswith("."))
    found = [path for path in sorted(paths) if path.is_file()]
    with ThreadPoolExecutor(_READERS) as readers:
        digests = readers.map(checksum_if_there, found)
        names = [path.relative_to(root).as_posix() for path in found]
        return Manifest(dict(zip(names, digests, strict=True)))
