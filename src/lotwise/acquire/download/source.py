"""A file wanted: where it is, where it goes, what is known of it, how it is asked for."""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit, urlunsplit

from lotwise.acquire.download.integrity import Integrity


@dataclass(frozen=True)
class Source:
    """One file wanted.

    Parameters
    ----------
    url
        Where it is. A name and password in it become ``login`` and appear nowhere else: in no
        message, no log and no manifest.
    path
        Where it goes, relative to the downloader's directory, with ``/``.
    integrity
        What the source says of it.
    login
        Name and password for the server.

    Examples
    --------
    >>> Source("https://me:secret@example.org/a.txt", "a.txt")
    Source(url='https://example.org/a.txt', path='a.txt', integrity=Integrity(...))
    """

    url: str
    path: str
    integrity: Integrity = field(default_factory=Integrity)
    login: tuple[str, str] | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        """Take name and password out of the address."""
        url, login = without_login(self.url)
        object.__setattr__(self, "url", url)
        if login is not None:
            object.__setattr__(self, "login", login)


def without_login(url: str) -> tuple[str, tuple[str, str] | None]:
    """Split an address into itself without name and password, and these.

    Examples
    --------
    >>> without_login("https://me:s%40@example.org:8080/a?b")
    ('https://example.org:8080/a?b', ('me', 's@'))
    >>> without_login("https://example.org/a@b")
    ('https://example.org/a@b', None)
    """
    try:
        parts = urlsplit(url)
    except ValueError:
        return url, None
    login, at, host = parts.netloc.rpartition("@")
    if not at:
        return url, None
    name, _, password = login.partition(":")
    return urlunsplit(parts._replace(netloc=host)), (unquote(name), unquote(password))
