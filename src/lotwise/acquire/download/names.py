"""Names that come over the network, kept inside the directory they belong to."""

from __future__ import annotations

import re
from pathlib import Path, PurePosixPath
from urllib.parse import unquote, urlsplit

from lotwise.errors import InputError

# Printable, no separator of any system, no drive colon, no wildcard; GEO's own names
# hold letters, digits, dots, dashes, plus, hash and brackets.
_UNSAFE = re.compile(r"[\x00-\x1f\x7f/\\:*?\"<>|]")
_LONGEST = 255


def safe_name(name: str, *, origin: str) -> str:
    """Give back ``name`` if it is one plain file name, and refuse it otherwise.

    Parameters
    ----------
    name
        What the network called the file.
    origin
        Where the name came from, for the message.

    Raises
    ------
    InputError
        The name is empty, hidden, a path, too long, or holds a control character.

    Examples
    --------
    >>> safe_name("GSM1_rep1.genes.results.gz", origin="filelist.txt")
    'GSM1_rep1.genes.results.gz'
    >>> safe_name("../../.bashrc", origin="filelist.txt")
    Traceback (most recent call last):
        ...
    lotwise.errors.InputError: filelist.txt: the file name '../../.bashrc' is not a plain name; ...
    """
    too_long = len(name.encode(errors="surrogateescape")) > _LONGEST
    if not name.strip() or name.startswith((".", "-")) or _UNSAFE.search(name) or too_long:
        raise InputError(
            f"the file name {name[:80]!r} is not a plain name",
            path=origin,
            remedy="it was not written anywhere",
        )
    return name


def name_of_url(url: str) -> str:
    """Take the file name from a URL and refuse it where it is not a plain one.

    Examples
    --------
    >>> name_of_url("ftp://ftp.example.org/geo/GSE1_a%20b.txt.gz")
    'GSE1_a b.txt.gz'
    """
    return safe_name(unquote(urlsplit(url).path.rpartition("/")[2]), origin=url)


def place_within(root: Path, relative: str | PurePosixPath) -> Path:
    """Join ``relative`` to ``root`` part by part, each part a plain name.

    Raises
    ------
    InputError
        A part is ``..``, the path is absolute, or a link on the way leads out of ``root``.
    """
    place = root
    parts = str(relative).split("/")
    for part in parts:
        place = place / safe_name(part, origin=str(relative))
    inside = root.resolve()
    if not place.resolve().is_relative_to(inside):
        raise InputError(
            f"a link leads out of {root}",
            path=place,
            remedy="remove the link",
        )
    return place
