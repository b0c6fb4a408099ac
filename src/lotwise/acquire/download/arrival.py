"""What came of a file, checked against what the source says and what its name promises."""

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
    """Check what came, below a layer of gzip that the server put on; give its digest.

    What is unpacked counts against the budget as what is received does.
    """
    size, digest = received.size, received.digest
    wrapped = is_wrapped(part.path, name, received.encoding)
    # What the source itself describes so is not unwrapped: some files are gzip within gzip.
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
    """Tell whether what came is, as it is, what the source says; False where it says nothing."""
    if integrity == Integrity():
        return False
    try:
        integrity.check(part.path, size=received.size, digest=received.digest)
    except DamagedError:
        return False
    return True
