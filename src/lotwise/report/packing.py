"""Compressed content of the page, which ``page.js`` unpacks when a reader scrolls there."""

from __future__ import annotations

import base64
import gzip


def packed(text: str) -> str:
    """Compress a text with gzip and encode it in base64.

    Examples
    --------
    >>> gzip.decompress(base64.b64decode(packed("a"))).decode()
    'a'
    """
    return base64.b64encode(gzip.compress(text.encode(), 9, mtime=0)).decode("ascii")
