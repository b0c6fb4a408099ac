"""File names received over the network, confined to their directory."""

from __future__ import annotations

import re
from pathlib import Path, PurePosixPath
from urllib.parse import unquote, urlsplit

from lotwise.errors import InputError

# Printable, without separators of any system, drive colons or wildcards; GEO's own names consist
# of letters, digits, dots, dashes, plus, hash and brackets.
_UNSAFE = re.compile(r"[\x00-\x1f\x7f/\\:*?\"<>|]")
_LONGEST = 255


def safe_name(name: str, *, origin: str) -> str:
    """Return ``name`` if it is one plain file name; raise an error otherwise.

    Parameters
    ----------
    name
        The name as received.
    origin
        Source of the name, for the message.

    Raises
    ------
    InputError
        The name is empty, hidden, a path, too long, or contains a control character.

    Examples
    --------
    >>> safe_name("GSM1_rep1.genes.results.gz", origin="filelist.txt")
    'GSM1_rep1.genes.results.gz'
    >>> safe_name("../../.bashrc", origin="filelist.txt")
    Traceback (most recent call last):
        ...
    lotwise.errors.InputError: filelist.txt: the file name '../../.bashrc' is not a plain name (...
    """
    too_long = len(name.encode(errors="surrogateescape")) > _LONGEST
    if not name.strip() or name.startswith((".", "-")) or _UNSAFE.search(name) or too_long:
        raise InputError(
            f"the file name {name[:80]!r} is not a plain name (it is empty or too long, begins "
            "with '.' or '-', or contains '/' or another forbidden character)",
            path=origin,
            remedy="no file was written",
        )
    return name


def name_of_url(url: str) -> str:
    """Return the file name at the end of a URL; raise an error if it is not a plain name.

    Examples
    --------
    >>> name_of_url("ftp://ftp.example.org/geo/GSE1_a%20b.txt.gz")
    'GSE1_a b.txt.gz'
    """
    return safe_name(unquote(urlsplit(url).path.rpartition("/")[2]), origin=url)


def place_within(root: Path, relative: str | PurePosixPath) -> Path:
    """Join ``relative`` to ``root``, checking that each part is a plain name.

    Raises
    ------
    InputError
        A part is ``..``, the path is absolute, or a link on the way points outside ``root``.
    """
    place = root
    parts = str(relative).split("/")
    for part in parts:
        place = place / safe_name(part, origin=str(relative))
    inside = root.resolve()
    if not place.resolve().is_relative_to(inside):
        raise InputError(
            f"a link points outside {root}",
            path=place,
            remedy="remove the link",
        )
    return place
