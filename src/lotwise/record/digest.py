"""A page with the SHA-256 of its own content, computed with zeros in place of the digest."""

from __future__ import annotations

import hashlib
import re
from typing import Final

NONE: Final = "0" * 64
_MARK: Final = re.compile(r'(<meta name="lotwise-page-sha256" content=")([0-9a-f]{64})(">)')


def sign_page(page: str) -> str:
    """Insert the SHA-256 of a page into it.

    Examples
    --------
    >>> page = sign_page(f'<meta name="lotwise-page-sha256" content="{NONE}"> R = 0.99')
    >>> is_intact(page), is_intact(page.replace("0.99", "1.00"))
    (True, False)
    """
    return _MARK.sub(rf"\g<1>{_digest(page)}\g<3>", page, count=1)


def is_intact(page: str) -> bool:
    """Return whether a page matches the SHA-256 in it; False if it has none."""
    found = _MARK.search(page)
    return found is not None and found[2] == _digest(page)


def _digest(page: str) -> str:
    blank = _MARK.sub(rf"\g<1>{NONE}\g<3>", page, count=1)
    return hashlib.sha256(blank.encode("utf-8")).hexdigest()
