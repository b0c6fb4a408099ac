"""SHA-256 of files."""

from __future__ import annotations

import hashlib
from pathlib import Path

from lotwise.errors import InputError


def checksum(path: Path) -> str:
    """Return the SHA-256 of a file.

    Raises
    ------
    InputError
        The file cannot be read.

    Examples
    --------
    >>> from tempfile import mkdtemp
    >>> empty = Path(mkdtemp()) / "empty"
    >>> empty.touch()
    >>> checksum(empty)[:12]
    'e3b0c44298fc'
    """
    try:
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as error:
        raise InputError(f"cannot be read ({error.strerror})", path=path) from error


def checksum_if_there(path: Path) -> str:
    """Return the SHA-256 of a file; empty where there is none."""
    return checksum(path) if path.is_file() else ""
