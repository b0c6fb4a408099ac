"""Identification of processes by machine, process number and start time; ending with another."""

from __future__ import annotations

import functools
import os
import signal
import socket
import threading
import time
import zlib
from contextlib import suppress
from pathlib import Path
from typing import Final

_EACH_SECONDS: Final = 0.5


@functools.cache
def machine() -> str:
    """Return an id of the host, since its start, and the namespace of process numbers.

    Two containers may have the same host name, and each may have a process 7.
    """
    parts = [socket.gethostname()]
    with suppress(OSError):
        parts.append(Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii"))
        parts.append(str(Path("/proc/self/ns/pid").readlink()))
    return f"{zlib.crc32(' '.join(parts).encode()):08x}"


def name_process(number: int) -> str:
    """Return a name of a process on this machine; a process number may be used again later.

    Examples
    --------
    >>> import os
    >>> has_ended(name_process(os.getpid()))
    False
    """
    return f"{machine()}:{number}:{_started(number)}"


def has_ended(name: str) -> bool:
    """Return whether a named process has ended; False if it is unknown (another machine)."""
    place, _, rest = name.partition(":")
    number, _, started = rest.partition(":")
    return place == machine() and number.isdigit() and _started(int(number)) != started


def end_with(name: str) -> None:
    """Watch a named process in a thread; terminate this process when that one has ended.

    A process that is killed (SIGKILL) cannot end the processes that work for it. A process on
    another machine or in another container is not watched.
    """

    def watch() -> None:
        while not has_ended(name):
            time.sleep(_EACH_SECONDS)
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch, daemon=True).start()


def _started(process: int) -> str:
    """Return when a process started, from /proc; empty if it has ended or there is no /proc."""
    try:
        text = Path(f"/proc/{process}/stat").read_text(encoding="ascii", errors="replace")
    except OSError:
        return ""
    status = text.rpartition(")")[2].split()
    return "" if status[0] == "Z" else status[19]
