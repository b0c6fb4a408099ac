"""Verification of a received file against its source and its file name."""

from __future__ import annotations

from collections.abc import Callable

from lotwise.acquire.download.integrity import (
    DamagedError,
    Integrity,
    check_content,
    digest_of,
    is_wrapped,
    unwrap_gzip,
)
from lotwise.acquire.download.transfer import Part, Received


def settle(
    part: Part,
    name: str,
    integrity: Integrity,
    received: Received,
    reserve: Callable[[int], None],
) -> str:
    """Verify a received file, removing a gzip layer added by the server; return its digest.

    Unpacked bytes count against the budget like received bytes.
    """
    size, digest = received.size, received.digest
    wrapped = is_wrapped(part.path, name, received.encoding)
    # Not unwrapped if the source itself describes the file so: some files are gzip within gzip.
    if wrapped and not _fits(part, integrity, received):
        bare = part.path.with_suffix(".bare")
        try:
            unwrap_gzip(part.path, bare, reserve=reserve)
            bare.replace(part.path)
        finally:
            bare.unlink(missing_ok=True)
        size, digest = part.size(), digest_of(part.path, integrity.algorithm)
    integrity.check(part.path, size=size, digest=digest)
    check_content(part.path, name)
    return digest


def _fits(part: Part, integrity: Integrity, received: Received) -> bool:
    """Return whether the received file matches the source; False if the source says nothing."""
    if integrity == Integrity():
        return False
    try:
        integrity.check(part.path, size=received.size, digest=received.digest)
    except DamagedError:
        return False
    return True
