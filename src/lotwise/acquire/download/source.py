"""A file to download: address, destination, expected properties and login."""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit, urlunsplit

from lotwise.acquire.download.integrity import Integrity


@dataclass(frozen=True)
class Source:
    """A file to download.

    Parameters
    ----------
    url
        Address. A name and password in it are moved to ``login`` and appear in no message, log or
        manifest.
    path
        Destination, relative to the downloader's directory, separated by ``/``.
    integrity
        What the source says about the file.
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
        """Move name and password from the address to ``login``."""
        url, login = without_login(self.url)
        object.__setattr__(self, "url", url)
        if login is not None:
            object.__setattr__(self, "login", login)


def without_login(url: str) -> tuple[str, tuple[str, str] | None]:
    """Return an address without name and password, and these.

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
