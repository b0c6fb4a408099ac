"""A page that carries the SHA-256 of its own content, with the digest itself taken for zeros."""

from __future__ import annotations

import hashlib
import re
from typing import Final

NONE: Final = "0" * 64
_MARK: Final = re.compile(r'(<meta name="lotwise-page-sha256" content=")([0-9a-f]{64})(">)')


def sign_page(page: str) -> str:
    """Put the SHA-256 of a page into it.

    Examples
    --------
    >>> page = sign_page(f'<meta name="lotwise-page-sha256" content="{NONE}"> R = 0.99')
    >>> is_intact(page), is_intact(page.replace("0.99", "1.00"))
    (True, False)
    """
    return _MARK.sub(rf"\g<1>{_digest(page)}\g<3>", page, count=1)


def is_intact(page: str) -> bool:
    """Return whether a page has the SHA-256 that it carries; without one it has not."""
    found = _MARK.search(page)
    return found is not None and found[2] == _digest(page)


def _digest(page: str) -> str:
    blank = _MARK.sub(rf"\g<1>{NONE}\g<3>", page, count=1)
    return hashlib.sha256(blank.encode("utf-8")).hexdigest()
