"""Directories that are built once and shared: prepared references and indexes."""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from lotwise.files.atomic import atomic_directory, exclusive

logger = logging.getLogger(__name__)

KEY_FILE: Final = "lotwise.key.json"
# STAR needs hours for a mammalian genome on few cores.
_INDEX_SECONDS: Final = 24 * 3600.0


def cached_directory(
    cache: Path, name: str, key: Mapping[str, object], build: Callable[[Path], None]
) -> Path:
    """Return the directory of ``key``, building it if it is missing.

    The directory is created completely or not at all. If several processes need the same one, the
    first builds it and the others wait.

    Parameters
    ----------
    cache
        Parent folder of such directories.
    name
        Beginning of the directory's name.
    key
        Everything that determines the content: tool, version, options, checksums.
    build
        Called with an empty directory to fill.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import mkdtemp
    >>> folder = Path(mkdtemp())
    >>> build = lambda directory: (directory / "index").write_text("built")
    >>> made = cached_directory(folder, "demo", {"version": "1"}, build)
    >>> made == cached_directory(folder, "demo", {"version": "1"}, build)
    True
    """
    text = json.dumps(key, sort_keys=True, indent=1)
    directory = cache / f"{name}-{hashlib.sha256(text.encode()).hexdigest()[:16]}"
    with exclusive(directory.with_suffix(".lock"), patience=_INDEX_SECONDS):
        if _is_complete(directory, text):
            logger.info("using %s", directory)
            return directory
        logger.info("building %s", directory)
        with atomic_directory(directory) as temporary:
            build(temporary)
            (temporary / KEY_FILE).write_text(text, encoding="utf-8")
    return directory


def _is_complete(directory: Path, text: str) -> bool:
    try:
        return (directory / KEY_FILE).read_text(encoding="utf-8") == text
    except OSError:
        return False
