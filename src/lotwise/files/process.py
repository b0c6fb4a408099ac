"""Processes told from one another: by machine, number and start."""

from __future__ import annotations

import functools
import socket
import zlib
from contextlib import suppress
from pathlib import Path


@functools.cache
def machine() -> str:
    """Return what a process number is valid in: a host, since its start, and a namespace of it.

    Two containers may have one host name and each a process 7.
    """
    parts = [socket.gethostname()]
    with suppress(OSError):
        parts.append(Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii"))
        parts.append(str(Path("/proc/self/ns/pid").readlink()))
    return f"{zlib.crc32(' '.join(parts).encode()):08x}"


def name_process(number: int) -> str:
    """Name a process of this machine by number and start; the number alone is given again.

    Examples
    --------
    >>> import os
    >>> has_ended(name_process(os.getpid()))
    False
    """
    return f"{machine()}:{number}:{_started(number)}"


def has_ended(name: str) -> bool:
    """Return whether a named process has ended; of another machine that is not known: False."""
    place, _, rest = name.partition(":")
    number, _, started = rest.partition(":")
    return place == machine() and number.isdigit() and _started(int(number)) != started


def _started(process: int) -> str:
    """Return when a process started, by Linux; empty where it is gone or there is no /proc."""
    try:
        text = Path(f"/proc/{process}/stat").read_text(encoding="ascii", errors="replace")
    except OSError:
        return ""
    status = text.rpartition(")")[2].split()
    return "" if status[0] == "Z" else status[19]
