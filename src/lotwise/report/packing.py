"""What the page carries packed, for ``page.js`` to unpack when it comes into view."""

from __future__ import annotations

import base64
import gzip


def packed(text: str) -> str:
    """Gzip a text and give it in base64.

    Examples
    --------
    >>> gzip.decompress(base64.b64decode(packed("a"))).decode()
    'a'
    """
    return base64.b64encode(gzip.compress(text.encode(), 9, mtime=0)).decode("ascii")
